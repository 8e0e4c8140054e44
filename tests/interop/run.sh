#!/usr/bin/env bash
# Runs the clients that existing programs use against the built program: the acceptance scenario with npm `cometd` 9 and PyPI
# `aiocometd-ng`, a customer's chat, the start sequences of desktops and chat windows, refusals as fetch sees them, the receiver of
# docs/api/webhooks.md, then one list of checks with npm `cometd` 9 and 3.1, npm `faye`, PyPI `aiocometd-ng` and `aiocometd`; all of
# it over both transports. Installs the pinned clients when they are missing (needs the registries once). HANDOFF_BIN names the program; without it the debug build is
# taken. Arguments, `CLIENT TRANSPORT`, restrict it to one run of the list.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
program=${HANDOFF_BIN:-$target/debug/handoff}
venv=$target/interop-venv
# The list waits for sessions to expire; as short as a client that tries again every second can bear on a busy machine.
max_interval_s=4
# Runs at a time; they mostly wait.
runs_max=5
programs=()

# shellcheck source=tests/python-packages.sh
source "$here/../python-packages.sh"

fail() {
    echo "interop: $*" >&2
    exit 2
}

install_clients() {
    command -v node >/dev/null || fail "Node is missing (Debian package nodejs)"
    command -v npm >/dev/null || fail "npm is missing (Debian package npm)"
    if [[ ! $here/node_modules/.package-lock.json -nt $here/package-lock.json ]]; then
        (cd "$here" && npm ci --ignore-scripts --loglevel=error) || fail "npm ci failed"
        touch "$here/node_modules/.package-lock.json"
    fi
    install_python_packages "$here" "$venv"
}

# Starts the program with these arguments; its log is $home/NAME.log. Sets `origin`.
start_program() {
    local name=$1 pid address
    shift
    : >"$home/$name.out"
    "$program" "$@" >"$home/$name.out" 2>"$home/$name.log" &
    pid=$!
    programs+=("$pid")
    for _ in $(seq 300); do
        address=$(sed -n 's,^listening on http://,,p' "$home/$name.out")
        if [[ -n $address ]]; then
            origin=http://localhost:${address##*:}
            return
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$home/$name.log" >&2
    fail "the program does not listen"
}

clean_up() {
    local status=$?
    for pid in "${programs[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [[ $status -ne 0 ]]; then
        for log in "$home"/*.log; do
            echo "interop: the end of the program's $(basename "$log"):" >&2
            tail -n 40 "$log" >&2
        done
    fi
    rm -rf "$home"
    exit "$status"
}

# Runs a script and keeps what it says; a script that ends without saying why has failed as well.
run_script() {
    local out=$home/$1.report status=0
    shift
    node "$@" >"$out" 2>&1 || status=$?
    if [[ $status -ne 0 ]] && ! grep -q '^  FAILED ' "$out"; then
        echo "  FAILED $*: ended with $status" >>"$out"
    fi
    cat "$out"
}

# The acceptance scenario in the demo: one transport after the other, because its agents are the same.
scenarios() {
    start_program demo demo --listen 127.0.0.1:0 --data "$home/demo"
    for transport in long-polling websocket; do
        HANDOFF_ORIGIN=$origin run_script "scenario-$transport" scenario.mjs "$transport"
        HANDOFF_ORIGIN=$origin run_script "customer-$transport" customer.mjs "$transport"
    done
    # Behind the others, because what comes in by its doors stays in the queues.
    for transport in long-polling websocket; do
        HANDOFF_ORIGIN=$origin run_script "start-$transport" start.mjs "$transport"
    done
    HANDOFF_ORIGIN=$origin run_script refusals refusals.mjs
}

# The list: every client and transport has a desk of its own, so several run at a time.
families() {
    export INTEROP_PASSWORD=handoff-demo INTEROP_MAX_INTERVAL_MS=$((max_interval_s * 1000))
    export HANDOFF__STORE__PATH=$home/center HANDOFF__SERVER__LISTEN=127.0.0.1:0
    export HANDOFF__WEBHOOKS__ALLOW_PRIVATE=127.0.0.0/8
    export HANDOFF__COMETD__TIMEOUT=4s HANDOFF__COMETD__MAX_INTERVAL=${max_interval_s}s
    node family-center.mjs >"$home/center.toml"
    "$program" apply "$home/center.toml" >"$home/apply.txt" 2>&1 || fail "$(cat "$home/apply.txt")"
    start_program center serve
    export HANDOFF_ORIGIN=$origin
    [[ $# -gt 0 ]] || run_script receiver receiver.mjs
    local client transport
    for client in ${1:-cometd-9 cometd-3 faye aiocometd-ng aiocometd}; do
        for transport in ${2:-long-polling websocket}; do
            while [[ $(jobs -pr | wc -l) -ge $((runs_max + ${#programs[@]})) ]]; do
                sleep 0.2
            done
            run_script "$client-$transport" family.mjs "$client" "$transport" &
            runs+=("$!")
        done
    done
    wait "${runs[@]}"
}

install_clients
[[ -x $program ]] || fail "$program is not there: run cargo build -p handoff-server, or name it with HANDOFF_BIN"
# The program is on this machine: no client may ask a proxy for it.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
home=$(mktemp -d)
trap clean_up EXIT
export HANDOFF_PYTHON=$venv/bin/python
cd "$here"
runs=()
[[ $# -gt 0 ]] || scenarios
families "$@"
passed=$(cat "$home"/*.report | grep -c '^  ok ') || true
failed=$(cat "$home"/*.report | grep -c '^  FAILED ') || true
# The line that `cargo xtask ci` counts; nothing above may look like it.
echo "$passed passed, $failed failed"
[[ $passed -gt 0 && $failed -eq 0 ]]
