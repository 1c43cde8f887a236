"""Each likelihood beside the variational file's own, alone and mixed (a Gaussian among them): nats
per example, gradients of the decoder's outputs and of the learned vectors."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import stats
from jax.scipy.special import gammaln

from cases.common import BATCH, as_jax, bounded, limited, stream, value_and_gradients, with_starts


def continuous_bernoulli_units(out, learned, x, block):
    p = jax.nn.sigmoid(out)
    log_constant = jnp.log(2 * jnp.arctanh(1 - 2 * p) / (1 - 2 * p))
    return -(log_constant + x * jnp.log(p) + (1 - x) * jnp.log1p(-p))


def student_t_units(out, learned, x, block):
    freedom = 2 + jnp.exp(limited(learned["log_freedom"], -5.0, 7.0))
    return -stats.t.logpdf(x, freedom, out, jnp.exp(limited(learned["log_scale"], -5.0, 5.0)))


def laplace_units(out, learned, x, block):
    return -stats.laplace.logpdf(x, out, jnp.exp(limited(learned["log_scale"], -5.0, 5.0)))


def ordinal_units(out, learned, x, block):
    raw = learned["thresholds"]
    thresholds = jnp.cumsum(jnp.concatenate([raw[:1], jax.nn.softplus(raw[1:]) + 1e-4]))
    below = jax.nn.sigmoid(thresholds - out)
    ends = [jnp.zeros((len(out), 1)), below, jnp.ones((len(out), 1))]
    return -x * jnp.log(jnp.diff(jnp.concatenate(ends, axis=1), axis=1))


def poisson_units(out, learned, x, block):
    return -stats.poisson.logpmf(jnp.round(jnp.expm1(x)), jnp.exp(limited(out, -12.0, 18.0)))


def negative_binomial_units(out, learned, x, block):
    r = jnp.exp(limited(learned["log_dispersion"], -7.0, 7.0))
    mean = jnp.exp(limited(out, -12.0, 18.0))
    return -stats.nbinom.logpmf(jnp.round(jnp.expm1(x)), r, r / (r + mean))


def beta_binomial_units(out, learned, x, block):
    width = block["width"]
    mean = jax.nn.sigmoid(limited(out[:, :width], -10.0, 10.0))
    concentration = jnp.exp(limited(out[:, width:], -4.0, 8.0))
    k, a, b = jnp.round(255 * x), mean * concentration, (1 - mean) * concentration

    # Not stats.betabinom: in jax 0.10.2 its betaln is off by 2e-9 of the value (SciPy agrees
    # with gammaln).
    def log_beta(a, b):
        return gammaln(a) + gammaln(b) - gammaln(a + b)

    ways = jnp.log(256.0) + log_beta(k + 1, 256 - k)
    return ways - log_beta(k + a, 255 - k + b) + log_beta(a, b)


def discretized_logistic_units(out, learned, x, block):
    """outputs: logits, locations, log scales, each components × width."""
    parts = out.reshape(len(out), 3, block["components"], block["width"])
    logits, location, raw = parts.transpose(1, 0, 2, 3)
    scale = jnp.exp(limited(raw, -7.0, 0.0))
    level = jnp.round(255 * x)[:, None, :]

    def below(edge):
        return stats.logistic.cdf(edge / 255, location, scale)

    upper = jnp.where(level == 255, 1.0, below(level + 0.5))
    lower = jnp.where(level == 0, 0.0, below(level - 0.5))
    return -jnp.log(jnp.sum(jax.nn.softmax(logits, axis=1) * (upper - lower), axis=1))


def gaussian_units(out, learned, x, block):
    return -stats.norm.logpdf(x, out, jnp.exp(bounded(learned["log_variance"]) / 2))


# Family: its units, what it learns, and how x is drawn; edges stand in the first rows
LIKELIHOODS = {
    "continuous_bernoulli": (continuous_bernoulli_units, [], "unit"),
    "student_t": (student_t_units, ["log_scale", "log_freedom"], "real"),
    "laplace": (laplace_units, ["log_scale"], "real"),
    "ordinal": (ordinal_units, ["thresholds"], "levels"),
    "poisson": (poisson_units, [], "count"),
    "negative_binomial": (negative_binomial_units, ["log_dispersion"], "count"),
    "beta_binomial": (beta_binomial_units, [], "pixel"),
    "discretized_logistic": (discretized_logistic_units, [], "pixel"),
    "gaussian": (gaussian_units, ["log_variance"], "real"),
}


def draw_values(rng, domain, width):
    shape = (BATCH, width)
    if domain == "real":
        return 2.0 * rng.normal(size=shape)
    if domain == "unit":
        x = rng.uniform(size=shape)
        x[0, 0], x[1, -1] = 0.0, 1.0
        return x
    if domain == "levels":
        return np.eye(width)[[0, width - 1, *rng.integers(0, width, BATCH - 2)]]
    if domain == "pixel":
        k = rng.integers(0, 256, shape)
        k[0, :], k[1, :], k[2, 0], k[2, -1] = 0, 255, 1, 254
        return k / 255
    n = rng.poisson(3.0, shape)
    n[0, :], n[1, 0], n[1, -1], n[2, 0] = 0, 20_000, 1, 300
    # Not np.log1p, whose last bit depends on the processor.
    return np.vectorize(math.log1p)(n)


def draw_outputs(rng, block):
    """Outputs of order one, around what the values are like."""
    shape = (BATCH, block["width"])
    family = block["family"]
    if family == "discretized_logistic":
        each = (BATCH, block["components"], block["width"])
        parts = [rng.normal(size=each) for _ in range(3)]
        parts[1], parts[2] = 0.5 + 0.4 * parts[1], parts[2] - 2.0
        return np.concatenate([part.reshape(BATCH, -1) for part in parts], axis=1)
    if family == "beta_binomial":
        mean, concentration = rng.normal(size=shape), rng.normal(size=shape)
        return np.concatenate([1.5 * mean, 2.0 + 2.0 * concentration], axis=1)
    if family == "ordinal":
        return 1.5 * rng.normal(size=(BATCH, 1))
    out = 1.5 * rng.normal(size=shape)
    if family in ("poisson", "negative_binomial"):
        out[1, 0], out[2, 0] = 9.7, 6.1
    if family == "continuous_bernoulli":
        out[0, -1], out[2, 0], out[3, 0] = 0.02, -0.3, 9.0
    return out


def draw_mask(rng, blocks):
    """1 where observed: row 0 complete, the last row empty; an ordinal column's levels together."""
    parts = []
    for block in blocks:
        shape = (BATCH, block["width"])
        keep = rng.uniform(size=(BATCH, 1) if block["family"] == "ordinal" else shape) < 0.6
        parts.append(np.broadcast_to(keep, shape))
    observed = np.concatenate(parts, axis=1).astype(float)
    observed[0], observed[-1] = 1.0, 0.0
    return observed


