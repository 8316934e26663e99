#!/usr/bin/env bash
# Builds what is given out twice, and fails unless both are the same files.
#
# The builds are made of copies of the sources, in other places, with other places for the crates, so no
# path of these may be in the program, and nobody can change one meanwhile.
#
# REPRODUCIBLE_PROFILE is the profile, `release` by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo_home=${CARGO_HOME:-$HOME/.cargo}
place=$(mktemp -d "$PWD/target/reproducible.XXXXXX")
trap 'rm -rf "$place"' EXIT

# The second one has its crates elsewhere; links do where both places are on one file system.
mkdir "$place/crates-elsewhere"
cp -al "$cargo_home/." "$place/crates-elsewhere" 2>/dev/null || cp -a "$cargo_home/." "$place/crates-elsewhere"

# build NAME CARGO_HOME: builds a copy, and prints the sums of what is made of it.
build() {
  mkdir -p "$place/$1"
  find . -maxdepth 1 \( -name "Cargo.*" -o -name build.rs -o -name src \) -print0 |
    tar --null --files-from=- -cf - ./deploy/build.sh | tar -C "$place/$1" -xf -
  CARGO_HOME=$2 CARGO_TARGET_DIR=$place/$1/built PROFILE=${REPRODUCIBLE_PROFILE:-release} \
    "$place/$1/deploy/build.sh" "$place/$1/result" >&2
  (cd "$place/$1/result" && sha256sum gitsyncd gitsyncd.debug)
}

first=$(build first "$cargo_home")
rm -rf "$place/first/built"
second=$(build second-place/below "$place/crates-elsewhere")
printf 'first:\n%s\nsecond:\n%s\n' "$first" "$second"
[ "$first" = "$second" ]
