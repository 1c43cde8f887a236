"""One contractive training step, Diabolo beside JAX, in turns: 784-512-256-32, sigmoid, untied, Bernoulli, batch 128,
λ = 0.1, Adam, f32. See README.md.

    python contraction.py EXECUTABLE [--threads 1] [--rounds 7] [--steps 30]

Every round times a few steps of each variant, so that whatever else the machine does falls on all alike. "Minimum" is the
least time of any step, "median" the median over the rounds of the round's median.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("executable", help="what `cargo bench --workspace --bench contraction --no-run` names")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--steps", type=int, default=30)
arguments = parser.parse_args()

# Before JAX is imported: both sides see these cores only, and start that many threads.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
if arguments.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

WIDTHS, BATCH, WEIGHT, RATE = [784, 512, 256, 32], 128, 0.1, 1e-3


def layers(widths, rng):
    def layer(inputs, outputs):
        limit = (6 / (inputs + outputs)) ** 0.5
        weight = rng.uniform(-limit, limit, (outputs, inputs)).astype(np.float32)
        return {"weight": jnp.asarray(weight), "bias": jnp.zeros(outputs, jnp.float32)}

    return [layer(a, b) for a, b in zip(widths, widths[1:])]


def encode(encoder, x):
    for layer in encoder:
        x = jax.nn.sigmoid(x @ layer["weight"].T + layer["bias"])
    return x


def decode(decoder, h):
    for layer in decoder[:-1]:
        h = jax.nn.sigmoid(h @ layer["weight"].T + layer["bias"])
    return h @ decoder[-1]["weight"].T + decoder[-1]["bias"]


def loss(parameters, x, jacobian):
    code = encode(parameters["encoder"], x)
    logits = decode(parameters["decoder"], code)
    value = jnp.sum((1 - x) * logits - jax.nn.log_sigmoid(logits), 1)
    if jacobian is not None:
        j = jax.vmap(jacobian(lambda row: encode(parameters["encoder"], row)))(x)
        value += WEIGHT * jnp.sum(j**2, (1, 2))
    return jnp.mean(value)


def make_step(jacobian):
    def step(state, x):
        parameters, first, second, count = state
        value, gradient = jax.value_and_grad(loss)(parameters, x, jacobian)
        count = count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        rate = RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        move = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8)  # noqa: E731
        return (jax.tree.map(move, parameters, first, second), first, second, count), value

    return jax.jit(step, donate_argnums=0)


class Jax:
    def __init__(self, jacobian):
        rng = np.random.default_rng(0)
        parameters = {"encoder": layers(WIDTHS, rng), "decoder": layers(WIDTHS[::-1], rng)}
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)  # noqa: E731
        self.state = (parameters, zeros(), zeros(), jnp.zeros((), jnp.float32))
        self.step = make_step(jacobian)
        self.rows = rng.random((16, BATCH, WIDTHS[0]), dtype=np.float32)

    def round(self, steps):
        times = []
        for k in range(steps + 5):
            begin = time.perf_counter()
            self.state, value = self.step(self.state, self.rows[k % 16])
            jax.block_until_ready(self.state)
            assert np.isfinite(float(value))
            times.append((time.perf_counter() - begin) * 1e3)
        return statistics.median(times[5:]), min(times[5:])


class Diabolo:
    def __init__(self, variant):
        self.variant = variant

    def round(self, steps):
        line = subprocess.run([arguments.executable, str(steps), self.variant], check=True, capture_output=True).stdout
        found = json.loads(line)
        return found["median_ms"], found["minimum_ms"]


variants = {
    "JAX plain": Jax(None),
    "Diabolo plain": Diabolo("plain"),
    "JAX vmap(jacrev)": Jax(jax.jacrev),
    "Diabolo exact": Diabolo("exact"),
    "JAX vmap(jacfwd)": Jax(jax.jacfwd),
    "Diabolo Hutchinson(1)": Diabolo("hutchinson"),
}
rounds = {name: [] for name in variants}
for k in range(arguments.rounds):
    for name, variant in variants.items():
        rounds[name].append(variant.round(arguments.steps))
        print(f"round {k + 1}: {name}: median {rounds[name][-1][0]:.2f} ms, minimum {rounds[name][-1][1]:.2f} ms", file=sys.stderr)

median = {name: statistics.median(m for m, _ in found) for name, found in rounds.items()}
minimum = {name: min(m for _, m in found) for name, found in rounds.items()}
print(f"jax {jax.__version__}, threads {arguments.threads}, {arguments.rounds} rounds of {arguments.steps} steps; milliseconds")
print(f"{'step':24}{'minimum':>9}{'median':>9}")
for name in variants:
    print(f"{name:24}{minimum[name]:9.2f}{median[name]:9.2f}")
print(f"{'ratio':48}{'minimum':>9}{'median':>9}")
for over, under in [
    ("JAX vmap(jacrev)", "Diabolo exact"),
    ("JAX vmap(jacfwd)", "Diabolo exact"),
    ("JAX plain", "Diabolo plain"),
    ("Diabolo exact", "Diabolo plain"),
    ("Diabolo Hutchinson(1)", "Diabolo plain"),
]:
    print(f"{over + ' / ' + under:48}{minimum[over] / minimum[under]:9.2f}{median[over] / median[under]:9.2f}")
