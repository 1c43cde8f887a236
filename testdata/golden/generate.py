"""Golden vectors for Diabolo, made by JAX in f64 (written with jax 0.10.2, numpy 2.4.6).

    pip install "jax[cpu]==0.10.2" safetensors && python generate.py [FILE…]

rewrites the named golden files, or all, next to this file. Nothing in `cases` repeats a formula
that the Rust library uses where JAX can do without it: Jacobians come from jacfwd, gradients from
grad.
"""

import sys
from pathlib import Path

from cases import (
    autoencoder,
    bounds,
    contraction,
    convolution,
    likelihoods,
    multiscale,
    recurrent,
    residual,
    sparse,
    variational,
    vector_quantized,
)
from cases.files import write

FILES = {
    "contraction": contraction.cases,
    "convolution": convolution.cases,
    "autoencoder": autoencoder.cases,
    "recurrent": recurrent.cases,
    "residual": residual.cases,
    "sparse": sparse.cases,
    "multiscale": multiscale.cases,
    "variational": variational.cases,
    "bounds": bounds.cases,
    "vector_quantized": vector_quantized.cases,
    "likelihoods": likelihoods.cases,
}

if __name__ == "__main__":
    for file in sys.argv[1:] or FILES:
        write(Path(__file__).parent, file, list(FILES[file]()))
