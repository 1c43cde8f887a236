"""Synthetic tables: fidelity and use by public tools, time, and what each part of the model buys.

    python bench/synthetic.py [--sets adult,magic,pollution] [--seeds 3] [--ablation]

The figures are those of synthetic_judge.py, and need what it needs; then those of `diabolo audit` that begin with own_, the membership attack, and what
`checks` counts: cells and rows that no reader of the source would expect. Set DIABOLO_DATA, and DIABOLO as program.py says.
"""
import argparse
import gzip
import itertools
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from program import run
from synthetic_judge import judge, read

DATA = Path(os.environ.get("DIABOLO_DATA", "data"))
ADULT = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain "
    "capital_loss hours_per_week native_country income"
).split()


def adult(folder):
    """The UCI files with a header, without blanks after commas and dots after test labels."""
    for name, out in (("adult.data.gz", "train"), ("adult.test.gz", "test")):
        with gzip.open(DATA / "adult" / name, "rt") as lines:
            rows = [[cell.strip() for cell in line.split(",")] for line in lines]
        rows = [row[:-1] + [row[-1].rstrip(".")] for row in rows if len(row) == len(ADULT)]
        pd.DataFrame(rows, columns=ADULT).to_csv(folder / f"{out}.csv", index=False)
    return "income"


def split(frame, folder):
    """Four fifths to train on, at random."""
    order = np.random.RandomState(0).permutation(len(frame))
    count = len(frame) * 4 // 5
    frame.iloc[order[:count]].to_csv(folder / "train.csv", index=False)
    frame.iloc[order[count:]].to_csv(folder / "test.csv", index=False)


def magic(folder):
    file = np.load(DATA / "adbench" / "22_magic.gamma.npz")
    names = "length width size conc conc1 asym m3long m3trans alpha dist".split()
    frame = pd.DataFrame(file["X"], columns=names)
    frame["label"] = np.where(file["y"] == 1, "hadron", "gamma")
    split(frame, folder)
    return "label"


def uci(name, target, **options):
    def write(folder):
        frame = pd.read_csv(DATA / "uci" / name, dtype=str, keep_default_na=False, **options)
        if options.get("header", 0) is None:
            frame.columns = [f"c{k + 1}" for k in range(len(frame.columns))]
        split(frame, folder)
        return frame.columns[target]

    return write


def pollution(folder):
    """Its row number is the key: made anew, and not judged."""
    split(pd.read_csv(DATA / "series" / "pollution.csv.gz", dtype=str, keep_default_na=False), folder)
    return "cbwd"


SETS = {
    "adult": adult,
    "magic": magic,
    "wine": uci("winequality-white.csv", -1, header=None),
    "abalone": uci("abalone.csv", 0, header=None),
    "german": uci("german.csv", -1, header=None),
    "horse-colic": uci("horse-colic.csv", 23, header=None),
    "pollution": pollution,
}
KEYS = {"pollution": "No", "horse-colic": "c3"}
UNKNOWN = {"horse-colic": "?"}  # the judge needs numbers and empty cells; of adult, the published protocol keeps it as a level
MANY = 20_000  # rows in which the shares of the target are counted, so that 200 drawn ones do not differ by chance
FEW = 20  # a column of texts, or of no more distinct whole numbers, has levels
ABLATION = {
    "default": [],
    "not calibrated": ["--set", "synthesize.calibrate=false"],
    "with a latent code of 8": ["--set", "synthesize.latent_dim=8"],
    "VAE, β = 0.2, z of 16, N(0, I)": [
        "--set", "synthesize.autoregressive=false", "--set", "synthesize.latent_dim=16",
        "--set", "synthesize.kl_weight=0.2", "--set", "synthesize.calibrate=false",
    ],
    "the same, calibrated": [
        "--set", "synthesize.autoregressive=false", "--set", "synthesize.latent_dim=16",
        "--set", "synthesize.kl_weight=0.2",
    ],
}


