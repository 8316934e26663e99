#!/bin/sh
# Builds the image and tries what is promised of it, with a real engine and real servers on loopback.
#
#     tests/image/run.sh                       compiles it as it is given out, then tries it
#     tests/image/run.sh quick                 makes it of the program that the tests use, and tries that
#     IMAGE=gitsyncd:0.1 tests/image/run.sh    tries an image that is there; GIT_SYNC_IMAGE names the
#                                              one that is called as git-sync
#
# BUILD_IMAGE names another base for the build; without it base.sh makes one. PROFILE is cargo's; only
# what `release` builds must be small. DOCKER names the engine's client. It needs root, a running
# Docker engine (with_engine.sh starts one), git with its daemon and http-backend, nginx, fcgiwrap,
# sshd, openssl, curl and a static busybox, and debootstrap for the base. Where no engine answers, or
# the user is not root, it says so and ends with 77, which is not a success.
#
# The images that it makes go when it ends. What stays in an engine that was there is a cache, which makes
# the next build short: the bases gitsyncd-test/rust and gitsyncd-test/rust-and-crates, and the layers of
# the stage that compiles.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
docker=${DOCKER:-docker}
PROFILE=${PROFILE:-release}
# shellcheck source=tests/image/build.sh
. "$here/build.sh"
mode=${1:-compiled}
case $mode in
    compiled) ;;
    quick) PROFILE=dev ;;
    *) echo 'usage: tests/image/run.sh [quick]' >&2; exit 2 ;;
esac
# shellcheck source=tests/image/servers.sh
. "$here/servers.sh"
# shellcheck source=tests/image/checks.sh
. "$here/checks.sh"
# shellcheck source=tests/image/dropin.sh
. "$here/dropin.sh"
# shellcheck source=tests/image/ways.sh
. "$here/ways.sh"
# shellcheck source=tests/image/serving.sh
. "$here/serving.sh"

if ! "$docker" version >/dev/null 2>&1; then
    echo "SKIPPED: no container engine answers to '$docker version'; nothing about the image was tried" >&2
    exit 77
fi

# Who may use an engine need not be root.
if [ "$(id -u)" != 0 ]; then
    echo "SKIPPED: only root can give directories to the users of containers; nothing about the image was tried" >&2
    exit 77
fi

# The commands in Debian's sbin are not on everybody's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
for command in git nginx fcgiwrap sshd ssh-keygen openssl curl busybox; do
    command -v "$command" >/dev/null || { echo "error: $command is needed" >&2; exit 1; }
done

work=$(mktemp -d)
run=gitsyncd-image-$$
SHELL_IMAGE=gitsyncd-test/shell:$$
built=
finish() {
    code=$?
    trap - EXIT INT TERM
    for container in $("$docker" ps --all --quiet --filter "label=test=$run"); do
        [ "$code" = 0 ] || { echo "--- log of $container"; "$docker" logs "$container" 2>&1; } >&2
        "$docker" rm --force --volumes "$container" >/dev/null || :
    done
    "$docker" volume rm --force "$run" >/dev/null || :
    "$docker" network rm "$run" >/dev/null 2>&1 || :
    # shellcheck disable=SC2086 # two names, or none
    "$docker" image rm --force "$SHELL_IMAGE" $built >/dev/null 2>&1 || :
    stop_servers
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

make_shell_image
if [ -z "${IMAGE:-}" ]; then
    build_images
fi

make_origin
start_git_daemon
start_https
start_ssh

check_files
check_labels
check_nothing_else
check_names
check_words
check_check
check_once_by_git
check_once_by_https
check_default_user_and_volume
check_unknown_name
check_foreign_sources
check_long_run
check_reaping
check_stop
check_names_by_dns

check_image_of_git_sync
check_flags_of_git_sync
check_variables_of_git_sync
check_mirror
check_signal
check_stale_trees
check_takeover

check_passwords
check_cookies
check_ssh
check_wrong_names

begin_serving
check_commands_inside
check_webhooks
check_api
check_failure_and_recovery
check_profile
check_stop_in_profile
echo "All is well with $IMAGE."
