#!/usr/bin/env bash
# Runs the pages in Debian's headless Chromium against the built program. Installs the pinned packages when they are missing (needs the
# registry once; no browser is downloaded). HANDOFF_BIN names the program, HANDOFF_CHROMIUM the browser; arguments go to Playwright.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

install() {
    if [[ ! $1/node_modules/.package-lock.json -nt $1/package-lock.json ]]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        touch "$1/node_modules/.package-lock.json"
    fi
}

command -v "${HANDOFF_CHROMIUM:-chromium-headless-shell}" >/dev/null || {
    echo "browser: the Debian package chromium-headless-shell is missing; HANDOFF_CHROMIUM names another one" >&2
    exit 2
}
install .
# The agent's client.
install ../interop
report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
node node_modules/@playwright/test/cli.js test "$@" | tee "$report" || status=$?
# As Playwright counts at the end: a test that passed when tried again is "flaky", named there with how it failed first.
counted() { grep -oE "^ +[0-9]+ $1\b" "$report" | grep -oE '[0-9]+' || echo 0; }
flaky=$(counted flaky)
passed=$(($(counted passed) + flaky))
failed=$(counted failed)
[[ $flaky -eq 0 ]] || echo "$flaky failed at first and passed when tried again: each is a fault of the test or of the pages, see above" >&2
# The line that `cargo xtask ci` counts.
echo "$passed passed, $failed failed"
[[ $status -eq 0 && $passed -gt 0 && $failed -eq 0 ]]
