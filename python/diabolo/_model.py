"""Fitted models."""

import json
import os
import sys
import warnings as _warnings

from . import _diabolo
from ._arguments import cell, conditions, rule_of, whole
from ._html import with_table
from ._rows import is_path, rows_of, usual_kind


class DiaboloWarning(UserWarning):
    """Something about data or settings that a fit has noticed."""


def source_of(data):
    """What the library reads, the kind of rows, kinds of columns that follow from it, and a name."""
    if is_path(data):
        return os.fspath(data), None, {}, os.fspath(data)
    rows = rows_of(data)
    return rows.table, rows.kind, rows.types, "rows"


def _level():
    """How far up the call from outside of the package is, for a warning to name its line."""
    frame, level = sys._getframe(2), 2
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    return level


def warn(texts):
    """Warns of what the library has noted."""
    for text in texts:
        _warnings.warn(_diabolo.in_python(text), DiaboloWarning, stacklevel=_level())


def write_page(text, out):
    """Writes a page, if there is a place for it."""
    if out is not None:
        _diabolo.write_page(os.fspath(out), text)


def wrapped(made, kind=None, found=None):
    """The model of the package around one of the extension."""
    model = next(model for model in (Model, ForecastModel, SynthesisModel) if isinstance(made, model._inner))
    return model(made, kind, found)


class Saved:
    """What models share: their file, also as a pickle."""

    _inner: type

    def __init__(self, made, kind=None, found=None):
        self._made, self._kind = made, kind
        found = found or {}
        self.metrics, self.history = found.get("metrics"), found.get("history", [])
        # What still holds at the end of the fit.
        findings = [finding["message"] for record in self.history[-1:] for finding in record.get("findings", [])]
        self.warnings = [_diabolo.in_python(text) for text in [*found.get("warnings", []), *findings]]

    @property
    def info(self):
        """The header of the model file: configuration, schema, preprocessing, source."""
        return json.loads(self._made.describe())

    @classmethod
    def from_bytes(cls, data):
        """The model of the bytes of a model file."""
        return cls(cls._inner.from_bytes(bytes(data)))

    def to_bytes(self):
        """The bytes of the model file."""
        return self._made.to_bytes()

    def save(self, path):
        """Writes the model file, which ``diabolo.load`` and the command line read."""
        self._made.save(os.fspath(path))

    def __getstate__(self):
        return {"file": self.to_bytes(), "kind": self._kind}

    def __setstate__(self, state):
        self.__init__(self._inner.from_bytes(state["file"]), state["kind"])

    def __eq__(self, other):
        return type(self) is type(other) and self.to_bytes() == other.to_bytes()

    __hash__ = object.__hash__

    def _rows(self, data):
        """Rows, or those of a path, read as in the fit."""
        if not is_path(data):
            return rows_of(data)
        table, notes = self._made.read(os.fspath(data))
        warn(notes)
        return rows_of(table)

    def _frame(self, table):
        return (self._kind or usual_kind()).new(table)


