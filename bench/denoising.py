"""Denoising of images: MNIST with σ = 0.5 (the Keras blog's task) and Fashion-MNIST with σ = 0.2 (the TensorFlow tutorial's).

    DIABOLO_DATA=... python bench/denoising.py [--sets mnist fashion] [--diabolo "cargo run --release --quiet --"]

Gaussian noise on pixels from 0 to 1, clipped at both ends; the same noisy test images (10,000) for all methods. Models are fitted on
training images only: the two denoising models (dense, convolutional) with the same noise drawn in every epoch, the others without noise. PCA is fitted on
10,000 clean training images, with the number of components that best denoises them. Means over test
images of peak signal-to-noise ratio (dB) and structural similarity. Finished parts are kept under --out. Prints Markdown, and
draws OUT/SET.png: clean, noisy, PCA and the models. Needs NumPy, scikit-learn and Pillow.
"""
import argparse
import gzip
import json
import os
import shlex
import subprocess
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--sets", nargs="+", default=["mnist", "fashion"])
parser.add_argument("--diabolo", default="cargo run --release --quiet --")
parser.add_argument("--out", default="runs/denoising")
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--threads", type=int, default=1)
arguments = parser.parse_args()

DATA, OUT = Path(os.environ["DIABOLO_DATA"]), Path(arguments.out)
DIABOLO = shlex.split(arguments.diabolo)
SETS = {"mnist": ("mnist", "mnist", 0.5), "fashion": ("fashion-mnist", "fashion_mnist", 0.2)}
MODELS = {
    "denoising": "--model denoising --corruption clipped_gaussian:{noise} --hidden 512 --latent-dim 128 --activation silu "
    "--latent-activation identity",
    "convolutional": "--model denoising --corruption clipped_gaussian:{noise} --network convolution:32,32 --batch-size 64 "
    "--learning-rate 0.002",
    "contractive": "--model contractive --contraction-weight 0.1 --latent-dim 500",
    "variational": "--model variational",
}
SHOWN = 10


def images(folder, part):
    with gzip.open(DATA / folder / f"{part}-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 28, 28).astype(np.float32) / 255


def diabolo(*words):
    command = [*DIABOLO, *map(str, words), "--threads", str(arguments.threads)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def by_components(folder, noise, noisy):
    """For the figure only; the values of the table are those of the program."""
    from sklearn.decomposition import PCA

    clean = images(folder, "train")[:10_000].reshape(-1, 784)
    train = np.clip(clean + noise * np.random.default_rng(1).standard_normal(clean.shape), 0, 1)
    fitted, moved = PCA().fit(clean), (train - clean).mean(0)
    codes, truth = fitted.transform(train - moved), fitted.transform(clean)
    best = np.argmin(np.cumsum(((codes - truth) ** 2 - truth**2).sum(0))) + 1
    codes = fitted.transform(noisy.reshape(-1, 784) - moved)[:, :best]
    return (codes @ fitted.components_[:best] + fitted.mean_).clip(0, 1).reshape(-1, 28, 28)


def measured(name):
    built_in, folder, noise = SETS[name]
    here = OUT / name
    here.mkdir(parents=True, exist_ok=True)
    # Images for the figure; the program adds noise to the evaluated images.
    clean = images(folder, "t10k")[:SHOWN]
    noisy = np.clip(clean + noise * np.random.default_rng(0).standard_normal(clean.shape), 0, 1).astype(np.float32)
    np.save(here / "noisy.npy", noisy)
    lines, shown = {}, [clean, noisy, by_components(folder, noise, noisy)]
    for model, flags in MODELS.items():
        run, result = here / model, here / f"{model}.json"
        if not (run / "metrics.json").exists():
            subprocess.run(["rm", "-rf", run], check=True)
            fit = shlex.split(flags.format(noise=noise))
            diabolo("fit", built_in, "--out", run, "--epochs", arguments.epochs, "--patience", 0, "--quiet", *fit)
        if not result.exists():
            output = diabolo("denoise", run, f"{built_in}:test", "--add-noise", f"gaussian:{noise}", "--json")
            result.with_suffix(".part").write_text(output)
            result.with_suffix(".part").rename(result)
        for method in json.loads(result.read_text())["methods"]:
            label = f"{model} model" if method["method"].endswith(" model") else method["method"]
            lines.setdefault(label, method["images"])
        diabolo("denoise", run, here / "noisy.npy", "--out", here / f"{model}.npy", "--quiet")
        # Written in the units of the training images: 0 to 255.
        shown.append(np.load(here / f"{model}.npy").reshape(-1, 28, 28).astype(np.float32) / 255)
    draw(here.with_suffix(".png"), shown)
    return lines


def draw(path, shown, zoom=3, gap=2, margin=110):
    from PIL import Image, ImageDraw, ImageFont

    names = ["clean", "noisy", "PCA", *MODELS]
    assert len(names) == len(shown)
    side = 28 * zoom + gap
    sheet = np.full((len(shown) * side, margin + SHOWN * side), 255, np.uint8)
    for y, row in enumerate(shown):
        for x, picture in enumerate(row):
            large = np.kron(picture.clip(0, 1) * 255, np.ones((zoom, zoom))).round().astype(np.uint8)
            left = margin + x * side
            sheet[y * side : y * side + 28 * zoom, left : left + 28 * zoom] = large
    page = Image.fromarray(sheet)
    for y, name in enumerate(names):
        place = (margin - 10, y * side + 14 * zoom)
        ImageDraw.Draw(page).text(place, name, fill=0, anchor="rm", font=ImageFont.load_default(16))
    page.save(path)
    print(f"{path}\n")


tables = {name: measured(name) for name in arguments.sets}
for name, lines in tables.items():
    print(f"| {name}, σ = {SETS[name][2]} | PSNR, dB | SSIM |\n|---|---:|---:|")
    for method, quality in lines.items():
        print(f"| {method} | {quality['psnr']:.2f} | {quality['ssim']:.3f} |")
    print()
