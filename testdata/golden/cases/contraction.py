"""‖J‖²_F of an encoder by exact jacfwd, per example, and the gradients of its mean."""

import jax
import jax.numpy as jnp
import numpy as np

from cases.common import (
    ACTIVATIONS,
    BATCH,
    ENCODERS,
    affine,
    frobenius_squared,
    hidden,
    stack,
    stream,
    value_and_gradients,
)


def encoder_jacobian(layers, activation, x):
    """batch × latent × input."""
    return jax.vmap(jax.jacfwd(lambda one: hidden(layers, activation, one)))(x)


def check_closed_form(layer, activation, x, contraction):
    """One layer: ‖J‖²_F = Σ_j φ'(a_j)² ‖W_j‖²."""
    slope = jax.vmap(jax.vmap(jax.grad(ACTIVATIONS[activation])))(jnp.asarray(affine(layer, x)))
    closed = slope**2 @ jnp.sum(layer["weight"] ** 2, axis=1)
    np.testing.assert_allclose(closed, contraction, rtol=1e-13)


def contraction_case(activation, shape, widths):
    depth = len(widths) - 1
    name = f"{activation}_depth{depth}_{shape}"
    rng = stream("contraction", name)
    layers, x = stack(rng, widths), rng.normal(size=(BATCH, widths[0]))

    def per_example(p):
        return frobenius_squared(encoder_jacobian(p["encoder"], activation, x))

    _, gradients = value_and_gradients(lambda p: jnp.mean(per_example(p)), {"encoder": layers})
    contraction = per_example({"encoder": layers})
    if depth == 1:
        check_closed_form(layers[0], activation, x, contraction)
    return {
        "name": name,
        "activation": activation,
        "depth": depth,
        "layers": layers,
        "x": x,
        "h": hidden(layers, activation, x),
        "jacobian_frobenius_squared": contraction,
        "gradients": gradients,
    }


def cases():
    curved = ["sigmoid", "tanh", "softplus", "silu", "gelu"]
    for depth in (1, 2, 3, 4):
        for activation in curved + (["identity"] if depth == 2 else []):
            for shape, encoders in ENCODERS.items():
                yield contraction_case(activation, shape, encoders[depth])
