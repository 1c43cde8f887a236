"""Every bound, learned prior and flow of the variational family, Bernoulli likelihood."""

import math

import jax
import jax.numpy as jnp
from jax.scipy import stats
from jax.scipy.special import logsumexp

from cases.common import (
    BATCH,
    affine,
    as_jax,
    bernoulli_nll,
    dense,
    heads,
    hidden,
    named,
    stack,
    stream,
    value_and_gradients,
)
from cases.priors_and_flows import (
    flow_parameters,
    normal_density,
    posterior_of,
    prior_density,
    prior_parameters,
    through_flow,
)


def latent_terms(p, config, activation, x, epsilon, auxiliary, frozen=lambda tree: tree):
    """z, log q(z|x), log p(z) for rows × K draws; `frozen` is applied to what log q takes from the
    encoder."""
    samples = len(epsilon) // len(x)
    h = jnp.repeat(hidden(p["encoder"], activation, x), samples, axis=0)
    mean, scale = posterior_of(p["posterior"], h)
    start = mean + scale * epsilon
    z, log_det = through_flow(p, config["flow"], start, h)
    log_posterior = normal_density(start, frozen(mean), frozen(scale)) - log_det
    return z, log_posterior, prior_density(p, config["prior"], activation, z, auxiliary)


def log_likelihood(p, activation, x, z):
    logits = affine(p["output"], hidden(p["decoder"], activation, z))
    return -bernoulli_nll(logits, jnp.repeat(x, len(z) // len(x), axis=0))


def discrepancy(z, prior):
    """Unbiased MMD² with inverse multiquadratic kernels, pair by pair."""
    n, d = z.shape

    def kernel(a, b):
        scales = (2 * d * s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))
        return sum(c / (c + jnp.sum((a - b) ** 2)) for c in scales)

    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    within = sum(kernel(z[i], z[j]) + kernel(prior[i], prior[j]) for i, j in pairs) / (n * (n - 1))
    across = sum(kernel(z[i], prior[j]) for i in range(n) for j in range(n))
    return within - 2 * across / n**2


def importance_terms(nll, log_posterior, log_prior, rows, samples):
    nll, log_posterior, log_prior = (t.reshape(rows, -1) for t in (nll, log_posterior, log_prior))
    log_weights = log_prior - log_posterior - nll
    value = logsumexp(log_weights, axis=1) - math.log(samples)
    return [
        ("reconstruction", 0.0, nll.mean(1)),
        ("kl_divergence", 0.0, (log_posterior - log_prior).mean(1)),
        ("importance_bound", 1.0, -value),
    ]


def total_correlation_parts(z, mean, scale, log_posterior, log_prior, rows, beta, weight):
    """Chen et al. 2018, with the minibatch-weighted estimate of q(z) and of its marginals."""
    densities = jax.vmap(lambda one: stats.norm.logpdf(one, mean, scale))(z)
    norm = math.log(len(z) * rows)
    joint = logsumexp(densities.sum(2), axis=1) - norm
    marginals = jnp.sum(logsumexp(densities, axis=1) - norm, axis=1)
    return [
        ("mutual_information", beta, log_posterior - joint),
        ("total_correlation", beta * weight, joint - marginals),
        ("dimension_kl", beta, marginals - log_prior),
    ]


def bound_terms(p, config, activation, x, noise, rows, capacity):
    """Named terms with their weights: [(name, weight, value of each example)]."""
    bound, beta = config["bound"], config["kl_weight"]
    latent, auxiliary = noise["latent"], noise["auxiliary"]
    z, log_posterior, log_prior = latent_terms(p, config, activation, x, latent, auxiliary)
    nll = -log_likelihood(p, activation, x, z)
    if bound["kind"] == "importance":
        return importance_terms(nll, log_posterior, log_prior, len(x), bound["samples"])
    mean, scale = posterior_of(p["posterior"], hidden(p["encoder"], activation, x))
    units = 0.5 * (mean**2 + scale**2 - 1 - 2 * jnp.log(scale))
    closed = config["prior"]["kind"] == "standard_normal" and config["flow"]["kind"] == "none"
    kl = jnp.sum(units, axis=1) if closed else log_posterior - log_prior

    def shared(value):
        return jnp.full(len(x), value)

    first = ("reconstruction", 1.0, nll)
    unweighted = [first, ("kl_divergence", 0.0, kl)]
    if bound["kind"] == "free_bits":
        free = jnp.sum(jnp.maximum(units.mean(0), bound["nats"]))
        return [*unweighted, ("free_bits", beta, shared(free))]
    if bound["kind"] == "capacity":
        gap = jnp.abs(kl.mean() - capacity)
        return [*unweighted, ("capacity_gap", beta, shared(gap))]
    if bound["kind"] == "total_correlation":
        given = (z, mean, scale, log_posterior, log_prior)
        return [*unweighted, *total_correlation_parts(*given, rows, beta, bound["weight"])]
    terms = [first, ("kl_divergence", beta, kl)]
    if bound["kind"] == "mmd":
        terms.append(("mmd", bound["weight"], shared(discrepancy(z, noise["prior"]))))
    return terms


def doubly_reparameterized(p, config, activation, x, noise):
    """A function with the gradient of Tucker et al. (2018), eq. 8: encoder and decoder parts kept
    apart by stop_gradient."""
    stop = jax.lax.stop_gradient
    z, log_posterior, log_prior = latent_terms(
        p, config, activation, x, noise["latent"], None, frozen=stop
    )

    def log_joint(p, z):
        likelihood = log_likelihood(p, activation, x, z)
        return likelihood + prior_density(p, config["prior"], activation, z, None)

    weights = log_likelihood(p, activation, x, z) + log_prior - log_posterior
    weights = stop(jax.nn.softmax(weights.reshape(len(x), -1), axis=1).reshape(-1))
    model = log_joint(p, stop(z))
    path = log_joint(stop(p), z) - log_posterior
    return -jnp.sum(weights * model + weights**2 * path) / len(x)


DEFAULT = {
    "prior": {"kind": "standard_normal"},
    "flow": {"kind": "none"},
    "bound": {"kind": "elbo"},
    "kl_weight": 1.0,
}
INPUTS, WIDTH, LATENT, ROWS = 7, 6, 4, 50


def draw_parameters(rng, config):
    encoder, decoder = stack(rng, [INPUTS, WIDTH]), stack(rng, [LATENT, WIDTH])
    return {
        "encoder": encoder,
        "decoder": decoder,
        "posterior": heads(rng, WIDTH, LATENT),
        "output": dense(rng, WIDTH, INPUTS, gain=0.6),
        "prior": prior_parameters(rng, config["prior"], LATENT, INPUTS),
        "flow": flow_parameters(rng, config["flow"], LATENT, WIDTH),
    }


def draw_noise(rng, config):
    draws, second = BATCH * config["bound"].get("samples", 1), config["prior"].get("latent_dim")
    return {
        "latent": rng.normal(size=(draws, LATENT)),
        "prior": rng.normal(size=(BATCH, LATENT)),
        "auxiliary": rng.normal(size=(draws, second)) if second else None,
    }


def bound_case(name, activation, config, capacity=0.0):
    rng = stream("bounds", name)
    config = DEFAULT | config
    x = rng.integers(0, 2, (BATCH, INPUTS)).astype(float)
    p, noise = draw_parameters(rng, config), draw_noise(rng, config)

    def terms(q):
        return bound_terms(q, config, activation, x, noise, ROWS, capacity)

    def objective(q):
        return sum(weight * jnp.mean(value) for _, weight, value in terms(q))

    value, gradients = value_and_gradients(objective, p)
    if config["bound"].get("doubly_reparameterized"):
        given = (config, activation, x, noise)
        surrogate = jax.jit(jax.grad(lambda q: doubly_reparameterized(q, *given)))
        gradients = named(surrogate(as_jax(p)))
    expected = [{"name": n, "weight": w, "value": v} for n, w, v in terms(as_jax(p))]
    case = {"name": name, "activation": activation, "config": config}
    case |= {"rows": ROWS, "capacity": capacity, "x": x, "noise": noise, "parameters": p}
    return case | {"terms": expected, "objective": value, "gradients": gradients}


def importance(samples, doubly=False):
    return {"kind": "importance", "samples": samples, "doubly_reparameterized": doubly}


def bound(kind, **more):
    return {"bound": {"kind": kind, **more}}


def cases():
    below, above = (bound("capacity", nats=nats, epochs=0.0) for nats in (0.5, 9.0))
    vamp = {"kind": "vamp_prior", "pseudo_inputs": 5}
    planar = {"kind": "planar", "layers": 3}
    autoregressive = {"kind": "inverse_autoregressive", "layers": 2, "hidden": 7}
    yield bound_case("elbo", "tanh", {"kl_weight": 2.0})
    yield bound_case("free_bits", "tanh", bound("free_bits", nats=0.3) | {"kl_weight": 0.7})
    yield bound_case("capacity_below", "tanh", below | {"kl_weight": 3.0}, 0.5)
    yield bound_case("capacity_above", "silu", above, 9.0)
    yield bound_case("total_correlation", "tanh", bound("total_correlation", weight=6.0))
    yield bound_case("mmd", "softplus", bound("mmd", weight=10.0) | {"kl_weight": 0.5})
    for k in (1, 3):
        yield bound_case(f"importance_{k}", "tanh", {"bound": importance(k)})
    yield bound_case("importance_doubly", "tanh", {"bound": importance(4, True)})
    doubly = {"bound": importance(3, True), "prior": vamp}
    yield bound_case("importance_doubly_vamp", "silu", doubly)
    for name, prior in [
        ("mixture", {"kind": "mixture", "components": 3}),
        ("vamp", vamp),
        ("hierarchical", {"kind": "hierarchical", "hidden": [5], "latent_dim": 3}),
    ]:
        yield bound_case(name, "tanh", {"prior": prior, "kl_weight": 0.8})
        weighted = {"prior": prior, "bound": importance(3)}
        yield bound_case(f"{name}_importance", "softplus", weighted)
    for name, flow in [("planar", planar), ("autoregressive", autoregressive)]:
        yield bound_case(name, "tanh", {"flow": flow})
        yield bound_case(f"{name}_importance", "gelu", {"flow": flow, "bound": importance(2)})
    yield bound_case("autoregressive_vamp", "tanh", {"flow": autoregressive, "prior": vamp})
