#!/usr/bin/env python3
"""What the doctor says of healthy data: default settings, ten sets and more, every finding listed. Needs only Python.

    DIABOLO_DATA=... bench/doctor.py [NAME...]

Environment: SEEDS (1), EPOCHS (the default of the program), OUT (runs/doctor), DIABOLO.
"""
import gzip
import json
import os
import pathlib
import shlex
import shutil
import struct
import subprocess
import sys

DATA = pathlib.Path(os.environ["DIABOLO_DATA"])
OUT = pathlib.Path(os.environ.get("OUT", "runs/doctor"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
SEEDS = int(os.environ.get("SEEDS", "1"))
EPOCHS = ["--epochs", os.environ["EPOCHS"]] if "EPOCHS" in os.environ else []


def npy(name, shape, pixels):
    """Writes bytes as an NPY file of 8-bit pixels."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path = OUT / f"{name}.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pixels)
    return path


def first_pictures(name, count):
    """The first training pictures of an IDX file."""
    content = gzip.open(DATA / name / "train-images-idx3-ubyte.gz").read(16 + count * 784)
    return npy(name, (count, 28, 28), content[16:])


def colour_pictures(count):
    """CIFAR-10: a label, then 1024 red, green and blue values each; here height × width × colour."""
    content = gzip.open(DATA / "cifar10_sample/cifar10_train_first4000.bin.gz").read(count * 3073)
    pixels = bytearray(count * 3072)
    for row in range(count):
        planes = content[row * 3073 + 1 : (row + 1) * 3073]
        for colour in range(3):
            pixels[row * 3072 + colour : (row + 1) * 3072 : 3] = planes[colour * 1024 : (colour + 1) * 1024]
    return npy(f"cifar{count}", (count, 32, 32, 3), bytes(pixels))


def noise():
    """Independent columns: nothing can be learned, which the doctor has to say."""
    import random

    draw = random.Random(0)
    path = OUT / "noise.csv"
    path.write_text("a,b,c,d,e,f\n" + "".join(",".join(f"{draw.gauss(0, 1):.4f}" for _ in range(6)) + "\n" for _ in range(1000)))
    return path


SETS = {
    "digits": lambda: ["digits"],
    "factors": lambda: ["factors"],
    "mnist": lambda: [first_pictures("mnist", 4000)],
    "fashion": lambda: [first_pictures("fashion_mnist", 4000)],
    "adult": lambda: [DATA / "adult/adult.data.gz", "--header", "false"],
    "white-wine": lambda: [DATA / "uci/winequality-white.csv", "--header", "false"],
    "wdbc": lambda: [DATA / "uci/wdbc.data", "--header", "false", "--key", "column_1", "--label", "column_2"],
    "abalone": lambda: [DATA / "uci/abalone.csv", "--header", "false"],
    "german": lambda: [DATA / "uci/german.csv", "--header", "false"],
    "taxi": lambda: [DATA / "nab/realKnownCause/nyc_taxi.csv.gz", "--key", "timestamp", "--window", "48"],
    "banknote": lambda: [DATA / "uci/banknote_authentication.csv", "--header", "false"],
    "frey": lambda: [DATA / "frey_faces/freyfaces-idx3-ubyte.gz"],
    "cifar600": lambda: [colour_pictures(600)],
    "cifar4000": lambda: [colour_pictures(4000)],
}
# What is wrong with these has to be said.
SICK = {
    "noise": (lambda: [noise()], {"posterior_collapse", "explains_nothing", "worse_than_constants"}),
    "beta": (lambda: ["digits", "--kl-weight", "100"], {"posterior_collapse"}),
}


def fit(name, arguments, seed):
    """The exit code, the findings by kind with their epochs and messages, and the metrics."""
    run = OUT / f"{name}-{seed}"
    shutil.rmtree(run, ignore_errors=True)
    command = [*DIABOLO, "fit", *map(str, arguments), "--seed", str(seed), "--out", str(run), "--quiet", *EPOCHS]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return done.returncode, {"failed": ([], done.stderr.strip())}, {}
    found = {}
    for line in (run / "history.jsonl").read_text().splitlines():
        record = json.loads(line)
        for finding in record.get("findings", []):
            found.setdefault(finding["kind"], ([], finding["message"]))[0].append(record["epoch"])
    metrics = run / "metrics.json"
    return 0, found, json.loads(metrics.read_text()) if metrics.exists() else {}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for name in sys.argv[1:] or [*SETS, *SICK]:
        arguments, expected = (SETS[name], set()) if name in SETS else SICK[name]
        for seed in range(SEEDS):
            _, found, metrics = fit(name, arguments(), seed)
            figures = ["negative_elbo", "constant_model", "mse", "bits_per_dimension", "active_units", "latent_dim"]
            shown = " ".join(f"{key} {metrics[key]:.4g}" for key in figures if key in metrics)
            as_expected = bool(set(found) & expected) if expected else not found
            wrong += not as_expected
            print(f"{name:<11} seed {seed}  {'ok   ' if as_expected else 'WRONG'} {shown}", flush=True)
            for kind, (epochs, message) in found.items():
                print(f"    {kind}: {len(epochs)} epochs from {epochs[0] if epochs else '-'}: {message[:160]}", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
