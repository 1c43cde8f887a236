"""Golden vectors for Diabolo, made by JAX in f64 (written with jax 0.10.2, numpy 2.4.6).

    pip install "jax[cpu]==0.10.2" && python generate.py

rewrites contraction.json, autoencoder.json, sparse.json, multiscale.json, variational.json, bounds.json, vector_quantized.json and likelihoods.json next to this file. Nothing here repeats a formula that
the Rust library uses where JAX can do without it: Jacobians come from jacfwd, gradients from grad.

Conventions: weight[out][in], a = W x + b; everything is batch-major; losses are nats per example, summed over features;
objectives and their gradients are means over the batch. Every case draws from its own stream, keyed by file and name,
so adding a case leaves the others as they were.
"""

import json
import math
import zlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.scipy import stats
from jax.scipy.special import gammaln

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

SEED = 2011_2013
BATCH = 4
LOG_VARIANCE_RANGE = (-10.0, 10.0)

ACTIVATIONS = {
    "identity": lambda a: a,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "gelu": lambda a: jax.nn.gelu(a, approximate=False),
    "relu": jax.nn.relu,
}


# --- shared pieces ---

def stream(file, name):
    return np.random.default_rng([SEED, zlib.crc32(f"{file}/{name}".encode())])


def dense(rng, inputs, outputs, gain=1.2):
    """One layer; by default pre-activations are of order one, so that every curved part of φ is visited."""
    weight = rng.normal(0.0, gain / math.sqrt(inputs), (outputs, inputs))
    return {"weight": weight, "bias": rng.normal(0.0, 0.4, outputs)}


def stack(rng, widths):
    return [dense(rng, i, o) for i, o in zip(widths, widths[1:])]


def affine(layer, x):
    return x @ layer["weight"].T + layer["bias"]


def hidden(layers, activation, x):
    for layer in layers:
        x = ACTIVATIONS[activation](affine(layer, x))
    return x


def plain(tree):
    """Arrays to nested lists of Python floats, which json prints by repr."""
    return jax.tree.map(lambda leaf: np.asarray(leaf).tolist(), tree)