class Model(Saved):
    """A fitted autoencoder, made by `fit` or `load`."""

    _inner = _diabolo.Model

    def __init__(self, made, kind=None, found=None):
        super().__init__(made, kind, found)
        self.stop_reason = (found or {}).get("stop_reason")

    def encode(self, data, *, alone=False):
        """The code of each row as columns ``latent_1``, …, after key and label unless ``alone``."""
        rows = self._rows(data)
        return rows.back(self._made.encode(rows.table, alone or not rows.is_frame))

    def decode(self, codes):
        """Rows in original units from codes."""
        rows = rows_of(codes)
        table = self._made.decode(rows.table)
        if self._kind in (None, type(rows)):
            return rows.back(table)
        made = self._frame(table)
        if hasattr(made, "iloc") and hasattr(codes, "iloc"):
            made.index = codes.index
        return made

    def reconstruct(self, data):
        """The mean reconstruction of each row."""
        rows = self._rows(data)
        return rows.back(self._made.reconstruct(rows.table))

    denoise = reconstruct

    def score(self, data, *, reasons=3, explain_all=False, alone=False, by_row=False, **rule):
        """The rows with ``score``, ``p_value``, ``anomaly`` and ``reason_1``, …

        A rule says which rows are anomalies: ``alpha=0.05`` (by default), ``fdr=0.1``, ``top=10``,
        ``alerts_per_1000=5`` or ``quantile=0.99``. ``alone`` gives no columns of the rows. For an array,
        a dict of arrays comes back. ``by_row`` scores the rows of a series by themselves, given the rows
        before them, instead of the windows that end at them.
        """
        rows = self._rows(data)
        how = (*rule_of(rule), whole("reasons", reasons), explain_all, alone or not rows.is_frame, by_row)
        table, notes = self._made.score(rows.table, *how)
        warn(notes)
        return rows.named(table)

    def impute(self, data, *, samples=1000, multiple=0, seed=0):
        """The rows with their missing cells imputed; with ``multiple=M`` a list of M drawn tables."""
        rows = self._rows(data)
        made = self._made.impute(rows.table, whole("samples", samples, 1), whole("multiple", multiple), False, seed)
        if multiple:
            return [rows.back(table) for table in made["draws"]]
        return rows.back(made["completed"])

    def imputation(self, data, *, samples=1000, seed=0):
        """The completed rows, which cells were imputed, and their standard errors, as a dict."""
        rows = self._rows(data)
        made = self._made.impute(rows.table, whole("samples", samples, 1), 0, self.info["is_variational"], seed)
        about = {name: rows.about(made[name]) for name in ("mask", "errors") if name in made}
        return {"completed": rows.back(made["completed"]), **about}

    def generate(self, n, *, where=None, seed=0, mean=None):
        """New rows; ``where={"column": value}`` for conditional models."""
        given = [(str(name), cell(value)) for name, value in (where or {}).items()]
        return self._frame(self._made.generate(whole("n", n, 1), given, mean, seed))

    def calibrate(self, data):
        """The same model with these rows as the reference of scores."""
        return Model(self._made.calibrate(self._rows(data).table), self._kind)

    def drift(self, data):
        """How rows differ from those held out of the fit."""
        return json.loads(self._made.drift(self._rows(data).table))

    def evaluate(self, data=None, *, samples=None, diagnose=False):
        """Metrics of rows, by default of those that were held out of the fit for testing."""
        if data is None and samples is None and not diagnose and self.metrics is not None:
            return self.metrics
        numbers, notes = self._made.evaluate(_evaluated(data), samples, diagnose)
        warn(notes)
        return json.loads(numbers)

    def report(self, data=None, out=None):
        """The report on rows, by default on those that were held out of the fit for testing."""
        figure = out is not None and os.fspath(out).endswith(".svg")
        text, notes = self._made.report(_evaluated(data), figure)
        warn(notes)
        write_page(text, out)
        return text

    def contraction(self, data):
        """The squared Frobenius norm of the encoder's Jacobian at each row, exact."""
        return self._made.contraction(self._rows(data).table)

    def batch_function(self, task, **arguments):
        """A function of record batches of PyArrow, for ``map_batches`` of Ray, ``mapInArrow`` of Spark, ….

        ``task`` is ``"score"``, ``"encode"`` or ``"impute"``, and the arguments are those of `diabolo.spark`.
        It pickles as the bytes of the model file, and a process that unpickles it makes the model once.
        """
        from ._batches import BatchFunction

        return BatchFunction(self, task, arguments)

    def to_onnx(self, path):
        """Writes the model as an ONNX file, for onnxruntime; returns the names of its outputs.

        It has an input of rows × 1 for each column, doubles or texts: NaN and ``""`` are missing cells. The
        outputs are ``code``, ``reconstruction`` in encoded units, and for plain, denoising, sparse and contractive models
        ``score``, ``p_value`` and ``is_anomaly`` (p ≤ 0.05). A warning says which outputs are left out.
        """
        outputs, notes = self._made.to_onnx(os.fspath(path))
        warn(notes)
        return outputs

    def compress(self, data, *, embed=False, error=None, block_rows=None):
        """The rows as the bytes of a ``.dbz`` file, without loss, or with numbers that may be wrong by ``error`` times the
        training range of their column."""
        return _diabolo.compress(self.to_bytes(), self._rows(data).table, embed, error, block_rows)

    def decompress(self, data):
        """The rows of a ``.dbz`` file."""
        return self._frame(_diabolo.decompress(bytes(data), self.to_bytes()))

    def __repr__(self):
        info = self.info
        return f"<diabolo.Model: {info['family']}, {' → '.join(info['layers'])}, {info['latent_dim']} latent dimensions>"

    def _repr_html_(self):
        rows = self._made.test_rows()
        return f"<pre>{self!r}</pre>".replace("<diabolo", "&lt;diabolo") + (
            "" if rows is None else self._made.report(rows, True)[0]
        )


