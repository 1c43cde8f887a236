#!/usr/bin/env python3
"""The tasks of Keras's blog "Building Autoencoders in Keras" and the first of TensorFlow's tutorial "Intro to Autoencoders", one command each.

    DIABOLO_DATA=... bench/references.py [TASK...]

Widths, activations, losses and epochs are theirs (EPOCHS scales them); the convolutional ones have strides in place of pooling, and fewer epochs. Their loss
is the cross-entropy a pixel, here the reconstruction in nats over 784 pixels, of the 10,000 test pictures; `floor` is that of a perfect
reconstruction. Fitted models are kept in OUT. Environment: EPOCHS (1), OUT (runs/references), DIABOLO.
"""

import json
import os
import pathlib
import sys

from program import run

OUT = pathlib.Path(os.environ.get("OUT", "runs/references"))
SCALE = float(os.environ.get("EPOCHS", 1))
KERAS = "mnist --likelihood bernoulli --batch-size 256 --activation relu"
NARROW = "--hidden none --latent-dim 32 --latent-activation relu --tied false"
# Command, epochs, what the page says.
TASKS = {
    "simple": (f"{KERAS} --model plain {NARROW}", 50, "0.09"),
    "sparse": (f"{KERAS} --model sparse --sparsity l1:0.01 {NARROW}", 100, "0.10"),
    "deep": (f"{KERAS} --model plain --hidden 128,64 --latent-dim 32 --latent-activation relu --tied false", 100, "0.08"),
    "convolutional": (f"{KERAS} --model plain --network convolution:16,8 --hidden none --latent-dim 128 --latent-activation relu", 4, "0.094, 50 epochs"),
    "denoising": (f"{KERAS} --model denoising --corruption clipped_gaussian:0.5 --network convolution:32,32 --hidden none --latent-dim 128", 4, ""),
    "sequence-to-sequence": ("digits --model plain --network lstm:32 --hidden none --latent-dim 16", 30, ""),
    "variational": (f"{KERAS} --model variational --hidden 64 --latent-dim 2", 50, ""),
    "TensorFlow, basic": (
        "fashion-mnist --model plain --hidden none --latent-dim 64 --latent-activation relu --tied false --likelihood gaussian --variance 1", 10, "",
    ),
}  # fmt: skip


def figures(name):
    command, epochs, said = TASKS[name]
    folder = OUT / name.replace(", ", "-")
    epochs = max(1, round(SCALE * epochs))
    if not (folder / "metrics.json").exists():
        run("fit", *command.split(), "--patience", 0, "--epochs", epochs, "--out", folder, "--force", "--quiet")
    found = json.loads((folder / "metrics.json").read_text())
    shown = [f"{found['reconstruction'] / 784:.4f}" if command.startswith("mnist") else ""]
    shown += [f"{found['reconstruction_floor'] / 784:.4f}" if command.startswith("mnist") else "", f"{found['mse']:.4f}"]
    other = f"negative ELBO {found['negative_elbo']:.1f} nats" if "negative_elbo" in found else ""
    if name == "denoising":
        methods = json.loads(run("denoise", folder, "mnist:test", "--add-noise", "gaussian:0.5", "--json", "--quiet"))["methods"]
        other = ", ".join(f"{each['method']} {each['images']['psnr']:.2f} dB" for each in methods)
    seconds = sum(json.loads(line)["seconds"] for line in (folder / "history.jsonl").open())
    print(f"| {name} | `fit {command} --patience 0` | {epochs} | {' | '.join(shown)} | {said} | {other} | {seconds:.0f} |", flush=True)


OUT.mkdir(parents=True, exist_ok=True)
print("| task | command | epochs | cross-entropy a pixel | floor | squared error | their cross-entropy | other | seconds |\n|---|---|---:|---:|---:|---:|---:|---|---:|")
for task in sys.argv[1:] or TASKS:
    figures(task)
