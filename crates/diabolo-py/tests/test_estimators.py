"""scikit-learn's contract."""

import pickle
import warnings

import joblib
import numpy
import pandas
import polars
import pyarrow
import pytest
import sklearn
from conftest import QUICK, mixed_frame
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import diabolo

CODERS = [
    diabolo.Autoencoder,
    diabolo.ContractiveAutoencoder,
    diabolo.DenoisingAutoencoder,
    diabolo.SparseAutoencoder,
    diabolo.VariationalAutoencoder,
]
# Short fits: the number of epochs is a parameter. The Forecaster is no estimator of independent rows:
# its `predict` takes a horizon.
CHECKED = [
    *(kind(epochs=3) for kind in CODERS),
    diabolo.AnomalyDetector(epochs=20),
    diabolo.Imputer(epochs=2, samples=20),
    diabolo.Synthesizer(epochs=2),
    diabolo.Compressor(epochs=2),
]


@parametrize_with_checks(CHECKED)
def test_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [*CODERS, diabolo.AnomalyDetector, diabolo.Imputer])
def test_defaults_are_quick_on_few_rows(kind):
    rows = numpy.random.default_rng(0).normal(size=(30, 3))
    made = kind().fit(rows)
    assert made.n_features_in_ == 3


@pytest.mark.parametrize("kind", CODERS)
def test_frames_of_both_kinds(kind):
    frame = mixed_frame()
    coder = kind(**QUICK).fit(frame)
    names = ["latent_1", "latent_2", "latent_3", "latent_4"]
    assert list(coder.get_feature_names_out()) == names
    codes = coder.transform(frame)
    assert list(codes.columns) == names and codes.index.equals(frame.index)
    assert list(coder.inverse_transform(codes).columns) == list(frame.columns)
    assert isinstance(clone(coder).set_output(transform="polars").fit_transform(frame), polars.DataFrame)
    made = coder.set_output(transform="pandas").transform(frame)
    assert isinstance(made, pandas.DataFrame) and made.equals(codes)
    assert len(coder.sample(7)) == 7 and coder.score_samples(frame).shape == (len(frame),)
    assert coder.score(frame) < 0 or kind is diabolo.VariationalAutoencoder


def test_pipelines_and_searches():
    noise = numpy.random.default_rng(2)
    rows = noise.normal(size=(120, 6)) + numpy.repeat([[0.0], [3.0]], 60, axis=0)
    labels = numpy.repeat([0, 1], 60)
    coder = diabolo.ContractiveAutoencoder(epochs=10, latent_dim=4, hidden=[8])
    pipe = make_pipeline(StandardScaler(), coder, LogisticRegression())
    search = GridSearchCV(pipe, {"contractiveautoencoder__contraction_weight": [0.01, 0.1]}, cv=2, n_jobs=2)
    assert search.fit(rows, labels).best_score_ > 0.9
    # Without labels: the loss of rows that were held out.
    alone = GridSearchCV(diabolo.VariationalAutoencoder(epochs=4), {"latent_dim": [1, 2]}, cv=2)
    assert alone.fit(rows).best_params_["latent_dim"] in (1, 2)


def test_another_process_computes_the_same_bits():
    rows = numpy.random.default_rng(4).normal(size=(100, 3))
    detector = diabolo.AnomalyDetector(epochs=10).fit(rows)
    own = detector.score_samples(rows)
    for made in joblib.Parallel(n_jobs=2)(joblib.delayed(detector.score_samples)(rows) for _ in range(2)):
        assert made.tobytes() == own.tobytes()
    again = pickle.loads(pickle.dumps(detector))
    assert again.score_samples(rows).tobytes() == own.tobytes()
    assert pickle.loads(pickle.dumps(detector.model_)) == detector.model_


def test_contamination_is_an_exact_share():
    rows = numpy.random.default_rng(5).normal(size=(200, 3))
    for share in (0.01, 0.1, 0.5):
        labels = diabolo.AnomalyDetector(epochs=5, contamination=share).fit_predict(rows)
        assert (labels == -1).sum() == round(200 * share)
    for wrong in (0, 0.6, "no"):
        with pytest.raises((ValueError, TypeError)):
            diabolo.AnomalyDetector(contamination=wrong).fit(rows)