def _evaluated(data):
    """Rows as the library takes them: a table, a path, or none for held-out ones."""
    return None if data is None else source_of(data)[0]


# Methods whose errors a forecast has, and their keys.
_METHODS = (("model", None), ("its ridge", "ridge"), ("last value", "last_value"), ("seasonal naive", "seasonal_naive"))


def _errors(name, metrics, key):
    """The errors of a method, as a line of a table."""
    of = metrics if key is None else metrics[key]
    percent = [100 * of["coverage"][level] if level in of["coverage"] else None for level in ("0.8", "0.95")]
    return [name, of["mase"], of["mae_standardized"], of["smape"], *percent]


class ForecastModel(Saved):
    """A fitted forecast, made by `fit` with ``preset="forecast"`` or `load`."""

    _inner = _diabolo.Forecast

    def forecast(
        self, data, horizon=None, *, level=(0.8, 0.95), samples=0, seed=0, start=None, future=None, rolling=False
    ):
        """The next values of the series of these rows, with intervals, or so many sample paths.

        ``start`` is a row of each series, from 1, or a time; by default the step after the last row;
        with ``rolling`` there is a forecast from each step after it.
        ``future`` are rows with the key and the known columns at the predicted steps.
        """
        rows = self._rows(data)
        future = None if future is None else self._rows(future).table
        horizon = None if horizon is None else whole("horizon", horizon, 1)
        levels = [level] if isinstance(level, (int, float)) else list(level)
        start = start if start is None or hasattr(start, "__index__") else str(start)
        samples = whole("samples", samples)
        table, notes = self._made.forecast(
            rows.table, horizon, levels, samples, seed, start, future, bool(rolling)
        )
        warn(notes)
        return rows.back(table, same_rows=False)

    def calibrate(self, data):
        """The same forecast with intervals by its errors on these rows, which are later than those of the fit."""
        return ForecastModel(self._made.calibrate(self._rows(data).table), self._kind)

    def __repr__(self):
        made = self.info["header"]["forecast"]
        return f"<diabolo.ForecastModel: {made['horizon']} steps, season {made['season']}>"

    def _repr_html_(self):
        """The errors on test windows, which a model from a file does not have."""
        head = ["", "MASE", "MAE", "sMAPE, %", "coverage of 80 %", "of 95 %"]
        return with_table(repr(self), head, [_errors(name, self.metrics, key) for name, key in _METHODS] if self.metrics else [])


class SynthesisModel(Saved):
    """A fitted model of a table, made by `fit` with ``preset="synthesize"`` or `load`."""

    _inner = _diabolo.Synthesis

    def generate(self, n, *, where=None, balance=None, seed=0):
        """New rows. ``where={"plan": "pro", "age": [">=65", "<80"]}`` sets conditions on any columns, of a
        list all, and ``balance="plan"`` gives each level of a column as many rows."""
        given = conditions(where, self._parts()) if where else []
        table, notes = self._made.generate(whole("n", n, 1), given, balance, seed)
        warn(notes)
        return self._frame(table)

    def audit(self, out=None):
        """How near new rows are to those of the fit, in shape and for privacy, beside held-out rows, as a dict.

        ``out`` is the page to write.
        """
        audited = self._made.audit()
        if audited is None:
            raise ValueError("an audit needs the rows of the fit, with 30 held-out ones: a model from a file has none")
        numbers, page = audited
        write_page(page, out)
        return json.loads(numbers)

    def __repr__(self):
        return f"<diabolo.SynthesisModel: {sum(len(part['columns']) for part in self._parts())} columns>"

    def _repr_html_(self):
        """What is known of each column."""
        rows = [
            [column["name"], column["kind"]["kind"], len(part["levels"]), len(part["pool"]), "yes" if part["numbers"] else "no"]
            for part in self._parts()
            for column in part["columns"]
        ]
        return with_table(repr(self), ["column", "kind", "levels", "rare levels", "other numbers"], rows)

    def _parts(self):
        return self.info["header"]["table"]["codec"]["parts"]
