"""One estimator a task: anomalies, missing cells, new rows, forecasts, compression."""

from numbers import Real

from . import _diabolo
from ._arguments import whole
from ._base import OutlierMixin, RowEstimator, TransformerMixin, each, texts, vector
from ._model import warn
from ._rows import rows_of


class AnomalyDetector(OutlierMixin, RowEstimator):
    """Finds rows that are unlike those it was fitted to, with p-values and reasons.

    ``contamination="auto"`` flags rows with a p-value of at most 0.05, as ``diabolo score`` does: a row
    like the held-out ones is flagged that often; with fewer than 19 of those, rows above them all are.
    A number is the exact share to flag of the rows of `fit` (of a series: of those with a whole window);
    rows of equal scores are flagged together or not at all, and a warning says if that makes them fewer.
    ``contaminated=True`` is for rows of `fit` that contain anomalies.
    """

    _defaults = {"contamination": "auto", "contaminated": False, "model": None, "key": None, "window": None,
                 "steps": None}  # fmt: skip
    _aside = ("contamination", "contaminated", "model")
    _alpha = 0.05

    def _preset_name(self):
        return "detect-contaminated" if self.contaminated else "detect"

    @property
    def _model(self):
        return self.model

    def fit(self, X, y=None):
        """Fits the model, and the threshold."""
        share = self.contamination
        if share != "auto" and not (isinstance(share, Real) and 0 < share <= 0.5):
            raise ValueError(f"contamination: expected 'auto' or a number above 0, up to 0.5, found {share!r}")
        super().fit(X, y)
        self.offset_ = self._alpha_offset() if share == "auto" else self._share_offset(X, share)
        return self

    def _alpha_offset(self):
        threshold = self.model_._made.threshold(self._alpha)
        if threshold is None:
            raise ValueError("no row was held out: give more rows, or a contamination")
        return -threshold

    def _share_offset(self, X, share):
        # The first rows of a series have no whole window, and no score.
        scores = sorted(score for score in self.score_samples(X) if score == score)
        flagged = int(share * len(scores) + 1e-9)
        # Between two scores, so that rounding moves no row.
        below = scores[flagged - 1] if flagged else scores[0] - 2.0
        if below == scores[flagged]:
            fewer = scores.index(below)
            same = scores.count(below)
            warn([f"contamination: {fewer} rows are flagged instead of {flagged}, since {same} rows have the same score"])
        return float((below + scores[flagged]) / 2)

    def score_samples(self, X):
        """Minus the score of ``diabolo score``, nats above the usual: lower is more anomalous."""
        return each(vector(self._scored(X), "score"), lambda score: -score)

    def decision_function(self, X):
        """`score_samples` minus `offset_`: negative for anomalies."""
        return each(self.score_samples(X), lambda score: score - self.offset_)

    def predict(self, X):
        """−1 for anomalies, 1 for others."""
        return _labels(each(self.decision_function(X), lambda score: score < 0))

    def p_values(self, X):
        """The conformal p-value of each row: how often a row like those held out scores as high."""
        return vector(self._scored(X), "p_value")

    def fdr(self, X, rate=0.1):
        """−1 for anomalies, of which on average at most this share is false (Benjamini & Hochberg)."""
        return _labels(vector(self._scored(X, "fdr", rate), "anomaly"))

    def reasons(self, X, n=3, **rule):
        """``score``, ``p_value``, ``anomaly`` and, for anomalies, the columns that contribute most.

        A rule as in `diabolo.Model.score`, such as ``top=10``; p-values of at most 0.05 by default.
        """
        model = self._fitted()
        return model.score(self._rows(X), reasons=n, alone=True, **rule)

    def _scored(self, X, rule="alpha", value=0.05):
        model = self._fitted()
        return model._made.score(rows_of(self._rows(X)).table, rule, value, reasons=0, alone=True)[0]


def _labels(anomalous):
    try:
        import numpy

        return numpy.where(anomalous, -1, 1)
    except ImportError:
        return [-1 if row else 1 for row in anomalous]


