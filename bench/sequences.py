#!/usr/bin/env python3
"""Autoencoders of windows by their network, at about equal numbers of weights: energy windows of 24 steps × 28 columns (TimeVAE's).

    DIABOLO_DATA=... bench/sequences.py [NETWORK…]

Columns are scaled to 0 … 1 by their range; a window is an image of 24 rows of 28 pixels to the program, and recurrent layers read it row by row. A code of
12 numbers, squared error. Prints the weights, the mean squared error of a fifth of the windows that the fit has not seen (neighbouring windows overlap, so
that these are not new series), and the seconds of the fit. Environment: EPOCHS (30), SEEDS (1), OUT (runs/sequences), THREADS (2), DIABOLO.
"""

import json
import math
import os
import pathlib
import shlex
import subprocess
import sys

import numpy as np

DATA = pathlib.Path(os.environ["DIABOLO_DATA"]) / "timevae/energy_subsampled_train_perc_100.npz"
OUT = pathlib.Path(os.environ.get("OUT", "runs/sequences"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
EPOCHS, SEEDS = os.environ.get("EPOCHS", "30"), int(os.environ.get("SEEDS", 1))
USUAL = "--model plain --latent-dim 12 --likelihood gaussian --variance 1 --test 0.2 --patience 0"
# About 70,000 weights each.
NETWORKS = {
    "dense": "--hidden 52",
    "gru": "--network gru:96 --hidden none",
    "lstm": "--network lstm:84 --hidden none",
}

OUT.mkdir(parents=True, exist_ok=True)
windows = np.load(DATA)["data"]
low, high = windows.min((0, 1)), windows.max((0, 1))
np.save(OUT / "energy.npy", ((windows - low) / (high - low)).astype(np.float32))
print("| network | weights | squared error | seconds |\n|---|---:|---:|---:|")
for name in sys.argv[1:] or NETWORKS:
    errors, seconds = [], []
    for seed in range(SEEDS):
        run = OUT / f"{name}-{seed}"
        flags = f"{USUAL} {NETWORKS[name]} --epochs {EPOCHS} --seed {seed} --threads {os.environ.get('THREADS', 2)}".split()
        if not (run / "metrics.json").exists():
            fit = ["fit", str(OUT / "energy.npy"), *flags, "--quiet", "--out", str(run), "--force"]
            subprocess.run([*DIABOLO, *fit], check=True)
        errors.append(json.loads((run / "metrics.json").read_text())["mse"])
        seconds.append(sum(json.loads(line)["seconds"] for line in (run / "history.jsonl").open()))
    shown = subprocess.run([*DIABOLO, "inspect", str(run), "--json"], check=True, capture_output=True, text=True).stdout
    tensors = json.loads(shown)["tensors"]
    weights = sum(math.prod(shape) for tensor, shape in tensors.items() if tensor.startswith(("encoder", "decoder")))
    print(f"| {name} | {weights:,} | {np.mean(errors):.6f} | {np.mean(seconds):.0f} |", flush=True)
