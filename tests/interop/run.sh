#!/usr/bin/env bash
# Runs the clients that existing programs use against the built program: the acceptance scenario with npm `cometd` 9 and PyPI
# `aiocometd-ng` over both transports, then `cometd` 3.1 and `faye`. Installs the pinned clients when they are missing (needs the
# registries once). HANDOFF_BIN names the program; without it the debug build is taken.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
program=${HANDOFF_BIN:-$target/debug/handoff}
venv=$target/interop-venv

fail() {
    echo "interop: $*" >&2
    exit 2
}

install_clients() {
    command -v node >/dev/null || fail "Node is missing (Debian package nodejs)"
    command -v npm >/dev/null || fail "npm is missing (Debian package npm)"
    command -v python3 >/dev/null || fail "Python is missing (Debian package python3)"
    if [[ ! $here/node_modules/.package-lock.json -nt $here/package-lock.json ]]; then
        (cd "$here" && npm ci --ignore-scripts --loglevel=error) || fail "npm ci failed"
        touch "$here/node_modules/.package-lock.json"
    fi
    if [[ ! $venv/installed -nt $here/requirements.txt ]]; then
        python3 -c 'import ensurepip, venv' 2>/dev/null || fail "Python cannot make environments (Debian package python3-venv)"
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --require-hashes --only-binary :all: -r "$here/requirements.txt" ||
            fail "pip install failed"
        touch "$venv/installed"
    fi
}

start_program() {
    [[ -x $program ]] || fail "$program is not there: run cargo build -p handoff-server, or name it with HANDOFF_BIN"
    home=$(mktemp -d)
    "$program" demo --listen 127.0.0.1:0 --data "$home/data" >"$home/out" 2>"$home/log" &
    pid=$!
    trap stop_program EXIT
    for _ in $(seq 300); do
        address=$(sed -n 's,^listening on http://,,p' "$home/out")
        [[ -n $address ]] && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$home/log" >&2
    fail "the program does not listen"
}

stop_program() {
    local status=$?
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if [[ $status -ne 0 ]]; then
        echo "interop: the end of the program's log:" >&2
        tail -n 40 "$home/log" >&2
    fi
    rm -rf "$home"
    exit "$status"
}

install_clients
# The program is on this machine: no client may ask a proxy for it.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
start_program
export HANDOFF_ORIGIN=http://localhost:${address##*:} HANDOFF_PYTHON=$venv/bin/python
cd "$here"
failed=0
for transport in long-polling websocket; do
    node scenario.mjs "$transport" || failed=1
    node smoke.mjs cometd-3 "$transport" || failed=1
    node smoke.mjs faye "$transport" || failed=1
done
exit "$failed"