class Imputer(TransformerMixin, RowEstimator):
    """Imputes missing cells from the others of their row by importance weights (MIWAE).

    With ``sample_posterior=True`` cells are drawn, so that tables of several seeds are multiple
    imputations (see also `impute`); ``add_indicator=True`` adds a column per column with missing cells.
    """

    _preset = "impute"
    _defaults = {"latent_dim": None, "hidden": None, "likelihood": None, "key": None, "samples": 1000,
                 "sample_posterior": False, "add_indicator": False}  # fmt: skip
    _aside = ("samples", "sample_posterior", "add_indicator")

    def fit(self, X, y=None):
        """Fits the model."""
        super().fit(X, y)
        rows = rows_of(self._rows(X))
        self._names = rows.table.column_names if rows.is_frame else [f"x{at}" for at in range(self.n_features_in_)]
        columns = {name: rows.table.column(name)[2] for name in rows.table.column_names}
        self._gappy = [at for at, mask in enumerate(columns.values()) if mask is not None]
        return self

    def transform(self, X):
        """The rows without missing cells."""
        model = self._fitted()
        X = self._rows(X)
        rows = rows_of(X)
        drawn = int(self.sample_posterior)
        made = model._made.impute(rows.table, whole("samples", self.samples, 1), drawn, False, self._seed())
        completed = made["draws"][0] if drawn else made["completed"]
        return rows.back(completed) if not self.add_indicator else self._beside(completed, rows)

    def impute(self, X, multiple=5):
        """So many completed tables with drawn cells, for multiple imputation."""
        model = self._fitted()
        return model.impute(self._rows(X), samples=self.samples, multiple=multiple, seed=self._seed())

    def _beside(self, completed, rows):
        """The completed rows, and for each column that had missing cells in `fit` whether they are."""
        names = rows.table.column_names
        masks = [rows.table.column(names[at])[2] or bytes(len(rows.table)) for at in self._gappy]
        if rows.is_frame:
            flags = [(f"missingindicator_{names[at]}", "bool", bytes(mask), None)
                     for at, mask in zip(self._gappy, masks)]  # fmt: skip
            return rows.back(completed.beside(_diabolo.Table.from_columns(flags, len(completed))))
        import numpy

        completed = rows.back(completed)
        columns = [numpy.frombuffer(mask, "u1").astype(completed.dtype) for mask in masks]
        return numpy.column_stack([completed, *columns]) if columns else completed

    def get_feature_names_out(self, input_features=None):
        """The names of the columns, and of the indicators."""
        self._fitted()
        names = list(getattr(self, "feature_names_in_", self._names))
        if input_features is not None and list(input_features) != names:
            if hasattr(self, "feature_names_in_"):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(input_features) != len(names):
                raise ValueError("input_features should have length equal to number of features")
            names = list(input_features)
        if self.add_indicator:
            names = names + [f"missingindicator_{names[at]}" for at in self._gappy]
        return texts(names)

    @property
    def _n_features_out(self):
        return len(self.get_feature_names_out())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class Synthesizer(RowEstimator):
    """New rows like those it was fitted to: ``Synthesizer().fit(rows).sample(1000)``."""

    _preset = "synthesize"
    _defaults = {"label": None, "key": None, "key_format": None, "rare": None, "together": None, "require": None}

    def sample(self, n, *, where=None, balance=None, random_state=None):
        """``n`` new rows in the columns, types and units of the data.

        ``where={"plan": "pro", "age": [">=65", "<80"]}`` sets conditions on any columns, of a list all,
        and ``balance="plan"`` gives each level of a column as many rows.
        """
        seed = self._seed() if random_state is None else int(random_state)
        return self._fitted().generate(n, where=where, balance=balance, seed=seed)

    def audit(self, out=None):
        """How near new rows are to those of the fit, in shape and for privacy, beside held-out rows, as a dict.

        ``out`` is the page to write.
        """
        return self._fitted().audit(out)


class Compressor(RowEstimator):
    """Lossless compression of rows like those it was fitted to."""

    _preset = "compress"
    _defaults = {"latent_dim": None, "hidden": None, "likelihood": None, "key": None}

    def compress(self, X, *, embed=False, error=None):
        """The rows as the bytes of a ``.dbz`` file; ``embed`` puts the model in it, and numbers may be wrong by ``error``
        times the training range of their column."""
        model = self._fitted()
        return model.compress(self._rows(X), embed=embed, error=error)

    def decompress(self, data):
        """The rows of a ``.dbz`` file."""
        return self._fitted().decompress(data)


def _free_name(frame):
    """A name for the times of an index without one, which no column has."""
    names = set(getattr(frame, "columns", ()))
    return next(name for name in ("time", *(f"time_{k}" for k in range(len(names) + 1))) if name not in names)


class Forecaster(RowEstimator):
    """The next values of series: rows in order of time, a column or more of numbers.

    Without a ``key``, the times of a `DatetimeIndex` of pandas are one, and the index of forecasts.
    """

    _preset = "forecast"
    _defaults = {"horizon": None, "season": None, "window": None, "key": None, "series": None, "step": None,
                 "known": None, "test": None}  # fmt: skip

    def fit(self, X, y=None):
        """Fits the forecast to the history, which may be a path, and from which `predict` continues."""
        given = self.key or (self.options or {}).get("key")
        has_times = given is None and type(getattr(X, "index", None)).__name__ == "DatetimeIndex"
        self._time = (X.index.name or _free_name(X)) if has_times else None
        super().fit(self._timed(X), y)
        self.history_ = X
        return self

    def _settings(self):
        settings = super()._settings()
        return settings if self._time is None else {**settings, "key": self._time}

    def _timed(self, rows):
        """The rows, with the times of their index as a column."""
        if self._time is None or not hasattr(rows, "iloc"):
            return rows
        frame = rows.to_frame(rows.name or "value") if rows.ndim == 1 else rows
        return frame.rename_axis(index=self._time).reset_index()

    def predict(self, horizon=None, *, level=(0.8, 0.95), history=None, future=None):
        """The next values with intervals, after the rows of `fit` or after ``history``.

        ``future`` are rows with the key and the ``known`` columns at the predicted steps.
        """
        model = self._fitted()
        rows = self.history_ if history is None else history
        future = None if future is None else self._timed(future)
        made = model.forecast(self._timed(rows), horizon, level=level, future=future)
        return made.set_index(self._time) if self._time is not None and hasattr(made, "iloc") else made
