"""Paths instead of rows: read by the settings of the fit, with the results of the command line."""

import json
import pathlib
import pickle

import numpy
import pandas
import pytest
from conftest import QUICK, mixed_frame

import diabolo

FLAGS = ["--epochs", 3, "--hidden", 16, "--latent-dim", 4]


@pytest.fixture
def odd(tmp_path):
    """A file that is read wrongly without its settings."""
    path = tmp_path / "odd.csv"
    frame = mixed_frame().drop(columns="since").assign(city=lambda frame: frame["city"].replace("Zug", "Zürich"))
    path.write_bytes(frame.to_csv(index=False, sep=":").encode("latin1"))
    return path


ODD = {"delimiter": ":", "encoding": "latin1"}


def test_read_takes_the_options_of_files(odd, tmp_path):
    table = diabolo.read(odd, **ODD)
    assert table.column_names == ["height", "weight", "visits", "plan", "city", "active"]
    assert "Zürich" in table.column("city")[1]
    with pytest.raises(ValueError, match="delimiter: expected one ASCII character"):
        diabolo.read(odd, delimiter="::")
    with pytest.raises(TypeError, match="epochs"):
        diabolo.read(odd, epochs=3)
    damaged = tmp_path / "damaged.csv"
    damaged.write_text("a,b\n1,2\n3\n5,6\n")
    with pytest.warns(diabolo.DiaboloWarning, match="skipped 1 damaged row"):
        assert len(diabolo.read(damaged, skip_bad_rows=1)) == 2


def test_a_model_reads_paths_as_in_its_fit(odd, cli, tmp_path):
    model = diabolo.fit(odd, **QUICK, **ODD)
    cli("fit", odd, *FLAGS, "--delimiter", ":", "--encoding", "latin1", "--out", "run")
    assert model.to_bytes() == (tmp_path / "run" / "model.safetensors").read_bytes()
    cli("score", "run", odd, "-o", "scores.parquet")
    scores = diabolo.Table.from_arrow(model.score(odd)).column("score")[1]
    expected = pandas.read_parquet(tmp_path / "scores.parquet")["score"].to_numpy()
    assert numpy.frombuffer(scores).tobytes() == expected.tobytes()


def test_an_estimator_reads_paths_by_its_options(odd):
    by_path = diabolo.ContractiveAutoencoder(**QUICK, options=ODD).fit(odd)
    assert by_path.n_features_in_ == 6
    rows = diabolo.read(odd, **ODD)
    by_rows = diabolo.ContractiveAutoencoder(**QUICK).fit(rows)
    names = ["latent_1", "latent_2", "latent_3", "latent_4"]
    made = [coder.transform(given) for coder, given in ((by_path, odd), (by_path, str(odd)), (by_rows, rows))]
    for name in names:
        assert made[0].column(name) == made[1].column(name) == made[2].column(name)
    filled = diabolo.Imputer(epochs=1, samples=5, options=ODD).fit(odd).transform(odd)
    assert filled.column_names == rows.column_names


def test_options_of_files_are_refused_for_rows(mixed):
    for name, value in {"delimiter": ";", "header": False, "encoding": "latin1", "skip_bad_rows": 3, "resize": 8,
                        "gray": True, "strict": True}.items():  # fmt: skip
        with pytest.raises(ValueError, match=f"{name}: expected a file, whose reading it sets, found rows in memory"):
            diabolo.fit(mixed, **{name: value})
        with pytest.raises(ValueError, match=name):
            diabolo.inspect(mixed, **{name: value})


