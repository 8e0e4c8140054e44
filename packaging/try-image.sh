#!/usr/bin/env bash
# Builds the image of packaging/Containerfile on a root that stands for a distribution's image, and starts the program in it.
# Called by `cargo xtask dist --try`: $1 is the root as a tarball, $2 the directory with the tarball of the program.
set -euo pipefail
base=$1 made=$2
here=$(dirname "${BASH_SOURCE[0]}")
say() { echo "try-image: $*" >&2; }

# Nothing of it stays on the machine, and no network or cgroup has to be set up.
store=$(mktemp -d)
export BUILDAH_ISOLATION=chroot
images() { buildah --root "$store/images" --runroot "$store/run" --storage-driver vfs "$@"; }
server=
finish() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    # What is in it belongs to users of its own where nobody is root.
    buildah unshare rm -rf "$store" 2>/dev/null || rm -rf "$store"
}
trap finish EXIT

plain=$(images from scratch)
images add --quiet "$plain" "$base" / >/dev/null
images commit --quiet --rm "$plain" base >/dev/null
images build --quiet --build-arg BASE=localhost/base --file "$here/Containerfile" --tag handoff "$made" >/dev/null

container=$(images from handoff)
[[ $(images run "$container" -- id --user --name) == handoff ]] || { say "it does not run as handoff"; exit 1; }
# Any free port: other programs of this machine are in the same network.
(exec setsid buildah --root "$store/images" --runroot "$store/run" --storage-driver vfs run --env HANDOFF__SERVER__LISTEN=127.0.0.1:0 \
    "$container" -- handoff serve --config /etc/handoff/handoff.toml >"$store/said" 2>"$store/log") &
server=$!
for _ in $(seq 400); do
    grep -q '^listening on' "$store/said" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
done
address=$(sed -n 's/^listening on //p' "$store/said")
[[ -n $address ]] || { say "the server does not start:"; cat "$store/log" >&2; exit 1; }
[[ $(curl -fsS "$address/readyz") == *'"status":"ready"'* ]] || { say "it is not ready"; exit 1; }
# Who runs it would end it by force.
program=$(pgrep --session "$server" --exact handoff) || { say "the program is not to be found"; exit 1; }
kill "$program"
wait "$server" || { say "the server did not end well"; cat "$store/log" >&2; exit 1; }
server=
say "built, and the program runs in it"
