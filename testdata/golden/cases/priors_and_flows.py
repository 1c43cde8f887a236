"""Learned priors of a variational autoencoder, and flows of its posterior."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import stats
from jax.scipy.special import logsumexp

from cases.common import affine, bounded, dense, heads, hidden, stack


def posterior_of(heads, h):
    """Mean and standard deviation."""
    return affine(heads["mean"], h), jnp.exp(bounded(affine(heads["log_variance"], h)) / 2)


def normal_density(z, mean, scale):
    return jnp.sum(stats.norm.logpdf(z, mean, scale), axis=-1)


def prior_parameters(rng, prior, latent, inputs):
    if prior["kind"] == "mixture":
        shape = (prior["components"], latent)
        raw = {"mean": rng.normal(size=shape), "log_variance": rng.normal(0, 0.5, shape)}
        return raw | {"logits": rng.normal(size=prior["components"])}
    if prior["kind"] == "vamp_prior":
        return {"pseudo_inputs": rng.normal(0.5, 0.5, (prior["pseudo_inputs"], inputs))}
    if prior["kind"] == "hierarchical":
        up, down = [latent, *prior["hidden"]], [prior["latent_dim"], *prior["hidden"][::-1]]
        own = {"encoder": stack(rng, up), "posterior": heads(rng, up[-1], prior["latent_dim"])}
        return own | {"decoder": stack(rng, down), "output": heads(rng, down[-1], latent)}
    return {}


def prior_density(p, prior, activation, z, auxiliary):
    own = p.get("prior")
    if prior["kind"] == "mixture":
        parts = zip(own["mean"], own["log_variance"])
        each = jnp.stack([normal_density(z, m, jnp.exp(bounded(v) / 2)) for m, v in parts])
        return logsumexp(each + jax.nn.log_softmax(own["logits"])[:, None], axis=0)
    if prior["kind"] == "vamp_prior":
        h = hidden(p["encoder"], activation, own["pseudo_inputs"])
        mean, scale = posterior_of(p["posterior"], h)
        each = jnp.stack([normal_density(z, m, s) for m, s in zip(mean, scale)])
        return logsumexp(each, axis=0) - math.log(len(mean))
    if prior["kind"] == "hierarchical":
        mean, scale = posterior_of(own["posterior"], hidden(own["encoder"], activation, z))
        second = mean + scale * auxiliary
        given = posterior_of(own["output"], hidden(own["decoder"], activation, second))
        joint = normal_density(z, *given) + normal_density(second, 0.0, 1.0)
        return joint - normal_density(second, mean, scale)
    return normal_density(z, 0.0, 1.0)


def flow_parameters(rng, flow, latent, context):
    def planar():
        weights = {"scale": rng.normal(size=latent), "weight": rng.normal(size=latent)}
        return weights | {"bias": rng.normal(size=1)}

    def inverse_autoregressive():
        h = flow["hidden"]
        layers = {"input": dense(rng, latent, h), "context": dense(rng, context, h)}
        return layers | {"output": dense(rng, h, 2 * latent)}

    if flow["kind"] == "none":
        return {}
    step = {"planar": planar, "inverse_autoregressive": inverse_autoregressive}[flow["kind"]]
    return {"steps": [step() for _ in range(flow["layers"])]}


def planar_step(p, z, _):
    w = p["weight"]
    dot = w @ p["scale"]
    u = p["scale"] + (jax.nn.softplus(dot) - 1 - dot) * w / (w @ w + 1e-12)
    return z + u * jnp.tanh(w @ z + p["bias"][0])


def autoregressive_step(p, z, context):
    """One step on one point. Unit i is made from hidden units whose degree is at most i, which see
    units below it."""
    d, z = len(z), z[::-1]
    degree = 1 + np.arange(len(p["input"]["bias"])) % max(d - 1, 1)
    sees = np.arange(d)[None, :] < degree[:, None] if d > 1 else np.zeros((len(degree), d))
    feeds = degree[None, :] <= np.arange(d)[:, None] if d > 1 else np.ones((d, len(degree)))
    given = affine(p["context"], context)
    h = jnp.tanh(p["input"]["weight"] * sees @ z + p["input"]["bias"] + given)
    made = p["output"]["weight"] * np.concatenate([feeds, feeds]) @ h + p["output"]["bias"]
    gate = jax.nn.sigmoid(made[d:])
    return gate * z + (1 - gate) * made[:d]


STEPS = {"planar": planar_step, "inverse_autoregressive": autoregressive_step}


def through_flow(p, flow, z, context):
    """z and log |det|, the latter from the whole Jacobian of each step."""
    total = jnp.zeros(len(z))
    step = STEPS.get(flow["kind"])
    for own in p["flow"]["steps"] if step else []:
        jacobian = jax.vmap(jax.jacfwd(lambda one, c: step(own, one, c)))(z, context)
        total += jnp.linalg.slogdet(jacobian)[1]
        z = jax.vmap(lambda one, c: step(own, one, c))(z, context)
    return z, total
