"""What estimators share: parameters, checked rows, and scikit-learn's base classes where it is there."""

import inspect
from collections.abc import Mapping

from . import _functions
from ._parameters import described
from ._rows import columns_of, is_path, numpy_values, rows_of

try:
    from sklearn.base import BaseEstimator, OutlierMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data
except ImportError:
    from ._without_sklearn import (
        BaseEstimator,
        OutlierMixin,
        TransformerMixin,
        check_is_fitted,
        check_random_state,
        validate_data,
    )

__all__ = ["OutlierMixin", "RowEstimator", "TransformerMixin", "each", "texts", "vector"]

# Parameters of every estimator: settings of `diabolo.fit`, except for the last four.
COMMON = {
    "epochs": None,
    "batch_size": None,
    "learning_rate": None,
    "patience": None,
    "validation": None,
    "types": None,
    "random_state": 0,
    "verbose": False,
    "callback": None,
    "options": None,
}
_OWN = ("random_state", "verbose", "callback", "options")

# As many rows as a fit needs.
_FEWEST_ROWS = 10


class RowEstimator(BaseEstimator):
    """An estimator of rows; a class names its parameters with their defaults in `_defaults`.

    `options` is a dict of other settings of `diabolo.fit`.
    """

    _preset = None
    _model = None
    _defaults: dict = {}
    # Parameters that are no settings of a fit.
    _aside: tuple = ()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        defaults = {**cls._defaults, **COMMON}

        def __init__(self, **given):
            unknown = [name for name in given if name not in defaults]
            if unknown:
                raise TypeError(f"{type(self).__name__} has no parameter '{unknown[0]}'; other settings go in options")
            for name, default in defaults.items():
                setattr(self, name, given.get(name, default))

        one = inspect.Parameter
        parameters = [one("self", one.POSITIONAL_OR_KEYWORD)]
        parameters += [one(name, one.KEYWORD_ONLY, default=default) for name, default in defaults.items()]
        __init__.__signature__ = inspect.Signature(parameters)
        __init__.__qualname__ = f"{cls.__qualname__}.__init__"
        cls.__init__ = __init__
        cls.__doc__ = described(cls.__doc__, "Parameters", defaults)

    def fit(self, X, y=None):
        """Fits the model to rows; `y` is ignored."""
        rows = X if is_path(X) else self._rows(X, reset=True)
        self.model_ = _functions.fit(rows, verbose=self.verbose, callback=self.callback, **self._settings())
        if is_path(X):
            self._rows(X, reset=True)
        return self

    def save(self, path):
        """Writes the model file, which `diabolo.load` and the command line read."""
        self._fitted().save(path)

    def _repr_mimebundle_(self, **kwargs):
        """The diagram of scikit-learn, if it is there, and the figure of the fitted model."""
        shown = super()._repr_mimebundle_(**kwargs)
        if "text/html" in shown and hasattr(self, "model_"):
            shown["text/html"] += self.model_._repr_html_()
        return shown

    def _repr_html_(self):
        return self._repr_mimebundle_().get("text/html")

    def _settings(self):
        given = self.get_params(deep=False)
        settings = {name: value for name, value in given.items() if name not in (*_OWN, *self._aside)}
        settings = {"preset": self._preset_name(), "model": self._model, **settings, "seed": self._seed()}
        return settings | (self.options or {})

    def _preset_name(self):
        return self._preset

    def _seed(self):
        seed = self.random_state
        if isinstance(seed, int) or hasattr(seed, "__index__"):
            return int(seed)
        return int(check_random_state(seed).randint(2**31 - 1))

    def _fitted(self):
        check_is_fitted(self, "model_")
        return self.model_

    def _rows(self, X, reset=False):
        """The rows as they are passed on; arrays are checked as scikit-learn does."""
        if is_path(X):
            # Read as in the fit.
            X = self._fitted()._rows(X).table
        marks = ("columns", "column_names", "__arrow_c_stream__")
        # Some sparse matrices of SciPy are mappings, too.
        is_mapping = isinstance(X, Mapping) and not hasattr(X, "shape")
        is_frame = is_mapping or any(hasattr(X, mark) for mark in marks)
        is_images = not is_frame and getattr(X, "ndim", 2) > 2
        if not is_frame and not is_images:
            least = _FEWEST_ROWS if reset else 1
            return validate_data(self, X, reset=reset, ensure_all_finite="allow-nan", ensure_min_samples=least)
        if hasattr(X, "iloc"):
            validate_data(self, X, reset=reset, skip_check_array=True)
        elif reset:
            names = None if is_images else rows_of(X).table.column_names
            self.n_features_in_ = X[0].size if is_images else len(names)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.non_deterministic = False
        return tags


def vector(rows, name):
    """A column as an array of NumPy, or a list without it."""
    try:
        return numpy_values(*rows.column(name))
    except ImportError:
        return columns_of(rows)[name]


def texts(names):
    """Names as an array of NumPy, or a list without it."""
    try:
        import numpy
    except ImportError:
        return list(names)
    return numpy.array(names, dtype=object)


def each(values, change):
    """An array, changed; or a list with each element changed."""
    return change(values) if hasattr(values, "dtype") else [change(value) for value in values]