def named(gradients):
    """A gradient tree as {"encoder.0.weight": …}."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(gradients)
    return {jax.tree_util.keystr(p, simple=True, separator="."): plain(leaf) for p, leaf in leaves}


def value_and_gradients(objective, parameters):
    """The objective and its gradients, the latter checked by a central difference along a random direction."""
    parameters = jax.tree.map(jnp.asarray, parameters)
    objective = jax.jit(objective)
    value, gradients = jax.value_and_grad(objective)(parameters)
    point, unravel = ravel_pytree(parameters)
    direction = np.random.default_rng(SEED).normal(size=point.size)
    slopes = ravel_pytree(gradients)[0] * direction
    above, below = (objective(unravel(point + step * direction)) for step in (1e-5, -1e-5))
    error = abs((above - below) / 2e-5 - slopes.sum())
    assert error < 1e-6 * abs(slopes).sum(), "gradient disagrees with finite differences"
    return float(value), named(gradients)


def write(file, cases):
    """Compact JSON, one case a line."""
    head = {"jax": jax.__version__, "numpy": np.__version__, "log_variance_range": LOG_VARIANCE_RANGE}
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    text = json.dumps(head, separators=(",", ":"))[:-1] + ',"cases":[\n' + lines + "\n]}\n"
    assert len({case["name"] for case in cases}) == len(cases)
    Path(__file__).with_name(f"{file}.json").write_text(text)
    print(f"{file}.json: {len(cases)} cases, {len(text) / 1024:.0f} KiB")


# --- contraction ---

def encoder_jacobian(layers, activation, x):
    """batch × latent × input."""
    return jax.vmap(jax.jacfwd(lambda one: hidden(layers, activation, one)))(x)


def frobenius_squared(jacobian):
    return jnp.sum(jacobian**2, axis=(-2, -1))


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
    per_example = lambda p: frobenius_squared(encoder_jacobian(p["encoder"], activation, x))
    _, gradients = value_and_gradients(lambda p: jnp.mean(per_example(p)), {"encoder": layers})
    contraction = per_example({"encoder": layers})
    if depth == 1:
        check_closed_form(layers[0], activation, x, contraction)
    case = {"name": name, "activation": activation, "depth": depth}
    case |= plain({"layers": layers, "x": x, "h": hidden(layers, activation, x)})
    return case | {"jacobian_frobenius_squared": plain(contraction), "gradients": gradients}


# widths from input to latent; "wide" and "narrow" compare the first layer with the input
ENCODERS = {
    "narrow": {1: [9, 4], 2: [10, 6, 4], 3: [12, 9, 7, 3], 4: [11, 9, 8, 6, 4]},
    "wide": {1: [7, 9], 2: [7, 9, 5], 3: [7, 9, 6, 4], 4: [7, 8, 9, 6, 3]},
}


def contraction_cases():
    curved = ["sigmoid", "tanh", "softplus", "silu", "gelu"]
    for depth in (1, 2, 3, 4):
        for activation in curved + (["identity"] if depth == 2 else []):
            for shape, encoders in ENCODERS.items():
                yield contraction_case(activation, shape, encoders[depth])


# --- contractive autoencoder ---

def decode(p, activation, tied, h):
    """Mirror of the encoder with a linear last layer; tied, layer k borrows encoder layer depth − 1 − k."""
    last = len(p["decoder"]) - 1
    for k, layer in enumerate(p["decoder"]):
        if tied:
            layer = {"weight": p["encoder"][last - k]["weight"].T, **layer}
        a = affine(layer, h)
        h = a if k == last else ACTIVATIONS[activation](a)
    return h


def autoencoder_case(activation, tied, depth, higher_order):
    name = f"{activation}_depth{depth}_{'tied' if tied else 'untied'}" + ("_higher_order" if higher_order else "")
    rng = stream("autoencoder", name)
    widths = ENCODERS["narrow" if tied else "wide"][depth]
    x, weight = rng.uniform(size=(BATCH, widths[0])), float(rng.uniform(0.1, 1.0))
    parameters = {"encoder": stack(rng, widths), "decoder": stack(rng, widths[::-1])}
    if tied:
        parameters["decoder"] = [{"bias": layer["bias"]} for layer in parameters["decoder"]]
    eps, curvature_weight = rng.normal(0.0, 0.3, x.shape), float(rng.uniform(0.5, 2.0))

    def terms(p):
        h = hidden(p["encoder"], activation, x)
        logits = decode(p, activation, tied, h)
        reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits, axis=1)
        jacobian = encoder_jacobian(p["encoder"], activation, x)
        out = {"h": h, "logits": logits, "reconstruction": reconstruction, "contraction": frobenius_squared(jacobian)}
        if higher_order:
            out["curvature"] = frobenius_squared(jacobian - encoder_jacobian(p["encoder"], activation, x + eps))
        return out

    def objective(p):
        t = terms(p)
        total = t["reconstruction"] + weight * t["contraction"]
        return jnp.mean(total + curvature_weight * t["curvature"] if higher_order else total)

    value, gradients = value_and_gradients(objective, parameters)
    case = {"name": name, "activation": activation, "tied": tied, "depth": depth, "likelihood": "bernoulli"}
    case["contraction_weight"] = weight
    if higher_order:
        case |= {"curvature_weight": curvature_weight, "eps": plain(eps)}
    case |= plain({**parameters, "x": x, **terms(parameters)})
    return case | {"objective": value, "gradients": gradients}


def autoencoder_cases():
    for depth in (1, 2):
        for activation in ("sigmoid", "tanh"):
            for tied in (False, True):
                yield autoencoder_case(activation, tied, depth, False)
    yield autoencoder_case("sigmoid", False, 1, True)
    yield autoencoder_case("tanh", True, 2, True)


# --- sparse autoencoder ---

def divergence(target, active):
    """KL(Bernoulli(target) ‖ Bernoulli(active)), from the two distributions themselves."""
    p, q = (jnp.stack([one * jnp.ones_like(active), (1 - one) * jnp.ones_like(active)]) for one in (target, active))
    return jnp.sum(p * (jnp.log(p) - jnp.log(q)), axis=0)


def keep_largest(h, k):
    """h with all but its k largest units set to 0; the choice itself has no gradient."""
    return jnp.zeros_like(h).at[jax.lax.top_k(h, k)[1]].add(jax.lax.top_k(h, k)[0])


def sparse_case(kind, latent_activation, tied, depth):
    name = f"{kind}_{latent_activation}_depth{depth}_{'tied' if tied else 'untied'}"
    rng = stream("sparse", name)
    widths = ENCODERS["wide"][depth]
    x, weight = rng.uniform(size=(BATCH, widths[0])), float(rng.uniform(0.1, 1.0))
    sparsity = {
        "l1": {"kind": "l1", "weight": weight},
        "kl": {"kind": "kl", "weight": weight, "target": float(rng.uniform(0.02, 0.3))},
        "top_k": {"kind": "top_k", "k": int(rng.integers(2, widths[-1]))},
    }[kind]
    parameters = {"encoder": stack(rng, widths), "decoder": stack(rng, widths[::-1])}
    if tied:
        parameters["decoder"] = [{"bias": layer["bias"]} for layer in parameters["decoder"]]

    def encode(p, one):
        h = ACTIVATIONS[latent_activation](affine(p["encoder"][-1], hidden(p["encoder"][:-1], "tanh", one)))
        return keep_largest(h, sparsity["k"]) if kind == "top_k" else h

    def terms(p):
        h = jax.vmap(lambda one: encode(p, one))(x)
        logits = decode(p, "tanh", tied, h)
        out = {"h": h, "logits": logits, "reconstruction": jnp.sum(jax.nn.softplus(logits) - x * logits, axis=1)}
        if kind == "l1":
            out["sparsity_term"] = jnp.sum(jnp.abs(h), axis=1)
        if kind == "kl":
            out["sparsity_term"] = jnp.full(BATCH, jnp.sum(divergence(sparsity["target"], jnp.mean(h, axis=0))))
        return out

    def objective(p):
        t = terms(p)
        return jnp.mean(t["reconstruction"] + weight * t["sparsity_term"] if "sparsity_term" in t else t["reconstruction"])

    value, gradients = value_and_gradients(objective, parameters)
    case = {"name": name, "activation": "tanh", "latent_activation": latent_activation, "tied": tied, "sparsity": sparsity}
    case |= plain({**parameters, "x": x, **terms(jax.tree.map(jnp.asarray, parameters))})
    contraction = frobenius_squared(jax.vmap(jax.jacfwd(lambda one: encode(parameters, one)))(x))
    return case | {"contraction": plain(contraction), "objective": value, "gradients": gradients}


def sparse_cases():
    for kind, latent_activation in [("l1", "tanh"), ("l1", "relu"), ("kl", "sigmoid"), ("top_k", "identity"), ("top_k", "sigmoid")]:
        for tied in (False, True):
            for depth in (1, 2):
                yield sparse_case(kind, latent_activation, tied, depth)


# --- multi-scale denoising autoencoder ---

def denoise(p, case, y, sigma):
    """D(y, σ) of one row: Karras et al. 2022, table 1, with σ_data = 1, for Gaussian columns; the network's output for the others."""
    shrink = jnp.sqrt((1 + case["least"] ** 2) / (1 + sigma**2))
    first = affine(p["encoder"][0], shrink * y) + jnp.log(jnp.sqrt(sigma / case["least"])) * p["level"]
    code = hidden(p["encoder"][1:], case["activation"], ACTIVATIONS[case["activation"]](first))
    out = affine(p["decoder"][0], code)
    numbers = case["numbers"]
    kept = y[:numbers] / (1 + sigma**2) + out[:numbers] * sigma / jnp.sqrt(1 + sigma**2)
    return jnp.concatenate([kept, out[numbers:]])


