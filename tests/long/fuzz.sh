#!/usr/bin/env bash
# Lets fuzzers look for input that breaks what reads the input of strangers: a minute for each target.
#
# FUZZ_SECONDS changes how long, and arguments choose the targets. The compiler is the usual one: it
# is told to count how often each branch is taken, and libFuzzer looks at the counters. What is found
# is kept below target/fuzz, the inputs that break something in `artifacts`.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${FUZZ_SECONDS:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
place=$(cd ../.. && pwd)/target/fuzz
if [ $# = 0 ]; then
  mapfile -t targets < <(basename -s .rs targets/*.rs)
else
  targets=("$@")
fi

counting=(
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
)
# With a target named, programs that only take part in the build are left as they are.
RUSTFLAGS="${counting[*]}" cargo build --quiet --locked --release --target "$host" \
  --target-dir "$place"

failed=()
for target in "${targets[@]}"; do
  mkdir -p "$place/corpus/$target" "$place/artifacts/$target"
  seeds=(../it/serving/payloads)
  if [ -d "seeds/$target" ]; then seeds=("seeds/$target"); fi
  log=$place/$target.log
  if "$place/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len=16384 -artifact_prefix="$place/artifacts/$target/" "$place/corpus/$target" \
    "${seeds[@]}" >"$log" 2>&1; then
    printf '%s: %s\n' "$target" "$(tail -n 1 "$log")"
  else
    tail -n 40 "$log"
    failed+=("$target")
  fi
done
if [ ${#failed[@]} -gt 0 ]; then printf 'FAILED: %s\n' "${failed[@]}"; exit 1; fi
