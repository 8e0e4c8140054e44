#!/usr/bin/env bash
# Asks the built program for everything that its document describes, and for much that it does not, with schemathesis, as an agent,
# an admin and a server of the demo at once: no answer may be a failure of the server, and none may have a status, a type or a form
# that the document does not have. Installs the pinned packages when they are missing (needs the registry once). HANDOFF_BIN names
# the program; without it the debug build is taken.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
program=${HANDOFF_BIN:-$target/debug/handoff}
venv=$target/described-venv
# How long each of them asks, and how many requests that must be for it to say anything: a tenth of what an idle machine does.
seconds=20
requests_min=50
users=(kate ada intake)
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance

# shellcheck source=tests/python-packages.sh
source "$here/../python-packages.sh"

fail() {
    echo "described: $*" >&2
    exit 2
}

# Sets `origin`.
start_program() {
    local address
    "$program" demo --listen 127.0.0.1:0 --data "$home/demo" >"$home/out" 2>"$home/log" &
    demo=$!
    for _ in $(seq 300); do
        address=$(sed -n 's,^listening on http://,,p' "$home/out")
        if [[ -n $address ]]; then
            origin=http://127.0.0.1:${address##*:}
            return
        fi
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.1
    done
    fail "the program does not listen"
}

clean_up() {
    local status=$?
    if [[ -n $demo ]]; then
        kill "$demo" 2>/dev/null || true
        wait "$demo" 2>/dev/null || true
        [[ $status -eq 0 ]] || tail -n 40 "$home/log" >&2
    fi
    rm -rf "$home"
    exit "$status"
}

# Asks as one user; says how it went, and all of it when something is wrong. The two health paths are beside the API's root, where
# it does not look for them.
ask() {
    local user=$1 status=0 requests
    "$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$origin/api/v2/openapi.json" --url "$origin/api/v2" \
        --auth "$user:handoff-demo" --max-time "$seconds" --phases examples,fuzzing --checks "$checks" --continue-on-failure \
        --exclude-path /healthz --exclude-path /readyz --warnings off >"$home/$user.report" 2>&1 || status=$?
    requests=$(sed -n 's/^ *\([0-9]*\) generated.*/\1/p' "$home/$user.report")
    if [[ $status -eq 0 && ${requests:-0} -ge $requests_min ]]; then
        echo "  ok $user: $requests requests"
    else
        cat "$home/$user.report"
        echo "  FAILED $user: ended with $status after ${requests:-0} requests; $requests_min are the fewest"
    fi
}

install_python_packages "$here" "$venv"
[[ -x $program ]] || fail "$program is not there: run cargo build -p handoff-server, or name it with HANDOFF_BIN"
# The program is on this machine: nobody may ask a proxy for it.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
home=$(mktemp -d)
demo=
trap clean_up EXIT
# It keeps what it learned beside where it runs.
cd "$home"
start_program
runs=()
for user in "${users[@]}"; do
    ask "$user" >"$home/$user.said" &
    runs+=("$!")
done
wait "${runs[@]}"
cat "$home"/*.said
passed=$(cat "$home"/*.said | grep -c '^  ok ') || true
failed=$(cat "$home"/*.said | grep -c '^  FAILED ') || true
# The line that `cargo xtask ci` counts.
echo "$passed passed, $failed failed"
[[ $passed -gt 0 && $failed -eq 0 ]]
