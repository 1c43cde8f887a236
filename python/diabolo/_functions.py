"""The functions that make and use models."""

import json
import os
from collections.abc import Mapping
from contextlib import contextmanager

from . import _diabolo
from ._arguments import whole
from ._model import Model, Saved, source_of, warn, wrapped, write_page
from ._parameters import FILES, SETTINGS, described
from ._rows import is_path, rows_of


def fit(data, *, out=None, verbose=False, callback=None, **settings):
    """Fits a model.

    ``settings`` are keywords such as ``preset="detect"`` or ``latent_dim=8``: the flags of ``diabolo
    fit`` with underscores. ``out`` is a run folder to write.
    ``callback`` gets a dict for each epoch, phase, note and warning; an exception of it ends the fit.
    """
    source, kind, types, name = source_of(data)
    out = None if out is None else os.fspath(out)
    with _listening(verbose, callback) as listener:
        made, found = _diabolo.fit(source, _keywords(settings, types), name, out, listener)
    model = wrapped(made, kind, json.loads(found))
    warn(model.warnings)
    return model


fit.__doc__ = described(fit.__doc__, "Settings", {**SETTINGS, **FILES})


def load(path):
    """The model of a run folder or a model file, also of ``diabolo fit``."""
    return wrapped(_diabolo.load(os.fspath(path)))


def read(source, *, delimiter=None, header=None, encoding=None, skip_bad_rows=None, resize=None, gray=None,
         strict=None):  # fmt: skip
    """The rows of a file, a folder, or a built-in set such as ``"digits"``, as a `diabolo.Table`.

    ``to_pandas()`` makes a data frame of it, and any library of Arrow takes it: ``polars.DataFrame(table)``.
    Cells of a text file that are numbers become numbers, unless that would change how they are written: ``007``
    and ``1.50`` stay texts. A model reads its paths as those of its fit.
    """
    given = {"delimiter": delimiter, "header": header, "encoding": encoding, "skip_bad_rows": skip_bad_rows,
             "resize": resize, "gray": gray, "strict": strict}  # fmt: skip
    table, notes = _diabolo.read(os.fspath(source), _keywords(given, {}), True)
    warn(notes)
    return table


read.__doc__ = described(read.__doc__, "Options", FILES)


def inspect(data, **settings):
    """What rows hold, column by column: kind and why, missing cells, values, likelihood; or a model's facts."""
    if isinstance(_of(data), Saved):
        return _of(data).info
    source, _, types, name = source_of(data)
    return json.loads(_diabolo.inspect(source, _keywords(settings, types), name))


def compare(data, *, models=("plain", "denoising", "contractive", "variational"), seeds=None, initializations=1,
            tied=None, out=None, verbose=False, callback=None, **settings):  # fmt: skip
    """Compares model families with the same rows, settings and seeds, as ``diabolo compare`` does.

    ``seeds`` is the number of splits of the rows, ``initializations`` that of trainings on each.
    Decoders are ``tied`` to their encoders where the network has a transpose.
    Returns metrics and verdicts; ``out`` is a folder for the page and for resuming.
    """
    import tempfile

    source, _, types, _ = source_of(data)
    each = [_keywords({"tied": None if name == "variational" else tied, **settings, "model": name}, types)
            for name in models]  # fmt: skip
    first = int(settings.get("seed") or 0)
    chosen = [first + at for at in range(10 if seeds is None else seeds)]
    with tempfile.TemporaryDirectory() as folder, _listening(verbose, callback) as listener:
        place = os.path.join(folder, "compare") if out is None else os.fspath(out)
        numbers, text = _diabolo.compare(
            source, each, chosen, initializations, 30.0 if seeds is None else None, tied, place, listener
        )
    return {**json.loads(numbers), "text": text}


def evaluate(model, data=None, *, samples=None, diagnose=False):
    """Metrics of a model on rows: reconstruction, KL divergence, contraction, …, in nats per row.

    The rows may be a path: of the data of the fit, the rows that were held out are used, as by default.
    """
    return autoencoder_of(model, "evaluate").evaluate(data, samples=samples, diagnose=diagnose)


def report(model, data=None, out=None):
    """The report of a model as HTML, written to ``out`` if given (``.svg``: the figure).

    Rows as in `evaluate`.
    """
    return autoencoder_of(model, "report").report(data, out)


class Pictures:
    """Images side by side, which notebooks show."""

    def __init__(self, png):
        self.png = png

    def save(self, path):
        """Writes the PNG."""
        with open(path, "wb") as file:
            file.write(self.png)

    def _repr_png_(self):
        return self.png


