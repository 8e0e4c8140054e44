#!/usr/bin/env bash
# Runs customers' mail programs and agents against the built program with real mail servers between them: a Dovecot and a Postfix of its own, in a directory
# of their own, on free ports of 127.0.0.1. Installs the pinned clients when they are missing (needs the registry once). HANDOFF_BIN names the
# program; without it the debug build is taken. Postfix gives up its rights by itself and therefore has to be started by root; for anybody else this
# script goes through a user namespace. Arguments are names of sections (see mail.mjs), to run only those.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
export HANDOFF_BIN=${HANDOFF_BIN:-$target/debug/handoff}
# Those of administrators are not on everybody's path.
export PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "mail: $*" >&2
    exit 2
}

install() {
    if [[ ! $1/node_modules/.package-lock.json -nt $1/package-lock.json ]]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || fail "npm ci failed"
        touch "$1/node_modules/.package-lock.json"
    fi
}

# Checks that there is everything to run with.
check_packages() {
    local missing=()
    command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js is missing, or npm"
    command -v dovecot >/dev/null && [[ -x /usr/lib/dovecot/imap ]] || missing+=(dovecot-imapd)
    [[ -x /usr/lib/dovecot/lmtp ]] || missing+=(dovecot-lmtpd)
    command -v postfix >/dev/null || missing+=(postfix)
    command -v openssl >/dev/null || missing+=(openssl)
    [[ ${#missing[@]} -eq 0 ]] || fail "something is missing: apt-get install --no-install-recommends ${missing[*]}"
}

# Somebody who is not root gets a namespace in which they are.
become_root() {
    [[ $(id -u) -ne 0 ]] || return 0
    [[ -z ${MAIL_IN_NAMESPACE:-} ]] || fail "the namespace has no root"
    unshare --user --map-root-user --map-auto true 2>/dev/null ||
        fail "Postfix has to be started by root: run this as root, or apt-get install uidmap"
    MAIL_IN_NAMESPACE=1 exec unshare --user --map-root-user --map-auto bash "${BASH_SOURCE[0]}" "$@"
}

# An authority for one run, and the servers' certificate.
certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=Handoff test authority" \
        -keyout "$home/authority.key" -out "$home/authority.pem" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
        -keyout "$home/server.key" -out "$home/server.csr" 2>/dev/null
    openssl x509 -req -in "$home/server.csr" -CA "$home/authority.pem" -CAkey "$home/authority.key" -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$home/server.pem" 2>/dev/null
}

# Fills in a file's places from the variables of their names.
filled() {
    local text name
    text=$(<"$1")
    for name in HOME IMAP_PORT DOVECOT_LMTP_PORT SMTP_PORT SUBMISSION_PORT HANDOFF_PORT HANDOFF_LMTP_PORT \
        INNER_USER INNER_GROUP LOGIN_USER MAIL_USER MAIL_GROUP PASSWORD; do
        local variable=MAIL_$name
        text=${text//"@$name@"/${!variable}}
    done
    printf '%s\n' "$text"
}

configure() {
    local ports
    mapfile -t ports < <(node "$here/lib/free-ports.mjs" 7)
    export MAIL_HOME=$home MAIL_PASSWORD=handoff-demo
    export MAIL_IMAP_PORT=${ports[0]} MAIL_DOVECOT_LMTP_PORT=${ports[1]} MAIL_SMTP_PORT=${ports[2]}
    export MAIL_SUBMISSION_PORT=${ports[3]} MAIL_HANDOFF_PORT=${ports[4]} MAIL_HANDOFF_LMTP_PORT=${ports[5]} MAIL_SINK_PORT=${ports[6]}
    MAIL_INNER_USER=dovecot MAIL_INNER_GROUP=dovecot MAIL_LOGIN_USER=dovenull MAIL_MAIL_USER=nobody MAIL_MAIL_GROUP=nogroup
    # Servers that gave up their rights have to get through.
    chmod 711 "$home"
    mkdir -p "$home/mail" "$home/dovecot" "$home/postfix/queue" "$home/postfix/data"
    chown nobody:nogroup "$home/mail"
    chown postfix "$home/postfix/data"
    certificates
    filled "$here/servers/dovecot.conf" >"$home/dovecot.conf"
    filled "$here/servers/main.cf" >"$home/postfix/main.cf"
    filled "$here/servers/master.cf" >"$home/postfix/master.cf"
    node "$here/lib/mailboxes.mjs" postfix >"$home/postfix/mailboxes"
    filled "$here/handoff.toml" >"$home/handoff.toml"
    { cat "$here/center.toml"; node "$here/lib/mailboxes.mjs" Mail; } >"$home/center.toml"
    { cat "$here/other-center.toml"; node "$here/lib/mailboxes.mjs" Other; } >"$home/other-center.toml"
}

# Ends what is still there, by the number that it wrote down.
clean_up() {
    local status=$? pid file
    for file in "$home/handoff.pid" "$home/dovecot/run/master.pid" "$home/postfix/queue/pid/master.pid"; do
        [[ -f $file ]] || continue
        pid=$(tr -d ' ' <"$file")
        kill "$pid" 2>/dev/null || continue
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
    done
    if [[ $status -ne 0 ]]; then
        for file in "$home"/*.log; do
            echo "mail: the end of $(basename "$file"):" >&2
            tail -n 40 "$file" >&2
        done
    fi
    [[ -n ${MAIL_KEEP:-} ]] || rm -rf "$home"
    exit "$status"
}

check_packages
become_root "$@"
[[ -x $HANDOFF_BIN ]] || fail "$HANDOFF_BIN is not there: run cargo build -p handoff-server, or name it with HANDOFF_BIN"
install "$here"
# The agents' client.
install "$here/../interop"
# The servers are on this machine: no client may ask a proxy for them.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
home=$(mktemp -d)
trap clean_up EXIT
configure
export HANDOFF_ORIGIN=http://localhost:$MAIL_HANDOFF_PORT
for center in center other-center; do
    "$HANDOFF_BIN" apply "$home/$center.toml" --config "$home/handoff.toml" >"$home/apply.log" 2>&1 || fail "apply refused $center.toml"
done
status=0
node "$here/mail.mjs" "$@" >"$home/report" 2>&1 || status=$?
cat "$home/report"
passed=$(grep -c '^  ok ' "$home/report") || true
failed=$(grep -c '^  FAILED ' "$home/report") || true
[[ $status -eq 0 || $failed -gt 0 ]] || failed=1
# The line that `cargo xtask ci` counts.
echo "$passed passed, $failed failed"
[[ $status -eq 0 && $passed -gt 0 && $failed -eq 0 ]]