def draw_learned(rng, block, at_bounds):
    size = block["width"] - (block["family"] == "ordinal")
    learned = {key: rng.normal(0.0, 0.8, size) for key in LIKELIHOODS[block["family"]][1]}
    return {key: np.linspace(-9.0, 9.0, size) for key in learned} if at_bounds else learned


def likelihood_case(name, blocks, mask=False, at_bounds=False):
    rng = stream("likelihoods", name)
    blocks, _ = with_starts(blocks)
    x = [draw_values(rng, LIKELIHOODS[block["family"]][2], block["width"]) for block in blocks]
    x, observed = np.concatenate(x, axis=1), draw_mask(rng, blocks)
    observed = observed if mask else np.ones_like(observed)
    outputs = [draw_outputs(rng, block) for block in blocks]
    learned = [draw_learned(rng, block, at_bounds) for block in blocks]

    def per_example(p):
        total = 0.0
        for block, out, own in zip(blocks, p["outputs"], p["learned"]):
            units = slice(block["start"], block["start"] + block["width"])
            values = LIKELIHOODS[block["family"]][0](out, own, x[:, units], block)
            total += jnp.sum(values * observed[:, units], axis=1)
        return total

    def objective(p):
        return jnp.mean(per_example(p))

    p = as_jax({"outputs": outputs, "learned": learned})
    value_and_gradients(objective, p)
    gradients = jax.grad(objective)(p)
    return {
        "name": name,
        "blocks": blocks,
        "observed": observed if mask else None,
        "x": x,
        "outputs": np.concatenate(outputs, axis=1),
        "learned": learned,
        "negative_log_likelihood": per_example(p),
        "output_gradients": np.concatenate(gradients["outputs"], axis=1),
        "learned_gradients": gradients["learned"],
    }


def block_of(family, width):
    block = {"family": family, "width": width}
    if family == "discretized_logistic":
        block["components"] = 3
    if family == "gaussian":
        block["variance"] = {"kind": "per_feature"}
    return block


def cases():
    for family in LIKELIHOODS:
        block = block_of(family, 5 if family == "ordinal" else 4)
        yield likelihood_case(family, [block])
        yield likelihood_case(f"{family}_masked", [block], mask=True)
    for family in ("student_t", "laplace", "negative_binomial"):
        yield likelihood_case(f"{family}_at_bounds", [block_of(family, 4)], at_bounds=True)
    yield likelihood_case("ordinal_two_levels", [block_of("ordinal", 2)])
    mixed = [block_of(family, 3) for family in LIKELIHOODS]
    yield likelihood_case("mixed_masked", mixed, mask=True)
    twice = [block_of(family, 2) for family in [*LIKELIHOODS, *reversed(LIKELIHOODS)]]
    yield likelihood_case("mixed_twice", twice, mask=True)
