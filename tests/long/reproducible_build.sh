#!/usr/bin/env bash
# Builds the release twice, in different places, and fails unless both are the same file.
#
# Both builds are made from copies of the sources, so no path of these may be in the program, and
# nobody can change one meanwhile. The paths of the dependencies are in it: where Cargo keeps them is
# given another name. Whoever wants the same file with another CARGO_HOME sets the same RUSTFLAGS.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="--remap-path-prefix=$cargo_home=/cargo"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

for name in first second-place; do
  mkdir -p "$place/$name/sources"
  cp -r Cargo.toml Cargo.lock src benches tests "$place/$name/sources"
done

# build NAME: builds the program of a copy in a target directory beside it.
build() {
  (cd "$place/$1/sources" && cargo build --quiet --locked --release --target-dir ../target)
  sha256sum <"$place/$1/target/release/gitsyncd"
}

first=$(build first)
second=$(build second-place)
printf 'first:  %s\nsecond: %s\n' "$first" "$second"
[ "$first" = "$second" ]