def multiscale_case(activation, depth, numbers, mask):
    name = f"{activation}_depth{depth}_{numbers}_numbers{'_masked' if mask else ''}"
    rng = stream("multiscale", name)
    widths = ENCODERS["wide"][depth]
    least, most = 0.2, 4.0
    case = {"name": name, "activation": activation, "numbers": numbers, "least": least, "most": most, "levels": [0.2, 0.9, 3.1]}
    parameters = {
        "encoder": stack(rng, widths), "level": rng.normal(size=widths[1]), "decoder": stack(rng, [widths[-1], widths[0]]),
    }
    observed = (rng.uniform(size=(BATCH, widths[0])) < 0.7).astype(float) if mask else np.ones((BATCH, widths[0]))
    x = np.concatenate([rng.normal(size=(BATCH, numbers)), rng.integers(0, 2, (BATCH, widths[0] - numbers))], axis=1) * observed
    sigma = np.exp(rng.uniform(math.log(least), math.log(most), BATCH))
    epsilon = rng.normal(size=x.shape)

    def losses(p):
        y = x + sigma[:, None] * epsilon
        out = jax.vmap(lambda one, s: denoise(p, case, one, s))(y, sigma)
        weight = 1 / (sigma / jnp.sqrt(1 + sigma**2)) ** 2
        squares = 0.5 * weight[:, None] * (x - out)[:, :numbers] ** 2
        logits = out[:, numbers:]
        bits = -jnp.where(x[:, numbers:] == 1, jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits))
        return jnp.sum(observed * jnp.concatenate([squares, bits], axis=1), axis=1)

    value, gradients = value_and_gradients(lambda p: jnp.mean(losses(p)), parameters)
    known = jax.tree.map(jnp.asarray, parameters)
    made = [jax.vmap(lambda one: denoise(known, case, one, level))(x) for level in case["levels"]]
    case |= plain({**parameters, "x": x, "sigma": sigma[:, None], "epsilon": epsilon, "reconstructions": made})
    case |= {"observed": plain(observed)} if mask else {}
    return case | {"reconstruction": plain(losses(known)), "objective": value, "gradients": gradients}


def multiscale_cases():
    for activation in ("silu", "tanh"):
        for depth in (1, 2, 3):
            yield multiscale_case(activation, depth, ENCODERS["wide"][depth][0], False)
    yield multiscale_case("silu", 2, 4, False)
    yield multiscale_case("silu", 2, 4, True)


# --- variational ---

def bounded(raw):
    """Smooth clamp of a raw log variance: ≈ raw inside the range, its ends far outside."""
    lo, hi = LOG_VARIANCE_RANGE
    return lo + jax.nn.softplus(raw - lo) - jax.nn.softplus(raw - hi)


def block_nll(block, raw_log_variance, parameters, x, observed):
    """Negative log-likelihood of one block, per example; missing units contribute nothing."""
    width = block["width"]
    if block["kind"] == "bernoulli":
        units = jax.nn.softplus(parameters) - x * parameters
    elif block["kind"] == "categorical":
        units = -x * jax.nn.log_softmax(parameters, axis=1)
    else:
        raw = parameters[:, width:] if block["variance"] == "decoder" else raw_log_variance
        log_variance = math.log(block["value"]) if block["variance"] == "fixed" else bounded(raw)
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
        units, own = slice(block["start"], block["start"] + block["width"]), slice(column, column + output_width(block))
        raw = p["likelihood"].get(str(k), {}).get("log_variance")
        reconstruction += block_nll(block, raw, output[:, own], x[:, units], observed[:, units])
        column = own.stop
    kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance, axis=1)
    out = {"posterior_mean": mean, "posterior_log_variance": log_variance, "z": z, "output_parameters": output}
    return out | {"reconstruction": reconstruction, "kl_divergence": kl}


def draw(rng, blocks, mask):
    """x in each block's own domain and the mask: row 0 complete, the last row empty, the rest at random by block."""
    x, observed = [], []
    for block in blocks:
        shape = (BATCH, block["width"])
        values = {
            "bernoulli": lambda: rng.integers(0, 2, shape).astype(float),
            "categorical": lambda: np.eye(block["width"])[rng.integers(0, block["width"], BATCH)],
            "gaussian": lambda: rng.normal(size=shape),
        }
        x.append(values[block["kind"]]())
        keep = rng.uniform(size=(BATCH, 1) if block["kind"] == "categorical" else shape) < 0.6
        observed.append(np.broadcast_to(keep, shape).astype(float))
    observed = np.concatenate(observed, axis=1)
    observed[0], observed[-1] = 1.0, 0.0
    return np.concatenate(x, axis=1), observed if mask else np.ones_like(observed)


