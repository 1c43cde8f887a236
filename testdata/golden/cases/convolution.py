"""Convolutions and transposed convolutions by `lax.conv_general_dilated`: results, the exact ‖J‖²_F by
jacfwd, and the gradients of both with respect to weights, biases and inputs.

Rows are images, height × width × channels. A weight is outputs × (kernel rows · kernel columns ·
channels of the image), the last fastest; a transposed layer goes from its outputs to the image.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cases.common import ACTIVATIONS, affine, dense, frobenius_squared, stream, value_and_gradients

ROWS = 3
AXIS = ("length", "kernel", "stride", "dilation", "before", "after")


def axis(length, kernel, stride=1, dilation=1, before=0, after=0):
    return dict(zip(AXIS, (length, kernel, stride, dilation, before, after)))


def same(length, kernel, stride):
    """"SAME" of TensorFlow, as lax pads it."""
    [(before, after)] = lax.padtype_to_pads((length,), (kernel,), (stride,), "SAME")
    return axis(length, kernel, stride, 1, int(before), int(after))


# Each from a length to the axis of a window: rows and columns.
WINDOWS = {
    "same_stride2": (lambda n: same(n, 3, 2), lambda n: same(n, 3, 2)),
    "valid": (lambda n: axis(n, 2), lambda n: axis(n, 3)),
    "uneven": (lambda n: axis(n, 3, 1, 2, 3, 1), lambda n: axis(n, 2, 2, 1, 0, 1)),
}


def positions(a):
    return (a["length"] + a["before"] + a["after"] - a["dilation"] * (a["kernel"] - 1) - 1) // a["stride"] + 1


def both(window, key):
    return window["rows"][key], window["columns"][key]


def kernel(layer):
    """Kernel rows × kernel columns × channels of the image × outputs."""
    window, weight = layer["window"], layer["weight"]
    shaped = weight.reshape(-1, *both(window, "kernel"), window["channels"])
    return jnp.transpose(shaped, (1, 2, 3, 0))


NUMBERS = ("NHWC", "HWIO", "NHWC")


def convolution(layer, x):
    window = layer["window"]
    image = x.reshape(-1, *both(window, "length"), window["channels"])
    pads = list(zip(both(window, "before"), both(window, "after")))
    y = lax.conv_general_dilated(
        image, kernel(layer), both(window, "stride"), pads, None, both(window, "dilation"), NUMBERS
    )
    return (y + layer["bias"]).reshape(len(x), -1)


def transposed(layer, x):
    """The same sums the other way: positions spread by the stride, under the reversed kernel."""
    window, outputs = layer["window"], layer["weight"].shape[0]
    places = (positions(window["rows"]), positions(window["columns"]))
    reversed_kernel = jnp.transpose(kernel(layer)[::-1, ::-1], (0, 1, 3, 2))
    pads = []
    for a, count in zip((window["rows"], window["columns"]), places):
        reach = a["dilation"] * (a["kernel"] - 1)
        low = reach - a["before"]
        pads.append((low, a["length"] - (count - 1) * a["stride"] - 1 - low + reach))
    y = lax.conv_general_dilated(
        x.reshape(-1, *places, outputs),
        reversed_kernel,
        (1, 1),
        pads,
        both(window, "stride"),
        both(window, "dilation"),
        NUMBERS,
    )
    return (y + layer["bias"]).reshape(len(x), -1)


KINDS = {"convolution": convolution, "transposed": transposed, "dense": affine}


def through(kinds, layers, activation, x):
    for kind, layer in zip(kinds, layers):
        x = ACTIVATIONS[activation](KINDS[kind](layer, x))
    return x


def make(rng, window, outputs, is_transposed):
    taps = int(np.prod(both(window, "kernel")))
    terms = taps * (outputs if is_transposed else window["channels"])
    weight = rng.normal(0.0, 1.2 / np.sqrt(terms), (outputs, taps * window["channels"]))
    results = window["channels"] if is_transposed else outputs
    return {"window": window, "weight": weight, "bias": rng.normal(0.0, 0.4, results)}


def window_over(name, height, width, channels):
    rows, columns = WINDOWS[name]
    return {"rows": rows(height), "columns": columns(width), "channels": channels}


def encoder(rng, name, depth):
    """One convolution; two; or two and a dense layer."""
    height, width, channels, kinds, layers = 6, 5, 2, [], []
    for outputs in (3, 2)[: min(depth, 2)]:
        window = window_over(name, height, width, channels)
        kinds.append("convolution")
        layers.append(make(rng, window, outputs, False))
        height, width, channels = positions(window["rows"]), positions(window["columns"]), outputs
    if depth == 3:
        kinds.append("dense")
        layers.append(dense(rng, height * width * channels, 4))
    return kinds, layers


def decoder(rng, name, depth):
    """The windows of an encoder, backwards."""
    windows = []
    height, width = 6, 5
    for channels in (2, 3)[:depth]:
        windows.append(window_over(name, height, width, channels))
        height, width = positions(windows[-1]["rows"]), positions(windows[-1]["columns"])
    outputs = [3, 2][:depth]
    return ["transposed"] * depth, [make(rng, w, o, True) for w, o in zip(windows, outputs)][::-1]


def width_of(kind, layer):
    if kind == "dense":
        return layer["weight"].shape[1]
    window = layer["window"]
    if kind == "convolution":
        return window["rows"]["length"] * window["columns"]["length"] * window["channels"]
    return positions(window["rows"]) * positions(window["columns"]) * layer["weight"].shape[0]


def case(make_layers, name, window, activation, depth):
    rng = stream("convolution", name)
    kinds, layers = make_layers(rng, window, depth)
    windows = [layer.pop("window", None) for layer in layers]
    whole = lambda p: [  # noqa: E731
        {**layer, "window": window} if window else layer for layer, window in zip(p, windows)
    ]
    width = width_of(kinds[0], whole(layers)[0])
    x = rng.normal(size=(ROWS, width))
    h = through(kinds, whole(layers), activation, x)
    factors = rng.normal(size=h.shape)

    def weighted(p):
        return jnp.sum(factors * through(kinds, whole(p["layers"]), activation, p["x"]))

    def per_example(p):
        one = lambda row: through(kinds, whole(p["layers"]), activation, row[None])[0]  # noqa: E731
        return frobenius_squared(jax.vmap(jax.jacfwd(one))(x))

    _, forward = value_and_gradients(weighted, {"layers": layers, "x": x})
    _, gradients = value_and_gradients(lambda p: jnp.mean(per_example(p)), {"layers": layers})
    return {
        "name": name,
        "activation": activation,
        "layers": [
            {"kind": kind, "window": window, **layer} for kind, window, layer in zip(kinds, windows, layers)
        ],
        "x": x,
        "h": h,
        "factors": factors,
        "gradients_of_result": forward,
        "jacobian_frobenius_squared": per_example({"layers": layers}),
        "gradients_of_contraction": gradients,
    }


def cases():
    for depth in (1, 2, 3):
        for activation in ("sigmoid", "tanh", "softplus", "silu", "gelu"):
            for window in WINDOWS:
                name = f"{activation}_depth{depth}_{window}"
                yield case(encoder, name, window, activation, depth)
    for depth in (1, 2):
        for activation in ("tanh", "silu"):
            for window in WINDOWS:
                name = f"transposed_{activation}_depth{depth}_{window}"
                yield case(decoder, name, window, activation, depth)
