#!/usr/bin/env python3
"""New windows of series beside real ones: discriminative and predictive scores (Yoon et al. 2019, TimeGAN), on TimeVAE's energy and sine windows.

    DIABOLO_DATA=... bench/series_generation.py [energy] [sine]

Columns are scaled to 0 … 1 by their range. A model is fitted on all windows, and draws as many. Discriminative: a GRU with half as many units as columns
learns to tell 80 % of the real from 80 % of the drawn windows (2,000 steps of 128 + 128, Adam 0.001); the score is |accuracy − 0.5| on the rest; 0 is best.
Predictive: such a GRU learns from drawn windows the next value of the last column from the others (5,000 steps); the score is its mean absolute error on real
ones. Means of five seeds; the same scores of real windows beside others. Needs numpy and jax. Environment: FIT and GENERATE (flags of the fit and of drawing), SEEDS (5),
OUT (runs/series-generation), DIABOLO.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

DATA = pathlib.Path(os.environ["DIABOLO_DATA"]) / "timevae"
OUT = pathlib.Path(os.environ.get("OUT", "runs/series-generation"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
FIT = os.environ.get("FIT", "--preset synthesize")
GENERATE = os.environ.get("GENERATE", "")
SEEDS = int(os.environ.get("SEEDS", 5))
SETS = {"energy": "energy_subsampled_train_perc_100.npz", "sine": "sine_subsampled_train_perc_20.npz"}


def run(*words):
    subprocess.run([*DIABOLO, *map(str, words), "--quiet"], check=True)


def windows_of(name):
    windows = np.load(DATA / SETS[name])["data"]
    low, high = windows.min((0, 1)), windows.max((0, 1))
    return ((windows - low) / (high - low)).astype(np.float32)


def drawn(name, real):
    """As many windows as the real ones, by a model of them: as a table with a column for each number, or as pictures."""
    folder, count = OUT / name, len(real)
    is_table = "synthesize" in FIT
    given, made = (folder.with_suffix(kind) for kind in ((".parquet", ".made.parquet") if is_table else (".npy", ".made.npy")))
    if not made.exists():
        if is_table:
            import pyarrow
            import pyarrow.parquet

            flat = real.reshape(count, -1)
            names = [f"t{step}_c{column}" for step in range(real.shape[1]) for column in range(real.shape[2])]
            pyarrow.parquet.write_table(pyarrow.table(dict(zip(names, flat.T))), given)
        else:
            np.save(given, real)
        run("fit", given, *shlex.split(FIT), "--test", 0, "--out", folder, "--force")
        run("generate", folder, "-n", count, "-o", made, *shlex.split(GENERATE))
    if is_table:
        import pyarrow.parquet

        columns = pyarrow.parquet.read_table(made).columns
        return np.stack([column.to_numpy() for column in columns], 1).reshape(real.shape).astype(np.float32)
    return np.load(made).reshape(real.shape).astype(np.float32)


def gru(parameters, x):
    """The states of every step: batch × steps × units."""
    def step(state, now):
        update, reset = jnp.split(jax.nn.sigmoid(now @ parameters["w"] + state @ parameters["u"] + parameters["b"]), 2, -1)
        new = jnp.tanh(now @ parameters["v"] + (reset * state) @ parameters["r"] + parameters["c"])
        state = update * state + (1 - update) * new
        return state, state
    start = jnp.zeros((x.shape[0], parameters["r"].shape[0]))
    return jax.lax.scan(step, start, x.swapaxes(0, 1))[1].swapaxes(0, 1)


def initial(key, inputs, units):
    shapes = {"w": (inputs, 2 * units), "u": (units, 2 * units), "v": (inputs, units), "r": (units, units), "o": (units, 1)}
    keys = jax.random.split(key, len(shapes))
    weights = {name: jax.nn.initializers.glorot_uniform()(one, shape) for one, (name, shape) in zip(keys, shapes.items())}
    return {**weights, "b": jnp.ones(2 * units), "c": jnp.zeros(units), "p": jnp.zeros(1)}


def trained(loss, parameters, batch, steps, noise):
    """Adam, 0.001."""
    @jax.jit
    def step(parameters, first, second, time, *batch):
        gradient = jax.grad(loss)(parameters, *batch)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        move = lambda p, m, v: p - 0.001 * (m / (1 - 0.9**time)) / (jnp.sqrt(v / (1 - 0.999**time)) + 1e-8)
        return jax.tree.map(move, parameters, first, second), first, second
    first = second = jax.tree.map(jnp.zeros_like, parameters)
    for time in range(1, steps + 1):
        parameters, first, second = step(parameters, first, second, jnp.float32(time), *batch(noise))
    return parameters


def discriminative(real, made, seed):
    noise = np.random.default_rng(seed)
    parts = []
    for windows in (real, made):
        order = noise.permutation(len(windows))
        edge = int(0.8 * len(windows))
        parts.append((windows[order[:edge]], windows[order[edge:]]))
    (real_train, real_test), (made_train, made_test) = parts
    logit = lambda p, x: gru(p, x)[:, -1] @ p["o"] + p["p"]
    loss = lambda p, a, b: (jax.nn.softplus(-logit(p, a)) + jax.nn.softplus(logit(p, b))).mean()
    some = lambda noise: (real_train[noise.integers(len(real_train), size=128)], made_train[noise.integers(len(made_train), size=128)])
    parameters = initial(jax.random.key(seed), real.shape[2], max(real.shape[2] // 2, 1))
    parameters = trained(loss, parameters, some, 2000, noise)
    right = [(logit(parameters, real_test) > 0).mean(), (logit(parameters, made_test) <= 0).mean()]
    return abs(float(np.mean(right)) - 0.5)


def predictive(real, made, seed):
    noise = np.random.default_rng(seed)
    value = lambda p, x: jax.nn.sigmoid(gru(p, x[:, :-1, :-1]) @ p["o"] + p["p"])[..., 0]
    loss = lambda p, x: jnp.abs(value(p, x) - x[:, 1:, -1]).mean()
    some = lambda noise: (made[noise.integers(len(made), size=128)],)
    parameters = initial(jax.random.key(seed), real.shape[2] - 1, max(real.shape[2] // 2, 1))
    return float(loss(trained(loss, parameters, some, 5000, noise), real))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    print("| windows | drawn by | discriminative | predictive |\n|---|---|---:|---:|")
    found = {}
    for name in sys.argv[1:] or SETS:
        real = windows_of(name)
        half = np.random.default_rng(0).permutation(len(real))
        halves = real[half[: len(half) // 2]], real[half[len(half) // 2 :]]
        for label, (known, made) in {"no one: real windows": halves, FIT: (real, drawn(name, real))}.items():
            scores = [(discriminative(known, made, seed), predictive(known, made, seed)) for seed in range(SEEDS)]
            (discriminated, next_value), (spread, other) = np.mean(scores, 0), np.std(scores, 0)
            found[f"{name}: {label}"] = scores
            (OUT / "scores.json").write_text(json.dumps(found))
            print(f"| {name} | `{label}` | {discriminated:.3f} ± {spread:.3f} | {next_value:.4f} ± {other:.4f} |", flush=True)


if __name__ == "__main__":
    main()
