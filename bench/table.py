"""A table of 100,000 × 30 from the command line: `fit` compared with scikit-learn's MLPRegressor as an autoencoder and, if PyOD and
PyTorch are installed, PyOD's AutoEncoder; and `encode` of many more rows in bounded memory.

    python bench/table.py --diabolo PATH [--epochs 10] [--encode-rows 10000000] [--out runs/table]

Needs numpy, scikit-learn and pyarrow. Equal: standardised columns (by the training rows), widths 30-64-8-64-30, ReLU, batch 128,
Adam at a constant 1e-3, epochs, squared error, no early stopping, 90,000 training rows and 10,000 held out. The table is a smooth
function of six factors with noise. Times include reading the file; every fit is run once per round, in turn.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--diabolo", required=True)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--encode-rows", type=int, default=10_000_000)
parser.add_argument("--out", default="runs/table")
arguments = parser.parse_args()
for name in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]:
    os.environ[name] = str(arguments.threads)

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from sklearn.neural_network import MLPRegressor  # noqa: E402

ROWS, TRAIN, COLUMNS, HIDDEN = 100_000, 90_000, 30, [64, 8, 64]
rng = np.random.default_rng(0)
MIXING = [rng.normal(size=(6, 40)), rng.normal(size=(40, COLUMNS)) / 40**0.5, rng.uniform(0.5, 20, COLUMNS)]


def table(rows, seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(rows, 6)).astype(np.float32)
    smooth = np.tanh(factors @ MIXING[0]) @ MIXING[1] + 0.1 * rng.normal(size=(rows, COLUMNS))
    return (smooth * MIXING[2]).astype(np.float32)


def write(path, values):
    names = [f"x{k}" for k in range(COLUMNS)]
    pq.write_table(pa.table(dict(zip(names, values.T.copy()))), path)


def read(path):
    return np.column_stack([column.to_numpy() for column in pq.read_table(path).columns])


def run(*command):
    """Seconds, and the peak memory in MiB."""
    begin = time.perf_counter()
    # Started from a small process, since the peak of a child includes the memory of its parent at the start.
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, arguments.diabolo, *map(str, command)], stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {done.returncode}")
    return time.perf_counter() - begin, int(done.stdout) / 1024


LAUNCHER = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def held_out_error(made, standard):
    mean, deviation = standard
    difference = (made - read("held_out.parquet")) / deviation
    return float((difference**2).mean())


def diabolo(standard):
    shutil.rmtree("run", ignore_errors=True)
    seconds, _ = run(
        "fit", "train.parquet", "--out", "run", "--model", "plain", "--hidden", "64", "--latent-dim", 8, "--activation", "relu",
        "--set", "model.family.tied=false", "--epochs", arguments.epochs, "--batch-size", 128, "--learning-rate", 0.001,
        "--set", "training.schedule.kind=constant", "--patience", 0, "--validation", 0, "--test", 0, "--likelihood", "gaussian", "--threads", arguments.threads, "--quiet",
    )  # fmt: skip
    run("reconstruct", "run", "held_out.parquet", "-o", "made.parquet", "--quiet")
    return seconds, held_out_error(read("made.parquet"), standard)


def sklearn(standard):
    begin = time.perf_counter()
    mean, deviation = standard
    x = (read("train.parquet") - mean) / deviation
    network = MLPRegressor(
        hidden_layer_sizes=HIDDEN, activation="relu", solver="adam", alpha=0, batch_size=128, learning_rate_init=1e-3, max_iter=arguments.epochs,
        n_iter_no_change=10**6, random_state=0,
    )  # fmt: skip
    network.fit(x, x)
    seconds = time.perf_counter() - begin
    made = network.predict((read("held_out.parquet") - mean) / deviation) * deviation + mean
    return seconds, held_out_error(made, standard)


def pyod(standard):
    import torch
    from pyod.models.auto_encoder import AutoEncoder

    torch.set_num_threads(arguments.threads)
    begin = time.perf_counter()
    mean, deviation = standard
    x = (read("train.parquet") - mean) / deviation
    detector = AutoEncoder(
        preprocessing=False, hidden_neuron_list=[64, 8], batch_size=128, epoch_num=arguments.epochs, lr=1e-3, verbose=0,
        dropout_rate=0, batch_norm=False, random_state=0,
    )  # fmt: skip
    detector.fit(x)
    seconds = time.perf_counter() - begin
    rows = torch.tensor((read("held_out.parquet") - mean) / deviation, dtype=torch.float32)
    made = detector.model(rows).detach().numpy() * deviation + mean
    return seconds, held_out_error(made, standard)


def encode():
    if not os.path.exists("many.parquet"):
        with pq.ParquetWriter("many.part", pa.schema([(f"x{k}", pa.float32()) for k in range(COLUMNS)])) as writer:
            for k in range(0, arguments.encode_rows, 250_000):
                values = table(min(250_000, arguments.encode_rows - k), k + 2)
                writer.write_table(pa.table({f"x{i}": values[:, i].copy() for i in range(COLUMNS)}))
        os.replace("many.part", "many.parquet")
    begin = time.perf_counter()
    with open("many.parquet", "rb") as file:
        while file.read(1 << 24):
            pass
    reading = time.perf_counter() - begin
    seconds, peak = run("encode", "run", "many.parquet", "-o", "codes.parquet", "--threads", arguments.threads, "--quiet")
    size = os.path.getsize("many.parquet") / 2**20
    print(f"\nencode of {arguments.encode_rows:,} × {COLUMNS} rows ({size:,.0f} MiB of Parquet): {seconds:.1f} s, "
          f"{arguments.encode_rows / seconds / 1e6:.2f} million rows/s, peak memory {peak:.0f} MiB; "
          f"reading the file's bytes alone {reading:.1f} s")  # fmt: skip


def main():
    arguments.diabolo = os.path.abspath(arguments.diabolo)
    os.makedirs(arguments.out, exist_ok=True)
    os.chdir(arguments.out)
    values = table(ROWS, 1)
    write("train.parquet", values[:TRAIN])
    write("held_out.parquet", values[TRAIN:])
    standard = values[:TRAIN].mean(0), values[:TRAIN].std(0)
    contenders = {"Diabolo": diabolo, "scikit-learn MLPRegressor": sklearn}
    try:
        import pyod as _  # noqa: F401
        import torch as _  # noqa: F401, F811

        contenders["PyOD AutoEncoder"] = pyod
    except ImportError as missing:
        print(f"PyOD's AutoEncoder is left out: {missing}")
    found = {name: [] for name in contenders}
    for _ in range(arguments.rounds):
        for name, fit in contenders.items():
            found[name].append(fit(standard))
    print(f"{TRAIN:,} × {COLUMNS} rows, {arguments.epochs} epochs, {arguments.threads} threads, {arguments.rounds} rounds")
    print("| | seconds, minimum / median | over Diabolo (median) | held-out squared error, standardised |\n|---|---|---|---|")
    medians = {name: statistics.median(s for s, _ in runs) for name, runs in found.items()}
    for name, runs in found.items():
        least = min(seconds for seconds, _ in runs)
        error = statistics.mean(error for _, error in runs)
        print(f"| {name} | {least:.2f} / {medians[name]:.2f} | {medians[name] / medians['Diabolo']:.1f} | {error:.4f} |")
    if arguments.encode_rows:
        encode()
    json.dump(found, open("found.json", "w"))


main()
