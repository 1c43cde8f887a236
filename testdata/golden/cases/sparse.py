"""The sparse autoencoder's objective in its three kinds, and the exact contraction of its code."""

import jax
import jax.numpy as jnp

from cases.autoencoder import parameters_of
from cases.common import (
    ACTIVATIONS,
    BATCH,
    ENCODERS,
    affine,
    as_jax,
    bernoulli_nll,
    decode,
    frobenius_squared,
    hidden,
    stream,
    value_and_gradients,
)


def divergence(target, active):
    """KL(Bernoulli(target) ‖ Bernoulli(active)), from the two distributions themselves."""
    ones = jnp.ones_like(active)
    p, q = (jnp.stack([one * ones, (1 - one) * ones]) for one in (target, active))
    return jnp.sum(p * (jnp.log(p) - jnp.log(q)), axis=0)


def keep_largest(h, k):
    """h with all but its k largest units set to 0; the choice itself has no gradient."""
    return jnp.zeros_like(h).at[jax.lax.top_k(h, k)[1]].add(jax.lax.top_k(h, k)[0])


def sparsity_of(rng, kind, weight, latent):
    target, k = float(rng.uniform(0.02, 0.3)), int(rng.integers(2, latent))
    return {
        "l1": {"kind": "l1", "weight": weight},
        "kl": {"kind": "kl", "weight": weight, "target": target},
        "top_k": {"kind": "top_k", "k": k},
    }[kind]


def sparse_case(kind, latent_activation, tied, depth):
    name = f"{kind}_{latent_activation}_depth{depth}_{'tied' if tied else 'untied'}"
    rng = stream("sparse", name)
    widths = ENCODERS["wide"][depth]
    x, weight = rng.uniform(size=(BATCH, widths[0])), float(rng.uniform(0.1, 1.0))
    sparsity = sparsity_of(rng, kind, weight, widths[-1])
    parameters = parameters_of(rng, widths, tied)

    def encode(p, one):
        last = affine(p["encoder"][-1], hidden(p["encoder"][:-1], "tanh", one))
        h = ACTIVATIONS[latent_activation](last)
        return keep_largest(h, sparsity["k"]) if kind == "top_k" else h

    def terms(p):
        h = jax.vmap(lambda one: encode(p, one))(x)
        logits = decode(p, "tanh", tied, h)
        out = {"h": h, "logits": logits, "reconstruction": bernoulli_nll(logits, x)}
        if kind == "l1":
            out["sparsity_term"] = jnp.sum(jnp.abs(h), axis=1)
        if kind == "kl":
            shared = jnp.sum(divergence(sparsity["target"], jnp.mean(h, axis=0)))
            out["sparsity_term"] = jnp.full(BATCH, shared)
        return out

    def objective(p):
        t = terms(p)
        return jnp.mean(t["reconstruction"] + weight * t.get("sparsity_term", 0.0))

    value, gradients = value_and_gradients(objective, parameters)
    contraction = frobenius_squared(jax.vmap(jax.jacfwd(lambda one: encode(parameters, one)))(x))
    case = {"name": name, "activation": "tanh", "latent_activation": latent_activation}
    case |= {"tied": tied, "sparsity": sparsity}
    case |= {**parameters, "x": x, **terms(as_jax(parameters)), "contraction": contraction}
    return case | {"objective": value, "gradients": gradients}


def cases():
    for kind, latent_activation in [
        ("l1", "tanh"),
        ("l1", "relu"),
        ("kl", "sigmoid"),
        ("top_k", "identity"),
        ("top_k", "sigmoid"),
    ]:
        for tied in (False, True):
            for depth in (1, 2):
                yield sparse_case(kind, latent_activation, tied, depth)
