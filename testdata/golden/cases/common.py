"""What the cases share: random streams, layers, bounds of log variances, checked gradients.

Conventions: weight[out][in], a = W x + b; everything is batch-major; losses are nats per example,
summed over features; objectives and their gradients are means over the batch.
"""

import math
import zlib

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

SEED = 2011_2013
BATCH = 4
LOG_VARIANCE_RANGE = (-10.0, 10.0)

ACTIVATIONS = {
    "identity": lambda a: a,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "gelu": lambda a: jax.nn.gelu(a, approximate=False),
    "relu": jax.nn.relu,
}

# Widths from input to latent; "wide" and "narrow" compare the first layer with the input.
ENCODERS = {
    "narrow": {1: [9, 4], 2: [10, 6, 4], 3: [12, 9, 7, 3], 4: [11, 9, 8, 6, 4]},
    "wide": {1: [7, 9], 2: [7, 9, 5], 3: [7, 9, 6, 4], 4: [7, 8, 9, 6, 3]},
}


def stream(file, name):
    """Each case draws from its own stream, so that adding a case leaves the others as they were."""
    return np.random.default_rng([SEED, zlib.crc32(f"{file}/{name}".encode())])


def dense(rng, inputs, outputs, gain=1.2):
    """One layer; by default pre-activations are of order one: every curved part of φ is visited."""
    weight = rng.normal(0.0, gain / math.sqrt(inputs), (outputs, inputs))
    return {"weight": weight, "bias": rng.normal(0.0, 0.4, outputs)}


def stack(rng, widths):
    return [dense(rng, i, o) for i, o in zip(widths, widths[1:])]


def heads(rng, inputs, outputs):
    """The two last layers of a diagonal Gaussian."""
    return {head: dense(rng, inputs, outputs, gain=0.6) for head in ("mean", "log_variance")}


def affine(layer, x):
    return x @ layer["weight"].T + layer["bias"]


def hidden(layers, activation, x):
    for layer in layers:
        x = ACTIVATIONS[activation](affine(layer, x))
    return x


def decode(p, activation, tied, h):
    """Mirror of the encoder with a linear last layer; tied, layer k borrows encoder layer
    depth − 1 − k."""
    last = len(p["decoder"]) - 1
    for k, layer in enumerate(p["decoder"]):
        if tied:
            layer = {"weight": p["encoder"][last - k]["weight"].T, **layer}
        a = affine(layer, h)
        h = a if k == last else ACTIVATIONS[activation](a)
    return h


def bernoulli_nll(logits, x):
    """−log p(x | logits) of each example."""
    return jnp.sum(jax.nn.softplus(logits) - x * logits, axis=1)


def limited(raw, lo, hi):
    """Smooth clamp: ≈ raw inside the range, its ends far outside."""
    return lo + jax.nn.softplus(raw - lo) - jax.nn.softplus(raw - hi)


def bounded(raw):
    """The log variance that a raw one stands for."""
    return limited(raw, *LOG_VARIANCE_RANGE)


def frobenius_squared(jacobian):
    return jnp.sum(jacobian**2, axis=(-2, -1))


def with_starts(blocks):
    """A likelihood's blocks side by side, each with its first column; and the number of columns."""
    starts = np.cumsum([0] + [block["width"] for block in blocks]).tolist()
    return [{**block, "start": start} for block, start in zip(blocks, starts)], starts[-1]


def as_jax(tree):
    return jax.tree.map(jnp.asarray, tree)


def named(gradients):
    """A gradient tree as {"encoder.0.weight": …}."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(gradients)
    return {jax.tree_util.keystr(p, simple=True, separator="."): leaf for p, leaf in leaves}


def value_and_gradients(objective, parameters):
    """The objective and its gradients, checked by a central difference along a random direction."""
    parameters = as_jax(parameters)
    objective = jax.jit(objective)
    value, gradients = jax.value_and_grad(objective)(parameters)
    point, unravel = ravel_pytree(parameters)
    direction = np.random.default_rng(SEED).normal(size=point.size)
    slopes = ravel_pytree(gradients)[0] * direction
    above, below = (objective(unravel(point + step * direction)) for step in (1e-5, -1e-5))
    error = abs((above - below) / 2e-5 - slopes.sum())
    assert error < 1e-6 * abs(slopes).sum(), "gradient disagrees with finite differences"
    return float(value), named(gradients)