def test_rows_of_equal_scores_are_flagged_together_with_a_warning():
    rows = numpy.random.default_rng(5).normal(size=(170, 3))
    rows[:12] = [9.0, -9.0, 9.0]
    detector = diabolo.AnomalyDetector(epochs=5, contamination=6 / 170)
    with pytest.warns(diabolo.DiaboloWarning, match="0 rows are flagged instead of 6, since 12 rows have the same score"):
        assert (detector.fit_predict(rows) == 1).all()
    with warnings.catch_warnings(record=True) as seen:
        assert (detector.set_params(contamination=12 / 170).fit_predict(rows) == -1).sum() == 12
    assert not any("contamination" in str(one.message) for one in seen)


def test_images_without_channels_come_back_without_them():
    images = numpy.random.default_rng(0).random((60, 8, 8))
    coder = diabolo.Autoencoder(epochs=1, latent_dim=2).fit(images)
    again = pickle.loads(pickle.dumps(coder))
    for made in (coder.reconstruct(images[:3]), coder.sample(3), coder.inverse_transform(coder.transform(images[:3])),
                 again.sample(3)):  # fmt: skip
        assert made.shape == (3, 8, 8)
    assert diabolo.Autoencoder(epochs=1, latent_dim=2).fit(images[..., None]).sample(3).shape == (3, 8, 8, 1)


def test_a_notebook_shows_the_figure_of_a_fitted_estimator():
    detector = diabolo.AnomalyDetector(epochs=1)
    assert "<svg" not in detector._repr_html_() and "AnomalyDetector" in detector._repr_html_()
    rows = numpy.random.default_rng(0).normal(size=(100, 3))
    detector.fit(rows)
    shown = detector._repr_mimebundle_()
    assert shown["text/plain"] == repr(detector) and shown["text/html"].endswith(detector.model_._repr_html_())
    assert "<svg" in shown["text/html"] and "sk-" in shown["text/html"]
    with sklearn.config_context(display="text"):
        assert detector._repr_html_() is None
    forecaster = diabolo.Forecaster(epochs=1).fit(rows.cumsum(axis=0))
    assert "seasonal naive" in forecaster._repr_html_()


def test_a_share_of_a_series_is_one_of_its_whole_windows():
    steps = numpy.arange(300)
    series = numpy.column_stack([numpy.sin(steps / 5), numpy.cos(steps / 7)])
    detector = diabolo.AnomalyDetector(epochs=5, window=8, contamination=0.1).fit(series)
    assert numpy.isfinite(detector.offset_)
    scores = detector.score_samples(series)
    assert numpy.isnan(scores[:7]).all() and numpy.isfinite(scores[7:]).all()
    labels = detector.predict(series)
    assert (labels[:7] == 1).all() and (labels == -1).sum() == 29


def test_rows_of_a_series_are_scored_by_themselves():
    steps = numpy.arange(400)
    series = numpy.column_stack([numpy.sin(steps / 5), numpy.cos(steps / 7)])
    model = diabolo.fit(series, preset="detect", window=8, epochs=40)
    odd = series.copy()
    odd[200] = -odd[200]
    windows, own = (model.score(odd, by_row=by_row)["score"] for by_row in (False, True))
    assert numpy.isnan(own[:7]).all() and own[200] == own[7:].max()
    assert (windows[201:208] > windows[200] / 2).all() and (own[201:208] < own[200] / 2).all()
    with pytest.raises(ValueError, match="the model has no windows.*leave out by_row"):
        diabolo.fit(series, epochs=1).score(series, by_row=True)


def test_the_threshold_is_that_of_p_values():
    rows = numpy.random.default_rng(6).normal(size=(400, 3))
    detector = diabolo.AnomalyDetector(epochs=5).fit(rows)
    more = numpy.random.default_rng(8).normal(size=(4000, 3)) * 1.3
    assert numpy.array_equal(detector.predict(more) == -1, detector.p_values(more) <= 0.05)


