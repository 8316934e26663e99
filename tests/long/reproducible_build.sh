#!/usr/bin/env bash
# Builds the release twice, in different places, and fails unless both are the same file.
#
# The sources of the second build are a copy elsewhere, so no path of them may be in the program. The
# paths of the dependencies are: where Cargo keeps them is given another name on both sides. Whoever
# wants the same file with another CARGO_HOME sets the same RUSTFLAGS.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="--remap-path-prefix=$cargo_home=/cargo"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# build NAME SOURCES: builds the program of some sources in a target directory of its own.
build() {
  (cd "$2" && cargo build --quiet --locked --release --target-dir "$place/$1")
  sha256sum <"$place/$1/release/gitsyncd"
}

mkdir "$place/sources"
cp -r Cargo.toml Cargo.lock src benches tests "$place/sources"
first=$(build first .)
second=$(build second-place "$place/sources")
printf 'first:  %s\nsecond: %s\n' "$first" "$second"
[ "$first" = "$second" ]
