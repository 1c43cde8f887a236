#!/usr/bin/env python3
"""ONNX files beside the program: codes, levels and scores of the same rows. Needs numpy, pandas, onnx and onnxruntime.

    DIABOLO_DATA=... DIABOLO=... bench/export_onnx.py [TABLE…]

For every table and model: fit, `export`, `onnx.checker.check_model(full_check=True)`, then the rows in onnxruntime and in `encode` and `score`. Prints the
largest difference of a code, over the largest size of that latent dimension; the largest difference of a score in nats, and the largest score; the largest
difference of a p-value; and the rows whose alarm differs. Exits with 1 if codes differ by 1e-5, scores by 1e-4 nats, or an alarm does.
ONNX files have IR 8 and opset 18, which onnxruntime knows from 1.14 on: run it with that one, too (Python 3.10, numpy < 2).
Environment: OUT (runs/onnx), EPOCHS (10), ROWS (5000), DIABOLO (cargo run --release --quiet --).
"""
import gzip
import json
import os
import pathlib
import shlex
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd

DATA = pathlib.Path(os.environ["DIABOLO_DATA"])
OUT = pathlib.Path(os.environ.get("OUT", "runs/onnx"))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
EPOCHS, ROWS = os.environ.get("EPOCHS", "10"), int(os.environ.get("ROWS", "5000"))
TABLES = {
    "digits": ("optdigits/optdigits.tes.gz", []),
    "adult": ("adult/adult.data.gz", []),
    "adult-quantile": ("adult/adult.data.gz", ["--numeric", "quantile"]),
    "abalone": ("uci/abalone.csv", []),
    "banknote": ("uci/banknote_authentication.csv", []),
    "breast": ("uci/breast-cancer-wisconsin.csv", []),
    "german": ("uci/german.csv", []),
    "horse": ("uci/horse-colic.csv", []),
    "wine": ("uci/winequality-white.csv", []),
    "mnist": ("mnist/t10k-images-idx3-ubyte.gz", []),
}
MODELS = {
    "variational": ["--model", "variational"],
    "contractive": ["--model", "contractive"],
    "sparse-tied": ["--model", "sparse", "--sparsity", "top_k:3", "--tied"],
    "denoising": ["--model", "denoising", "--hidden", "32,16", "--activation", "gelu"],
    "detect": ["--preset", "detect"],
}
CODE, SCORE = 1e-5, 1e-4


def run(*words):
    return subprocess.run([*DIABOLO, *map(str, words), "--quiet"], check=True, capture_output=True, text=True).stdout


def table(name, path):
    """The rows as a file with names of columns, or as images."""
    source = DATA / path
    if name == "mnist":
        pictures = np.frombuffer(gzip.decompress(source.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)
        np.save(OUT / "mnist.npy", pictures[:ROWS])
        return OUT / "mnist.npy"
    with (gzip.open if source.suffix == ".gz" else open)(source, "rt") as file:
        lines = [line.strip() for line in file if line.strip()]
    separator = next(sign for sign in (";", ",", None) if sign is None or sign in lines[0])
    rows = [[cell.strip().strip('"') for cell in line.split(separator)] for line in lines]
    if name == "digits":
        pixels = np.array(rows, dtype=np.float32)[:, :64] / 16
        np.save(OUT / "digits.npy", pixels.reshape(-1, 8, 8))
        return OUT / "digits.npy"
    is_header = not any(cell.replace(".", "").isdigit() for cell in rows[0])
    header = rows.pop(0) if is_header else [f"c{k}" for k in range(len(rows[0]))]
    rows = [row for row in rows if len(row) == len(header)]
    pd.DataFrame(rows[:ROWS], columns=header).to_csv(OUT / f"{name}.csv", index=False)
    return OUT / f"{name}.csv"


def inputs_of(session, given):
    """The cells as the graph asks for them."""
    inputs = session.get_inputs()
    if given.suffix == ".npy":
        images = np.load(given)
        return {inputs[0].name: images.reshape(len(images), -1).astype(np.float64)}
    rows = pd.read_csv(given, dtype=str, keep_default_na=False)
    number = lambda cell: float("nan") if cell in ("", "?") else float(cell)
    column = lambda node: rows[node.name].map(number if node.type == "tensor(double)" else str)
    kinds = {"tensor(double)": np.float64, "tensor(string)": object}
    return {node.name: column(node).to_numpy(dtype=kinds[node.type])[:, None] for node in inputs}


def largest(found, expected):
    """The largest difference, over the largest size of the column."""
    return float((np.abs(found - expected).max(0) / np.maximum(np.abs(expected).max(0), 1e-30)).max())


def check(name, given, model, flags):
    folder, file = OUT / f"{name}-{model}", OUT / f"{name}-{model}.onnx"
    run("fit", given, "--epochs", EPOCHS, "--out", folder, "--force", *flags, *MODELS[model])
    made = json.loads(run("export", folder, "--out", file, "--json"))
    onnx.checker.check_model(onnx.load(file), full_check=True)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = dict(zip(made["outputs"], session.run(None, inputs_of(session, given))))
    run("encode", folder, given, "--out", OUT / "codes.npy")
    codes = largest(found["code"], np.load(OUT / "codes.npy"))
    line = f"{name:<16}{model:<13}{codes:10.1e}"
    if "score" not in found:
        print(f"{line}   {'; '.join(made['notes'])}", flush=True)
        return codes <= CODE
    run("score", folder, given, "--out", OUT / "scores.csv", "--reasons", 0)
    scored = pd.read_csv(OUT / "scores.csv")
    names = [next(c for c in scored.columns[::-1] if c.endswith(word)) for word in ("score", "p_value", "anomaly")]
    expected, p_values, alarms = (scored[column].to_numpy() for column in names)
    scores = float(np.abs(found["score"][:, 0] - expected).max())
    p_differs = float(np.abs(found["p_value"][:, 0] - p_values).max())
    flags_differ = int((found["is_anomaly"][:, 0] != alarms).sum())
    print(f"{line}{scores:12.1e}{np.abs(expected).max():10.1f}{p_differs:12.1e}{flags_differ:8}", flush=True)
    return codes <= CODE and scores <= SCORE and flags_differ == 0


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}, {EPOCHS} epochs, {ROWS} rows at most")
    print(f"{'table':<16}{'model':<13}{'code':>10}{'score':>12}{'largest':>10}{'p-value':>12}{'alarms':>8}")
    fine = True
    for name in sys.argv[1:] or TABLES:
        path, flags = TABLES[name]
        given = table(name, path)
        for model in MODELS:
            fine &= check(name, given, model, flags)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
