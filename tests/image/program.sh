#!/bin/sh
# Links the program that the tests of this machine use once more, as a static one, and prints its path.
#
# The library and all that it needs are what `cargo test` builds: only the last step is made again, which
# takes seconds. Called as `cargo`, that step would have all else built again for other features. It adds
# what build.rs adds.
set -eu

cd "$(dirname "$0")/../.."
program=$PWD/target/image/gitsyncd
mkdir -p target/image
cargo test --locked --no-run --message-format=json >target/image/artifacts.json
library=$(grep -o '"[^"]*/libgitsyncd-[0-9a-f]*\.rlib"' target/image/artifacts.json | tail -n 1 | tr -d '"')
[ -n "$library" ] || { echo 'error: cargo does not tell where it built the library' >&2; exit 1; }
${CC:-cc} -Wall -Werror -c src/names.c -o target/image/names.o
rustc --edition 2024 --crate-name gitsyncd --crate-type bin src/main.rs -o "$program" \
    -C target-feature=+crt-static -C strip=debuginfo -C link-arg=-Wl,--build-id=sha1 \
    -C link-arg=target/image/names.o \
    --extern "gitsyncd=$library" -L "dependency=$(dirname "$library")"
echo "$program"
