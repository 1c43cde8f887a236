"""Every term of the negative ELBO and its gradients, ε given."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import stats

from cases.common import (
    BATCH,
    affine,
    bounded,
    dense,
    heads,
    hidden,
    stack,
    stream,
    value_and_gradients,
    with_starts,
)


def block_nll(block, raw_log_variance, parameters, x, observed):
    """Negative log-likelihood of one block, per example; missing units contribute nothing."""
    width = block["width"]
    if block["kind"] == "bernoulli":
        units = jax.nn.softplus(parameters) - x * parameters
    elif block["kind"] == "categorical":
        units = -x * jax.nn.log_softmax(parameters, axis=1)
    else:
        raw = parameters[:, width:] if block["variance"] == "decoder" else raw_log_variance
        fixed = block["variance"] == "fixed"
        log_variance = math.log(block["value"]) if fixed else bounded(raw)
        units = -stats.norm.logpdf(x, parameters[:, :width], jnp.exp(log_variance / 2))
    return jnp.sum(units * observed, axis=1)


def output_width(block):
    return 2 * block["width"] if block.get("variance") == "decoder" else block["width"]


def terms(p, case, x, observed, epsilon):
    h = hidden(p["encoder"], case["activation"], x * observed)
    mean = affine(p["posterior"]["mean"], h)
    log_variance = bounded(affine(p["posterior"]["log_variance"], h))
    z = mean + jnp.exp(log_variance / 2) * epsilon
    output = affine(p["output"], hidden(p["decoder"], case["activation"], z))
    reconstruction, column = 0.0, 0
    for k, block in enumerate(case["likelihood"]):
        units = slice(block["start"], block["start"] + block["width"])
        own = slice(column, column + output_width(block))
        raw = p["likelihood"].get(str(k), {}).get("log_variance")
        reconstruction += block_nll(block, raw, output[:, own], x[:, units], observed[:, units])
        column = own.stop
    kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance, axis=1)
    return {
        "posterior_mean": mean,
        "posterior_log_variance": log_variance,
        "z": z,
        "output_parameters": output,
        "reconstruction": reconstruction,
        "kl_divergence": kl,
    }


def draw(rng, blocks, mask):
    """x in each block's own domain and the mask: row 0 complete, the last row empty, the rest at
    random by block."""
    x, observed = [], []
    for block in blocks:
        shape = (BATCH, block["width"])
        if block["kind"] == "bernoulli":
            x.append(rng.integers(0, 2, shape).astype(float))
        elif block["kind"] == "categorical":
            x.append(np.eye(block["width"])[rng.integers(0, block["width"], BATCH)])
        else:
            x.append(rng.normal(size=shape))
        keep = rng.uniform(size=(BATCH, 1) if block["kind"] == "categorical" else shape) < 0.6
        observed.append(np.broadcast_to(keep, shape).astype(float))
    observed = np.concatenate(observed, axis=1)
    observed[0], observed[-1] = 1.0, 0.0
    return np.concatenate(x, axis=1), observed if mask else np.ones_like(observed)


def draw_parameters(rng, blocks, encoder, decoder, at_bounds):
    """All layers, and the raw log variances that a block learns, keyed by the block's number."""
    p = {"encoder": stack(rng, encoder), "decoder": stack(rng, decoder), "likelihood": {}}
    p["posterior"] = heads(rng, encoder[-1], decoder[0])
    p["output"] = dense(rng, decoder[-1], sum(map(output_width, blocks)), gain=0.6)
    for k, block in enumerate(blocks):
        if block.get("variance") in ("shared", "per_feature"):
            shape = () if block["variance"] == "shared" else (block["width"],)
            p["likelihood"][str(k)] = {"log_variance": np.asarray(rng.normal(0.0, 0.7, shape))}
    if at_bounds:
        p["posterior"]["log_variance"]["bias"] = np.linspace(-11.0, 11.0, decoder[0])
        p["likelihood"]["0"]["log_variance"] = np.linspace(12.0, -12.0, blocks[0]["width"])
    return p


