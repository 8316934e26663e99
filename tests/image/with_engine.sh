#!/usr/bin/env bash
# Runs a command with a container engine: the one that answers, or one of its own for as long as it runs.
#
#     tests/image/with_engine.sh COMMAND...
#
# The engine of its own is Debian's dockerd, which needs root. It keeps all that it makes in a directory
# that goes with it, listens on a socket there, and changes neither the packet filter nor the routes of
# the machine. Where no engine can run this says why and ends with 77, which is not a success.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

skipped() {
  echo "SKIPPED: $*" >&2
  exit 77
}

command -v "${DOCKER:-docker}" >/dev/null || skipped 'docker is not installed'
if "${DOCKER:-docker}" version >/dev/null 2>&1; then
  exec "$@"
fi
command -v dockerd >/dev/null || skipped 'no container engine answers, and dockerd is not installed'
[ "$(id -u)" = 0 ] || skipped 'no container engine answers, and only root can start one'

# Sockets must have short names; what is large belongs to the build.
mkdir -p target/image
data=$(mktemp -d "$PWD/target/image/engine.XXXXXX")
place=$(mktemp -d)
group=gitsyncd-image-$$
engine=

# shellcheck disable=SC2317 # finish calls it
# Takes away what the engine mounted and the control groups that it made, and its files.
clean() {
  local mount tries
  while read -r mount; do
    umount --lazy "$mount" 2>/dev/null || :
  done < <(awk -v one="$data/" -v two="$place/" \
    'index($5, one) == 1 || index($5, two) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
  # The last of a group's processes may be ending still.
  for tries in {1..50}; do
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || :
    [ -n "$(find /sys/fs/cgroup -type d -name "$group" -print -quit 2>/dev/null)" ] || break
    [ "$tries" = 50 ] || sleep 0.2
  done
  rm -rf "$data" "$place"
}

# shellcheck disable=SC2317 # the trap calls it
finish() {
  local code=$?
  trap - EXIT INT TERM
  # Its networks are devices of this machine.
  if [ -n "$engine" ]; then
    "${DOCKER:-docker}" ps --all --quiet | xargs --no-run-if-empty "${DOCKER:-docker}" rm --force --volumes \
      >/dev/null || :
    "${DOCKER:-docker}" network prune --force >/dev/null || :
  fi
  if [ -n "$engine" ] && kill "$engine" 2>/dev/null; then wait "$engine" || :; fi
  clean
  exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

echo '{}' >"$place/config.json"
# Another engine's containerd may be there: names of our own keep what is ours apart.
dockerd --config-file "$place/config.json" --data-root "$data" --exec-root "$place/run" \
  --pidfile "$place/pid" --host "unix://$place/socket" --containerd-namespace "$group" \
  --containerd-plugins-namespace "$group-plugins" --cgroup-parent "/$group" --bridge none \
  --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false >"$place/log" 2>&1 &
engine=$!
export DOCKER_HOST=unix://$place/socket
for ((tries = 0; tries < 600; tries++)); do
  if "${DOCKER:-docker}" version >/dev/null 2>&1; then break; fi
  if ! kill -0 "$engine" 2>/dev/null; then
    reason=$(sed -n 's/^failed to start daemon: //p; s/.*level=fatal msg="\(.*\)"$/\1/p' "$place/log" | tail -n 1)
    engine=
    skipped "a container engine cannot be started here: ${reason:-$(tail -n 1 "$place/log")}"
  fi
  sleep 0.1
done
"${DOCKER:-docker}" version >/dev/null 2>&1 || skipped 'a container engine was started and did not answer within a minute'

# An engine may start and be unable to run anything.
trial() {
  tar -C "$(dirname "$(command -v busybox)")" -cf - busybox | "${DOCKER:-docker}" import - gitsyncd-test/trial &&
    "${DOCKER:-docker}" run --rm --network host --read-only --cap-drop ALL gitsyncd-test/trial /busybox true &&
    "${DOCKER:-docker}" image rm gitsyncd-test/trial
}
if command -v busybox >/dev/null && ! trial >"$place/trial" 2>&1; then
  skipped "a container engine was started and runs nothing here: $(grep -m 1 -i error "$place/trial")"
fi

code=0
"$@" || code=$?
[ "$code" = 0 ] || cp "$place/log" target/image/engine.log
exit "$code"
