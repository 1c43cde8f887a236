"""Contractive and variational autoencoders for real data.

>>> import diabolo
>>> model = diabolo.fit("digits", model="contractive", epochs=5)
>>> codes = model.encode(diabolo.read("digits"))

Functions take a path, the name of a built-in set, or rows: pandas, Polars, PyArrow, DuckDB, NumPy,
or anything with ``__arrow_c_stream__``. Results come back in the kind that went in.
"""

from importlib import import_module

from ._diabolo import Table, __version__

# Each name, and the module that is loaded when it is first used.
_LAZY = {
    "_model": ("DiaboloWarning", "ForecastModel", "Model", "SynthesisModel"),
    "_functions": (
        "Pictures",
        "audit",
        "compare",
        "drift",
        "evaluate",
        "fit",
        "inspect",
        "load",
        "pictures",
        "read",
        "report",
    ),
    "_autoencoders": (
        "Autoencoder",
        "ContractiveAutoencoder",
        "DenoisingAutoencoder",
        "SparseAutoencoder",
        "VariationalAutoencoder",
    ),
    "_tasks": ("AnomalyDetector", "Compressor", "Forecaster", "Imputer", "Synthesizer"),
}
_MODULES = {name: module for module, names in _LAZY.items() for name in names}

__all__ = ["Table", "__version__", *_MODULES]


def __getattr__(name):
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'diabolo' has no attribute '{name}'")
    return getattr(import_module(f"diabolo.{module}"), name)


def __dir__():
    return sorted(__all__)
