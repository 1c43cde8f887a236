#!/usr/bin/env bash
# Seconds and peak memory on a CSV of ROWS rows (10,000,000) in which one quote is lost, at row 7,305,001 of them.
#
#   bench/damaged_row.sh
#
# A lost quote joins the lines up to the next one: without --skip-bad-rows the file is refused there. A fit keeps its rows in memory;
# `encode` does not. Environment: ROWS, OUT, DIABOLO (a binary: the memory of `cargo run` would be that of cargo).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

diabolo=${DIABOLO:-target/release/diabolo}
rows=${ROWS:-10000000}
out=${OUT:-runs/damaged-row}
table=$out/$rows.csv
mkdir -p "$out"

[[ -e $table ]] || python3 - "$rows" "$table" <<'PYTHON'
import os, random, sys

rows, table = int(sys.argv[1]), sys.argv[2]
damaged, draw = round(0.7305 * rows) + 1, random.Random(0)
with open(table + ".part", "w") as file:
    file.write("id,place,x,y,z\n")
    for row in range(1, rows + 1):
        x, place = draw.gauss(0, 1), f'"{draw.choice(["Berlin", "Paris", "Rome"])}, {row % 7}"'
        place = place[:-1] if row == damaged else place
        file.write(f"r{row},{place},{x:.4f},{x + draw.gauss(0, 0.1):.4f},{row % 24}\n")
os.rename(table + ".part", table)
PYTHON

measured() { # NAME ARGUMENTS...
    local code=0
    command time -f '%e %M' -o "$out/time" "$diabolo" "${@:2}" >"$out/$1.txt" 2>&1 || code=$?
    tail -1 "$out/time" | awk -v name="$1" -v code="$code" '{ printf "%-18s exit %d %9.1f s %9.0f MiB\n", name, code, $1, $2 / 1024 }'
}

{
    measured inspect inspect "$table"
    measured inspect-skipping inspect "$table" --skip-bad-rows 5
    measured fit fit "$table" --key id --skip-bad-rows 5 --epochs 1 --out "$out/run" --force
    measured encode encode "$out/run" "$table" --out "$out/codes.csv"
} | tee "$out/results.txt"
