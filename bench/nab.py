#!/usr/bin/env python3
"""Anomaly detection in time series (Numenta Anomaly Benchmark, `realKnownCause`): labelled windows with an alarm.

    DIABOLO_DATA=... bench/nab.py

A model of windows of WINDOW rows is fitted on the whole series, incidents included; every row is scored. Labels are used for
evaluation only. An alarm is a score above the QUANTILE of the held-out windows of the fit. The labels are wide windows around an
incident: an alarm anywhere in one detects it. Environment: WINDOW (48), QUANTILE (0.99), FIT (--preset detect), OUT (runs/nab), DIABOLO.
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
FIT = shlex.split(os.environ.get("FIT", "--preset detect"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))


def evaluate(name, windows):
    """Labelled windows with an alarm, rows flagged outside of them, and rows."""
    run, scored = OUT / name, OUT / f"{name}.csv"
    series = DATA / f"realKnownCause/{name}.csv.gz"
    if not (run / "model.safetensors").exists():
        fit = ["fit", str(series), "--key", "timestamp", "--window", WINDOW, *FIT, "--test", "0", "--quiet", "--out", str(run)]
        subprocess.run([*DIABOLO, *fit], check=True)
    score = ["score", str(run), str(series), "--quantile", QUANTILE, "--reasons", "1", "--quiet", "--out", str(scored)]
    subprocess.run([*DIABOLO, *score, "--report", str(OUT / f"{name}.html")], check=True)
    rows = list(csv.DictReader(open(scored)))
    alarms = [row["timestamp"] for row in rows if row["anomaly"] == "true"]
    within = lambda time, window: window[0][:19] <= time <= window[1][:19]
    hits = sum(any(within(time, window) for time in alarms) for window in windows)
    outside = sum(not any(within(time, window) for window in windows) for time in alarms)
    return hits, len(windows), outside, len(rows)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    labelled = json.load(open(DATA / "combined_windows.json"))
    print("| series | labelled windows with an alarm | rows flagged outside | rows |\n|---|---:|---:|---:|")
    for path in sorted(DATA.glob("realKnownCause/*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        hits, windows, outside, rows = evaluate(name, labelled[f"realKnownCause/{name}.csv"])
        print(f"| {name} | {hits} of {windows} | {outside} | {rows:,} |", flush=True)


main()
