"""ONNX files beside the command line: codes, scores, p-values and flags of rows that are no clean ones."""

import numpy
import pandas
import pytest
from conftest import mixed_frame

import diabolo

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

MODELS = {
    "contractive": ["--model", "contractive"],
    "sparse": ["--model", "sparse", "--sparsity", "top_k:3", "--tied"],
    "denoising": ["--model", "denoising", "--activation", "gelu"],
    "multiscale": ["--preset", "detect"],
    "contaminated": ["--preset", "detect-contaminated"],
}
# Every column has missing cells; one has no others.
GAPS = {"height": 5, "weight": 7, "visits": 9, "plan": 11, "active": 13}


def rows(count, seed):
    frame = mixed_frame(count).drop(columns="since")
    frame["height"] = frame["height"].round(2)
    frame["visits"] = frame["visits"].astype("Int64")
    frame["active"] = numpy.where(frame["active"], "yes", "no")
    frame["never"] = numpy.nan
    for name, every in GAPS.items():
        frame.loc[seed % every :: every, name] = None
    return frame


@pytest.fixture
def train(tmp_path):
    rows(600, 0).to_csv(tmp_path / "train.csv", index=False)
    return "train.csv"


@pytest.fixture
def new(tmp_path):
    """Rows with levels and numbers that the fit has not seen."""
    frame = rows(240, 3)
    frame.loc[::17, "city"] = "Genf"
    frame.loc[4::19, "plan"] = "trial"
    frame.loc[6::23, "height"] = 260.0
    frame.loc[7::29, "visits"] = 40
    frame.loc[8::31, "never"] = 1.5
    frame.to_csv(tmp_path / "new.csv", index=False)
    return frame


