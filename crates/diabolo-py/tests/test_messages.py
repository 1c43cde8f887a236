"""Errors and warnings, which name the arguments of the package."""

import ast
import re
import sys
import types

import numpy
import pandas
import pyarrow
import pytest
from conftest import mixed_frame

import diabolo
from diabolo._diabolo import in_python, keywords
from diabolo._functions import _Progress
from diabolo._parameters import FILES, SETTINGS


@pytest.mark.parametrize(
    ("text", "worded"),
    [
        ("raise --latent-dim or --kl-warmup 10 (--bound)", "raise latent_dim or kl_warmup 10 (bound)"),
        ("--from: expected a time, found '--from'", "start: expected a time, found '--from'"),
        ("`diabolo calibrate RUN` with more rows", "`calibrate` with more rows"),
        ("finish it with `diabolo fit --resume`", "finish it with `diabolo fit --resume`"),
        ("a -- b, a--b, ---, é --É, --", "a -- b, a--b, ---, é --É, --"),
        (r"--key 'it'\''s' or --drop 'a b' 'c", "key \"it's\" or drop 'a b' 'c"),
    ],
)
def test_messages_name_settings(text, worded):
    assert in_python(text) == worded


def test_warnings_name_arguments_and_the_line_of_the_caller():
    frame = mixed_frame()
    detector = diabolo.AnomalyDetector(epochs=3).fit(frame)
    with pytest.warns(diabolo.DiaboloWarning, match="`calibrate` with more rows, or top$") as seen:
        detector.reasons(frame, fdr=0.01)
    assert [one.filename for one in seen] == [__file__]
    for rule, words in (({"fdr": 7}, "^fdr: expected a number"), ({"top": 2.5}, "^top: expected a whole number"),
                        ({"alpha": "x"}, "^alpha: expected a number, found 'x'")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            detector.reasons(frame, **rule)
    with pytest.raises(ValueError, match="^reasons: expected a whole number, 0 or more, found -1"):
        detector.reasons(frame, n=-1)
    with pytest.raises(ValueError, match="^contamination: expected 'auto' or a number"):
        diabolo.AnomalyDetector(contamination="some").fit(frame)
    assert diabolo.inspect(detector) == detector.model_.info
    with pytest.raises(TypeError, match="types: expected a dict such as {'zip': 'categorical'}, found 'plan'"):
        diabolo.fit(frame, types="plan")


def test_findings_of_a_fit_name_settings():
    events = []
    rows = numpy.random.default_rng(0).normal(size=(400, 4))
    given = {"epochs": 12, "hidden": [16], "latent_dim": 4, "kl_weight": 5.0}
    with pytest.warns(diabolo.DiaboloWarning, match="worse than a trivial model: .* a smaller learning_rate") as seen:
        model = diabolo.fit(rows, callback=events.append, **given)
    assert model.warnings == [str(one.message) for one in seen] and "--" not in "".join(model.warnings)
    assert set(model.warnings) <= {event["message"] for event in events if event["event"] == "warning"}
    with pytest.raises(RuntimeError, match="the loss diverged: .* try a smaller learning_rate"):
        diabolo.fit(rows, learning_rate=50.0, hidden=[16], epochs=30)


def test_every_parameter_is_described():
    for name in ("AnomalyDetector", "Imputer", "Synthesizer", "Compressor", "Forecaster", "VariationalAutoencoder"):
        kind = getattr(diabolo, name)
        lines = kind.__doc__.splitlines()
        for parameter in kind().get_params():
            assert lines[lines.index(parameter) + 1].startswith("    ")
    assert sorted([*SETTINGS, *FILES]) == sorted(keywords())
    for setting in keywords():
        assert f"\n{setting}\n    " in diabolo.fit.__doc__
        assert (f"\n{setting}\n    " in diabolo.read.__doc__) == (setting in FILES)
        # A known name with a wrong value.
        with pytest.raises((TypeError, ValueError)) as raised:
            diabolo.fit(mixed_frame(), **{setting: [[[]]]})
        assert "unknown name" not in str(raised.value)


def test_numbers_of_rows_are_checked_and_give_the_bits_of_the_whole_table():
    frame = mixed_frame(60)
    frame.loc[::4, "height"] = numpy.nan
    model = diabolo.fit(frame, preset="impute", epochs=2)
    numbered = pyarrow.Table.from_pandas(frame.assign(number=numpy.arange(60)), preserve_index=False)
    fill = model.batch_function("impute", number="number", samples=20)
    whole = model.impute(frame, samples=20)["height"]
    for order in (numpy.arange(60), numpy.random.default_rng(0).permutation(60)[:25]):
        for batch in (numbered.take(order), numbered.take(order).to_pandas()):
            made = fill(batch)["height"]
            assert numpy.array_equal(numpy.asarray(made), whole.to_numpy()[order])
    with pytest.raises(KeyError, match="found no such column"):
        fill(numbered.drop_columns("number"))
    for wrong in ([-1] * 60, [0.5] * 60, ["a"] * 60, [None] * 60, [True] * 60, [2.0**53] * 60):
        with pytest.raises(ValueError, match="number: expected whole numbers from 0 in the column 'number', found"):
            fill(numbered.drop_columns("number").append_column("number", pyarrow.array(wrong)))
    with pytest.raises(TypeError, match="number: expected the name of a column"):
        model.batch_function("impute", number=3)


def test_settings_may_be_of_numpy():
    model = diabolo.fit(numpy.random.default_rng(0).normal(size=(80, 3)), hidden=numpy.array([5, 4]), epochs=numpy.int64(1))
    assert model.info["header"]["config"]["model"]["hidden"] == [5, 4]


def test_values_of_another_kind_are_named_without_types_of_rust():
    rows = numpy.random.default_rng(0).normal(size=(60, 2))
    for given, words in (
        ({"epochs": -1}, "training.epochs: expected a whole number, 0 or more, found -1"),
        ({"epochs": "abc"}, 'training.epochs: expected a whole number, 0 or more, found "abc"'),
        ({"learning_rate": "abc"}, 'training.learning_rate: expected a number, found "abc"'),
        ({"model": "plain", "tied": 3}, "model.family.tied: expected true or false, found 3"),
        ({"optimizer": 3}, "training.optimizer: expected a table with the key 'kind', found 3"),
        ({"hidden": ["a"]}, 'model.hidden: expected a whole number, 0 or more, found "a"'),
    ):
        with pytest.raises(ValueError) as raised:
            diabolo.fit(rows, **given)
        assert str(raised.value) == words


def test_names_of_pandas_that_are_no_texts():
    names = pandas.MultiIndex.from_tuples([("x", "a"), ("x", "b"), ("y", "a")])
    frame = pandas.DataFrame(numpy.random.default_rng(0).normal(size=(60, 3)).round(1), columns=names)
    frame = frame.astype({("x", "b"): str})
    frame[("x", "b")] += pandas.Series(range(60)).map(" {}".format)
    with pytest.warns(diabolo.DiaboloWarning, match=r"""; key "\('x', 'b'\)" copies it to outputs""") as seen:
        model = diabolo.fit(frame, epochs=1)
    advice = next(str(one.message) for one in seen if "key " in str(one.message))
    name = ast.literal_eval(re.search("key (.*) copies", advice)[1])
    for key in (name, ("x", "b")):
        keyed = diabolo.fit(frame, epochs=1, key=key)
        assert list(keyed.encode(frame).columns)[0] == ("x", "b")
    assert len(diabolo.fit(frame, epochs=1, drop=[("x", "b")], types={("y", "a"): "numeric"}).info["columns"]) == 2
    assert list(model.reconstruct(frame).columns)[0] == ("x", "a")
    twice = frame.set_axis(["a", "b", "a"], axis=1)
    with pytest.raises(ValueError, match="column 'a': expected different column names, found the name twice; rename one of them$"):
        diabolo.fit(twice)


class Bar:
    """A bar of tqdm, which writes down what is done with it."""

    def __init__(self, total, unit):
        self.total, self.epochs, self.closed = total, 0, 0
        BARS.append(self)

    def set_postfix_str(self, text):
        assert text.startswith("objective ")

    def update(self, count):
        assert not self.closed
        self.epochs += count

    def close(self):
        self.closed += 1


BARS = []


def test_a_bar_ends_with_its_fit(monkeypatch):
    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    BARS.clear()

    def fail(event):
        if event["event"] == "epoch":
            raise LookupError

    rows = numpy.random.default_rng(0).normal(size=(200, 3))
    model = diabolo.fit(rows, epochs=300, patience=1, verbose=True)
    assert 0 < len(model.history) < 300 and [bar.epochs for bar in BARS] == [len(model.history)]
    diabolo.fit(rows, model="plain", hidden=[6, 4], pretrain_epochs=2, epochs=3, verbose=True)
    assert [bar.epochs for bar in BARS[1:]] == [bar.total for bar in BARS[1:]]
    with pytest.raises(LookupError):
        diabolo.fit(rows, epochs=300, verbose=True, callback=fail)
    assert all(bar.closed == 1 for bar in BARS)
    # Models of a comparison.
    progress = _Progress()
    epoch = {"event": "epoch", "validation": None, "train": {"objective": 1.0}, "epochs": 5}
    BARS.clear()
    for event in [{"event": "model", "model": "plain", "seed": 0}, {**epoch, "epoch": 1}, {**epoch, "epoch": 2}] * 2:
        progress.show(event)
    progress.close()
    assert [(bar.epochs, bar.closed) for bar in BARS] == [(2, 1), (2, 1)]
