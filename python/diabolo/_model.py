"""Models, and the functions that make and use them."""

import json
import os
import sys
import warnings as _warnings
from collections.abc import Mapping

from . import _diabolo
from ._arguments import cell, conditions, rule_of, whole
from ._parameters import SETTINGS, described
from ._rows import is_path, rows_of, usual_kind


class DiaboloWarning(UserWarning):
    """Something about data or settings that a fit has noticed."""


def fit(data, *, out=None, verbose=False, callback=None, **settings):
    """Fits a model.

    ``settings`` are keywords such as ``preset="detect"`` or ``latent_dim=8``: the flags of ``diabolo
    fit`` with underscores; those for files are in `read`. ``out`` is a run folder to write.
    ``callback`` gets a dict for each epoch, phase and warning; an exception of it ends the fit.
    """
    source, kind, types, name = _source(data)
    out = None if out is None else os.fspath(out)
    made, found = _diabolo.fit(source, _keywords(settings, types), name, out, _listener(verbose, callback))
    model = _wrapped(made, kind, json.loads(found))
    _warn(model.warnings)
    return model


fit.__doc__ = described(fit.__doc__, "Settings", SETTINGS)


def load(path):
    """The model of a run folder or a model file, also of ``diabolo fit``."""
    return _wrapped(_diabolo.load(os.fspath(path)))


def read(source, *, delimiter=None, header=None, encoding=None, skip_bad_rows=None, resize=None, gray=None,
         strict=None):  # fmt: skip
    """The rows of a file, a folder, or a built-in set such as ``"digits"``, as a `diabolo.Table`.

    Any library of Arrow takes it: ``polars.DataFrame(table)``, ``pyarrow.table(table).to_pandas()``. The
    options are those of ``diabolo fit`` for files; a model reads its paths as those of its fit.
    """
    given = {"delimiter": delimiter, "header": header, "encoding": encoding, "skip_bad_rows": skip_bad_rows,
             "resize": resize, "gray": gray, "strict": strict}  # fmt: skip
    table, notes = _diabolo.read(os.fspath(source), _keywords(given, {}))
    _warn(notes)
    return table


def inspect(data, **settings):
    """What rows hold, column by column: kind and why, missing cells, values, likelihood; or a model's facts."""
    if isinstance(_of(data), _Saved):
        return _of(data).info
    source, _, types, name = _source(data)
    return json.loads(_diabolo.inspect(source, _keywords(settings, types), name))


def compare(data, *, models=("plain", "denoising", "contractive", "variational"), seeds=None, tied=True, out=None,
            verbose=False, callback=None, **settings):  # fmt: skip
    """Compares model families with the same rows, settings and seeds, as ``diabolo compare`` does.

    Returns metrics and verdicts; ``out`` is a folder for the page and for resuming.
    """
    import tempfile

    source, _, types, _ = _source(data)
    each = [_keywords({"tied": None if name == "variational" else tied, **settings, "model": name}, types)
            for name in models]  # fmt: skip
    first = int(settings.get("seed") or 0)
    chosen = [first + at for at in range(10 if seeds is None else seeds)]
    listener = _listener(verbose, callback)
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "compare") if out is None else os.fspath(out)
        numbers, text = _diabolo.compare(
            source, each, chosen, 30.0 if seeds is None else None, tied, place, listener
        )
    return {**json.loads(numbers), "text": text}


def evaluate(model, data=None, *, samples=None, diagnose=False):
    """Metrics of a model on rows: reconstruction, KL divergence, contraction, …, in nats per row.

    The rows may be a path: of the data of the fit, the rows that were held out are used, as by default.
    """
    return _with(model, "evaluate").evaluate(data, samples=samples, diagnose=diagnose)


def report(model, data=None, out=None):
    """The report of a model as HTML, written to ``out`` if given (``.svg``: the figure).

    Rows as in `evaluate`.
    """
    return _with(model, "report").report(data, out)


def drift(model, data):
    """How rows, or those of a path, differ from those held out of the fit: score, columns, latent dimensions."""
    return _with(model, "drift").drift(data)


def _of(model):
    """The model of a fitted estimator, or the model itself."""
    return getattr(model, "model_", model)


def _with(model, name):
    """The autoencoder that has this method."""
    made = _of(model)
    if not isinstance(made, Model):
        others = "a forecast has `metrics`, a synthesizer `audit`, and `fit(..., out=FOLDER)` writes a report"
        raise TypeError(f"{name}: expected a fitted autoencoder, found {type(made).__name__}; {others}")
    return made


def _source(data):
    """What the library reads, the kind of rows, kinds of columns that follow from it, and a name."""
    if is_path(data):
        return os.fspath(data), None, {}, os.fspath(data)
    rows = rows_of(data)
    return rows.table, rows.kind, rows.types, "rows"


def _keywords(settings, types):
    given = {name: value for name, value in settings.items() if value is not None}
    own = given.get("types", {})
    if not isinstance(own, Mapping):
        raise TypeError(f"types: expected a dict such as {{'zip': 'categorical'}}, found {own!r}")
    types = {**types, **own}
    aside = [given.get("drop") or [], given.get("condition") or []]
    names = {name for names in aside for name in ([names] if isinstance(names, str) else names)}
    names |= {given.get("key"), given.get("label")}
    types = {name: kind for name, kind in types.items() if name not in names}
    return json.dumps({**given, "types": types} if types else given, default=_plain)


