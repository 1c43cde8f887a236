#!/usr/bin/env python3
"""Forecasts of the 359 weekly series of the M4 competition, 13 weeks ahead, by the organisers' OWA.

    M4=FOLDER bench/m4.py

FOLDER has Weekly-train.csv and Weekly-test.csv, from Dataset/Train and Dataset/Test of
github.com/Mcompetitions/M4-methods. One fit with default settings holds all series, of 80 to 2,597
weeks. First the last 13 training values of each series are forecast, which are then no part of the
fit; then the test values.

OWA is the mean of sMAPE and MASE, each averaged over series first and in units of that of Naive2:
the last value, since the organisers give weeks no season. Naive2 must have the published 9.161 and
2.777 on the test values.
Environment: OUT (runs/m4), FIT (--preset forecast), DIABOLO.
"""

import csv
import json
import os
import pathlib
import shlex
import time

from program import run

HORIZON = 13
OUT = pathlib.Path(os.environ.get("OUT", "runs/m4"))
FIT = shlex.split(os.environ.get("FIT", "--preset forecast"))


def series(part):
    """The values of each series by its name."""
    with open(pathlib.Path(os.environ["M4"]) / f"Weekly-{part}.csv") as file:
        return {row[0]: [float(x) for x in row[1:] if x] for row in list(csv.reader(file))[1:]}


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def errors(past, true, made):
    """sMAPE and MASE, averaged over series."""
    scale = lambda x: mean(abs(a - b) for a, b in zip(x, x[1:]))
    pairs = {name: list(zip(true[name], made[name], strict=True)) for name in true}
    smape = mean(mean(200 * abs(a - b) / (abs(a) + abs(b)) for a, b in of) for of in pairs.values())
    return smape, mean(mean(abs(a - b) for a, b in of) / scale(past[name]) for name, of in pairs.items())


def forecast(past):
    """The forecasts of the steps after these series."""
    source = OUT / "past.csv"
    with open(source, "w", newline="") as file:
        csv.writer(file).writerow(["series", "week", "value"])
        for name, values in past.items():
            csv.writer(file).writerows([name, week, x] for week, x in enumerate(values, 1))
    keys = ["--key", "week", "--series", "series", "--horizon", HORIZON]
    run("fit", source, *keys, *FIT, "--out", OUT / "fit", "--force", "--quiet")
    made = {}
    for row in csv.DictReader(run("forecast", OUT / "fit", source, "--quiet").splitlines()):
        made.setdefault(row["series"], []).append(float(row["value"]))
    return made


def main():
    train, test = series("train"), series("test")
    OUT.mkdir(parents=True, exist_ok=True)
    print("| values | method | season | window | penalty | sMAPE | MASE | OWA | seconds |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    head, tail = [{name: x[part] for name, x in train.items()} for part in (slice(-HORIZON), slice(-HORIZON, None))]
    for part, past, true in ("last training values", head, tail), ("test", train, test):
        naive = errors(past, true, {name: [x[-1]] * HORIZON for name, x in past.items()})
        print(f"| {part} | Naive2 | | | | {naive[0]:.3f} | {naive[1]:.3f} | 1 | |", flush=True)
        begun = time.time()
        made = forecast(past)
        seconds = time.time() - begun
        smape, mase = errors(past, true, made)
        owa = mean([smape / naive[0], mase / naive[1]])
        record = json.loads(run("inspect", OUT / "fit", "--json"))["header"]["forecast"]
        choice = record["choices"][0]
        chosen = f"{record['season'] or 'none'} | {choice['window']} | {choice['penalty']:g}"
        print(f"| {part} | diabolo | {chosen} | {smape:.3f} | {mase:.3f} | {owa:.3f} | {seconds:.0f} |", flush=True)
    published = zip(naive, (9.161, 2.777))
    assert all(abs(a - b) < 1e-3 for a, b in published), "the errors are others than the organisers'"


main()
