#!/usr/bin/env bash
# Follows a thousand changes of one file each, and fails if the disk that this uses is not bounded.
#
# BENCH_CHANGES and BENCH_FILES change how many. Without optimisation, so that it builds quickly.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BENCH_FILES=${BENCH_FILES:-3000}
exec cargo bench --locked --profile dev --bench costs -- disk_growth
