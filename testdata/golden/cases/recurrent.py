"""Gated recurrent units and long short-term memory by `lax.scan`: results, the exact ‖J‖²_F by jacfwd, and the gradients of both
with respect to weights, biases and inputs.

A row is steps × features. Gates in the order reset, update, candidate, the reset after the product;
and input, forget, candidate, output.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cases.common import affine, dense, frobenius_squared, stream, value_and_gradients

ROWS = 3
STEPS = 4


def gated(layer, state, x):
    h, _ = state
    given = layer["weight"] @ x + layer["bias"]
    own = layer["recurrent_weight"] @ h
    (pr, pz, pn), (ur, uz, un) = jnp.split(given, 3), jnp.split(own, 3)
    reset, update = jax.nn.sigmoid(pr + ur), jax.nn.sigmoid(pz + uz)
    candidate = jnp.tanh(pn + reset * (un + layer["recurrent_bias"]))
    return (1 - update) * candidate + update * h, state[1]


def memory(layer, state, x):
    h, m = state
    gates = layer["weight"] @ x + layer["bias"] + layer["recurrent_weight"] @ h
    i, f, g, o = jnp.split(gates, 4)
    m = jax.nn.sigmoid(f) * m + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(m), m


def unit(kind, layer, x):
    """One row."""
    zeros = jnp.zeros(layer["recurrent_weight"].shape[1])
    steps = jnp.tile(x, (STEPS, 1)) if kind.endswith("repeated") else x.reshape(STEPS, -1)
    step = memory if kind.startswith("lstm") else gated

    def scanned(state, x):
        state = step(layer, state, x)
        return state, state[0]

    (last, _), states = lax.scan(scanned, (zeros, zeros), steps)
    return last if kind.endswith("last") else states.reshape(-1)


def through(kinds, layers, x):
    for kind, layer in zip(kinds, layers):
        if kind == "dense":
            x = jnp.tanh(affine(layer, x))
        else:
            x = jax.vmap(lambda row: unit(kind, layer, row))(x)
    return x


def make(kind, rng, features, width):
    if kind == "dense":
        return dense(rng, features, width)
    gates = (4 if kind.startswith("lstm") else 3) * width
    draw = lambda *shape: rng.normal(0.0, 0.9 / np.sqrt(shape[-1]), shape)  # noqa: E731
    layer = {
        "weight": draw(gates, features),
        "bias": rng.normal(0.0, 0.4, gates),
        "recurrent_weight": draw(gates, width),
    }
    if not kind.startswith("lstm"):
        layer["recurrent_bias"] = rng.normal(0.0, 0.4, width)
    return layer


def case(name, kinds, layers, width):
    rng = stream("recurrent", f"{name}/rows")
    x = rng.normal(size=(ROWS, width))
    h = through(kinds, layers, x)
    factors = rng.normal(size=h.shape)

    def weighted(p):
        return jnp.sum(factors * through(kinds, p["layers"], p["x"]))

    def per_example(p):
        one = lambda row: through(kinds, p["layers"], row[None])[0]  # noqa: E731
        return frobenius_squared(jax.vmap(jax.jacfwd(one))(x))

    _, forward = value_and_gradients(weighted, {"layers": layers, "x": x})
    _, gradients = value_and_gradients(lambda p: jnp.mean(per_example(p)), {"layers": layers})
    return {
        "name": name,
        "layers": [{"kind": kind, **layer} for kind, layer in zip(kinds, layers)],
        "x": x,
        "h": h,
        "factors": factors,
        "gradients_of_result": forward,
        "jacobian_frobenius_squared": per_example({"layers": layers}),
        "gradients_of_contraction": gradients,
    }


def cases():
    for name, kinds, widths in (
        ("last", ["last"], [2, 3]),
        ("last_dense", ["last", "dense"], [2, 5, 3]),
        ("each_last_dense", ["each", "last", "dense"], [3, 4, 2, 3]),
        ("repeated", ["repeated"], [3, 4]),
        ("dense_repeated_each", ["dense", "repeated", "each"], [2, 3, 4, 3]),
        ("lstm_last", ["lstm_last"], [2, 3]),
        ("lstm_last_dense", ["lstm_last", "dense"], [2, 5, 3]),
        ("lstm_each_last_dense", ["lstm_each", "lstm_last", "dense"], [3, 4, 2, 3]),
        ("lstm_dense_repeated_each", ["dense", "lstm_repeated", "lstm_each"], [2, 3, 4, 3]),
    ):
        rng = stream("recurrent", name)
        layers = [make(kind, rng, *ends) for kind, *ends in zip(kinds, widths, widths[1:])]
        is_row = kinds[0] in ("repeated", "dense")
        yield case(name, kinds, layers, widths[0] if is_row else STEPS * widths[0])
