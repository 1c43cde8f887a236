"""Spark with two executors: the bits of the model, and of the command line, for any partitioning."""

import os
import shutil
import sys

import numpy
import pandas
import pyarrow
import pytest
from conftest import HOME, mixed_frame

import diabolo

pytest.importorskip("pyspark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java", allow_module_level=True)

from pyspark.sql import SparkSession  # noqa: E402

from diabolo import spark as on_spark  # noqa: E402

ROWS = 600


@pytest.fixture(scope="module")
def session():
    """Two executors of one core, as processes of their own."""
    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="localhost", PYSPARK_PYTHON=sys.executable)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME.parent), os.environ.get("PYTHONPATH", "")])
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("diabolo")
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "70",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def frame():
    found = mixed_frame(ROWS)
    found.loc[::5, "height"] = numpy.nan
    found.loc[::7, "plan"] = None
    found.loc[4::60, "city"] = "Genf"
    return found.assign(number=numpy.arange(ROWS))


@pytest.fixture(scope="module")
def rows(session, frame):
    return session.createDataFrame(pyarrow.Table.from_pandas(frame, preserve_index=False))


# How rows are spread over partitions: (name, change).
SPREAD = {
    "one": lambda df: df.coalesce(1),
    "seven": lambda df: df.repartition(7),
    "by city": lambda df: df.repartition(3, "city"),
    "sorted": lambda df: df.sort("weight"),
}


def same_bits(made, expected):
    made = made.toArrow().to_pandas().sort_values("number", ignore_index=True)
    assert list(made.columns) == list(expected.columns) and len(made) == ROWS
    for name in expected.columns:
        if expected[name].dtype.kind == "f":
            assert made[name].to_numpy(expected[name].dtype).tobytes() == expected[name].to_numpy().tobytes(), name
        else:
            cells = [side[name].astype(object).where(side[name].notna(), None).tolist() for side in (made, expected)]
            assert cells[0] == cells[1], name


@pytest.mark.parametrize("spread", SPREAD)
@pytest.mark.parametrize("model", ["multiscale", "variational"])
def test_scores_and_codes_are_those_of_the_model(model, spread, rows, frame):
    fitted = _fit(model, frame)
    spread = SPREAD[spread](rows)
    same_bits(on_spark.score(spread, fitted, quantile=0.9), fitted.score(frame, quantile=0.9))
    codes = fitted.encode(frame)
    same_bits(on_spark.encode(spread, fitted), codes)


@pytest.mark.parametrize("spread", SPREAD)
def test_imputed_cells_are_those_of_the_model(spread, rows, frame):
    fitted = _fit("impute", frame)
    made = on_spark.impute(SPREAD[spread](rows), fitted, number="number", samples=50, seed=3)
    same_bits(made, fitted.impute(frame, samples=50, seed=3))


def test_results_are_those_of_the_program(session, rows, cli, tmp_path):
    rows.coalesce(1).write.parquet(str(tmp_path / "rows"))
    cli("fit", "rows", "--preset", "detect", "--key", "number", "--set", "training.steps=30", "--out", "run")
    cli("score", "run", "rows", "-o", "scores.parquet")
    cli("fit", "rows", "--preset", "impute", "--key", "number", "--epochs", 3, "--out", "fill")
    cli("impute", "fill", "rows", "-o", "filled.parquet")
    read = session.read.parquet(str(tmp_path / "rows")).repartition(5)
    detector = diabolo.load(tmp_path / "run")
    for made, name in ((on_spark.score(read, detector), "scores"),
                       (on_spark.impute(read, diabolo.load(tmp_path / "fill"), number="number"), "filled")):  # fmt: skip
        expected = pandas.read_parquet(tmp_path / f"{name}.parquet")
        made = made.toArrow().to_pandas().sort_values("number", ignore_index=True)
        numbers = [name for name in expected if expected[name].dtype.kind == "f"]
        assert {"height", "weight"} <= set(numbers) and list(made.columns) == list(expected.columns)
        for column in numbers:
            assert made[column].to_numpy(expected[column].dtype).tobytes() == expected[column].to_numpy().tobytes(), column


def test_a_worker_makes_a_model_once(rows, frame):
    fitted = _fit("multiscale", frame)
    function = fitted.batch_function("encode")

    def counted(batches):
        from diabolo import Model, _batches

        made, old = [], Model.from_bytes
        Model.from_bytes = classmethod(lambda cls, data: made.append(1) or old(data))
        _batches._MODELS.clear()
        of = len([function(batch) for batch in batches])
        yield pyarrow.RecordBatch.from_pydict({"batches": [of], "models": [len(made)]})

    found = rows.coalesce(1).mapInArrow(counted, "batches long, models long").collect()
    assert found[0]["batches"] > 5 and found[0]["models"] == 1


def test_what_needs_all_rows_is_refused(rows, frame):
    fitted = _fit("multiscale", frame)
    for rule in ({"fdr": 0.1}, {"top": 5}, {"alerts_per_1000": 5}):
        with pytest.raises(ValueError, match=f"{next(iter(rule))}: expected alpha or quantile, since"):
            on_spark.score(rows, fitted, **rule)
    with pytest.raises(ValueError, match="number: expected the name of a column with the number of each row, from 0"):
        on_spark.impute(rows, _fit("impute", frame))
    series = diabolo.fit(frame[["height", "weight"]], model="plain", window=4, epochs=1)
    with pytest.raises(ValueError, match="expected a model of single rows, found one of windows"):
        on_spark.score(rows, series)
    with pytest.raises(ValueError, match="task: expected score, encode, impute, found 'decode'"):
        fitted.batch_function("decode")


_FITTED = {}


def _fit(name, frame):
    if name not in _FITTED:
        given = {"multiscale": {"preset": "detect", "steps": 30}, "variational": {"epochs": 3},
                 "impute": {"preset": "impute", "epochs": 3}}[name]  # fmt: skip
        _FITTED[name] = diabolo.fit(frame, key="number", **given)
    return _FITTED[name]
