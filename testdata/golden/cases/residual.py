"""Residual blocks: results, the exact ‖J‖²_F by jacfwd, and the gradients of both with respect to weights,
biases and inputs. A block is a convolution, φ and a linear convolution (either may be transposed) beside a
linear shortcut, or none. Layers as in `convolution`.
"""

import jax
import jax.numpy as jnp

from cases.common import ACTIVATIONS, affine, dense, frobenius_squared, stream, value_and_gradients
from cases.convolution import ROWS, axis, convolution, make, positions, same, transposed


PARTS = ("first", "second", "shortcut")
# Which parts are transposed, of a block to smaller images and of one from them.
FORTH, BACK = (False, False, False), (False, True, True)


def block(kinds, layer, activation, x):
    first, second, beside = (transposed if is_transposed else convolution for is_transposed in kinds)
    inner = ACTIVATIONS[activation](first(layer["first"], x))
    straight = beside(layer["shortcut"], x) if "shortcut" in layer else x
    return straight + second(layer["second"], inner)


def through(kinds, layers, activation, x):
    for kind, layer in zip(kinds, layers):
        if kind == "dense":
            x = ACTIVATIONS[activation](affine(layer, x))
        else:
            x = block(kind, layer, activation, x)
    return x


def window(rows, columns, channels):
    return {"rows": rows, "columns": columns, "channels": channels}


def strided(rng, height, width, channels, others, kind):
    """Between an image and half of its height and width, with `others` channels there."""
    outer = window(same(height, 3, 2), same(width, 3, 2), channels)
    inner = window(*(same(positions(outer[key]), 3, 1) for key in ("rows", "columns")), others)
    beside = window(same(height, 2, 2), same(width, 2, 2), channels)
    windows = (outer, inner, beside) if kind == FORTH else (inner, outer, beside)
    return {part: make(rng, w, others, flag) for part, w, flag in zip(PARTS, windows, kind)}


def dilated(rng, length, channels, outputs, dilation):
    """Over steps, all of which remain."""
    outer = window(axis(length, 3, 1, dilation, dilation, dilation), same(1, 1, 1), channels)
    inner = window(same(length, 1, 1), same(1, 1, 1), outputs)
    found = {"first": make(rng, outer, outputs, False), "second": make(rng, inner, outputs, False)}
    if channels != outputs:
        found["shortcut"] = make(rng, window(same(length, 1, 1), same(1, 1, 1), channels), outputs, False)
    return found


def numbered(value, kind):
    """A layer with its kind, as the tests read it."""
    if kind == "dense":
        return {"kind": "dense", **value}
    names = {part: "transposed" if flag else "convolution" for part, flag in zip(PARTS, kind)}
    return {"kind": "residual", **{part: {"kind": names[part], **layer} for part, layer in value.items()}}


def learned(layer):
    """Weights and biases alone, by the paths of the library."""
    if "first" in layer:
        return {part: learned(inner) for part, inner in layer.items()}
    return {key: layer[key] for key in ("weight", "bias")}


def together(weights, layer):
    """`layer` with other weights."""
    if "first" in layer:
        return {part: together(weights[part], inner) for part, inner in layer.items()}
    return {**layer, **weights}


def case(name, activation, kinds, layers, width):
    rng = stream("residual", f"{name}/rows")
    x = rng.normal(size=(ROWS, width))
    weights = [learned(layer) for layer in layers]

    def result(weights, x):
        return through(kinds, [together(*pair) for pair in zip(weights, layers)], activation, x)

    h = result(weights, x)
    factors = rng.normal(size=h.shape)

    def per_example(weights):
        return frobenius_squared(jax.vmap(jax.jacfwd(lambda row: result(weights, row[None])[0]))(x))

    given = {"layers": weights, "x": x}
    _, forward = value_and_gradients(lambda p: jnp.sum(factors * result(p["layers"], p["x"])), given)
    _, gradients = value_and_gradients(lambda p: jnp.mean(per_example(p["layers"])), {"layers": weights})
    return {
        "name": name,
        "activation": activation,
        "layers": [numbered(layer, kind) for layer, kind in zip(layers, kinds)],
        "x": x,
        "h": h,
        "factors": factors,
        "gradients_of_result": forward,
        "jacobian_frobenius_squared": per_example(weights),
        "gradients_of_contraction": gradients,
    }


def cases():
    for activation in ("tanh", "silu"):
        rng = stream("residual", f"{activation}_encoder")
        layers = [strided(rng, 5, 4, 2, 3, FORTH), strided(rng, 3, 2, 3, 2, FORTH), dense(rng, 4, 3)]
        yield case(f"{activation}_encoder", activation, [FORTH, FORTH, "dense"], layers, 40)
        rng = stream("residual", f"{activation}_decoder")
        layers = [strided(rng, 3, 2, 3, 2, BACK), strided(rng, 5, 4, 2, 3, BACK)]
        yield case(f"{activation}_decoder", activation, [BACK, BACK], layers, 4)
        rng = stream("residual", f"{activation}_dilated")
        layers = [dilated(rng, 6, 2, 3, 1), dilated(rng, 6, 3, 3, 2), dense(rng, 18, 3)]
        yield case(f"{activation}_dilated", activation, [FORTH, FORTH, "dense"], layers, 12)
