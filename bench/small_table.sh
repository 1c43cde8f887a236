#!/usr/bin/env bash
# Seconds of a default fit of 1,000 × 10 numbers, from the shell; five times.
#
#     DIABOLO=target/release/diabolo bench/small_table.sh
set -euo pipefail
: "${DIABOLO:=target/release/diabolo}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk 'BEGIN {
    srand(1)
    for (j = 0; j < 10; j++) printf "x%d%s", j, j < 9 ? "," : "\n"
    for (i = 0; i < 1000; i++) {
        z = rand() - 0.5
        for (j = 0; j < 10; j++) printf "%.3f%s", z * j + rand(), j < 9 ? "," : "\n"
    }
}' >"$folder/table.csv"
TIMEFORMAT=%R
for k in 1 2 3 4 5; do
    time "$DIABOLO" fit "$folder/table.csv" -o "$folder/run$k" --quiet
done
