"""What estimators need of scikit-learn, where it is not installed."""

import inspect
import random
from html import escape


class BaseEstimator:
    """Parameters as attributes."""

    @classmethod
    def _get_param_names(cls):
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep=True):
        """The parameters."""
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params):
        """Sets parameters."""
        for name, value in params.items():
            if name not in self._get_param_names():
                raise ValueError(f"Invalid parameter {name!r} for estimator {self!r}.")
            setattr(self, name, value)
        return self

    def __repr__(self):
        usual = {name: one.default for name, one in inspect.signature(type(self).__init__).parameters.items()}
        given = [f"{name}={value!r}" for name, value in self.get_params().items() if value != usual[name]]
        return f"{type(self).__name__}({', '.join(given)})"

    def _repr_mimebundle_(self, **_):
        return {"text/plain": repr(self), "text/html": f"<pre>{escape(repr(self))}</pre>"}


class TransformerMixin:
    """`fit_transform`."""

    def fit_transform(self, X, y=None):
        """Fits, and transforms the same rows."""
        return self.fit(X, y).transform(X)


class OutlierMixin:
    """`fit_predict`."""

    def fit_predict(self, X, y=None):
        """Fits, and labels the same rows."""
        return self.fit(X, y).predict(X)


def check_is_fitted(estimator, name):
    """Raises an error before `fit`."""
    if not hasattr(estimator, name):
        raise ValueError(f"This {type(estimator).__name__} instance is not fitted yet. Call 'fit' first.")


def check_random_state(seed):
    """A source of a seed."""

    class Source:
        def randint(self, most):
            return (random if seed is None else seed).randrange(most)

    return Source()


def validate_data(estimator, X, reset=True, **_):
    """Keeps the number of columns."""
    shape = getattr(X, "shape", None) or (len(X), len(X[0]))
    if reset:
        estimator.n_features_in_ = shape[1]
    elif shape[1] != estimator.n_features_in_:
        name, width = type(estimator).__name__, estimator.n_features_in_
        raise ValueError(f"X has {shape[1]} features, but {name} is expecting {width} features as input.")
    return X
