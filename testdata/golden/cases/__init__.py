"""One module a golden file; each has `cases()`."""

import os

# AVX2 at most, so that every processor that has it gives the same last bits. Before jax is loaded.
os.environ["XLA_FLAGS"] = "--xla_cpu_max_isa=AVX2"
os.environ["OPENBLAS_CORETYPE"] = "Haswell"
