#!/usr/bin/env python3
"""A contractive convolutional encoder beside a plain and a denoising one of the same shape, on MNIST and Fashion-MNIST.

    DIABOLO_DATA=... bench/contractive_convolution.py [mnist fashion_mnist] [FLAGS of compare]

`diabolo compare` of ROWS training images (the first of the file, whose order is random): convolutions of 16 and 32 channels, stride 2, and a linear code of 64 numbers,
EPOCHS epochs, SEEDS splits with a fifth for the test. All three have the same number of weights. Prints the program's table and verdicts.
Environment: ROWS (3000), EPOCHS (4), SEEDS (3), OUT (runs/contractive-convolution), DIABOLO.
"""

import gzip
import os
import pathlib
import struct
import sys
import time

from program import run

DATA = pathlib.Path(os.environ["DIABOLO_DATA"])
OUT = pathlib.Path(os.environ.get("OUT", "runs/contractive-convolution"))
ROWS, EPOCHS, SEEDS = (int(os.environ.get(name, usual)) for name, usual in (("ROWS", 3000), ("EPOCHS", 4), ("SEEDS", 3)))
SHAPE = "--models plain,denoising,contractive --network convolution:16,32 --hidden none --latent-dim 64 --activation silu --latent-activation identity"
TRAINING = f"--tied false --batch-size 64 --learning-rate 0.002 --patience 0 --validation 0.05 --test 0.2 --label label --epochs {EPOCHS} --seeds {SEEDS}"


def first(name):
    """The first rows of the training files, as a pair of IDX files."""
    for kind, magic, shape, size in ("images-idx3", 0x803, (ROWS, 28, 28), 784), ("labels-idx1", 0x801, (ROWS,), 1):
        with gzip.open(DATA / name / f"train-{kind}-ubyte.gz") as file:
            values = file.read()[4 + 4 * len(shape) :][: ROWS * size]
        (OUT / f"{name}-{kind}-ubyte").write_bytes(struct.pack(f">{1 + len(shape)}I", magic, *shape) + values)
    return OUT / f"{name}-images-idx3-ubyte"


OUT.mkdir(parents=True, exist_ok=True)
sets = [word for word in sys.argv[1:] if (DATA / word).is_dir()]
flags = [word for word in sys.argv[1:] if word not in sets]
for name in sets or ["mnist", "fashion_mnist"]:
    begun = time.time()
    print(run("compare", first(name), *SHAPE.split(), *TRAINING.split(), *flags, "--out", OUT / name))
    print(f"{name}, {ROWS} images: {time.time() - begun:.0f} s\n", flush=True)