def variational_case(
    name, activation, blocks, widths, latent, kl_weight, mask=False, at_bounds=False
):
    rng = stream("variational", name)
    blocks, inputs = with_starts(blocks)
    x, observed = draw(rng, blocks, mask)
    p = draw_parameters(rng, blocks, [inputs, *widths], [latent, *widths[::-1]], at_bounds)
    case = {"name": name, "activation": activation, "kl_weight": kl_weight, "likelihood": blocks}
    epsilon = rng.normal(size=(BATCH, latent))

    def objective(parameters):
        t = terms(parameters, case, x, observed, epsilon)
        return jnp.mean(t["reconstruction"] + kl_weight * t["kl_divergence"])

    value, gradients = value_and_gradients(objective, p)
    expected = terms(p, case, x, observed, epsilon)
    if not at_bounds:
        check_kl(expected, rng)
    for k, learned in p.pop("likelihood").items():
        blocks[int(k)]["raw_log_variance"] = learned["log_variance"]
    case |= {**p, "x": x, "observed": observed if mask else None, "epsilon": epsilon}
    negative_elbo = float(jnp.mean(expected["reconstruction"] + expected["kl_divergence"]))
    case |= {**expected, "objective": value, "negative_elbo": negative_elbo}
    return case | {"gradients": gradients}


def check_kl(expected, rng):
    """Closed form against E_q[log q − log p], within six standard errors."""
    mean, scale = expected["posterior_mean"], jnp.exp(expected["posterior_log_variance"] / 2)
    z = mean + scale * rng.normal(size=(100_000, *mean.shape))
    ratio = jnp.sum(stats.norm.logpdf(z, mean, scale) - stats.norm.logpdf(z), axis=2)
    ratio = np.asarray(ratio)
    error = np.abs(ratio.mean(axis=0) - expected["kl_divergence"])
    limit = 6 * ratio.std(axis=0) / math.sqrt(len(ratio))
    assert np.all(error < limit), "KL disagrees with Monte Carlo"


def gaussian(width, variance, **more):
    return {"kind": "gaussian", "width": width, "variance": variance, **more}


def cases():
    bernoulli, categorical = ({"kind": kind, "width": 3} for kind in ("bernoulli", "categorical"))
    pixels = [{**bernoulli, "width": 9}]
    fixed, shared = [gaussian(8, "fixed", value=0.35)], [gaussian(8, "shared")]
    per_feature, decoder = [gaussian(7, "per_feature")], [gaussian(7, "decoder")]
    table = [gaussian(4, "per_feature"), {**bernoulli, "width": 2}, categorical]
    table.append({**categorical, "width": 2})
    medley = [categorical, gaussian(2, "decoder"), bernoulli, gaussian(2, "shared")]
    medley.append(gaussian(2, "fixed", value=2.0))
    for activation in ("sigmoid", "tanh", "softplus", "silu", "gelu", "relu"):
        yield variational_case(f"bernoulli_{activation}", activation, pixels, [6], 3, 1.0)
    for name, activation, blocks, widths, latent, kl_weight, mask in [
        ("bernoulli_linear", "tanh", pixels, [], 4, 1.0, False),
        ("bernoulli_deep", "silu", pixels, [8, 5], 3, 4.0, False),
        ("bernoulli_masked", "tanh", pixels, [7], 3, 1.0, True),
        ("gaussian_fixed", "tanh", fixed, [6], 4, 0.5, False),
        ("gaussian_fixed_deep", "silu", fixed, [9, 6], 3, 1.0, False),
        ("gaussian_shared", "softplus", shared, [6], 3, 1.0, False),
        ("gaussian_shared_deep", "sigmoid", shared, [7, 5], 3, 0.0, False),
        ("gaussian_per_feature", "gelu", per_feature, [9], 3, 1.0, False),
        ("gaussian_per_feature_linear", "tanh", per_feature, [], 3, 2.0, False),
        ("gaussian_decoder", "relu", decoder, [6], 3, 1.0, False),
        ("gaussian_decoder_deep", "tanh", decoder, [8, 6], 4, 0.5, False),
        ("table", "softplus", table, [7], 4, 1.0, False),
        ("table_masked", "gelu", table, [7], 4, 0.25, True),
        ("table_masked_linear", "tanh", table, [], 3, 1.0, True),
        ("table_masked_deep", "tanh", table, [8, 6], 5, 1.0, True),
        ("medley_masked_deep", "silu", medley, [9, 7], 6, 1.5, True),
    ]:
        yield variational_case(name, activation, blocks, widths, latent, kl_weight, mask)
    name = "gaussian_per_feature_at_bounds"
    yield variational_case(name, "sigmoid", per_feature, [6], 5, 1.0, at_bounds=True)
