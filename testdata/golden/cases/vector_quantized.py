"""The vector-quantised autoencoder: terms, straight-through gradients, a step of the codebooks."""

import jax
import jax.numpy as jnp
import numpy as np

from cases.common import (
    BATCH,
    affine,
    as_jax,
    bernoulli_nll,
    decode,
    hidden,
    named,
    stack,
    stream,
    value_and_gradients,
)


def nearest(vectors, z):
    """Index of each group's nearest vector: vectors groups × size × width, z groups × width."""
    return jnp.argmin(jnp.linalg.norm(vectors - z[:, None], axis=2), axis=1)


def quantized(vectors, z):
    """One row's code with each of its groups replaced."""
    parts = z.reshape(vectors.shape[0], vectors.shape[2])
    return jnp.concatenate([vectors[g, k] for g, k in enumerate(nearest(vectors, parts))])


def moving_averages(vectors, counts, z, decay):
    """Appendix A.1 of van den Oord et al.: N and m as they stand there, vector by vector."""
    sums = vectors * counts[:, :, None]
    new_sums, new_counts = np.zeros_like(sums), np.zeros_like(counts)
    parts = np.asarray(z).reshape(len(z), vectors.shape[0], vectors.shape[2])
    chosen = np.stack([np.asarray(nearest(vectors, row)) for row in parts])
    for g, k in np.ndindex(counts.shape):
        own = parts[chosen[:, g] == k, g]
        new_counts[g, k] = decay * counts[g, k] + (1 - decay) * len(own)
        new_sums[g, k] = decay * sums[g, k] + (1 - decay) * own.sum(axis=0)
    return {"vectors": new_sums / new_counts[:, :, None], "counts": new_counts}


def straight_through_gradients(encode, objective, p, codebook, q):
    """Terms, objective and gradients by stop_gradient, checked against an ordinary gradient."""
    stop = jax.lax.stop_gradient

    def straight_through(p):
        z = encode(p)
        q = jax.vmap(lambda one: quantized(p["codebook"]["vectors"], one))(z)
        return objective(p, z, z + stop(q - z), stop(q))

    # With the choices and the offsets held fast the straight-through gradient is an ordinary one.
    at = encode(p)
    _, ordinary = value_and_gradients(
        lambda p: objective(p, encode(p), encode(p) + (q - at), q)[0], p
    )
    whole = as_jax(p | {"codebook": codebook})
    (value, _), gradients = jax.value_and_grad(straight_through, has_aux=True)(whole)
    gradients = named(gradients)
    for key, gradient in ordinary.items():
        np.testing.assert_allclose(gradients[key], gradient, rtol=1e-12, atol=1e-14)
    assert not np.any(gradients["codebook.vectors"]), "the codebook has a gradient"
    _, terms = straight_through(whole)
    return terms, float(value), gradients


def vector_quantized_case(activation, depth, groups, size):
    name = f"{activation}_depth{depth}_{groups}x{size}"
    rng = stream("vector_quantized", name)
    inputs, latent = 7, 6
    widths = [inputs, *[9, 8][: depth - 1], latent]
    x = rng.uniform(size=(BATCH, inputs))
    weight, decay = float(rng.uniform(0.1, 1.0)), float(rng.uniform(0.5, 0.9))
    p = {"encoder": stack(rng, widths), "decoder": stack(rng, widths[::-1])}
    vectors = rng.normal(0.0, 0.7, (groups, size, latent // groups))
    codebook = {"vectors": vectors, "counts": rng.uniform(0.5, 3.0, (groups, size))}

    def encode(p):
        return affine(p["encoder"][-1], hidden(p["encoder"][:-1], activation, x))

    def objective(p, z, decoded, target):
        """The objective and its terms."""
        logits = decode(p, activation, False, decoded)
        t = {"logits": logits, "reconstruction": bernoulli_nll(logits, x)}
        t["commitment"] = jnp.sum((z - target) ** 2, axis=1)
        return jnp.mean(t["reconstruction"] + weight * t["commitment"]), t

    z = encode(p)
    q = jax.vmap(lambda one: quantized(jnp.asarray(vectors), one))(z)
    terms, value, gradients = straight_through_gradients(encode, objective, p, codebook, q)
    case = {"name": name, "activation": activation, "groups": groups, "codebook_size": size}
    case |= {"commitment_weight": weight, "decay": decay, **p, "codebook": codebook}
    case |= {"x": x, "z": z, "q": q, **terms}
    case |= {"ema_update": moving_averages(vectors, codebook["counts"], z, decay)}
    return case | {"objective": value, "gradients": gradients}


def cases():
    for activation, depth, groups, size in [
        ("tanh", 1, 1, 5),
        ("tanh", 2, 2, 4),
        ("silu", 2, 3, 3),
        ("sigmoid", 3, 6, 2),
        ("silu", 3, 2, 8),
    ]:
        yield vector_quantized_case(activation, depth, groups, size)
