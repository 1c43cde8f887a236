"""Rows of every kind come back in the kind that went in."""

import datetime
import struct

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest
from conftest import QUICK, mixed_frame

import diabolo
from diabolo._rows import rows_of


def test_untouched_columns_of_pandas_come_back_as_they_were():
    given = pandas.DataFrame(
        {
            "whole": pandas.array([1, None, 3], "Int64"),
            "large": [2**62 + 1, 5, 7],
            "flag": pandas.array([True, None, False], "boolean"),
            "name": ["a", None, "c"],
            "size": pandas.Categorical(["s", "l", "s"], categories=["s", "m", "l"], ordered=True),
            "when": pandas.to_datetime(["2024-01-01", None, "2024-01-03"]).tz_localize("Europe/Zurich"),
            "day": [datetime.date(2024, 1, 1), None, datetime.date(1950, 5, 6)],
            "half": numpy.array([0.5, numpy.nan, 2], "float16"),
            "arrow": pandas.array([1, 2, None], "int64[pyarrow]"),
            "time": pandas.to_timedelta([1, 2, 3], unit="h"),
            3: [1.0, 2.0, numpy.nan],
        },
        index=pandas.Index(["x", "y", "z"], name="id"),
    )
    rows = rows_of(given)
    pandas.testing.assert_frame_equal(rows.back(rows.table), given)
    # By way of other rows nothing is the same object; values and dtypes are.
    back = rows.back(rows.table.take([2, 1, 0]).take([2, 1, 0]).select(rows.table.column_names[:7]), False)
    expected = given.iloc[:, :7].reset_index(drop=True)
    expected.columns = expected.columns.astype("str")
    pandas.testing.assert_frame_equal(back, expected)


def test_kinds_of_columns_are_those_of_pandas_parquet(tmp_path):
    given = mixed_frame()
    given["plan"] = given["plan"].astype("category")
    arrow = pyarrow.Table.from_pandas(given, preserve_index=False)
    own = diabolo.inspect(given)
    theirs = diabolo.inspect(arrow)
    assert [c["name"] for c in own["columns"]] == list(given.columns)
    assert own["columns"] == theirs["columns"]


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb", "dict"])
def test_tables_come_back_in_their_kind(kind, mixed):
    given = {
        "pandas": lambda: mixed,
        "polars": lambda: polars.from_pandas(mixed),
        "pyarrow": lambda: pyarrow.Table.from_pandas(mixed, preserve_index=False),
        "duckdb": lambda: duckdb.from_df(mixed),
        "dict": lambda: mixed.assign(since=mixed["since"].astype(str)).to_dict("list"),
    }[kind]()
    model = diabolo.fit(given, model="contractive", **QUICK)
    for made in (model.encode(given), model.reconstruct(given), model.impute(given), model.score(given)):
        assert type(made).__module__.split(".")[0].strip("_") == type(given).__module__.split(".")[0].strip("_")
    new = model.generate(5)
    assert len(new["height"] if isinstance(new, dict) else new) == 5


def test_types_of_polars_and_pyarrow_are_kept(mixed):
    given = polars.from_pandas(mixed).with_columns(
        polars.col("plan").cast(polars.Enum(["basic", "pro"])),
        polars.col("city").cast(polars.Categorical),
        polars.col("visits").cast(polars.UInt16),
    )
    model = diabolo.fit(given, **QUICK)
    assert model.reconstruct(given).schema == given.schema
    arrow = given.to_arrow()
    assert diabolo.fit(arrow, **QUICK).reconstruct(arrow).schema.types == arrow.schema.types


def test_an_ordered_category_is_learned_in_its_order(mixed):
    levels = ["small", "medium", "large"]
    mixed["size"] = pandas.Categorical(numpy.array(levels)[numpy.arange(len(mixed)) % 3], levels, ordered=True)
    model = diabolo.fit(mixed, **QUICK)
    features = {f["name"]: f for f in model.info["header"]["preprocessor"]["schema"]["features"]}
    assert features["size"]["kind"] == {"kind": "ordinal", "categories": levels}


def test_arrays_are_numbers_whatever_they_hold():
    noise = numpy.random.default_rng(1)
    given = noise.integers(0, 2, size=(60, 3)).astype("float32")
    model = diabolo.fit(given, model="plain", **QUICK)
    kinds = {f["kind"]["kind"] for f in model.info["header"]["preprocessor"]["schema"]["features"]}
    assert kinds == {"numeric"}
    codes = model.encode(given)
    assert codes.shape == (60, 4) and codes.dtype == numpy.float32
    back = model.decode(codes)
    assert back.shape == given.shape
    assert model.reconstruct(given).dtype == given.dtype
    # Strides, byte order and rows of lists make no difference.
    for same in (numpy.asfortranarray(given), given[::-1][::-1], given.astype(">f4"), given.tolist()):
        assert numpy.array_equal(model.encode(same), codes)


def test_images_are_arrays():
    digits = diabolo.read("digits")
    kind, pixels, mask = digits.column("image")
    assert kind == "image:8x8x1:uint8" and mask is None
    images = numpy.frombuffer(pixels, "u1").reshape(-1, 8, 8) * numpy.uint8(15)
    model = diabolo.fit(images[:300], model="contractive", **QUICK)
    assert model.encode(images).shape == (len(images), 4)
    made = model.reconstruct(images[:7])
    assert made.shape == (7, 8, 8) and made.dtype == numpy.uint8
    assert model.generate(3).shape == (3, 8, 8)


def test_tables_become_data_frames():
    table = diabolo.read("customers")
    frame = table.to_pandas()
    assert list(frame.columns) == table.column_names and len(frame) == len(table)
    expected = pyarrow.table(table).to_pandas()
    for name in frame:
        assert frame[name].isna().equals(expected[name].isna()), name
        assert (frame[name].dropna() == expected[name].dropna()).all(), name


def test_pictures_are_a_png(tmp_path):
    """Six of 2 × 3 pixels in two lines, each 8 times as large, and 2 pixels between them."""
    images = numpy.zeros((6, 2, 3, 3), "uint8")
    made = diabolo.pictures(images, columns=3)
    width, height = struct.unpack(">II", made.png[16:24])
    assert (width, height) == (3 * 24 + 2 * 2, 2 * 16 + 2)
    made.save(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes() == made._repr_png_() == diabolo.pictures(images, columns=3).png
    assert diabolo.pictures(diabolo.read("digits").take([0, 1])).png[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="expected images, found none"):
        diabolo.pictures(pandas.DataFrame({"a": [1.0]}))
    with pytest.raises(ValueError, match="columns: expected a whole number, 1 or more, found 0"):
        diabolo.pictures(images, columns=0)


def test_what_is_no_table_is_refused():
    for wrong, error in ((3, TypeError), (numpy.zeros(4), ValueError), (numpy.zeros((3, 2), complex), ValueError)):
        with pytest.raises(error):
            diabolo.fit(wrong)
    with pytest.raises(ValueError, match="no_such: expected a setting"):
        diabolo.fit(mixed_frame(), no_such=1)
    with pytest.raises(FileNotFoundError):
        diabolo.fit("no/such/file.csv")
    with pytest.raises(ValueError, match="column 'height'"):
        diabolo.fit(mixed_frame(), **QUICK).encode(mixed_frame().assign(height="tall"))