def computed(path, frame):
    """The outputs of onnxruntime: a number is a double, a text itself, and a missing cell NaN or empty."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    cells = {}
    for node in session.get_inputs():
        column = frame[node.name]
        is_text = node.type == "tensor(string)"
        made = column.astype(object).where(column.notna(), "") if is_text else column.astype("Float64")
        kind = {"dtype": object} if is_text else {"dtype": "float64", "na_value": numpy.nan}
        cells[node.name] = made.to_numpy(**kind)[:, None]
    return dict(zip([node.name for node in session.get_outputs()], session.run(None, cells)))


def check_codes(found, path):
    expected = numpy.load(path)
    assert found.shape == expected.shape and numpy.isfinite(expected).all()
    assert (numpy.abs(found - expected).max(0) <= 1e-5 * numpy.abs(expected).max(0)).all()


@pytest.mark.parametrize("numeric", ["standardize", "quantile"])
@pytest.mark.parametrize("name", MODELS)
def test_results_are_those_of_the_program(name, numeric, train, new, cli, tmp_path):
    cli("fit", train, *MODELS[name], "--numeric", numeric, "--epochs", 8, "--hidden", 16, "--out", "run")
    model = diabolo.load(tmp_path / "run")
    outputs = model.to_onnx(tmp_path / "model.onnx")
    assert outputs == ["code", "reconstruction", "score", "p_value", "is_anomaly"]
    cli("export", "run", "-o", "program.onnx")
    assert (tmp_path / "program.onnx").read_bytes() == (tmp_path / "model.onnx").read_bytes()
    found = computed(tmp_path / "model.onnx", new)
    cli("encode", "run", "new.csv", "-o", "codes.npy")
    check_codes(found["code"], tmp_path / "codes.npy")
    cli("score", "run", "new.csv", "-o", "scores.csv", "--reasons", 0)
    expected = pandas.read_csv(tmp_path / "scores.csv")
    # Networks compute in single precision, which has 7 digits of a score of thousands.
    allowed = 1e-4 * numpy.maximum(1, numpy.abs(expected["score"]) / 100)
    assert (numpy.abs(found["score"][:, 0] - expected["score"]) <= allowed).all()
    assert numpy.abs(found["p_value"][:, 0] - expected["p_value"]).max() <= 1e-12
    assert (found["is_anomaly"][:, 0] == expected["anomaly"]).all()
    # Both kinds of rows are there, and an unknown level is one of the reasons for a flag.
    assert 10 < expected["anomaly"].sum() < 200


DATES = {
    "day": pandas.date_range("1899-12-30", periods=400, freq="133D"),
    "month": pandas.date_range("1960-01-01", periods=400, freq="MS"),
    "year": pandas.date_range("1700-01-01", periods=400, freq="YS"),
    "minute": pandas.date_range("1970-02-27", periods=400, freq="1437min"),
    "zoned": pandas.date_range("2023-11-05", periods=400, freq="3h", tz="-03:30"),
}


@pytest.mark.parametrize("model", ["plain", "contractive", "multiscale"])
def test_times_are_seconds(model, cli, tmp_path):
    frame = pandas.DataFrame(DATES).assign(load=numpy.sin(numpy.arange(400) / 9))
    frame.loc[::13, "minute"] = None
    frame.to_csv(tmp_path / "dated.csv", index=False)
    cli("fit", "dated.csv", "--model", model, "--epochs", 5, "--hidden", 16, "--out", "run")
    outputs = diabolo.load(tmp_path / "run").to_onnx(tmp_path / "model.onnx")
    assert outputs == ["code", "reconstruction", "score", "p_value", "is_anomaly"]
    zero = {name: pandas.Timestamp(0, tz="UTC" if name == "zoned" else None) for name in DATES}
    seconds = {name: (frame[name] - zero[name]).dt.total_seconds() for name in DATES}
    found = computed(tmp_path / "model.onnx", frame.assign(**seconds))
    cli("encode", "run", "dated.csv", "-o", "codes.npy")
    check_codes(found["code"], tmp_path / "codes.npy")
    cli("score", "run", "dated.csv", "-o", "scores.csv", "--reasons", 0)
    expected = pandas.read_csv(tmp_path / "scores.csv")
    assert numpy.abs(found["score"][:, 0] - expected["score"]).max() <= 1e-4
    assert (found["is_anomaly"][:, 0] == expected["anomaly"]).all()


# Odd sizes, so that windows have unequal padding, in three colours.
PICTURES = (11, 7, 3)
NETWORKS = {
    "convolution": ["--model", "plain", "--network", "convolution:4,6"],
    "tied": ["--model", "contractive", "--network", "convolution:4,6", "--tied"],
    "residual": ["--model", "denoising", "--network", "residual:4,6"],
    "map": ["--model", "plain", "--network", "fully_convolutional:4,6", "--likelihood", "discretized_logistic"],
    "posterior": ["--model", "variational", "--network", "fully_convolutional:4,6"],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_convolutions(name, cli, tmp_path):
    noise = numpy.random.default_rng(5)
    pictures = (noise.random((160, 1, 1, 3)) * numpy.linspace(0.3, 1, 11)[:, None, None]).repeat(7, 2)
    pictures = (pictures * noise.uniform(0.5, 1, (160, *PICTURES)) * 255).astype("uint8")
    numpy.save(tmp_path / "pictures.npy", pictures)
    likelihood = [] if "--likelihood" in NETWORKS[name] else ["--likelihood", "bernoulli"]
    cli("fit", "pictures.npy", *NETWORKS[name], *likelihood, "--epochs", 3, "--out", "run")
    model = diabolo.load(tmp_path / "run")
    outputs = model.to_onnx(tmp_path / "model.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    cells = {session.get_inputs()[0].name: pictures.reshape(160, -1).astype("float64")}
    found = dict(zip(outputs, session.run(None, cells)))
    cli("encode", "run", "pictures.npy", "-o", "codes.npy")
    check_codes(found["code"], tmp_path / "codes.npy")
    expected = model.reconstruct(pictures) / 255
    # Whole levels.
    assert numpy.abs(found["reconstruction"].reshape(expected.shape) - expected).max() <= 0.51 / 255
    if "score" in found:
        cli("score", "run", "pictures.npy", "-o", "scores.csv", "--reasons", 0)
        scores = pandas.read_csv(tmp_path / "scores.csv")["score"]
        assert numpy.abs(found["score"][:, 0] - scores).max() <= 1e-4
    assert ("score" in found) == (name not in ("map", "posterior"))


def test_what_is_left_out_is_said(train, new, cli, tmp_path):
    cli("fit", train, "--model", "variational", "--epochs", 4, "--hidden", 16, "--out", "run")
    model = diabolo.load(tmp_path / "run")
    with pytest.warns(diabolo.DiaboloWarning, match="score, p_value and is_anomaly are left out: .* need draws"):
        outputs = model.to_onnx(tmp_path / "model.onnx")
    found = computed(tmp_path / "model.onnx", new)
    assert list(found) == outputs == ["code", "reconstruction"]
    cli("encode", "run", "new.csv", "-o", "codes.npy")
    check_codes(found["code"], tmp_path / "codes.npy")


def test_what_cannot_be_exported_is_named(tmp_path):
    quantized = diabolo.fit(mixed_frame().drop(columns="since"), model="vector_quantized", epochs=1)
    with pytest.raises(ValueError, match="models of the family vector_quantized; fit with another model"):
        quantized.to_onnx(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
    plain = diabolo.fit(mixed_frame().drop(columns="since"), model="plain", epochs=1)
    with pytest.raises(OSError, match="cannot write: there is no such file or folder"):
        plain.to_onnx(tmp_path / "no" / "model.onnx")


def test_texts_are_not_trimmed(train, cli, tmp_path):
    """As the library's documentation says; the program trims them."""
    cli("fit", train, *MODELS["contractive"], "--epochs", 4, "--hidden", 16, "--out", "run")
    model = diabolo.load(tmp_path / "run")
    model.to_onnx(tmp_path / "model.onnx")
    plain = rows(20, 0).assign(plan="pro")
    spaced = plain.assign(plan=" pro")
    found = [computed(tmp_path / "model.onnx", frame)["code"] for frame in (plain, spaced)]
    assert not numpy.allclose(*found)
    codes = [model.encode(frame, alone=True).to_numpy() for frame in (plain, spaced)]
    assert numpy.array_equal(*codes)
