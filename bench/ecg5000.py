#!/usr/bin/env python3
"""ECG5000: anomaly detection with a model of normal heartbeats (the task of TensorFlow's tutorial on autoencoders).

    DIABOLO_DATA=... bench/ecg5000.py

Fitted on the normal beats of the 500 training rows; the 4,500 others are scored. An alarm is a score above a quantile of the held-out
rows of the fit; test rows and their labels are not used. One variance for all 140 points of a beat; widths 32 and 8 had the
smallest negative ELBO on the held-out normal beats among 32, 64, 128 × 2, 4, 8 (seed 0). A third of the beats is held out: a tenth, 29
beats, is too few for a quantile of 0.95. Environment: FIT (flags of the fit), QUANTILE (0.95), SEEDS (3), OUT (runs/ecg5000), DIABOLO.
"""

import gzip
import json
import os
import pathlib
import shlex
import subprocess

DATA = pathlib.Path(os.environ["DIABOLO_DATA"]) / "ecg5000"
OUT = pathlib.Path(os.environ.get("OUT", "runs/ecg5000"))
USUAL = "--model variational --hidden 32 --latent-dim 8 --variance shared --epochs 100 --validation 0.3"
FIT = shlex.split(os.environ.get("FIT", USUAL))
QUANTILE = os.environ.get("QUANTILE", "0.95")
SEEDS = int(os.environ.get("SEEDS", 3))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
NAMES = ["beat", *(f"t{t}" for t in range(1, 141))]


def rows(part):
    with gzip.open(DATA / f"ECG5000_{part}.txt.gz", "rt") as lines:
        cells = [line.split() for line in lines if line.strip()]
    return [[str(int(float(row[0]))), *row[1:]] for row in cells]


def write(path, chosen):
    path.write_text("\n".join(",".join(row) for row in [NAMES, *chosen]) + "\n")


OUT.mkdir(parents=True, exist_ok=True)
write(OUT / "normal.csv", [row for row in rows("TRAIN") if row[0] == "1"])
write(OUT / "test.csv", rows("TEST"))
print("| seed | AUROC | AP | accuracy | precision | recall |\n|---|---:|---:|---:|---:|---:|")
for seed in range(SEEDS):
    run = OUT / f"seed-{seed}"
    if not (run / "model.safetensors").exists():
        fit = ["fit", str(OUT / "normal.csv"), "--label", "beat", "--test", "0", "--seed", str(seed), *FIT]
        subprocess.run([*DIABOLO, *fit, "--quiet", "--out", str(run)], check=True)
    score = ["score", str(run), str(OUT / "test.csv"), "--truth", "beat", "--normal", "1", "--quantile", QUANTILE]
    score += ["--reasons", "0", "--json", "--quiet", "--report", str(run / "anomalies.html")]
    found = json.loads(subprocess.run([*DIABOLO, *score], check=True, capture_output=True, text=True).stdout)
    labels, alarms = found["labels"], found["anomalies"]
    hits = round((labels["recall"] or 0) * labels["anomalies"])
    wrong = (alarms - hits) + (labels["anomalies"] - hits)
    accuracy = 1 - wrong / found["rows"]
    shown = [labels["auroc"], labels["average_precision"], accuracy, labels["precision"], labels["recall"]]
    print(f"| {seed} | {' | '.join(f'{value:.4f}' for value in shown)} |", flush=True)