def test_evaluation_report_and_drift_take_paths(cli, tmp_path):
    train, new = mixed_frame(300), mixed_frame(120).assign(visits=lambda frame: frame["visits"] + 9)
    train.to_csv(tmp_path / "train.csv", index=False)
    new.to_csv(tmp_path / "new.csv", index=False)
    cli("fit", "train.csv", *FLAGS, "--out", "run")
    model = diabolo.load(tmp_path / "run")
    for name in ("new.csv", "train.csv"):
        expected = json.loads(cli("evaluate", "run", name, "--json"))
        assert diabolo.evaluate(model, tmp_path / name) == expected
    # Without rows: the test rows of the data of the fit, which is found beside the run.
    assert diabolo.evaluate(model) == json.loads(cli("evaluate", "run", "--json"))
    expected = json.loads(cli("score", "run", "new.csv", "--drift", "--json"))["drift"]
    assert diabolo.drift(model, tmp_path / "new.csv") == expected
    assert any(one["name"] == "visits" for one in expected["moved"]) or "visits" in json.dumps(expected)
    page = diabolo.report(model, str(tmp_path / "new.csv"), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page == diabolo.report(model, new)
    detector = diabolo.AnomalyDetector(epochs=3).fit(tmp_path / "train.csv")
    assert diabolo.evaluate(detector, tmp_path / "new.csv")["examples"] == 120


def test_an_audit_takes_rows_and_paths_of_any_tool(cli, tmp_path):
    frames = {"real": mixed_frame(300), "held": mixed_frame(200), "copy": mixed_frame(250).sample(frac=1, random_state=1)}
    paths = {name: tmp_path / f"{name}.csv" for name in frames}
    for name, frame in frames.items():
        frame.drop(columns="since").to_csv(paths[name], index=False)
    names = [paths["copy"].name, "--real", paths["real"].name, "--holdout", paths["held"].name]
    expected = json.loads(cli("audit", *names, "--target", "plan", "--secret", "city", "--report", "cli.html", "--json"))
    given = {"target": "plan", "secret": "city"}
    read = {name: pandas.read_csv(path) for name, path in paths.items()}
    for copy, real, held in ((paths["copy"], str(paths["real"]), paths["held"]), (read["copy"], read["real"], read["held"])):
        found = diabolo.audit(copy, real=real, holdout=held, out=tmp_path / "own.html", **given)
        assert found == expected and found["rows"] == [250, 300, 200]
    assert "<svg" in (tmp_path / "own.html").read_text()
    with pytest.raises(ValueError, match="secret: expected a column of the real rows, found 'town'"):
        diabolo.audit(read["copy"], real=read["real"], holdout=read["held"], secret="town")
    with pytest.raises(ValueError, match="rows: expected at least one row, found none"):
        diabolo.audit(read["copy"].head(0), real=read["real"], holdout=read["held"])


def test_an_audit_counts_the_rows_that_keep_rules(cli, tmp_path):
    days = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(numpy.arange(200) % 90, unit="D")
    stay = pandas.to_timedelta(numpy.arange(200) % 7, unit="D")
    real = pandas.DataFrame({"start": days.astype(str), "end": (days + stay).astype(str), "price": numpy.arange(200) % 50})
    copy = real.sample(frac=1, random_state=1)
    copy.loc[copy.index[:20], "end"] = "2023-12-31"
    for name, frame in (("real", real), ("copy", copy)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    found = diabolo.audit(copy, real=real, holdout=real, require="start<=end")
    assert found["rules"][0]["real"] == 1.0 and found["rules"][0]["synthetic"] == 0.9
    both = diabolo.audit(copy, real=real, holdout=real, require=["start<=end", "end>start"])
    expected = cli("audit", "copy.csv", "--real", "real.csv", "--holdout", "real.csv", *("--require", "start<=end"), *("--require", "end>start"), "--json")
    assert both == json.loads(expected) and [one["rule"] for one in both["rules"]] == ["start<=end", "start<end"]
    with pytest.raises(ValueError, match="require: expected COLUMN<=COLUMN"):
        diabolo.audit(copy, real=real, holdout=real, require="start<=leave")
    with pytest.raises(ValueError, match="numbers in 'price' and dates in 'end'"):
        diabolo.audit(copy, real=real, holdout=real, require="price<=end")


def test_a_forecast_continues_a_path(tmp_path):
    path = tmp_path / "load.csv"
    frame = pandas.DataFrame({"load": numpy.sin(numpy.arange(300) / 24 * 6.2832)})
    frame.to_csv(path, index=False, sep=";")
    assert isinstance(path, pathlib.Path)
    forecaster = diabolo.Forecaster(horizon=12, epochs=0, options={"delimiter": ";"}).fit(path)
    made = forecaster.predict()
    assert len(made) == 12 and "load_upper_95" in made.column_names
    again = pickle.loads(pickle.dumps(forecaster))
    assert again.predict(3, history=path).column("load") == forecaster.predict(3, history=str(path)).column("load")


def test_runs_of_every_kind_are_written(tmp_path):
    frame = pandas.DataFrame({"load": numpy.sin(numpy.arange(300) / 24 * 6.2832), "day": numpy.arange(300) // 24})
    for preset, page in (("forecast", "Forecast: fit"), ("synthesize", "udit")):
        made = diabolo.fit(frame, preset=preset, epochs=1, test=0.2, out=tmp_path / preset)
        assert diabolo.load(tmp_path / preset).to_bytes() == made.to_bytes()
        assert page in (tmp_path / preset / "report.html").read_text()
        with pytest.raises((ValueError, OSError, RuntimeError), match=preset):
            diabolo.fit(frame, preset=preset, epochs=1, out=tmp_path / preset)


def test_settings_of_the_wrong_kind_name_what_was_found(mixed):
    for name, value, found in (("model", 3, "3"), ("preset", ["detect"], "detect"), ("set", "a.b=3", "a.b=3")):
        with pytest.raises(ValueError, match=f"{name}: expected .*, found .*{found}"):
            diabolo.fit(mixed, **{name: value})
    with pytest.raises(ValueError, match="preset forecast and model plain cannot be combined"):
        diabolo.fit(mixed, preset="forecast", model="plain")
    with pytest.raises(ValueError, match="horizon and a fit without preset forecast"):
        diabolo.fit(mixed, horizon=3)
