"""Seconds from the shell until the test negative ELBO of a variational autoencoder, 784-400-20, on MNIST is at most a target.

    DIABOLO_DATA=... python quality.py --diabolo PATH [--target 105] [--threads 2] [--rounds 3] [--first 4] [--out runs/quality]

Diabolo's `fit` beside two PyTorch scripts (pytorch_mnist.py says which), batch 128, start-up and reading the data included. Where a
schedule needs the number of epochs beforehand, the fewest that reach the target (seed 0) are found first, untimed; PyTorch's are all
60,000 training rows, Diabolo's 54,000: it keeps its default of held-out rows. Needs torch, torchvision and numpy.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--diabolo", required=True)
parser.add_argument("--target", type=float, default=105.0)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--first", type=int, default=4, help="the number of epochs tried first")
parser.add_argument("--out", type=Path, default="runs/quality")
arguments = parser.parse_args()

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
DATA = Path(os.environ["DIABOLO_DATA"]).resolve()
os.environ["DIABOLO_DATA"] = str(DATA)
SCRIPT = Path(__file__).resolve().parent / "pytorch_mnist.py"
DIABOLO = Path(arguments.diabolo).resolve()


def timed(command):
    begin = time.perf_counter()
    found = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, cwd=arguments.out)
    return time.perf_counter() - begin, found.stdout


def diabolo(epochs):
    shutil.rmtree(arguments.out / "run", ignore_errors=True)
    flags = ["--model", "variational", "--hidden", "400", "--latent-dim", "20", "--activation", "relu", "--batch-size", "128"]
    seconds, _ = timed([DIABOLO, "fit", "mnist", *flags, "--epochs", epochs, "--threads", arguments.threads, "--out", "run", "--quiet"])
    return seconds, epochs, json.loads((arguments.out / "run/metrics.json").read_text())["negative_elbo"]


def pytorch(style):
    def run(epochs):
        limit = ["--target", arguments.target] if style == "example" else ["--epochs", epochs]
        seconds, output = timed([sys.executable, SCRIPT, DATA / "mnist", "--style", style, "--threads", arguments.threads, *limit])
        found = json.loads(output)
        return seconds, found["epochs"], found["negative_elbo"]

    return run


def fewest(run):
    """The fewest epochs, and what they came to."""
    for epochs in range(arguments.first, 50):
        _, taken, found = run(epochs)
        print(f"{taken} epochs: {found:.2f} nats", file=sys.stderr)
        if found <= arguments.target:
            return taken, found
    sys.exit(f"not {arguments.target} nats in 50 epochs")


def main():
    arguments.out.mkdir(parents=True, exist_ok=True)
    contenders = {
        "Diabolo": diabolo,
        "PyTorch, tensors in memory, the same schedule": pytorch("memory"),
        "PyTorch, as its example": pytorch("example"),
    }
    epochs = {name: fewest(run) for name, run in contenders.items()}
    times = {name: [] for name in contenders}
    for k in range(arguments.rounds):
        for name, run in contenders.items():
            times[name].append(run(epochs[name][0])[0])
        print(f"round {k + 1} of {arguments.rounds}", file=sys.stderr)
    print(f"threads {arguments.threads}, {arguments.rounds} rounds; seconds, minimum / median")
    print("| | epochs | test negative ELBO, nats | seconds | over Diabolo (median) |\n|---|---:|---:|---:|---:|")
    own = statistics.median(times["Diabolo"])
    for name, found in times.items():
        median = statistics.median(found)
        taken, nats = epochs[name]
        print(f"| {name} | {taken} | {nats:.2f} | {min(found):.1f} / {median:.1f} | {median / own:.1f} |")


main()