def test_anomalies_have_reasons():
    frame = mixed_frame()
    detector = diabolo.AnomalyDetector(epochs=150).fit(frame)
    odd = frame.head(20).copy()
    odd.loc[3, "height"] = 260.0
    found = detector.reasons(odd, top=1)
    assert list(found.columns) == ["score", "p_value", "anomaly", "reason_1", "reason_2", "reason_3"]
    assert found.index.equals(odd.index)
    assert found["anomaly"].tolist() == [row == 3 for row in range(20)]
    assert "height" in found["reason_1"][3]
    assert detector.predict(odd)[3] == -1 and detector.decision_function(odd)[3] < 0
    assert (detector.fdr(odd, 0.5) == -1).sum() <= 20
    p = detector.p_values(odd)
    assert ((0 < p) & (p <= 1)).all() and p.argmin() == 3


def test_reasons_name_times_in_any_zone():
    frame = mixed_frame().assign(since=lambda frame: frame["since"].dt.tz_localize("Europe/Zurich", ambiguous=True, nonexistent="shift_forward"))
    detector = diabolo.AnomalyDetector(epochs=150).fit(frame)
    late = frame.head(20).copy()
    late.loc[5, "since"] = pandas.Timestamp("2031-07-01 02:00", tz="Europe/Zurich")
    assert detector.reasons(late, top=1)["reason_1"][5].startswith("since: 2031-07-01 00:00:00Z, expected 2024-")


def test_notebooks_show_a_table_of_each_model(tmp_path):
    steps = pandas.DataFrame({"load<b>": numpy.sin(numpy.arange(300) / 24 * 6.2832)})
    forecast = diabolo.fit(steps, preset="forecast", epochs=0, horizon=12)
    page = forecast._repr_html_()
    assert page.startswith("<pre>&lt;diabolo.ForecastModel: 12 steps") and "<td>seasonal naive</td>" in page
    assert f"<td>{forecast.metrics['mae_standardized']:.4g}</td>" in page
    forecast.save(tmp_path / "model.safetensors")
    assert diabolo.load(tmp_path / "model.safetensors")._repr_html_() == f"<pre>{page[5 : page.index('</pre>')]}</pre>"
    made = diabolo.fit(mixed_frame().rename(columns={"plan": "plan<b>"}), preset="synthesize", epochs=1)
    page = made._repr_html_()
    assert "<td>plan&lt;b&gt;</td><td>binary</td><td>2</td>" in page and "<b>" not in page


def test_missing_cells_are_imputed():
    frame = mixed_frame()
    frame["visits"] = frame["visits"].astype("Int64")
    holes = frame.copy()
    holes.loc[::5, "weight"] = numpy.nan
    holes.loc[::7, "plan"] = None
    holes.loc[::9, "visits"] = pandas.NA
    imputer = diabolo.Imputer(epochs=30, add_indicator=True).fit(holes)
    filled = imputer.transform(holes)
    assert list(filled.columns) == list(imputer.get_feature_names_out())
    assert [name for name in filled if name.startswith("missing")] == [
        "missingindicator_weight",
        "missingindicator_visits",
        "missingindicator_plan",
    ]
    completed = filled[frame.columns]
    assert completed.notna().all().all() and (completed.dtypes == holes.dtypes).all()
    assert completed.where(holes.notna()).equals(holes.where(holes.notna()))
    assert filled["missingindicator_weight"].tolist() == holes["weight"].isna().tolist()
    error = (completed["weight"] - frame["weight"]).abs()[::5].mean()
    assert error < (frame["weight"] - frame["weight"].mean()).abs().mean()
    drawn = [clone(imputer).set_params(sample_posterior=True, random_state=seed).fit(holes) for seed in (1, 2)]
    tables = [one.transform(holes) for one in drawn]
    assert not tables[0]["weight"].equals(tables[1]["weight"])
    for kind in (pandas.DataFrame, polars.from_pandas, pyarrow.Table.from_pandas):
        found = imputer.model_.imputation(kind(holes))
        mask, errors = (pandas.DataFrame(found[name].to_pandas() if kind is not pandas.DataFrame else found[name])
                        for name in ("mask", "errors"))  # fmt: skip
        assert (mask.dtypes == bool).all() and (mask.to_numpy() == holes.isna().to_numpy()).all()
        assert errors["visits"].dtype == "float64" and (errors["visits"].dropna() > 0).all()
    multiple = imputer.impute(holes, multiple=3)
    assert len(multiple) == 3 and not multiple[0]["weight"].equals(multiple[1]["weight"])
    matrix = holes[["height", "weight"]].to_numpy()
    assert diabolo.Imputer(epochs=2, add_indicator=True).fit_transform(matrix).shape == (240, 3)


