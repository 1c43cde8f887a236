"""Writes a golden file: a manifest that can be read, and its arrays beside it."""

import json

import jax
import numpy as np
from safetensors.numpy import save

from cases.common import LOG_VARIANCE_RANGE

LINE = 100


def write(folder, file, cases):
    """Manifest `file`.json and arrays `file`.safetensors, each array named by its case and path."""
    assert len({case["name"] for case in cases}) == len(cases)
    arrays = {}
    manifest = {
        "jax": jax.__version__,
        "numpy": np.__version__,
        "log_variance_range": LOG_VARIANCE_RANGE,
        "cases": [without_arrays(case, case["name"], arrays) for case in cases],
    }
    (folder / f"{file}.json").write_text(pretty(manifest) + "\n")
    (folder / f"{file}.safetensors").write_bytes(save(arrays))
    size = sum(array.nbytes for array in arrays.values()) / 1024
    print(f"{file}: {len(cases)} cases, {len(arrays)} arrays of {size:.0f} KiB")


def without_arrays(tree, path, arrays):
    """The tree with "f64[4, 9]" in place of an array of that shape; `arrays` takes it by path."""
    if isinstance(tree, dict):
        return {key: without_arrays(inner, f"{path}.{key}", arrays) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [without_arrays(inner, f"{path}.{k}", arrays) for k, inner in enumerate(tree)]
    if not isinstance(tree, (np.ndarray, jax.Array)):
        return tree
    if tree.ndim == 0:
        return float(tree)
    assert tree.dtype == np.float64 and np.isfinite(tree).all(), path
    arrays[path] = np.ascontiguousarray(tree)
    return f"f64{list(tree.shape)}"


def pretty(tree, indent="", start=""):
    """JSON in short lines: what fits a line stands on one."""
    line = indent + start + json.dumps(tree, allow_nan=False)
    if len(line) <= LINE or not isinstance(tree, (dict, list)):
        return line
    deeper = indent + "  "
    if isinstance(tree, dict):
        inner = [pretty(value, deeper, f"{json.dumps(key)}: ") for key, value in tree.items()]
        first, last = "{}"
    else:
        inner = [pretty(value, deeper) for value in tree]
        first, last = "[]"
    return f"{indent}{start}{first}\n" + ",\n".join(inner) + f"\n{indent}{last}"
