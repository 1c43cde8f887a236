#!/usr/bin/env python3
"""Identification of the responsible column: rank of a corrupted cell among the reasons, on Adult and wdbc.

    DIABOLO_DATA=... bench/faults.py [adult|wdbc...]

A model is fitted on half of the rows. In ROWS of the others (drawn with replacement if there are fewer) one cell is corrupted, in a
random column: multiplied by 3; a category swapped for another; a sensor stuck at the largest value of the training rows. Cells
that a fault does not change are drawn again. The result counts the rows that are flagged (p at most 0.05), and of these the ones
that are not flagged without the fault, since the others have other reasons.
Environment: ROWS (500), SEED (0), FIT (flags of the fit, "--preset detect"), OUT (runs/faults), DIABOLO. Needs numpy.
"""

import csv
import gzip
import json
import os
import pathlib
import shlex
import subprocess
import sys

import numpy as np

DATA = pathlib.Path(os.environ["DIABOLO_DATA"])
OUT = pathlib.Path(os.environ.get("OUT", "runs/faults"))
ROWS = int(os.environ.get("ROWS", 500))
SEED = int(os.environ.get("SEED", 0))
FIT = shlex.split(os.environ.get("FIT", "--preset detect"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))

ADULT = "age workclass fnlwgt education education_num marital_status occupation relationship race sex " \
    "capital_gain capital_loss hours_per_week native_country income".split()


def adult():
    with gzip.open(DATA / "adult/adult.data.gz", "rt") as lines:
        rows = [[cell.strip() for cell in line.split(",")] for line in lines if "," in line]
    return ADULT, [["" if cell == "?" else cell for cell in row] for row in rows]


def wdbc():
    """The measurements of benign and malignant cells together."""
    rows = [line.strip().split(",") for line in open(DATA / "uci/wdbc.data")]
    kinds = "radius texture perimeter area smoothness compactness concavity concave_points symmetry fractal_dimension".split()
    names = [f"{part}_{kind}" for part in ("mean", "error", "worst") for kind in kinds]
    return names, [row[2:] for row in rows]


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def corrupt(kind, row, column, training, random):
    """The corrupted cell, or None if this fault does not apply."""
    value = number(row[column])
    if row[column] == "":
        return None
    if kind == "swapped":
        others = sorted({r[column] for r in training} - {row[column], ""})
        return None if value is not None else others[random.integers(len(others))]
    if value is None:
        return None
    corrupted = 3 * value if kind == "times 3" else max(number(r[column]) for r in training if r[column])
    return None if corrupted == value else f"{corrupted:g}"


def inject(kind, names, training, held_out, random):
    rows, clean, responsible = [], [], []
    for _ in range(1000 * ROWS):
        if len(rows) == ROWS:
            return rows, clean, responsible
        row, column = list(held_out[random.integers(len(held_out))]), random.integers(len(names))
        cell = corrupt(kind, row, column, training, random)
        if cell is not None:
            clean.append(list(row))
            row[column] = cell
            rows.append(row)
            responsible.append(names[column])
    return None, None, None


def flagged(run, path, names, rows):
    """The reasons of each flagged row."""
    write(path, names, rows)
    command = [*DIABOLO, "score", str(run), str(path), "--json", "--quiet", "--reasons", "5"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["found"]
    return {row["row"] - 1: [reason["column"] for reason in row["reasons"]] for row in found}


def percent(flags):
    return f"{100 * np.mean(flags):.1f} %" if flags else "-"


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    print("| set | fault | flagged | first reason | among three | not flagged without it | first reason | among three |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for load in [globals()[name] for name in sys.argv[1:] or ["adult", "wdbc"]]:
        names, rows = load()
        random = np.random.default_rng(SEED)
        order = random.permutation(len(rows))
        training = [rows[i] for i in order[: len(rows) // 2]]
        held_out = [rows[i] for i in order[len(rows) // 2 :]]
        run = OUT / load.__name__
        if not (run / "model.safetensors").exists():
            write(OUT / f"{load.__name__}.csv", names, training)
            fit = ["fit", str(OUT / f"{load.__name__}.csv"), *FIT, "--test", "0", "--quiet", "--out", str(run)]
            subprocess.run([*DIABOLO, *fit], check=True)
        for kind in ("times 3", "swapped", "stuck"):
            corrupted, clean, responsible = inject(kind, names, training, held_out, random)
            if corrupted is None:
                continue
            path = OUT / f"{load.__name__}-{kind.replace(' ', '-')}.csv"
            before, after = flagged(run, path, names, clean), flagged(run, path, names, corrupted)
            cells = []
            for rows in (list(after), [row for row in after if row not in before]):
                first = percent([after[row][:1] == [responsible[row]] for row in rows])
                cells += [str(len(rows)), first, percent([responsible[row] in after[row][:3] for row in rows])]
            print(f"| {load.__name__} | {kind} | {' | '.join(cells)} |", flush=True)


main()