def pictures(images, *, columns=None):
    """Images side by side, such as those that a model reconstructs or draws: shown by notebooks, or ``save(path)``.

    ``images`` are an array of 3 or 4 dimensions, or rows with an image column; ``columns`` is the number in a line.
    """
    given = whole("columns", columns, 1) if columns is not None else None
    return Pictures(_diabolo.pictures(rows_of(images).table, given))


def drift(model, data):
    """How rows, or those of a path, differ from those held out of the fit: score, columns, latent dimensions."""
    return autoencoder_of(model, "drift").drift(data)


def audit(data, *, real, holdout, target=None, secret=None, require=(), seed=0, out=None):
    """How near synthetic rows of any tool are to real ones, and for privacy, as ``diabolo audit`` has it.

    ``real`` are the rows that the synthetic ones were made from, and ``holdout`` others of the same kind,
    for comparison. ``target`` is a column to predict, ``secret`` one that an attacker wants to know,
    ``require`` rules between two columns such as ``"start<=end"``, and ``out`` the page to write.
    """
    tables = [_as_written(rows) if is_path(rows) else rows_of(rows).table for rows in (data, real, holdout)]
    name = os.fspath(data) if is_path(data) else "rows"
    rules = [require] if isinstance(require, str) else list(require)
    numbers, page, notes = _diabolo.audit(*tables, name, target, secret, rules, seed)
    warn(notes)
    write_page(page, out)
    return json.loads(numbers)


def _as_written(path):
    """The rows of a path, with the cells of a text file as texts."""
    table, notes = _diabolo.read(os.fspath(path), "{}")
    warn(notes)
    return table


def _of(model):
    """The model of a fitted estimator, or the model itself."""
    return getattr(model, "model_", model)


def autoencoder_of(model, name):
    """The autoencoder, which a task needs."""
    made = _of(model)
    if not isinstance(made, Model):
        others = "a forecast has `metrics`, a synthesizer `audit`, and `fit(..., out=FOLDER)` writes a report"
        raise TypeError(f"{name}: expected a fitted autoencoder, found {type(made).__name__}; {others}")
    return made


def _keywords(settings, types):
    given = {name: _named(name, value) for name, value in settings.items() if value is not None}
    own = given.get("types", {})
    if not isinstance(own, Mapping):
        raise TypeError(f"types: expected a dict such as {{'zip': 'categorical'}}, found {own!r}")
    types = {**types, **{str(name): kind for name, kind in own.items()}}
    names = {*given.get("drop", ()), *given.get("condition", ()), given.get("key"), given.get("label")}
    types = {name: kind for name, kind in types.items() if name not in names}
    return json.dumps({**given, "types": types} if types else given, default=_plain)


def _named(setting, value):
    """Names of columns as a table has them: those of pandas may be numbers or tuples."""
    if setting in ("key", "label", "series"):
        return str(value)
    if setting in ("drop", "condition", "known"):
        is_one = isinstance(value, str) or not hasattr(value, "__iter__")
        return [str(name) for name in ([value] if is_one else value)]
    return value


def _plain(value):
    """Numbers and arrays of NumPy as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"expected numbers, texts, lists or dicts as settings, found {type(value).__name__}")


@contextmanager
def _listening(verbose, callback):
    """What the extension calls with each event."""
    progress = _Progress() if verbose else None

    def listen(text):
        event = json.loads(text)
        if progress is not None:
            progress.show(event)
        if callback is not None:
            callback(event)

    try:
        yield listen if verbose or callback is not None else None
    finally:
        if progress is not None:
            progress.close()


class _Progress:
    """Shows a bar of tqdm if it is there, else a line per tenth of the epochs."""

    def __init__(self):
        try:
            from tqdm.auto import tqdm
        except ImportError:
            tqdm = None
        self.tqdm, self.bar = tqdm, None

    def show(self, event):
        if event["event"] == "model":
            print(f"{event['model']}, seed {event['seed']}", flush=True)
        if event["event"] in ("model", "phase"):
            self.close()
        if event["event"] != "epoch":
            return
        objective = (event["validation"] or event["train"]).get("objective", float("nan"))
        epoch, epochs = event["epoch"], event["epochs"]
        if self.tqdm is None:
            if epoch == 1 or epoch % max(epochs // 10, 1) == 0 or epoch == epochs:
                print(f"epoch {epoch}/{epochs} · objective {objective:.3f} nats", flush=True)
            return
        if epoch == 1:
            # Each pretrained layer has epochs of its own.
            self.close()
        self.bar = self.bar or self.tqdm(total=epochs, unit="epoch")
        self.bar.set_postfix_str(f"objective {objective:.3f} nats")
        self.bar.update(1)

    def close(self):
        """Ends the bar: a fit may stop before its last epoch."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