def test_synthetic_rows_have_the_dtypes_of_the_data(tmp_path):
    frame = mixed_frame(400)
    frame["city"] = frame["city"].astype("category")
    synthesizer = diabolo.Synthesizer(epochs=5).fit(frame)
    made = synthesizer.sample(50)
    assert len(made) == 50 and (made.dtypes == frame.dtypes).all()
    assert set(made["city"]) <= set(frame["city"]) and set(made["plan"]) <= set(frame["plan"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tall = synthesizer.sample(9, where={"plan": "pro", "height": ">=170"})
    assert set(tall["plan"]) == {"pro"} and (tall["height"] >= 170).all()
    assert set(synthesizer.sample(40, balance="plan")["plan"].value_counts()) == {20}
    with pytest.warns(diabolo.DiaboloWarning, match="effective sample size"):
        synthesizer.sample(3000, where={"weight": ">=88"})
    with pytest.raises(ValueError, match="where: expected a value that 'weight' has, such as numbers from"):
        synthesizer.sample(9, where={"weight": ">=97"})
    # A bool is a cell of its column, and of a list every condition holds.
    kept = synthesizer.sample(9, where={"active": True, "height": [">=165", "<175"]})
    assert kept["active"].all() and kept["height"].between(165, 175, inclusive="left").all()
    # A level that begins with a sign is one, as in Adult.
    signed = frame[["height"]].assign(income=numpy.where(frame["plan"] == "pro", ">50K", "<=50K"))
    rich = diabolo.Synthesizer(epochs=1).fit(signed)
    assert set(rich.sample(5, where={"income": ">50K", "height": ">160"})["income"]) == {">50K"}
    assert set(rich.sample(5, where={"income": "!=>50K"})["income"]) == {"<=50K"}
    for wrong in (0, -3, 2.5):
        with pytest.raises(ValueError, match=f"n: expected a whole number, 1 or more, found {wrong}"):
            synthesizer.sample(wrong)
    with pytest.raises(ValueError, match="n: expected a number of rows that fits in memory"):
        synthesizer.sample(10**13, where={"plan": "pro"})
    assert synthesizer.audit(tmp_path / "audit.html")["rows"][1] > 300
    assert "<svg" in (tmp_path / "audit.html").read_text()
    synthesizer.save(tmp_path / "model.safetensors")
    again = diabolo.load(tmp_path / "model.safetensors")
    assert again.to_bytes() == synthesizer.model_.to_bytes()
    # A file has no dtypes of pandas.
    assert again.generate(50).astype(str).equals(made.astype(str))
    with pytest.raises(ValueError, match="a model from a file has none"):
        again.audit()


def test_compressed_rows_come_back():
    frame = mixed_frame()
    compressor = diabolo.Compressor(epochs=5).fit(frame)
    packed = compressor.compress(frame)
    assert len(packed) < len(frame.to_csv(index=False))
    pandas.testing.assert_frame_equal(compressor.decompress(packed), frame, check_dtype=False)


def test_forecasts_continue_a_series():
    steps = numpy.arange(400)
    frame = pandas.DataFrame(
        {"when": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(steps, unit="h"), "load": numpy.sin(steps / 24 * 6.2832)}
    )
    forecaster = diabolo.Forecaster(key="when", horizon=24, epochs=0).fit(frame)
    made = forecaster.predict(level=0.9)
    assert len(made) == 24 and made["when"].iloc[0] == frame["when"].iloc[-1] + pandas.Timedelta("1h")
    expected = numpy.sin(numpy.arange(400, 424) / 24 * 6.2832)
    assert numpy.abs(made["load"] - expected).max() < 0.05
    assert len(forecaster.predict(3, history=frame.head(300))) == 3
    again = pickle.loads(pickle.dumps(forecaster))
    assert again.predict(level=0.9).equals(made)
    # Repeated levels count once, and `start` is a row or a time, as on the command line.
    model = forecaster.model_
    assert list(model.forecast(frame, level=(0.9, 0.9)).columns) == ["when", "load", "load_lower_90", "load_upper_90"]
    assert model.forecast(frame, start=301).equals(model.forecast(frame, start="2024-01-13T12:00:00"))
    with pytest.raises(ValueError, match="^samples: expected a whole number up to 10000"):
        model.forecast(frame, samples=10_001)
    # Later rows, which are less regular than those of the fit.
    noise = numpy.random.default_rng(0).normal(0, 0.5, len(frame))
    later = frame.assign(when=frame["when"] + pandas.Timedelta(days=30), load=frame["load"] + noise)
    calibrated = model.calibrate(later)
    low, high = (calibrated.forecast(later, level=0.9)[f"load_{side}_90"] for side in ("lower", "upper"))
    assert ((high - low) > 1).all() and (made["load_upper_90"] - made["load_lower_90"] < 0.1).all()
    with pytest.raises(ValueError, match="expected a series of .* found none; give a longer series"):
        model.calibrate(later.head(5))
    assert clone(forecaster).get_params() == forecaster.get_params()
    for use in (diabolo.report, diabolo.evaluate):
        with pytest.raises(TypeError, match=f"{use.__name__}: expected a fitted autoencoder, found ForecastModel"):
            use(forecaster)


def test_a_step_has_the_mean_of_its_rows():
    when = pandas.date_range("2024-01-01", periods=800, freq="30min")
    frame = pandas.DataFrame({"when": when, "load": numpy.sin(numpy.arange(800) / 48 * 6.2832)})
    hours = frame.resample("1h", on="when").mean().reset_index()
    made = diabolo.Forecaster(key="when", step="1h", horizon=24, epochs=0).fit(frame).predict()
    of_hours = diabolo.Forecaster(key="when", horizon=24, epochs=0).fit(hours).predict()
    assert list(made["when"]) == list(of_hours["when"]) and made["when"].iloc[0] == when[-1] + pandas.Timedelta("30min")
    assert numpy.allclose(made["load"], of_hours["load"])
    with pytest.raises(ValueError, match="step: expected a number and s, .* found '7h'"):
        diabolo.Forecaster(key="when", step="7h", epochs=0).fit(frame)
    with pytest.raises(ValueError, match="step"):
        diabolo.fit(frame, step="1h")


def test_forecasts_of_an_index_of_times_have_one():
    when = pandas.date_range("2024-01-01", periods=400, freq="h", name="when")
    frame = pandas.DataFrame({"load": numpy.sin(numpy.arange(400) / 24 * 6.2832)}, index=when)
    usual = diabolo.Forecaster(horizon=24, key="when", epochs=2).fit(frame.reset_index()).predict()
    for rows in (frame, frame["load"]):
        forecaster = diabolo.Forecaster(horizon=24, epochs=2).fit(rows)
        made = forecaster.predict()
        assert made.equals(usual.set_index("when")) and forecaster.key is None
        assert made.index[0] == when[-1] + pandas.Timedelta("1h") and made.index.dtype == when.dtype
        assert forecaster.predict(2, history=rows.head(300)).index[0] == when[300]
    # A key among the options is one: the index is no column then.
    by_options = diabolo.Forecaster(horizon=24, epochs=2, options={"key": "when"})
    dated = frame.reset_index().set_index(when.rename("other"))
    assert by_options.fit(dated).predict().equals(usual) and by_options.key is None
    unnamed = diabolo.Forecaster(horizon=24, epochs=2).fit(pandas.Series(frame["load"].to_numpy(), index=list(when)))
    assert unnamed.predict().index.equals(made.index)
