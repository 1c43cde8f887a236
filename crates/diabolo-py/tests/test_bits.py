"""The same rows give the same bits as the command line, from any library."""

import json

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from conftest import mixed_frame

import diabolo

SETTINGS = {"epochs": 4, "hidden": [16], "latent_dim": 3, "seed": 5}
FLAGS = ["--epochs", 4, "--hidden", 16, "--latent-dim", 3, "--seed", 5]
FRAMES = {
    "pandas": lambda frame: frame,
    "polars": polars.from_pandas,
    "pyarrow": lambda frame: pyarrow.Table.from_pandas(frame, preserve_index=False),
    "duckdb": duckdb.from_df,
}


@pytest.fixture(scope="module")
def by_program(tmp_path_factory):
    """Scores and codes of the command line, and its model."""
    folder = tmp_path_factory.mktemp("cli")
    frame = mixed_frame()
    frame.loc[3:9, "height"] = numpy.nan
    pyarrow.parquet.write_table(FRAMES["pyarrow"](frame), folder / "rows.parquet")
    from conftest import program
    import subprocess

    def run(*arguments):
        subprocess.run([program(), *map(str, arguments)], cwd=folder, check=True, capture_output=True)

    run("fit", "rows.parquet", "--model", "variational", "--out", "run", *FLAGS)
    run("score", "run", "rows.parquet", "-o", "scores.parquet")
    run("encode", "run", "rows.parquet", "-o", "codes.parquet")
    run("impute", "run", "rows.parquet", "-o", "filled.parquet")
    return folder, frame


@pytest.mark.parametrize("kind", FRAMES)
def test_fit_and_results_are_those_of_the_program(kind, by_program):
    folder, frame = by_program
    rows = FRAMES[kind](frame)
    model = diabolo.fit(rows, model="variational", **SETTINGS)
    assert model.info["tensors"] == diabolo.load(folder / "run").info["tensors"]
    for made, name in (
        (model.score(rows), "scores"),
        (model.encode(rows), "codes"),
        (model.impute(rows), "filled"),
    ):
        expected = pandas.read_parquet(folder / f"{name}.parquet")
        made = made if isinstance(made, pandas.DataFrame) else polars.DataFrame(diabolo.Table.from_arrow(made)).to_pandas()
        assert list(made.columns) == list(expected.columns)
        for column in expected.columns:
            if expected[column].dtype.kind == "f":
                bits = [side[column].to_numpy().astype(expected[column].dtype).tobytes() for side in (made, expected)]
                assert bits[0] == bits[1], (name, column)
            else:
                same = made[column].astype(str).tolist() == expected[column].astype(str).tolist()
                assert same, (name, column)


def test_an_array_is_a_table_of_numbers(cli, tmp_path):
    rows = numpy.random.default_rng(3).normal(size=(400, 4))
    numpy.save(tmp_path / "rows.npy", rows)
    types = [flag for at in range(4) for flag in ("--type", f"column_{at + 1}=numeric")]
    cli("fit", "rows.npy", "--preset", "detect", "--epochs", 5, "--out", "run", *types)
    cli("score", "run", "rows.npy", "-o", "scores.parquet")
    detector = diabolo.AnomalyDetector(epochs=5).fit(rows)
    expected = pandas.read_parquet(tmp_path / "scores.parquet")
    assert (-detector.score_samples(rows)).tobytes() == expected["score"].to_numpy().tobytes()
    assert detector.p_values(rows).tobytes() == expected["p_value"].to_numpy().tobytes()
    assert numpy.array_equal(detector.predict(rows) == -1, expected["anomaly"].to_numpy())


def test_models_go_both_ways(cli, tmp_path):
    cli("fit", "digits", "--model", "contractive", "--out", "run", *FLAGS)
    model = diabolo.load(tmp_path / "run")
    assert model.to_bytes() == (tmp_path / "run" / "model.safetensors").read_bytes()
    own = diabolo.fit("digits", model="contractive", **SETTINGS)
    # Both name the same input, so that even the files are the same.
    assert own.to_bytes() == model.to_bytes()
    own.save(tmp_path / "own.safetensors")
    cli("encode", "own.safetensors", "digits", "-o", "codes.npy")
    codes = numpy.load(tmp_path / "codes.npy")
    digits = diabolo.read("digits")
    table = own.encode(digits, alone=True)
    made = numpy.column_stack([numpy.frombuffer(table.column(name)[1], "f4") for name in table.column_names])
    assert made.tobytes() == codes.astype("f4").tobytes()


def test_metrics_are_those_of_the_program(cli, tmp_path):
    cli("fit", "digits", "--out", "run", *FLAGS)
    model = diabolo.fit("digits", out=tmp_path / "own", **SETTINGS)
    expected = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert model.metrics == expected == model.evaluate()
    for name in ("model.safetensors", "metrics.json", "config.toml"):
        assert (tmp_path / "own" / name).read_bytes() == (tmp_path / "run" / name).read_bytes(), name
    assert "<svg" in (tmp_path / "own" / "report.html").read_text()
