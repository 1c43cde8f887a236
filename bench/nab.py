#!/usr/bin/env python3
"""Anomaly detection in time series (Numenta Anomaly Benchmark, `realKnownCause`): labelled windows with an alarm.

    DIABOLO_DATA=... bench/nab.py

A model of windows of WINDOW rows is fitted on the first FIRST of the series; every row is scored. Labels are used for
evaluation only. An alarm is a score above the QUANTILE of the held-out windows of the fit. The labels are wide windows around an
incident: an alarm anywhere in one detects it. "Windows at 1 %" have a score above those of all but 1 % of the rows outside of
windows, so that scores at random reach most of them. The NAB score counts early alarms for more, and each false one
against (Lavin & Ahmad 2015, standard profile, threshold chosen for these series; 0 without alarms, 100 perfect).

SCORE is what is scored: `window`, which ends at a row, or `row`, the row by itself (`score --by-row`). In the NAB score, which has one
threshold for all series, a score is its rank among the rows before it. With NAB=FOLDER, a checkout of Numenta's repository, both figures are
printed for the detectors whose results it holds, too.

Environment: WINDOW (48), QUANTILE (0.99), FIRST (1: the whole series, incidents included; NAB itself lets
detectors learn from 0.15), FIT (--preset detect), SCORE (window), OUT (runs/nab), DIABOLO, NAB.
"""

import bisect
import csv
import gzip
import json
import math
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
SCORE = os.environ.get("SCORE", "window")
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
# The weight of a false alarm beside one of a missed window, in NAB's standard profile.
FALSE_ALARM = 0.11


def spans(times, windows):
    """Places of the first and last row of each labelled window."""
    place = {time: at for at, time in enumerate(times)}
    return [(place[first[:19]], place[last[:19]]) for first, last in windows]


def unscored(rows):
    """The first rows, in which NAB's detectors learn."""
    return min(math.floor(0.15 * rows), 750)


def at_one_percent(scores, windows):
    """Windows with a score above those of all but 1 % of the rows outside of windows."""
    start = unscored(len(scores))
    within = lambda at: any(first <= at <= last for first, last in windows)
    others = sorted(scores[at] for at in range(start, len(scores)) if not within(at))
    limit = others[-1 - len(others) // 100]
    return sum(any(scores[at] > limit for at in range(max(first, start), last + 1)) for first, last in windows)


def weights(rows, windows):
    """Per row: its window (None outside), and what an alarm there counts (Lavin & Ahmad 2015, section III.B)."""
    scaled = lambda y: -1.0 if y > 3 else 2 / (1 + math.exp(5 * y)) - 1
    found, last, left = [], None, list(windows)
    for at in range(rows):
        if left and at > left[0][1]:
            last = left.pop(0)
        if left and at >= left[0][0]:
            first, end = left[0]
            found.append((left[0], scaled(-(end - at + 1) / (end - first + 1)) / scaled(-1.0)))
        else:
            after = -1.0 if last is None else scaled((at - last[1]) / (last[1] - last[0]))
            found.append((None, FALSE_ALARM * after))
    return found


def nab_score(series):
    """NAB's score with the best threshold for `series`, a list of (scores, windows)."""
    rows = []
    for number, (scores, windows) in enumerate(series):
        of_rows = enumerate(zip(scores, weights(len(scores), windows)))
        scored = [(s, window and (number, window), weight) for at, (s, (window, weight)) in of_rows if at >= unscored(len(scores))]
        rows.extend(scored)
    rows.sort(key=lambda row: -row[0])
    best_of = {window: -1.0 for _, window, _ in rows if window}
    count, total = len(best_of), -float(len(best_of))
    best = total
    for at, (score, window, weight) in enumerate(rows):
        gain = weight if window is None else max(0.0, weight - best_of[window])
        if window is not None:
            best_of[window] += gain
        total += gain
        if at + 1 == len(rows) or rows[at + 1][0] != score:
            best = max(best, total)
    return 100 * (best + count) / (2 * count)


def surprise(scores):
    """−log of the share of the rows before with at least this score: comparable between series."""
    before, found = [], []
    for score in scores:
        below = bisect.bisect_left(before, score)
        found.append(math.log((len(before) + 1) / (len(before) - below + 1)) if len(before) > 30 else 0.0)
        bisect.insort(before, score)
    return found


def evaluate(name, labels):
    """The counts of a line of the table, and what the NAB score ranks, with the windows."""
    run, scored, first = OUT / name, OUT / f"{name}-{SCORE}.csv", OUT / f"{name}-first.csv"
    series = DATA / f"realKnownCause/{name}.csv.gz"
    lines = gzip.open(series, "rt").read().splitlines()
    first.write_text("\n".join(lines[: 1 + round(FIRST * (len(lines) - 1))]) + "\n")
    if not (run / "model.safetensors").exists():
        fit = ["fit", str(first), "--key", "timestamp", "--window", WINDOW, *FIT, "--test", "0", "--quiet", "--out", str(run)]
        subprocess.run([*DIABOLO, *fit], check=True)
    score = ["score", str(run), str(series), "--quantile", QUANTILE, "--reasons", "1", "--quiet", "--out", str(scored)]
    by_row = ["--by-row"] if SCORE == "row" else []
    subprocess.run([*DIABOLO, *score, *by_row, "--report", str(OUT / f"{name}.html")], check=True)
    rows = list(csv.DictReader(open(scored)))
    windows = spans([row["timestamp"] for row in rows], labels)
    alarms = [at for at, row in enumerate(rows) if row["anomaly"] == "true"]
    hits = sum(any(first <= at <= last for at in alarms) for first, last in windows)
    outside = sum(not any(first <= at <= last for first, last in windows) for at in alarms)
    scores = [float(row["score"] or "-inf") for row in rows]
    return (hits, len(windows), outside, len(rows), at_one_percent(scores, windows)), (surprise(scores), windows)


def peers(folder, labelled):
    """The two figures of detectors whose results are in Numenta's repository."""
    print("\n| detector | windows at 1 % | NAB score |\n|---|---:|---:|")
    for path in sorted(pathlib.Path(folder).glob("results/*/realKnownCause")):
        series = []
        for name in sorted(labelled):
            rows = list(csv.DictReader(open(path / f"{path.parent.name}_{name}")))
            windows = spans([row["timestamp"][:19] for row in rows], labelled[name])
            series.append(([float(row["anomaly_score"]) for row in rows], windows))
        reached = sum(at_one_percent(*one) for one in series)
        print(f"| {path.parent.name} | {reached} | {nab_score(series):.1f} |", flush=True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    labels = json.load(open(DATA / "combined_windows.json"))
    labelled = {name.split("/")[1]: windows for name, windows in labels.items() if name.startswith("realKnownCause/")}
    print("| series | labelled windows with an alarm | rows flagged outside | rows | windows at 1 % |\n|---|---:|---:|---:|---:|")
    found, series = [], []
    for name in sorted(labelled):
        counts, ranked = evaluate(name.removesuffix(".csv"), labelled[name])
        found.append(counts)
        series.append(ranked)
        hits, windows, outside, rows, reached = counts
        print(f"| {name.removesuffix('.csv')} | {hits} of {windows} | {outside} | {rows:,} | {reached} |", flush=True)
    hits, windows, outside, rows, reached = map(sum, zip(*found))
    print(f"| all | {hits} of {windows} | {outside} | {rows:,} | {reached} |\n\nNAB score: {nab_score(series):.1f}")
    if "NAB" in os.environ:
        peers(os.environ["NAB"], labelled)


main()