def _plain(value):
    """Numbers of NumPy as Python's."""
    for name in ("item", "tolist"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"expected numbers, texts, lists or dicts as settings, found {type(value).__name__}")


def _level():
    """How far up the call from outside of the package is, for a warning to name its line."""
    frame, level = sys._getframe(2), 2
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    return level


def _warn(texts):
    for text in texts:
        _warnings.warn(_diabolo.in_python(text), DiaboloWarning, stacklevel=_level())


def _wrapped(made, kind=None, found=None):
    """The model of the package around one of the extension."""
    model = next(model for model in (Model, ForecastModel, SynthesisModel) if isinstance(made, model._inner))
    return model(made, kind, found)


def _listener(verbose, callback):
    if callback is None and not verbose:
        return None
    show = _progress() if verbose else None

    def listen(text):
        event = json.loads(text)
        if show is not None:
            show(event)
        if callback is not None:
            callback(event)

    return listen


def _progress():
    """Shows a bar of tqdm if it is there, else a line per tenth of the epochs."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        tqdm = None
    bar = None

    def show(event):
        nonlocal bar
        if event["event"] == "model":
            print(f"{event['model']}, seed {event['seed']}", flush=True)
        if event["event"] != "epoch":
            return
        objective = (event["validation"] or event["train"]).get("objective", float("nan"))
        epoch, epochs = event["epoch"], event["epochs"]
        if tqdm is None:
            if epoch == 1 or epoch % max(epochs // 10, 1) == 0 or epoch == epochs:
                print(f"epoch {epoch}/{epochs} · objective {objective:.3f} nats", flush=True)
            return
        bar = bar or tqdm(total=epochs, unit="epoch")
        bar.set_postfix_str(f"objective {objective:.3f} nats")
        bar.update(1)
        if epoch == epochs:
            bar.close()
            bar = None

    return show


class _Saved:
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
        _warn(notes)
        return rows_of(table)

    def _frame(self, table):
        return (self._kind or usual_kind()).new(table)


class Model(_Saved):
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

    def score(self, data, *, reasons=3, explain_all=False, alone=False, **rule):
        """The rows with ``score``, ``p_value``, ``anomaly`` and ``reason_1``, …

        A rule says which rows are anomalies: ``alpha=0.05`` (by default), ``fdr=0.1``, ``top=10``,
        ``alerts_per_1000=5`` or ``quantile=0.99``. ``alone`` gives no columns of the rows. For an array,
        a dict of arrays comes back.
        """
        rows = self._rows(data)
        how = (*rule_of(rule), whole("reasons", reasons), explain_all, alone or not rows.is_frame)
        table, notes = self._made.score(rows.table, *how)
        _warn(notes)
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
        _warn(notes)
        return json.loads(numbers)

    def report(self, data=None, out=None):
        """The report on rows, by default on those that were held out of the fit for testing."""
        figure = out is not None and os.fspath(out).endswith(".svg")
        text, notes = self._made.report(_evaluated(data), figure)
        _warn(notes)
        if out is not None:
            with open(out, "w", encoding="utf-8") as file:
                file.write(text)
        return text

    def contraction(self, data):
        """The squared Frobenius norm of the encoder's Jacobian at each row, exact."""
        return self._made.contraction(self._rows(data).table)

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
    return None if data is None else _source(data)[0]


class ForecastModel(_Saved):
    """A fitted forecast, made by `fit` with ``preset="forecast"`` or `load`."""

    _inner = _diabolo.Forecast

    def forecast(self, data, horizon=None, *, level=(0.8, 0.95), samples=0, seed=0, start=None):
        """The next values of the series of these rows, with intervals, or so many sample paths.

        ``start`` is a row of each series, from 1, or a time; by default the step after the last row.
        """
        rows = self._rows(data)
        horizon = None if horizon is None else whole("horizon", horizon, 1)
        levels = [level] if isinstance(level, (int, float)) else list(level)
        start = start if start is None or hasattr(start, "__index__") else str(start)
        table, notes = self._made.forecast(rows.table, horizon, levels, whole("samples", samples), seed, start)
        _warn(notes)
        return rows.back(table, same_rows=False)

    def __repr__(self):
        made = self.info["header"]["forecast"]
        return f"<diabolo.ForecastModel: {made['horizon']} steps, season {made['season']}>"


class SynthesisModel(_Saved):
    """A fitted model of a table, made by `fit` with ``preset="synthesize"`` or `load`."""

    _inner = _diabolo.Synthesis

    def generate(self, n, *, where=None, balance=None, seed=0):
        """New rows. ``where={"plan": "pro", "age": [">=65", "<80"]}`` sets conditions on any columns, of a
        list all, and ``balance="plan"`` gives each level of a column as many rows."""
        given = conditions(where, self._parts()) if where else []
        table, notes = self._made.generate(whole("n", n, 1), given, balance, seed)
        _warn(notes)
        return self._frame(table)

    def audit(self, out=None):
        """How near new rows are to those of the fit, in shape and for privacy, beside held-out rows, as a dict.

        ``out`` is the page to write.
        """
        audited = self._made.audit()
        if audited is None:
            raise ValueError("an audit needs the rows of the fit, with 30 held-out ones: a model from a file has none")
        numbers, page = audited
        if out is not None:
            with open(out, "w", encoding="utf-8") as file:
                file.write(page)
        return json.loads(numbers)

    def __repr__(self):
        return f"<diabolo.SynthesisModel: {sum(len(part['columns']) for part in self._parts())} columns>"

    def _parts(self):
        return self.info["header"]["table"]["codec"]["parts"]
