#!/usr/bin/env python3
"""Forecasts: ETTh1 by the protocol of DLinear's code, and small series beside naive forecasts and Theta.

    DIABOLO_DATA=... bench/forecast.py [etth1|FILE.csv|series [NAME...]|known|many|all]

ETTh1, or another hourly file of ETDataset: 12, 4 and 4 months of 30 days for training, validation and test; values standardised on the training part; every test window,
stride 1, 7 columns, each as a series of its own; look-back may reach into the part before, targets may not. Repeating the last value must give an MSE of 1.294 at 96.

Series (DATA/series, of pollution the PM2.5 of each hour, and NAB's known causes with the labelled windows left empty): each is fitted with its defaults for a horizon of 1 and of 14; up
to ORIGINS evenly spaced test windows are forecast by the command line, by the last value, by the last season and by Theta (statsmodels,
on the last 2,000 values). MASE is in units of the error of the seasonal naive forecast in training.
Known: hours of NYC taxi passengers with a column of public holidays, without and with `--known holiday`, and with neither calendar nor holidays (plain numbers as key).
Many: 1,000 series of 1,000 days each, drawn from a seed: the time and memory of one fit.
Environment: OUT (runs/forecast), ORIGINS (60), FIT (--preset forecast; with --epochs 0 the ridge alone), DIABOLO. Theta needs `pip install statsmodels`; without it its column is empty.
"""

import csv
import datetime
import gzip
import json
import math
import os
import pathlib
import random
import resource
import shlex
import sys
import time

from program import run

DATA = pathlib.Path(os.environ["DIABOLO_DATA"])
OUT = pathlib.Path(os.environ.get("OUT", "runs/forecast"))
ORIGINS = int(os.environ.get("ORIGINS", "60"))
FIT = shlex.split(os.environ.get("FIT", "--preset forecast"))


def rows_of(path):
    open_ = gzip.open if path.suffix == ".gz" else open
    with open_(path, "rt") as file:
        return list(csv.reader(file))


