"""The multi-scale denoising loss at given sizes of noise, and D(x, σ) at three levels."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from cases.common import (
    ACTIVATIONS,
    BATCH,
    ENCODERS,
    affine,
    as_jax,
    hidden,
    stack,
    stream,
    value_and_gradients,
)


def denoise(p, case, y, sigma):
    """D(y, σ) of one row, σ_data = 1: Karras et al. 2022, table 1, for the Gaussian columns, which
    come first; the network's output for the others."""
    shrink = jnp.sqrt((1 + case["sigma_min"] ** 2) / (1 + sigma**2))
    level = jnp.log(jnp.sqrt(sigma / case["sigma_min"])) * p["level"]
    first = ACTIVATIONS[case["activation"]](affine(p["encoder"][0], shrink * y) + level)
    out = affine(p["decoder"][0], hidden(p["encoder"][1:], case["activation"], first))
    numbers = case["numbers"]
    kept = y[:numbers] / (1 + sigma**2) + out[:numbers] * sigma / jnp.sqrt(1 + sigma**2)
    return jnp.concatenate([kept, out[numbers:]])


def draw(rng, numbers, bits, mask):
    """Values and their mask; missing cells hold 0."""
    shape = (BATCH, numbers + bits)
    observed = (rng.uniform(size=shape) < 0.7).astype(float) if mask else np.ones(shape)
    x = [rng.normal(size=(BATCH, numbers)), rng.integers(0, 2, (BATCH, bits))]
    return np.concatenate(x, axis=1) * observed, observed


def multiscale_case(activation, depth, numbers, mask=False):
    name = f"{activation}_depth{depth}_{numbers}_numbers{'_masked' if mask else ''}"
    rng = stream("multiscale", name)
    widths = ENCODERS["wide"][depth]
    lo, hi, score_sigmas = 0.2, 4.0, [0.2, 0.9, 3.1]
    case = {"name": name, "activation": activation, "numbers": numbers}
    case |= {"sigma_min": lo, "sigma_max": hi, "score_sigmas": score_sigmas}
    p = {"encoder": stack(rng, widths), "level": rng.normal(size=widths[1])}
    p["decoder"] = stack(rng, [widths[-1], widths[0]])
    x, observed = draw(rng, numbers, widths[0] - numbers, mask)
    # Not np.exp, whose last bit depends on the processor.
    sigma = np.array([math.exp(u) for u in rng.uniform(math.log(lo), math.log(hi), BATCH)])
    epsilon = rng.normal(size=x.shape)

    def losses(p):
        y = x + sigma[:, None] * epsilon
        out = jax.vmap(lambda one, s: denoise(p, case, one, s))(y, sigma)
        weight = 1 / (sigma / jnp.sqrt(1 + sigma**2)) ** 2
        squares = 0.5 * weight[:, None] * (x - out)[:, :numbers] ** 2
        logits, ones = out[:, numbers:], x[:, numbers:] == 1
        bits = -jnp.where(ones, jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits))
        return jnp.sum(observed * jnp.concatenate([squares, bits], axis=1), axis=1)

    value, gradients = value_and_gradients(lambda p: jnp.mean(losses(p)), p)
    known = as_jax(p)
    made = [jax.vmap(lambda one: denoise(known, case, one, s))(x) for s in score_sigmas]
    case |= {**p, "x": x, "sigma": sigma[:, None], "epsilon": epsilon}
    case |= {"observed": observed} if mask else {}
    case |= {"reconstructions": jnp.stack(made), "reconstruction": losses(known)}
    return case | {"objective": value, "gradients": gradients}


def cases():
    for activation in ("silu", "tanh"):
        for depth in (1, 2, 3):
            yield multiscale_case(activation, depth, ENCODERS["wide"][depth][0])
    yield multiscale_case("silu", 2, 4)
    yield multiscale_case("silu", 2, 4, mask=True)
