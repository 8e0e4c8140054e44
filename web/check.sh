#!/usr/bin/env bash
# Checks the types of a package's sources and runs their unit tests: `web/check.sh desk`. Installs
# the pinned packages when they are missing (needs the registry once).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/${1:?name a package below web: desk or chat-widget}"
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
fi
if [[ $1 == desk ]]; then
    # Its sources are held against what the built program says of its API.
    target=${CARGO_TARGET_DIR:-../../target}
    mkdir -p node_modules/.described
    "${HANDOFF_BIN:-$target/debug/handoff}" openapi >node_modules/.described/openapi.json
    npm run --silent describe
fi
npm run --silent check
report=$(npm run --silent test) || { echo "$report"; exit 1; }
# The line that `cargo xtask ci` counts.
passed=$(sed -n 's/^# pass //p' <<<"$report")
echo "$passed passed, $(sed -n 's/^# fail //p' <<<"$report") failed"