def ett(path):
    """Errors of the fit at each horizon."""
    head, *rows = rows_of(path)
    name = path.name.partition(".")[0]
    source = OUT / f"{name}-20-months.csv"
    with open(source, "w", newline="") as file:
        csv.writer(file).writerow(["column", "date", "value"])
        for at, column in enumerate(head[1:], 1):
            csv.writer(file).writerows([column, row[0], row[at]] for row in rows[: 20 * 30 * 24])
    print("| horizon | MSE | MAE | CRPS | coverage of 90 % | window chosen | MSE of ridge | last value | last season | seconds |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for horizon in 96, 192, 336, 720:
        begun = time.time()
        found = json.loads(run("fit", source, "--key", "date", "--series", "column", *FIT, "--horizon", horizon, "--out", OUT / f"{name}-{horizon}", "--force", "--json"))
        seconds, found = time.time() - begun, found["forecast"]
        window = json.loads(run("inspect", OUT / f"{name}-{horizon}", "--json"))["header"]["forecast"]["choices"][0]["window"]
        mse = lambda method: f"{found[method]['mse_standardized']:.4f}"
        print(
            f"| {horizon} | {found['mse_standardized']:.4f} | {found['mae_standardized']:.4f} | {found['crps']:.4f} | {100 * found['coverage']['0.9']:.1f} % | "
            f"{window} | {mse('ridge')} | {mse('last_value')} | {mse('seasonal_naive')} | {seconds:.0f} |",
            flush=True,
        )
        if name == "ETTh1" and horizon == 96:
            assert abs(found["last_value"]["mse_standardized"] - 1.294) < 1e-3, "the protocol is another one"


def small_series():
    """Each series as a CSV of a key and one column: (name, key, path)."""
    for name in "airline-passengers", "daily-min-temperatures", "monthly-sunspots":
        path = DATA / f"series/{name}.csv"
        yield name, rows_of(path)[0][0], path
    _, *rows = rows_of(DATA / "series/pollution.csv.gz")
    source = OUT / "pollution.csv"
    with open(source, "w", newline="") as file:
        hours = ([f"{int(y)}-{int(m):02}-{int(d):02} {int(h):02}:00:00", "" if value == "NA" else value] for _, y, m, d, h, value, *_ in rows)
        csv.writer(file).writerows([["time", "pm2.5"], *hours])
    yield "pollution", "time", source
    windows = json.load(open(DATA / "nab/combined_windows.json"))
    for path in sorted((DATA / "nab/realKnownCause").glob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        head, *rows = rows_of(path)
        labelled = windows[f"realKnownCause/{name}.csv"]
        within = lambda time: any(first[:19] <= time <= last[:19] for first, last in labelled)
        source = OUT / f"{name}.csv"
        with open(source, "w", newline="") as file:
            csv.writer(file).writerows([head, *([time, "" if within(time) else value] for time, value in rows)])
        yield name, head[0], source


def theta(values, season, horizon):
    """The forecast by Theta of the steps after these values."""
    import numpy
    from statsmodels.tsa.forecasting.theta import ThetaModel

    values = numpy.array(values[-2000:])
    seasonal = season > 1 and len(values) >= 2 * season
    model = ThetaModel(values, period=season if seasonal else 1, deseasonalize=seasonal)
    return list(model.fit().forecast(horizon))


def filled(values):
    """Missing values replaced by the one before."""
    out, last = [], next(x for x in values if not math.isnan(x))
    for x in values:
        last = last if math.isnan(x) else x
        out.append(last)
    return out


def one_series(name, key, source, horizon):
    """MASE of each method at the same origins."""
    folder = OUT / f"{name}-{horizon}"
    begun = time.time()
    whole = json.loads(run("fit", source, "--key", key, *FIT, "--horizon", horizon, "--out", folder, "--force", "--json"))
    seconds, whole = time.time() - begun, whole["forecast"]
    record = json.loads(run("inspect", folder, "--json"))["header"]["forecast"]
    column, season = record["schema"]["columns"][0]["name"], record["season"] or 1
    values = [float(row[1]) if row[1] else math.nan for row in rows_of(pathlib.Path(source))[1:]]
    scale = record["series"][0]["naive_error"][0]
    first = len(values) - max(horizon, round(0.2 * len(values)))
    origins = [o for o in range(first, len(values) - horizon + 1) if not any(math.isnan(x) for x in values[o : o + horizon])]
    origins = origins[:: max(1, len(origins) // ORIGINS)]
    errors = {"model": [], "last value": [], "last season": [], "theta": []}
    for origin in origins:
        past, true = filled(values[:origin]), values[origin : origin + horizon]
        made = csv.DictReader(run("forecast", folder, source, "--from", origin + 1, "--quiet").splitlines())
        found = {
            "model": [float(row[column]) for row in made],
            "last value": [past[-1]] * horizon,
            "last season": [past[origin - season + h % season] for h in range(horizon)],
        }
        try:
            found["theta"] = theta(past, season, horizon)
        except ImportError:
            pass
        for method, path in found.items():
            errors[method].append(sum(abs(a - b) for a, b in zip(path, true)) / horizon / scale)
    mean = {method: sum(of) / len(of) if of else math.nan for method, of in errors.items()}
    return mean, whole, season, seconds


def series(wanted):
    print("| series | horizon | season | model | Theta | last value | last season | model, all windows | coverage of 90 % | seconds |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    all_of = {}
    for name, key, source in small_series():
        for horizon in (1, 14) if not wanted or name in wanted else ():
            mean, whole, season, seconds = one_series(name, key, source, horizon)
            cells = [f"{mean[method]:.3f}" for method in ("model", "theta", "last value", "last season")]
            print(f"| {name} | {horizon} | {season} | {' | '.join(cells)} | {whole['mase']:.3f} | {100 * whole['coverage']['0.9']:.1f} % | {seconds:.1f} |", flush=True)
            for method, of in mean.items():
                all_of.setdefault(method, []).append(of)
    means = [f"{sum(all_of[method]) / len(all_of[method]):.3f}" for method in ("model", "theta", "last value", "last season")]
    print(f"| mean | | | {' | '.join(means)} | | | |")


HOLIDAYS = {"2014-07-04", "2014-09-01", "2014-10-13", "2014-11-11", "2014-11-27", "2014-12-25", "2015-01-01", "2015-01-19"}


def known():
    """Errors of a day of taxi passengers with what is known in advance."""
    _, *rows = rows_of(DATA / "nab/realKnownCause/nyc_taxi.csv.gz")
    source = OUT / "taxi-holidays.csv"
    with open(source, "w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["hour", "number", "holiday", "passengers"])
        for at in range(0, len(rows) - 1, 2):
            hour = rows[at][0]
            write.writerow([hour, at // 2, int(hour[:10] in HOLIDAYS), int(rows[at][1]) + int(rows[at + 1][1])])
    print("| known | MSE | MAE | MASE | CRPS | coverage of 90 % | seconds |\n|---|---:|---:|---:|---:|---:|---:|")
    ways = {
        "nothing": "--key number --drop hour --drop holiday --season 168",
        "calendar": "--key hour --drop number --drop holiday",
        "calendar and holidays": "--key hour --drop number --known holiday",
    }
    for name, flags in ways.items():
        begun = time.time()
        made = json.loads(run("fit", source, *flags.split(), *FIT, "--horizon", 24, "--out", OUT / "taxi-holidays", "--force", "--json"))
        found = made["forecast"]
        print(
            f"| {name} | {found['mse_standardized']:.3f} | {found['mae_standardized']:.3f} | {found['mase']:.3f} | {found['crps']:.3f} | "
            f"{100 * found['coverage']['0.9']:.1f} % | {time.time() - begun:.0f} |",
            flush=True,
        )


def many():
    """The time of a fit of 1,000 series of 1,000 days."""
    draw = random.Random(1)
    days = [(datetime.date(2020, 1, 1) + datetime.timedelta(days=day)).isoformat() for day in range(1000)]
    source = OUT / "many.csv"
    with open(source, "w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["day", "item", "sales"])
        for item in range(1000):
            base, week, wave, level = draw.uniform(20, 200), [draw.gauss(0, 0.15) for _ in range(7)], draw.uniform(0, 0.3), 0.0
            for at, day in enumerate(days):
                level = 0.98 * level + draw.gauss(0, 0.03)
                value = base * (1 + week[at % 7] + level + wave * math.sin(2 * math.pi * at / 365.25) + draw.gauss(0, 0.1))
                write.writerow([day, f"i{item}", f"{value:.1f}"])
    begun = time.time()
    found = json.loads(run("fit", source, "--key", "day", "--series", "item", *FIT, "--horizon", 14, "--out", OUT / "many", "--force", "--json"))["forecast"]
    print(f"1,000 series of 1,000 days, horizon 14: {time.time() - begun:.0f} seconds, MASE {found['mase']:.3f}, last season {found['seasonal_naive']['mase']:.3f}")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    if wanted in ("etth1", "all"):
        ett(DATA / "ett/ETTh1.csv.gz")
    if wanted.endswith((".csv", ".csv.gz")):
        ett(pathlib.Path(wanted))
    if wanted in ("series", "all"):
        series(sys.argv[2:])
    if wanted in ("known", "all"):
        known()
    if wanted in ("many", "all"):
        many()
    print(f"peak memory of a fit: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


main()
