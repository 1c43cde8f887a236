#!/usr/bin/env python3
"""Imputation of hidden codes without flags: UCI horse colic, 300 rows, 17 columns of codes among 28. Needs only Python.

    DIABOLO_DATA=... DIABOLO=... bench/codes.py

A fifth of the observed cells of every column but the hospital number is hidden; `fit` and `impute` get the file with the holes. Three masks and seeds.
Prints the share of hidden codes that come back, that of the most frequent code of each column, and how many filled codes do not exist in their column.
Environment: OUT (runs/codes), FIT (flags of `fit`), DIABOLO (cargo run --release --quiet --).
"""
import collections
import csv
import os
import pathlib
import random
import shlex
import subprocess

DATA = pathlib.Path(os.environ["DIABOLO_DATA"])
OUT = pathlib.Path(os.environ.get("OUT", "runs/codes"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
FIT = shlex.split(os.environ.get("FIT", ""))
HOSPITAL = 2
CODES = [column - 1 for column in (1, 2, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 21, 23, 24, 28)]


def measure(rows, seed):
    draw = random.Random(seed)
    hidden = {(i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell != "?" and j != HOSPITAL and draw.random() < 0.2}
    holes = [["?" if (i, j) in hidden else cell for j, cell in enumerate(row)] for i, row in enumerate(rows)]
    OUT.mkdir(parents=True, exist_ok=True)
    table, run, filled = OUT / "holes.csv", OUT / f"run-{seed}", OUT / "filled.csv"
    with open(table, "w", newline="") as file:
        csv.writer(file).writerows(holes)
    fit = [*DIABOLO, "fit", table, "--no-header", "--seed", seed, "--force", "--quiet", "--out", run, *FIT]
    subprocess.run(list(map(str, fit)), check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*DIABOLO, "impute", str(run), str(table), "--quiet", "--out", str(filled)], check=True)
    with open(filled, newline="") as file:
        _, *found = csv.reader(file)
    right, usual, invented, cells = 0, 0, 0, 0
    for j in CODES:
        counts = collections.Counter(row[j] for row in holes if row[j] != "?")
        mode = counts.most_common(1)[0][0]
        for i in (i for i, k in hidden if k == j):
            cells += 1
            right += found[i][j] == rows[i][j]
            usual += mode == rows[i][j]
            invented += found[i][j] not in counts
    return right / cells, usual / cells, invented


def main():
    rows = [line.split(",") for line in (DATA / "uci/horse-colic.csv").read_text().split()]
    found = [measure(rows, seed) for seed in range(3)]
    for name, values in zip(("right", "most frequent code", "invented"), zip(*found)):
        print(f"{name:<20} {sum(values) / 3:.3f}  ({', '.join(f'{value:.3f}' for value in values)})")


if __name__ == "__main__":
    main()
