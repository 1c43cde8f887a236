#!/usr/bin/env python3
"""False alarm rate of conformal p-values, and false discovery rate of Benjamini-Hochberg.

    DIABOLO_DATA=... bench/conformal.py

Alarms: one model of a third of the normal rows of 38_thyroid. The other two thirds are split at random, SPLITS times, into calibration
rows and scored rows; the fraction flagged at alpha = 0.05 is compared with the binomial band.
False discoveries: on 6_cardio, 38_thyroid and 32_shuttle (sampled to 10,000 rows), a model of half of the normal rows, calibrated with
a quarter, scores the last quarter and all anomalies with --fdr 0.1; SEEDS splits each.
Environment: SPLITS (50), SEEDS (5), OUT (runs/conformal), FIT (flags, "--preset detect"), DIABOLO. Needs numpy.
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess

import numpy as np

DATA = pathlib.Path(os.environ["DIABOLO_DATA"]) / "adbench"
OUT = pathlib.Path(os.environ.get("OUT", "runs/conformal"))
SPLITS = int(os.environ.get("SPLITS", 50))
SEEDS = int(os.environ.get("SEEDS", 5))
FIT = shlex.split(os.environ.get("FIT", "--preset detect"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))


def run(*words):
    command = [*DIABOLO, *map(str, words), "--quiet"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def load(name, seed):
    with np.load(DATA / f"{name}.npz", allow_pickle=True) as data:
        x, y = data["X"].astype(np.float64), data["y"].astype(int)
    kept = np.random.default_rng(seed).permutation(len(x))[:10_000]
    return x[kept][y[kept] == 0], x[kept][y[kept] == 1]


def write(name, x):
    names = [f"x{j}" for j in range(x.shape[1])]
    np.savetxt(OUT / name, x, delimiter=",", fmt="%.9g", header=",".join(names), comments="")
    return OUT / name


def fit(name, x, seed):
    if not (OUT / name / "model.safetensors").exists():
        types = [flag for j in range(x.shape[1]) for flag in ("--type", f"x{j}=numeric")]
        path = write(f"{name}.csv", x)
        run("fit", path, *types, *FIT, "--test", "0", "--seed", seed, "--out", OUT / name)
    copy = OUT / f"{name}.safetensors"
    shutil.copy(OUT / name / "model.safetensors", copy)
    return copy


def flagged(model, x, *rule):
    found = json.loads(run("score", model, write("scored.csv", x), *rule, "--reasons", "0", "--json"))["found"]
    rows = np.zeros(len(x), bool)
    rows[[row["row"] - 1 for row in found]] = True
    return rows


def alarms():
    normal, _ = load("38_thyroid", 0)
    third = len(normal) // 3
    model = fit("thyroid-alarms", normal[:third], 0)
    rates = []
    for split in range(SPLITS):
        rest = normal[third:][np.random.default_rng(split).permutation(len(normal) - third)]
        half = len(rest) // 2
        run("calibrate", model, write("calibration.csv", rest[:half]))
        rates.append(flagged(model, rest[half:], "--alpha", "0.05").mean())
    n, m = half, len(rest) - half
    # A rate is binomial given the calibration, whose own level varies like a Beta(k, n + 1 - k), k = floor(0.05 (n + 1)).
    level = np.floor(0.05 * (n + 1)) / (n + 1)
    deviation = np.sqrt(level * (1 - level) * (1 / m + 1 / (n + 2)))
    inside = np.mean([abs(rate - level) <= 1.96 * deviation for rate in rates])
    print(f"false alarms at alpha = 0.05, {SPLITS} splits, {n} rows to calibrate with, {m} scored:")
    print(f"mean {np.mean(rates):.4f}, deviation {np.std(rates, ddof=1):.4f} (expected {level:.4f} and {deviation:.4f});")
    print(f"{100 * inside:.0f} % of the splits within the 95 % band {level - 1.96 * deviation:.4f} to {level + 1.96 * deviation:.4f}\n")


def discoveries():
    print("| set | alarms | false-discovery rate at --fdr 0.1 | standard error | anomalies found |\n|---|---:|---:|---:|---:|")
    for name in ("6_cardio", "38_thyroid", "32_shuttle"):
        rates, found, alarms = [], [], []
        for seed in range(SEEDS):
            normal, anomalies = load(name, seed)
            half, quarter = len(normal) // 2, len(normal) // 4
            model = fit(f"{name}-{seed}", normal[:half], seed)
            run("calibrate", model, write("calibration.csv", normal[half : half + quarter]))
            clean = normal[half + quarter :]
            rows = flagged(model, np.concatenate([clean, anomalies]), "--fdr", "0.1")
            false = rows[: len(clean)].sum()
            rates.append(false / max(rows.sum(), 1))
            found.append(rows[len(clean) :].mean())
            alarms.append(rows.sum())
        error = np.std(rates, ddof=1) / np.sqrt(len(rates)) if len(rates) > 1 else float("nan")
        print(f"| {name} | {np.mean(alarms):.0f} | {np.mean(rates):.3f} | {error:.3f} | {100 * np.mean(found):.0f} % |", flush=True)


OUT.mkdir(parents=True, exist_ok=True)
alarms()
discoveries()