def cells(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def decimals(column):
    return max((len(cell.partition(".")[2]) for cell in column), default=0)


def is_number(column):
    return pd.to_numeric(column[~column.isin(["", "?", "NA"])], errors="coerce").notna().all()


def rules(train):
    """Pairs of columns of which the first determines the second in every row; few levels, so that this is no chance."""
    few = [c for c in train if 1 < train[c].nunique() <= len(train) / (5 * FEW)]
    for a, b in itertools.permutations(few, 2):
        # A column of nearly one value follows from anything.
        if train[b].value_counts(normalize=True).iloc[0] < 0.9 and (train.groupby(a)[b].nunique() == 1).all():
            yield a, b


def checks(train, made, many, target, key):
    """Counts of what must not be; `emptied`: empty cells of columns that have none; `label_shift`: largest change of a share of the target, in points."""
    levels = [c for c in train if c != key and (not is_number(train[c]) or train[c].nunique() <= FEW and not decimals(train[c]))]
    shares = [frame[target].value_counts(normalize=True) for frame in (train, many)]
    found = {
        "new_levels": sum((~made[c].isin({"", *train[c]})).sum() for c in levels),
        "emptied": sum((made[c] == "").sum() for c in train if not (train[c] == "").any()),
        "label_shift": 100 * shares[0].subtract(shares[1], fill_value=0).abs().max(),
        "other_types": sum(is_number(train[c]) != is_number(made[c]) or decimals(made[c]) > decimals(train[c]) for c in train),
    }
    kept = list(rules(train.drop(columns=key or [])))
    if kept:
        of = {pair: dict(zip(train[pair[0]], train[pair[1]])) for pair in kept}
        broken = np.any([made[a].map(of[a, b]) != made[b] for a, b in kept], axis=0)
        found |= {"rules": len(kept), "rows_against_rules": broken.sum()}
    if key:
        found["keys_twice"] = made[key].duplicated().sum()
    if {"year", "month", "day", "hour"} <= set(train):
        dates = pd.to_datetime(made[["year", "month", "day", "hour"]].astype(int), errors="coerce")
        found |= {"no_dates": dates.isna().sum(), "month_or_hour": (~made.month.astype(int).between(1, 12) | ~made.hour.astype(int).between(0, 23)).sum()}
    return found


def timed(*words):
    start = time.time()
    run(*words, "--quiet")
    return time.time() - start


def make(folder, seed, key=None, flags=()):
    """Fit and generate as many rows as those of train.csv: made.csv, and seconds."""
    options = [*flags, *(["--key", key] if key else [])]
    fit = timed("fit", folder / "train.csv", "--preset", "synthesize", "--test", 0, "--seed", seed, "--out", folder / "run", "--force", *options)
    draw = timed("generate", folder / "run", "-n", len(cells(folder / "train.csv")), "--seed", seed, "-o", folder / "made.csv")
    return {"fit": fit, "draw": draw}


def audit(folder, target, seed=0):
    """Figures of the program itself on the same files."""
    files = [folder / "made.csv", "--real", folder / "train.csv", "--holdout", folder / "test.csv"]
    found = json.loads(run("audit", *files, "--target", target, "--seed", seed, "--json"))
    own = {"own_c2st": found["c2st"]["synthetic"], "own_tstr": found["tstr_auc"]["synthetic"]}
    return {**own, "membership": found["privacy"]["membership_auc"]["synthetic"]}


def measure(folder, name, target, seed, flags):
    """Fit, generate, check, judge."""
    key = KEYS.get(name)
    seconds = make(folder, seed, key, flags)
    run("generate", folder / "run", "-n", MANY, "--seed", seed + 1000, "-o", folder / "many.csv", "--quiet")
    found = checks(*(cells(folder / f"{part}.csv") for part in ("train", "made", "many")), target, key)
    judged = folder / "judged"
    judged.mkdir(exist_ok=True)
    for part in ("train", "test", "made"):
        frame = cells(folder / f"{part}.csv").drop(columns=key or [])
        frame.replace(UNKNOWN.get(name, ""), "").to_csv(judged / f"{part}.csv", index=False)
    frames = (read(judged / f"{part}.csv") for part in ("train", "test", "made"))
    return {**judge(*frames, target), **audit(judged, target), **found, **seconds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", default="adult,magic")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ablation", action="store_true")
    args = parser.parse_args()
    for name in args.sets.split(","):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            target = SETS[name](folder)
            for label, flags in (ABLATION if args.ablation else {"default": []}).items():
                all = [measure(folder, name, target, seed, flags) for seed in range(args.seeds)]
                means = {key: statistics.mean(one[key] for one in all) for key in all[0]}
                figures = " ".join(f"{key} {value:.4g}" for key, value in means.items())
                print(f"{name}, {label}: {figures} ({args.seeds} seeds)", flush=True)


if __name__ == "__main__":
    main()
