#!/bin/sh
# Builds the program as it is given out: static, without names, and the same file wherever the same
# toolchain builds the same sources.
#
#     deploy/build.sh DIRECTORY     puts gitsyncd there, and gitsyncd.debug with the names
#     deploy/build.sh               only builds
#
# PROFILE is a profile of cargo, `release` by default; TARGET a target triple, the machine's own by
# default; OBJCOPY the program that takes the names out. CARGO_TARGET_DIR (a whole path) and CARGO_HOME
# are cargo's.
set -eu

cd "$(dirname "$0")/.."
profile=${PROFILE:-release}
target=${TARGET:-$(rustc -vV | sed -n 's/^host: //p')}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR

# The crates are below another path on each machine, and so are the sources and what is built of them:
# all get names of their own, for they are in the messages of panics, and in what debuggers read of the
# parts in C, which the build ID depends on. What is named last counts.
# The encoded form of the flags takes paths with blanks, and comes before all other places of flags. Those
# of C are read as a shell reads words.
separator=$(printf '\037')
# The program moves itself to its place in memory at its start. Where each address is noted in a few bits
# instead of 24 bytes, it is smaller by 0.4 MB, on disk and in memory; glibc can read that since 2.36.
CARGO_ENCODED_RUSTFLAGS=-Ctarget-feature=+crt-static$separator-Clink-arg=-Wl,-z,pack-relative-relocs
CFLAGS=${CFLAGS:-}
rename() {
    CARGO_ENCODED_RUSTFLAGS=$CARGO_ENCODED_RUSTFLAGS$separator--remap-path-prefix=$1=$2
    # shellcheck disable=SC2089 # it is not this shell that reads it
    CFLAGS="$CFLAGS '-ffile-prefix-map=$(printf %s "$1" | sed "s/'/'\\\\''/g")=$2'"
}
rename "$PWD" /build
rename "$CARGO_TARGET_DIR" /build/target
rename "$cargo_home" /cargo
for crates in "$cargo_home"/registry/src/* "$cargo_home/vendor"; do
    rename "$crates" /crates
done
# shellcheck disable=SC2090
export CARGO_ENCODED_RUSTFLAGS CFLAGS CC_SHELL_ESCAPED_FLAGS=1

# The names are taken out afterwards, so that they can be kept beside. A target that is named keeps the
# flags away from build scripts and procedural macros, which must not be static.
cargo build --locked --profile "$profile" --config "profile.$profile.package.gitsyncd.strip=false" \
    --bin gitsyncd --target "$target"

[ $# -gt 0 ] || exit 0
case $profile in
    dev) built=debug ;;
    *) built=$profile ;;
esac
built=$CARGO_TARGET_DIR/$target/$built/gitsyncd
objcopy=${OBJCOPY:-objcopy}
mkdir -p "$1"
# All of it: pprof needs the places of segments, which --only-keep-debug would not keep.
cp "$built" "$1/gitsyncd.debug"
"$objcopy" --strip-all "$built" "$1/gitsyncd"
chmod 0755 "$1/gitsyncd"
chmod 0644 "$1/gitsyncd.debug"

# A glibc that cannot read the packed addresses links it all the same, and the program crashes.
if [ "$target" = "$(rustc -vV | sed -n 's/^host: //p')" ] && ! "$1/gitsyncd" --version >/dev/null; then
    echo "the program that was built does not start here: glibc has to be 2.36 or newer" >&2
    exit 1
fi
