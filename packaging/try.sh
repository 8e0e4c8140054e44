#!/usr/bin/env bash
# Installs a package in a root of its own, starts the program there as the user that the package made, and takes the package out again.
# Called by `cargo xtask dist --try` for a root that nothing but the package manager is in.
set -euo pipefail
root=$1 package=$2
inside() { chroot "$root" "$@"; }
as_handoff() { chroot --userspec=handoff:handoff "$root" "$@"; }
say() { echo "try: $*" >&2; }

cp "$package" "$root/handoff.deb"
inside env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends /handoff.deb >/dev/null
inside handoff --version
for there in /usr/share/man/man1/handoff-serve.1.gz /usr/share/bash-completion/completions/handoff /usr/share/doc/handoff/copyright; do
    inside test -s "$there" || { say "$there is missing"; exit 1; }
done
modes=$(inside stat -c '%A %U %G %n' /etc/handoff/handoff.toml /var/lib/handoff)
[[ $modes == "-rw-r----- root handoff /etc/handoff/handoff.toml
drwx------ handoff handoff /var/lib/handoff" ]] || { say "modes are wrong: $modes"; exit 1; }
as_handoff handoff check-config /etc/handoff/handoff.toml
inside systemd-analyze verify --man=no /usr/lib/systemd/system/handoff.service /usr/lib/systemd/system/handoff-backup.timer

# Any free port: other programs of this machine are in the same network.
said=$(mktemp)
# It takes this shell's place, so that the number is its own.
(exec chroot --userspec=handoff:handoff "$root" env HANDOFF__SERVER__LISTEN=127.0.0.1:0 handoff serve --config /etc/handoff/handoff.toml >"$said" 2>"$said.log") &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$said" "$said.log"' EXIT
for _ in $(seq 200); do
    grep -q '^listening on' "$said" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
done
address=$(sed -n 's/^listening on //p' "$said")
[[ -n $address ]] || { say "the server does not start:"; cat "$said.log" >&2; exit 1; }
[[ $(curl -fsS "$address/readyz") == *'"status":"ready"'* ]] || { say "it is not ready"; exit 1; }
[[ $(curl -fsS "$address/") == *'<title>'* ]] || { say "it has no pages"; exit 1; }
as_handoff handoff backup /var/backups/handoff --config /etc/handoff/handoff.toml
kill "$server"
wait "$server" || { say "the server did not end well"; cat "$said.log" >&2; exit 1; }

inside install -d -m 0750 /etc/handoff/tls
inside env DEBIAN_FRONTEND=noninteractive apt-get remove -q -y handoff >/dev/null
inside env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends /handoff.deb >/dev/null
[[ $(inside stat -c '%A' /etc/handoff/tls) == drwxr-x--- ]] || { say "a directory beside the configuration was changed"; exit 1; }
as_handoff handoff restore /var/backups/handoff --check
inside env DEBIAN_FRONTEND=noninteractive apt-get purge -q -y handoff >/dev/null
inside test -e /var/lib/handoff/handoff.db || { say "the data is gone"; exit 1; }
inside test ! -e /etc/handoff || { say "the configuration stays after a purge"; exit 1; }
say "installed, started, backed up and purged"