def variational_case(name, activation, blocks, widths, latent, kl_weight, mask=False, at_bounds=False):
    rng = stream("variational", name)
    starts = np.cumsum([0] + [block["width"] for block in blocks]).tolist()
    blocks = [{**block, "start": start} for block, start in zip(blocks, starts)]
    x, observed = draw(rng, blocks, mask)
    encoder, decoder = [starts[-1], *widths], [latent, *widths[::-1]]
    p = {"encoder": stack(rng, encoder), "decoder": stack(rng, decoder), "likelihood": {}}
    p["posterior"] = {head: dense(rng, encoder[-1], latent, gain=0.6) for head in ("mean", "log_variance")}
    p["output"] = dense(rng, decoder[-1], sum(map(output_width, blocks)), gain=0.6)
    for k, block in enumerate(blocks):
        if block.get("variance") in ("shared", "per_feature"):
            shape = () if block["variance"] == "shared" else (block["width"],)
            p["likelihood"][str(k)] = {"log_variance": np.asarray(rng.normal(0.0, 0.7, shape))}
    if at_bounds:
        p["posterior"]["log_variance"]["bias"] = np.linspace(-11.0, 11.0, latent)
        p["likelihood"]["0"]["log_variance"] = np.linspace(12.0, -12.0, blocks[0]["width"])
    case = {"name": name, "activation": activation, "kl_weight": kl_weight, "likelihood": blocks}
    epsilon = rng.normal(size=(BATCH, latent))

    def objective(parameters):
        t = terms(parameters, case, x, observed, epsilon)
        return jnp.mean(t["reconstruction"] + kl_weight * t["kl_divergence"])

    value, gradients = value_and_gradients(objective, p)
    expected = terms(p, case, x, observed, epsilon)
    if not at_bounds:
        check_kl(expected, rng)
    raw = {int(k): plain(v["log_variance"]) for k, v in p.pop("likelihood").items()}
    case["likelihood"] = [b | ({"raw_log_variance": raw[k]} if k in raw else {}) for k, b in enumerate(blocks)]
    case |= plain(p | {"x": x, "observed": observed if mask else None, "epsilon": epsilon})
    negative_elbo = float(jnp.mean(expected["reconstruction"] + expected["kl_divergence"]))
    return {**case, **plain(expected), "objective": value, "negative_elbo": negative_elbo, "gradients": gradients}


def check_kl(expected, rng):
    """Closed form against E_q[log q − log p], within six standard errors."""
    mean, scale = expected["posterior_mean"], jnp.exp(expected["posterior_log_variance"] / 2)
    z = mean + scale * rng.normal(size=(100_000, *mean.shape))
    ratio = np.asarray(jnp.sum(stats.norm.logpdf(z, mean, scale) - stats.norm.logpdf(z), axis=2))
    error = np.abs(ratio.mean(axis=0) - expected["kl_divergence"])
    assert np.all(error < 6 * ratio.std(axis=0) / math.sqrt(len(ratio))), "KL disagrees with Monte Carlo"


def gaussian(width, variance, **more):
    return {"kind": "gaussian", "width": width, "variance": variance, **more}


def variational_cases():
    bernoulli, categorical = ({"kind": kind, "width": 3} for kind in ("bernoulli", "categorical"))
    pixels = [{**bernoulli, "width": 9}]
    fixed, shared = [gaussian(8, "fixed", value=0.35)], [gaussian(8, "shared")]
    per_feature, decoder = [gaussian(7, "per_feature")], [gaussian(7, "decoder")]
    table = [gaussian(4, "per_feature"), {**bernoulli, "width": 2}, categorical, {**categorical, "width": 2}]
    medley = [categorical, gaussian(2, "decoder"), bernoulli, gaussian(2, "shared"), gaussian(2, "fixed", value=2.0)]
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
    yield variational_case("gaussian_per_feature_at_bounds", "sigmoid", per_feature, [6], 5, 1.0, at_bounds=True)


# --- bounds, priors and flows ---

def posterior_of(heads, h):
    """Mean and standard deviation."""
    return affine(heads["mean"], h), jnp.exp(bounded(affine(heads["log_variance"], h)) / 2)


def heads(rng, inputs, outputs):
    return {head: dense(rng, inputs, outputs, gain=0.6) for head in ("mean", "log_variance")}


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
        return {"encoder": stack(rng, up), "posterior": heads(rng, up[-1], prior["latent_dim"]),
                "decoder": stack(rng, down), "output": heads(rng, down[-1], latent)}
    return {}


def prior_density(p, prior, activation, z, auxiliary):
    own = p.get("prior")
    if prior["kind"] == "mixture":
        each = [normal_density(z, m, jnp.exp(bounded(v) / 2)) for m, v in zip(own["mean"], own["log_variance"])]
        return jax.scipy.special.logsumexp(jnp.stack(each) + jax.nn.log_softmax(own["logits"])[:, None], axis=0)
    if prior["kind"] == "vamp_prior":
        mean, scale = posterior_of(p["posterior"], hidden(p["encoder"], activation, own["pseudo_inputs"]))
        each = jnp.stack([normal_density(z, m, s) for m, s in zip(mean, scale)])
        return jax.scipy.special.logsumexp(each, axis=0) - math.log(len(mean))
    if prior["kind"] == "hierarchical":
        mean, scale = posterior_of(own["posterior"], hidden(own["encoder"], activation, z))
        second = mean + scale * auxiliary
        given = posterior_of(own["output"], hidden(own["decoder"], activation, second))
        return normal_density(z, *given) + normal_density(second, 0.0, 1.0) - normal_density(second, mean, scale)
    return normal_density(z, 0.0, 1.0)


