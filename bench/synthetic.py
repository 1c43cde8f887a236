"""Synthetic tables: fidelity and use by public tools, time, and what each part of the model buys.

    python bench/synthetic.py [--sets adult,magic,pollution] [--seeds 3] [--ablation]

The figures are those of synthetic_judge.py, and need what it needs. Set DIABOLO_DATA; `diabolo` is target/release/diabolo or $DIABOLO.
"""
import argparse
import gzip
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from synthetic_judge import judge, read

DATA = Path(os.environ.get("DIABOLO_DATA", "data"))
DIABOLO = os.environ.get("DIABOLO", "target/release/diabolo")
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
    frame = pd.read_csv(DATA / "series" / "pollution.csv.gz", dtype=str, keep_default_na=False)
    if "No" in frame:
        frame = frame.drop(columns="No")
    split(frame, folder)
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


def timed(command):
    start = time.time()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.time() - start


def measure(folder, target, seed, flags):
    """Fit, generate, judge."""
    run, made = folder / "run", folder / "made.csv"
    fit = timed([
        DIABOLO, "fit", str(folder / "train.csv"), "--preset", "synthesize", "--test", "0", "--seed", str(seed), "--quiet",
        "--out", str(run), "--force", *flags,
    ])
    train, test = read(folder / "train.csv"), read(folder / "test.csv")
    draw = timed([DIABOLO, "generate", str(run), "-n", str(len(train)), "--seed", str(seed), "--quiet", "-o", str(made)])
    return {**judge(train, test, read(made), target), "fit": fit, "draw": draw}


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
                all = [measure(folder, target, seed, flags) for seed in range(args.seeds)]
                means = {key: statistics.mean(one[key] for one in all) for key in all[0]}
                cells = " ".join(f"{key} {value:.4g}" for key, value in means.items())
                print(f"{name}, {label}: {cells} ({args.seeds} seeds)", flush=True)


if __name__ == "__main__":
    main()
