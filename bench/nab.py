#!/usr/bin/env python3
"""Anomaly detection in time series (Numenta Anomaly Benchmark, `realKnownCause`): labelled windows with an alarm.

    DIABOLO_DATA=... bench/nab.py

A model of windows of WINDOW rows is fitted on the first FIRST of the series; every row is scored. Labels are used for
evaluation only. An alarm is a score above the QUANTILE of the held-out windows of the fit. The labels are wide windows around an
incident: an alarm anywhere in one detects it. The last column has the windows with a score above those of all but 1 % of the rows
outside of windows. Environment: WINDOW (48), QUANTILE (0.99), FIRST (1: the whole series, incidents included; NAB itself lets
detectors learn from 0.15), FIT (--preset detect), OUT (runs/nab), DIABOLO.
"""

import csv
import gzip
import json
import os
import pathlib
import shlex
import subprocess

DATA = pathlib.Path(os.environ["DIABOLO_DATA"]) / "nab"
OUT = pathlib.Path(os.environ.get("OUT", "runs/nab"))
WINDOW = os.environ.get("WINDOW", "48")
QUANTILE = os.environ.get("QUANTILE", "0.99")
FIRST = float(os.environ.get("FIRST", "1"))
FIT = shlex.split(os.environ.get("FIT", "--preset detect"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))


def evaluate(name, windows):
    """Labelled windows with an alarm, rows flagged outside of them, rows, and windows found at 1 % of the other rows."""
    run, scored, first = OUT / name, OUT / f"{name}.csv", OUT / f"{name}-first.csv"
    series = DATA / f"realKnownCause/{name}.csv.gz"
    lines = gzip.open(series, "rt").read().splitlines()
    first.write_text("\n".join(lines[: 1 + round(FIRST * (len(lines) - 1))]) + "\n")
    if not (run / "model.safetensors").exists():
        fit = ["fit", str(first), "--key", "timestamp", "--window", WINDOW, *FIT, "--test", "0", "--quiet", "--out", str(run)]
        subprocess.run([*DIABOLO, *fit], check=True)
    score = ["score", str(run), str(series), "--quantile", QUANTILE, "--reasons", "1", "--quiet", "--out", str(scored)]
    subprocess.run([*DIABOLO, *score, "--report", str(OUT / f"{name}.html")], check=True)
    rows = list(csv.DictReader(open(scored)))
    alarms = [row["timestamp"] for row in rows if row["anomaly"] == "true"]
    within = lambda time, window: window[0][:19] <= time <= window[1][:19]
    hits = sum(any(within(time, window) for time in alarms) for window in windows)
    outside = sum(not any(within(time, window) for window in windows) for time in alarms)
    scores = [(row["timestamp"], float(row["score"])) for row in rows if row["score"]]
    others = sorted(score for time, score in scores if not any(within(time, window) for window in windows))
    limit = others[-1 - len(others) // 100]
    reached = sum(any(score > limit and within(time, window) for time, score in scores) for window in windows)
    return hits, len(windows), outside, len(rows), reached


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    labelled = json.load(open(DATA / "combined_windows.json"))
    print("| series | labelled windows with an alarm | rows flagged outside | rows | windows at 1 % |\n|---|---:|---:|---:|---:|")
    found = []
    for path in sorted(DATA.glob("realKnownCause/*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        hits, windows, outside, rows, reached = evaluate(name, labelled[f"realKnownCause/{name}.csv"])
        found.append((hits, windows, outside, rows, reached))
        print(f"| {name} | {hits} of {windows} | {outside} | {rows:,} | {reached} |", flush=True)
    hits, windows, outside, rows, reached = map(sum, zip(*found))
    print(f"| all | {hits} of {windows} | {outside} | {rows:,} | {reached} |")


main()
