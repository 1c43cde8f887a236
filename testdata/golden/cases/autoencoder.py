"""The contractive autoencoder's whole objective, tied and untied, two with CAE+H's curvature."""

import jax.numpy as jnp

from cases.common import (
    BATCH,
    ENCODERS,
    bernoulli_nll,
    decode,
    frobenius_squared,
    hidden,
    stack,
    stream,
    value_and_gradients,
)
from cases.contraction import encoder_jacobian


def parameters_of(rng, widths, tied):
    parameters = {"encoder": stack(rng, widths), "decoder": stack(rng, widths[::-1])}
    if tied:
        parameters["decoder"] = [{"bias": layer["bias"]} for layer in parameters["decoder"]]
    return parameters


def autoencoder_case(activation, tied, depth, higher_order=False):
    name = f"{activation}_depth{depth}_{'tied' if tied else 'untied'}"
    name += "_higher_order" if higher_order else ""
    rng = stream("autoencoder", name)
    widths = ENCODERS["narrow" if tied else "wide"][depth]
    x, weight = rng.uniform(size=(BATCH, widths[0])), float(rng.uniform(0.1, 1.0))
    parameters = parameters_of(rng, widths, tied)
    eps, curvature_weight = rng.normal(0.0, 0.3, x.shape), float(rng.uniform(0.5, 2.0))

    def terms(p):
        h = hidden(p["encoder"], activation, x)
        logits = decode(p, activation, tied, h)
        jacobian = encoder_jacobian(p["encoder"], activation, x)
        out = {"h": h, "logits": logits, "reconstruction": bernoulli_nll(logits, x)}
        out["contraction"] = frobenius_squared(jacobian)
        if higher_order:
            near = encoder_jacobian(p["encoder"], activation, x + eps)
            out["curvature"] = frobenius_squared(jacobian - near)
        return out

    def objective(p):
        t = terms(p)
        total = t["reconstruction"] + weight * t["contraction"]
        return jnp.mean(total + curvature_weight * t["curvature"] if higher_order else total)

    value, gradients = value_and_gradients(objective, parameters)
    case = {"name": name, "activation": activation, "tied": tied, "depth": depth}
    case |= {"likelihood": "bernoulli", "contraction_weight": weight}
    if higher_order:
        case |= {"curvature_weight": curvature_weight, "eps": eps}
    case |= {**parameters, "x": x, **terms(parameters)}
    return case | {"objective": value, "gradients": gradients}


def cases():
    for depth in (1, 2):
        for activation in ("sigmoid", "tanh"):
            for tied in (False, True):
                yield autoencoder_case(activation, tied, depth)
    yield autoencoder_case("sigmoid", False, 1, higher_order=True)
    yield autoencoder_case("tanh", True, 2, higher_order=True)
