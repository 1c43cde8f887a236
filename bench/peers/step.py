"""One training step, Diabolo beside JAX and, if asked, PyTorch (eager and compiled) and TensorFlow (a graph), in turns. See README.md.

    python step.py EXECUTABLE [--threads 1] [--rounds 7] [--steps 30] [--cases vae vae_table cae] [--torch] [--tensorflow] [--mnist FOLDER]

Every round times a few steps of each, so that whatever else the machine does falls on all alike. "Minimum" is the
least time of any step, "median" the median over the rounds of the round's median. The roofline is the time that NumPy's
products of the same shapes take alone (forward, and both backward products but the first layer's to its inputs).
"""
import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("executable", help="what `cargo bench --workspace --bench step --no-run` names")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--steps", type=int, default=30)
parser.add_argument("--cases", nargs="+", default=["vae", "vae_table", "cae"])
parser.add_argument("--torch", action="store_true", help="PyTorch too")
parser.add_argument("--tensorflow", action="store_true", help="TensorFlow too, for the convolutional and the recurrent cases")
parser.add_argument("--mnist", help="folder of MNIST's files: real rows in networks of 784 inputs, instead of dense random ones")
arguments = parser.parse_args()

# Before JAX is imported: both sides see these cores only, and start that many threads.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
if arguments.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
for name in ["RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"]:
    os.environ[name] = str(arguments.threads)
os.environ["JAX_PLATFORMS"] = "cpu"
# No pool of compiling processes, which would share the cores that are measured.
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from networks import BATCH, NETWORKS, Table, table  # noqa: E402

RATE = 1e-3


def batches(rng, inputs):
    """16 batches of rows, and the file of them for Diabolo if they are not random."""
    if arguments.mnist is None or inputs != 784:
        return rng.random((16, BATCH, inputs), dtype=np.float32), None
    with gzip.open(os.path.join(arguments.mnist, "train-images-idx3-ubyte.gz")) as file:
        pixels = np.frombuffer(file.read()[16 : 16 + 16 * BATCH * 784], np.uint8)
    rows = pixels.reshape(16, BATCH, 784).astype(np.float32) / 255
    path = os.path.join(tempfile.gettempdir(), "mnist_rows.f32")
    rows.tofile(path)
    return rows, path


# ---- steps ----


class Jax:
    def __init__(self, network):
        widths, parameters, loss = network[:3]
        rng = np.random.default_rng(0)
        parameters = parameters(rng)
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)  # noqa: E731
        self.state = (parameters, zeros(), zeros(), jnp.zeros((), jnp.float32), jax.random.key(0))
        self.rows = network[3].rows(rng) if isinstance(network[-1], Table) else batches(rng, widths[0])[0]
        self.step = jax.jit(lambda state, x: self.adam(loss, state, x), donate_argnums=0)

    @staticmethod
    def adam(loss, state, x):
        parameters, first, second, count, key = state
        key, own = jax.random.split(key)
        value, gradient = jax.value_and_grad(loss)(parameters, x, own)
        count = count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        rate = RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        move = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8)  # noqa: E731
        return (jax.tree.map(move, parameters, first, second), first, second, count, key), value

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
    def __init__(self, case, inputs):
        self.case = case
        _, file = batches(np.random.default_rng(0), inputs) if case != "categories" else (None, None)
        self.file = [file] if file else []

    def round(self, steps):
        # The rows of `categories` are drawn by the bench.
        command = [arguments.executable, str(steps), self.case, *self.file]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return found["median_ms"], found["minimum_ms"]


class Products:
    """The products of a step alone."""

    def __init__(self, network):
        self.work = []
        rng = np.random.default_rng(0)
        for k, (rows, inputs, outputs, first) in enumerate(self.shapes(network, rng)):
            w = rng.random((outputs, inputs), dtype=np.float32)
            x, g = rng.random((rows, inputs), dtype=np.float32), rng.random((rows, outputs), dtype=np.float32)
            self.work.append((w, x, g, first, np.empty_like(g), np.empty_like(w), np.empty_like(x)))

    @staticmethod
    def shapes(network, rng):
        """Rows, inputs, outputs, and whether the inputs are those of the network."""
        if len(network) == 4 and not isinstance(network[3], Table):
            return [(BATCH * n, a, b, k == 0) for k, (n, a, b) in enumerate(network[3].products())]
        widths, parameters = network[:2]
        weights = [w.shape for w in jax.tree.leaves(parameters(rng)) if w.ndim == 2]
        if len(widths) == 2:
            weights = weights * 2
        return [(BATCH, inputs, outputs, inputs == widths[0]) for outputs, inputs in weights]

    def round(self, steps):
        times = []
        for _ in range(steps + 5):
            begin = time.perf_counter()
            for w, x, g, first, a, b, c in self.work:
                np.matmul(x, w.T, out=a)
                np.matmul(g.T, x, out=b)
                if not first:
                    np.matmul(g, w, out=c)
            times.append((time.perf_counter() - begin) * 1e3)
        return statistics.median(times[5:]), min(times[5:])


def contenders(case):
    network = NETWORKS[case]()
    found = {"products alone": Products(network), "JAX": Jax(network)}
    if case == "categories":
        found = {"JAX, one-hot": Jax(network), "JAX, embeddings": Jax(table(True))}
    if arguments.torch and case != "deep_exact" and not case.startswith(("conv", "gru")):
        from pytorch import Torch

        for name, compiled in [("PyTorch", False), ("PyTorch, compiled", True)]:
            found[name] = Torch(case, batches(np.random.default_rng(0), network[0][0])[0], arguments.threads, compiled)
    if arguments.tensorflow and case.startswith(("conv", "gru")):
        from keras_nets import Keras

        rows = batches(np.random.default_rng(0), network[0][0])[0]
        found["TensorFlow"] = Keras(network[3], rows)
    return found | {"Diabolo": Diabolo(case, network[0][0])}


def main():
    variants = {(case, name): variant for case in arguments.cases for name, variant in contenders(case).items()}
    rounds = {name: [] for name in variants}
    for k in range(arguments.rounds):
        for name, variant in variants.items():
            rounds[name].append(variant.round(arguments.steps))
        print(f"round {k + 1} of {arguments.rounds}", file=sys.stderr)
    median = {name: statistics.median(m for m, _ in found) for name, found in rounds.items()}
    minimum = {name: min(m for _, m in found) for name, found in rounds.items()}
    print(f"JAX {jax.__version__}, threads {arguments.threads}, {arguments.rounds} rounds of {arguments.steps} steps; minimum / median")
    print("| step | | ms | over Diabolo |\n|---|---|---:|---:|")
    for case, name in variants:
        times = minimum[case, name], median[case, name]
        ratios = [time / own for time, own in zip(times, (minimum[case, "Diabolo"], median[case, "Diabolo"]))]
        print(f"| {case} | {name} | {times[0]:.2f} / {times[1]:.2f} | {ratios[0]:.2f} / {ratios[1]:.2f} |")


main()
