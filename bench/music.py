#!/usr/bin/env python3
"""JSB chorales: −log p of the next frame of 88 notes, given the frames before it (the task of Bai et al. 2018, TCN: 8.10 nats; their GRU 8.54).

    DIABOLO_DATA=... bench/music.py

A row is a frame with the frames before it (LAGS, 8), which are conditions: inputs of encoder and decoder that are not reconstructed. The notes of a chord are
joint by the latent code. Training pieces are also transposed to the other keys (by −5 to +6 semitones). The number of epochs is that with the least bound on
the validation pieces; the test pieces are evaluated once. Notes outside of those that some training frame has cannot be played, and are none in the other
pieces. Importance-sampled upper bounds. Needs numpy, scipy and pyarrow. Environment: EPOCHS ("4 8 16 28"), FIT (flags of the fit), LAGS, SAMPLES (500),
OUT (runs/music), DIABOLO.
"""

import json
import os
import pathlib
import shlex
import subprocess

import numpy as np
import pyarrow
import pyarrow.parquet
import scipy.io

DATA = pathlib.Path(os.environ["DIABOLO_DATA"]) / "music/JSB_Chorales.mat"
OUT = pathlib.Path(os.environ.get("OUT", "runs/music"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
FIT = shlex.split(os.environ.get("FIT", "--hidden 512 --latent-dim 16 --batch-size 128 --learning-rate 0.001 --kl-warmup 1"))
LAGS, SAMPLES = int(os.environ.get("LAGS", 8)), os.environ.get("SAMPLES", "500")
KEYS = range(-5, 7)


def run(*words):
    return subprocess.run([*DIABOLO, *map(str, words), "--quiet"], check=True, capture_output=True, text=True).stdout


def rows(pieces, notes, keys=(0,)):
    """Every frame but the first of each piece, with those before it; nothing is played before a piece."""
    found = []
    for piece in pieces:
        for key in keys:
            frames = np.roll(piece, key, 1)[:, notes].astype(bool)
            padded = np.concatenate([np.zeros((LAGS, len(notes)), bool), frames])
            parts = [padded[LAGS - lag : LAGS - lag + len(frames)] for lag in range(LAGS + 1)]
            found.append(np.concatenate(parts, 1)[1:])
    return np.concatenate(found)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    pieces = {part: list(scipy.io.loadmat(DATA)[f"{part}data"][0]) for part in ("train", "valid", "test")}
    played = np.any([np.roll(piece, key, 1).any(0) for piece in pieces["train"] for key in KEYS], 0)
    notes = np.flatnonzero(played)
    assert all(not piece[:, ~played].any() for part in ("valid", "test") for piece in pieces[part])
    names = [f"n{note}" if lag == 0 else f"n{note}_before_{lag}" for lag in range(LAGS + 1) for note in notes]
    for part, own in pieces.items():
        table = rows(own, notes, KEYS if part == "train" else (0,))
        pyarrow.parquet.write_table(pyarrow.table(dict(zip(names, table.T))), OUT / f"{part}.parquet")
    given = ",".join(f'"{name}"' for name in names[len(notes) :])
    (OUT / "settings.toml").write_text(f"[data]\ncondition = [{given}]\ntest = 0.0\nvalidation = 0.01\n")

    def bound(folder, part):
        found = json.loads(run("evaluate", folder, OUT / f"{part}.parquet", "--samples", SAMPLES, "--json"))
        return -found["log_likelihood"]["mean"]

    best = None
    print("| epochs | validation pieces | test pieces |\n|---:|---:|---:|")
    for epochs in os.environ.get("EPOCHS", "4 8 16 28").split():
        folder = OUT / f"epochs-{epochs}"
        if not (folder / "model.safetensors").exists():
            fit = ["fit", OUT / "train.parquet", "--config", OUT / "settings.toml", "--epochs", epochs, "--patience", 0]
            run(*fit, *FIT, "--out", folder, "--force")
        found = bound(folder, "valid")
        print(f"| {epochs} | {found:.3f} | |", flush=True)
        best = min(best or (found, folder), (found, folder))
    print(f"| {best[1].name.split('-')[1]} | {best[0]:.3f} | {bound(best[1], 'test'):.3f} |")


if __name__ == "__main__":
    main()