def flow_parameters(rng, flow, latent, context):
    if flow["kind"] == "planar":
        step = lambda: {"scale": rng.normal(size=latent), "weight": rng.normal(size=latent), "bias": rng.normal(size=1)}
        return {"steps": [step() for _ in range(flow["layers"])]}
    if flow["kind"] == "inverse_autoregressive":
        h = flow["hidden"]
        step = lambda: {"input": dense(rng, latent, h), "context": dense(rng, context, h), "output": dense(rng, h, 2 * latent)}
        return {"steps": [step() for _ in range(flow["layers"])]}
    return {}


def planar_step(p, z, _):
    dot = p["weight"] @ p["scale"]
    u = p["scale"] + (jax.nn.softplus(dot) - 1 - dot) * p["weight"] / (p["weight"] @ p["weight"] + 1e-12)
    return z + u * jnp.tanh(p["weight"] @ z + p["bias"][0])


def autoregressive_step(p, z, context):
    """One step on one point. Unit i is made from hidden units whose degree is at most i, which see units below it."""
    d, z = len(z), z[::-1]
    degree = 1 + np.arange(len(p["input"]["bias"])) % max(d - 1, 1)
    sees = np.arange(d)[None, :] < degree[:, None] if d > 1 else np.zeros((len(degree), d))
    feeds = degree[None, :] <= np.arange(d)[:, None] if d > 1 else np.ones((d, len(degree)))
    h = jnp.tanh(p["input"]["weight"] * sees @ z + p["input"]["bias"] + affine(p["context"], context))
    made = p["output"]["weight"] * np.concatenate([feeds, feeds]) @ h + p["output"]["bias"]
    gate = jax.nn.sigmoid(made[d:])
    return gate * z + (1 - gate) * made[:d]


def through_flow(p, flow, z, context):
    """z and log |det|, the latter from the whole Jacobian of each step."""
    total = jnp.zeros(len(z))
    step = {"planar": planar_step, "inverse_autoregressive": autoregressive_step}.get(flow["kind"])
    for own in p["flow"]["steps"] if step else []:
        jacobian = jax.vmap(jax.jacfwd(lambda one, c: step(own, one, c)))(z, context)
        total += jnp.linalg.slogdet(jacobian)[1]
        z = jax.vmap(lambda one, c: step(own, one, c))(z, context)
    return z, total


def latent_terms(p, config, activation, x, epsilon, auxiliary, frozen=lambda tree: tree):
    """z, log q(z|x), log p(z) for rows × K draws; `frozen` is applied to what log q takes from the encoder."""
    samples = len(epsilon) // len(x)
    h = jnp.repeat(hidden(p["encoder"], activation, x), samples, axis=0)
    mean, scale = posterior_of(p["posterior"], h)
    start = mean + scale * epsilon
    z, log_det = through_flow(p, config["flow"], start, h)
    log_posterior = normal_density(start, frozen(mean), frozen(scale)) - log_det
    return z, log_posterior, prior_density(p, config["prior"], activation, z, auxiliary)


def log_likelihood(p, activation, x, z):
    logits = affine(p["output"], hidden(p["decoder"], activation, z))
    x = jnp.repeat(x, len(z) // len(x), axis=0)
    return -jnp.sum(jax.nn.softplus(logits) - x * logits, axis=1)


def discrepancy(z, prior):
    """Unbiased MMD² with inverse multiquadratic kernels, pair by pair."""
    n, d = z.shape
    k = lambda a, b: sum(2 * d * s / (2 * d * s + jnp.sum((a - b) ** 2)) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    within = sum(k(z[i], z[j]) + k(prior[i], prior[j]) for i, j in pairs) / (n * (n - 1))
    return within - 2 * sum(k(z[i], prior[j]) for i in range(n) for j in range(n)) / n**2


def bound_terms(p, config, activation, x, noise, rows, capacity):
    """Named terms with their weights: [(name, weight, value of each example)]."""
    epsilon, auxiliary = noise["latent"], noise["auxiliary"]
    bound, beta = config["bound"], config["kl_weight"]
    z, log_posterior, log_prior = latent_terms(p, config, activation, x, epsilon, auxiliary)
    nll = -log_likelihood(p, activation, x, z)
    if bound["kind"] == "importance":
        by_row = lambda t: t.reshape(len(x), -1)
        log_weights = by_row(log_prior - log_posterior - nll)
        value = jax.scipy.special.logsumexp(log_weights, axis=1) - math.log(bound["samples"])
        means = [("reconstruction", 0.0, by_row(nll).mean(1)), ("kl_divergence", 0.0, by_row(log_posterior - log_prior).mean(1))]
        return [*means, ("importance_bound", 1.0, -value)]
    mean, scale = posterior_of(p["posterior"], hidden(p["encoder"], activation, x))
    units = 0.5 * (mean**2 + scale**2 - 1 - 2 * jnp.log(scale))
    closed = config["prior"]["kind"] == "standard_normal" and config["flow"]["kind"] == "none"
    kl = jnp.sum(units, axis=1) if closed else log_posterior - log_prior
    shared = lambda value: jnp.full(len(x), value)
    first = [("reconstruction", 1.0, nll)]
    if bound["kind"] == "free_bits":
        free = jnp.sum(jnp.maximum(units.mean(0), bound["nats"]))
        return [*first, ("kl_divergence", 0.0, kl), ("free_bits", beta, shared(free))]
    if bound["kind"] == "capacity":
        return [*first, ("kl_divergence", 0.0, kl), ("capacity_gap", beta, shared(jnp.abs(kl.mean() - capacity)))]
    if bound["kind"] == "total_correlation":
        densities = jax.vmap(lambda one: stats.norm.logpdf(one, mean, scale))(z)
        norm = math.log(len(x) * rows)
        joint = jax.scipy.special.logsumexp(densities.sum(2), axis=1) - norm
        marginals = jnp.sum(jax.scipy.special.logsumexp(densities, axis=1) - norm, axis=1)
        parts = [("mutual_information", beta, log_posterior - joint), ("total_correlation", beta * bound["weight"], joint - marginals)]
        return [*first, ("kl_divergence", 0.0, kl), *parts, ("dimension_kl", beta, marginals - log_prior)]
    if bound["kind"] == "mmd":
        return [*first, ("kl_divergence", beta, kl), ("mmd", bound["weight"], shared(discrepancy(z, noise["prior"])))]
    return [*first, ("kl_divergence", beta, kl)]


def doubly_reparameterized(p, config, activation, x, noise):
    """A function with the gradient of Tucker et al. (2018), eq. 8: encoder and decoder parts kept apart by stop_gradient."""
    stop = jax.lax.stop_gradient
    z, log_posterior, log_prior = latent_terms(p, config, activation, x, noise["latent"], None, frozen=stop)
    weights = log_likelihood(p, activation, x, z) + log_prior - log_posterior
    weights = stop(jax.nn.softmax(weights.reshape(len(x), -1), axis=1).reshape(-1))
    still = stop(z)
    model = log_likelihood(p, activation, x, still) + prior_density(p, config["prior"], activation, still, None)
    fixed = stop(p)
    path = log_likelihood(fixed, activation, x, z) + prior_density(fixed, config["prior"], activation, z, None) - log_posterior
    return -jnp.sum(weights * model + weights**2 * path) / len(x)


def bound_case(name, activation, config, capacity=0.0):
    rng = stream("bounds", name)
    default = {"kind": "standard_normal"}, {"kind": "none"}, {"kind": "elbo"}
    config = dict(zip(("prior", "flow", "bound"), default)) | {"kl_weight": 1.0} | config
    inputs, widths, latent, rows = 7, [6], 4, 50
    samples = config["bound"].get("samples", 1)
    x = rng.integers(0, 2, (BATCH, inputs)).astype(float)
    p = {"encoder": stack(rng, [inputs, *widths]), "decoder": stack(rng, [latent, *widths]),
         "posterior": heads(rng, widths[-1], latent), "output": dense(rng, widths[-1], inputs, gain=0.6)}
    p["prior"] = prior_parameters(rng, config["prior"], latent, inputs)
    p["flow"] = flow_parameters(rng, config["flow"], latent, widths[-1])
    second = config["prior"].get("latent_dim")
    noise = {"latent": rng.normal(size=(BATCH * samples, latent)), "prior": rng.normal(size=(BATCH, latent)),
             "auxiliary": rng.normal(size=(BATCH * samples, second)) if second else None}
    terms = lambda q: bound_terms(q, config, activation, x, noise, rows, capacity)
    objective = lambda q: sum(weight * jnp.mean(value) for _, weight, value in terms(q))
    value, gradients = value_and_gradients(objective, p)
    if config["bound"].get("doubly_reparameterized"):
        surrogate = jax.jit(jax.grad(lambda q: doubly_reparameterized(q, config, activation, x, noise)))
        gradients = named(surrogate(jax.tree.map(jnp.asarray, p)))
    expected = [{"name": n, "weight": w, "value": plain(v)} for n, w, v in terms(jax.tree.map(jnp.asarray, p))]
    case = {"name": name, "activation": activation, "config": config, "rows": rows, "capacity": capacity}
    return case | plain({"x": x, "noise": noise, "parameters": p}) | {"terms": expected, "objective": value, "gradients": gradients}


def bound_cases():
    importance = lambda k, doubly=False: {"kind": "importance", "samples": k, "doubly_reparameterized": doubly}
    mixture, vamp = {"kind": "mixture", "components": 3}, {"kind": "vamp_prior", "pseudo_inputs": 5}
    hierarchical = {"kind": "hierarchical", "hidden": [5], "latent_dim": 3}
    planar, autoregressive = {"kind": "planar", "layers": 3}, {"kind": "inverse_autoregressive", "layers": 2, "hidden": 7}
    yield bound_case("elbo", "tanh", {"kl_weight": 2.0})
    yield bound_case("free_bits", "tanh", {"bound": {"kind": "free_bits", "nats": 0.3}, "kl_weight": 0.7})
    yield bound_case("capacity_below", "tanh", {"bound": {"kind": "capacity", "nats": 0.5, "epochs": 0.0}, "kl_weight": 3.0}, 0.5)
    yield bound_case("capacity_above", "silu", {"bound": {"kind": "capacity", "nats": 9.0, "epochs": 0.0}}, 9.0)
    yield bound_case("total_correlation", "tanh", {"bound": {"kind": "total_correlation", "weight": 6.0}})
    yield bound_case("mmd", "softplus", {"bound": {"kind": "mmd", "weight": 10.0}, "kl_weight": 0.5})
    for k in (1, 3):
        yield bound_case(f"importance_{k}", "tanh", {"bound": importance(k)})
    yield bound_case("importance_doubly", "tanh", {"bound": importance(4, True)})
    yield bound_case("importance_doubly_vamp", "silu", {"bound": importance(3, True), "prior": vamp})
    for name, prior in [("mixture", mixture), ("vamp", vamp), ("hierarchical", hierarchical)]:
        yield bound_case(name, "tanh", {"prior": prior, "kl_weight": 0.8})
        yield bound_case(f"{name}_importance", "softplus", {"prior": prior, "bound": importance(3)})
    for name, flow in [("planar", planar), ("autoregressive", autoregressive)]:
        yield bound_case(name, "tanh", {"flow": flow})
        yield bound_case(f"{name}_importance", "gelu", {"flow": flow, "bound": importance(2)})
    yield bound_case("autoregressive_vamp", "tanh", {"flow": autoregressive, "prior": vamp})


# --- vector-quantised autoencoder ---

def nearest(vectors, z):
    """Index of the nearest vector of each group: vectors groups × size × width, z groups × width."""
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


def vector_quantized_case(activation, depth, groups, size):
    name = f"{activation}_depth{depth}_{groups}x{size}"
    rng = stream("vector_quantized", name)
    inputs, latent = 7, 6
    widths = [inputs, *[9, 8][: depth - 1], latent]
    x, weight, decay = rng.uniform(size=(BATCH, inputs)), float(rng.uniform(0.1, 1.0)), float(rng.uniform(0.5, 0.9))
    parameters = {"encoder": stack(rng, widths), "decoder": stack(rng, widths[::-1])}
    vectors, counts = rng.normal(0.0, 0.7, (groups, size, latent // groups)), rng.uniform(0.5, 3.0, (groups, size))
    stop = jax.lax.stop_gradient

    def encode(p):
        return affine(p["encoder"][-1], hidden(p["encoder"][:-1], activation, x))

    def terms(p, z, decoded, target):
        logits = decode(p, activation, False, decoded)
        reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits, axis=1)
        return {"logits": logits, "reconstruction": reconstruction, "commitment": jnp.sum((z - target) ** 2, axis=1)}

    def total(t):
        return jnp.mean(t["reconstruction"] + weight * t["commitment"])

    def straight_through(p):
        z = encode(p)
        q = jax.vmap(lambda one: quantized(p["codebook"]["vectors"], one))(z)
        return terms(p, z, z + stop(q - z), stop(q))

    at = encode(parameters)
    q = jax.vmap(lambda one: quantized(jnp.asarray(vectors), one))(at)
    # With the choices and the offsets held fast the straight-through gradient is an ordinary one.
    surrogate = lambda p: total(terms(p, encode(p), encode(p) + (q - at), q))
    _, ordinary = value_and_gradients(surrogate, parameters)
    whole = jax.tree.map(jnp.asarray, parameters | {"codebook": {"vectors": vectors, "counts": counts}})
    value, gradients = jax.value_and_grad(lambda p: total(straight_through(p)))(whole)
    gradients = named(gradients)
    for key, gradient in ordinary.items():
        np.testing.assert_allclose(gradients[key], gradient, rtol=1e-12, atol=1e-14)
    assert not np.any(gradients["codebook.vectors"]), "the codebook has a gradient"
    case = {"name": name, "activation": activation, "groups": groups, "codebook_size": size}
    case |= {"commitment_weight": weight, "decay": decay}
    case |= plain({**parameters, "codebook": {"vectors": vectors, "counts": counts}, "x": x, "z": at, "q": q})
    case |= plain(straight_through(whole)) | {"moved": plain(moving_averages(vectors, counts, at, decay))}
    return case | {"objective": float(value), "gradients": gradients}


def vector_quantized_cases():
    for activation, depth, groups, size in [
        ("tanh", 1, 1, 5),
        ("tanh", 2, 2, 4),
        ("silu", 2, 3, 3),
        ("sigmoid", 3, 6, 2),
        ("silu", 3, 2, 8),
    ]:
        yield vector_quantized_case(activation, depth, groups, size)


# --- likelihoods ---

def limited(raw, lo, hi):
    """Smooth clamp: ≈ raw inside the range, its ends far outside."""
    return lo + jax.nn.softplus(raw - lo) - jax.nn.softplus(raw - hi)


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
    r, mean = jnp.exp(limited(learned["log_dispersion"], -7.0, 7.0)), jnp.exp(limited(out, -12.0, 18.0))
    return -stats.nbinom.logpmf(jnp.round(jnp.expm1(x)), r, r / (r + mean))


def beta_binomial_units(out, learned, x, block):
    width = block["width"]
    mean = jax.nn.sigmoid(limited(out[:, :width], -10.0, 10.0))
    concentration = jnp.exp(limited(out[:, width:], -4.0, 8.0))
    k, a, b = jnp.round(255 * x), mean * concentration, (1 - mean) * concentration
    # Not stats.betabinom: in jax 0.10.2 its betaln is off by 2e-9 of the value (SciPy agrees with gammaln).
    log_beta = lambda a, b: gammaln(a) + gammaln(b) - gammaln(a + b)
    return jnp.log(256.0) + log_beta(k + 1, 256 - k) - log_beta(k + a, 255 - k + b) + log_beta(a, b)


def discretized_logistic_units(out, learned, x, block):
    """outputs: logits, locations, log scales, each components × width."""
    logits, location, raw = out.reshape(len(out), 3, block["components"], block["width"]).transpose(1, 0, 2, 3)
    scale = jnp.exp(limited(raw, -7.0, 0.0))
    level = jnp.round(255 * x)[:, None, :]
    upper = jnp.where(level == 255, 1.0, stats.logistic.cdf((level + 0.5) / 255, location, scale))
    lower = jnp.where(level == 0, 0.0, stats.logistic.cdf((level - 0.5) / 255, location, scale))
    return -jnp.log(jnp.sum(jax.nn.softmax(logits, axis=1) * (upper - lower), axis=1))


def gaussian_units(out, learned, x, block):
    return -stats.norm.logpdf(x, out, jnp.exp(bounded(learned["log_variance"]) / 2))


# family: its units, what it learns, and how x is drawn; edges stand in the first rows
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
    return np.log1p(n)


def draw_outputs(rng, block):
    """Outputs of order one, around what the values are like."""
    shape = (BATCH, block["width"])
    family = block["family"]
    if family == "discretized_logistic":
        parts = [rng.normal(size=(BATCH, block["components"], block["width"])) for _ in range(3)]
        parts[1], parts[2] = 0.5 + 0.4 * parts[1], parts[2] - 2.0
        return np.concatenate([part.reshape(BATCH, -1) for part in parts], axis=1)
    if family == "beta_binomial":
        return np.concatenate([1.5 * rng.normal(size=shape), 2.0 + 2.0 * rng.normal(size=shape)], axis=1)
    if family == "ordinal":
        return 1.5 * rng.normal(size=(BATCH, 1))
    out = 1.5 * rng.normal(size=shape)
    if family in ("poisson", "negative_binomial"):
        out[1, 0], out[2, 0] = 9.7, 6.1
    if family == "continuous_bernoulli":
        out[0, -1], out[2, 0], out[3, 0] = 0.02, -0.3, 9.0
    return out


def likelihood_case(name, blocks, mask=False, at_bounds=False):
    rng = stream("likelihoods", name)
    starts = np.cumsum([0] + [block["width"] for block in blocks]).tolist()
    blocks = [{**block, "start": start} for block, start in zip(blocks, starts)]
    x = np.concatenate([draw_values(rng, LIKELIHOODS[b["family"]][2], b["width"]) for b in blocks], axis=1)
    observed = np.concatenate([
        np.broadcast_to(rng.uniform(size=(BATCH, 1 if b["family"] == "ordinal" else b["width"])) < 0.6, (BATCH, b["width"]))
        for b in blocks
    ], axis=1).astype(float)
    observed[0], observed[-1] = 1.0, 0.0
    observed = observed if mask else np.ones_like(observed)
    outputs = [draw_outputs(rng, block) for block in blocks]
    learned = []
    for block in blocks:
        size = block["width"] - (block["family"] == "ordinal")
        names = LIKELIHOODS[block["family"]][1]
        learned.append({key: rng.normal(0.0, 0.8, size) for key in names})
        if at_bounds:
            learned[-1] = {key: np.linspace(-9.0, 9.0, size) for key in names}

    def per_example(p):
        total = 0.0
        for block, out, own in zip(blocks, p["outputs"], p["learned"]):
            units = slice(block["start"], block["start"] + block["width"])
            values = LIKELIHOODS[block["family"]][0](out, own, x[:, units], block)
            total += jnp.sum(values * observed[:, units], axis=1)
        return total

    p = {"outputs": outputs, "learned": learned}
    objective = lambda p: jnp.mean(per_example(p))
    value_and_gradients(objective, p)
    gradients = jax.grad(objective)(jax.tree.map(jnp.asarray, p))
    case = {"name": name, "blocks": blocks, "observed": plain(observed) if mask else None, "x": plain(x)}
    case |= {"outputs": plain(np.concatenate(outputs, axis=1)), "learned": plain(learned)}
    case |= {"negative_log_likelihood": plain(per_example(jax.tree.map(jnp.asarray, p)))}
    output_gradients = np.concatenate(gradients["outputs"], axis=1)
    return case | {"output_gradients": plain(output_gradients), "learned_gradients": plain(gradients["learned"])}


def likelihood_cases():
    block = lambda family, width: {"family": family, "width": width} | (
        {"components": 3} if family == "discretized_logistic" else {}
    ) | ({"variance": {"kind": "per_feature"}} if family == "gaussian" else {})
    for family in LIKELIHOODS:
        width = 5 if family == "ordinal" else 4
        yield likelihood_case(family, [block(family, width)])
        yield likelihood_case(f"{family}_masked", [block(family, width)], mask=True)
    for family in ("student_t", "laplace", "negative_binomial"):
        yield likelihood_case(f"{family}_at_bounds", [block(family, 4)], at_bounds=True)
    yield likelihood_case("ordinal_two_levels", [block("ordinal", 2)])
    yield likelihood_case("mixed_masked", [block(family, 3) for family in LIKELIHOODS], mask=True)
    yield likelihood_case("mixed_twice", [block(family, 2) for family in [*LIKELIHOODS, *reversed(LIKELIHOODS)]], mask=True)


if __name__ == "__main__":
    write("contraction", list(contraction_cases()))
    write("autoencoder", list(autoencoder_cases()))
    write("sparse", list(sparse_cases()))
    write("multiscale", list(multiscale_cases()))
    write("variational", list(variational_cases()))
    write("bounds", list(bound_cases()))
    write("vector_quantized", list(vector_quantized_cases()))
    write("likelihoods", list(likelihood_cases()))
