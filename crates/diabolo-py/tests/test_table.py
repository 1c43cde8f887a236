"""`diabolo.Table`: what results are where no other library is."""

import datetime
import pathlib
import pickle

import duckdb
import numpy
import pandas
import pyarrow
import pytest
from conftest import mixed_frame

import diabolo


def table_of(columns):
    return diabolo.Table.from_arrow(pyarrow.table(columns))


def test_a_table_shows_its_first_rows():
    rows = table_of({"age": [39, None, 7], "income": [1234.5678, 0.1, 2e9], "city": ["Bern", "a\nlong" * 9, None]})
    assert repr(rows).splitlines() == [
        "<diabolo.Table: 3 rows × 3 columns>",
        "age   income  city",
        " 39  1234.57  Bern",
        "  —      0.1  a·longa·longa·longa·lon…",
        "  7    2e+09  —",
    ]
    wide = table_of({f"column_{at}": list(range(1000, 1020)) for at in range(30)})
    lines = repr(wide).splitlines()
    assert len(lines) == 13 and max(map(len, lines)) <= 80
    assert lines[1].endswith("column_6  …") and lines[-1] == "… and 10 more rows"
    assert repr(diabolo.Table.from_columns([], 0)) == "<diabolo.Table: 0 rows × 0 columns>"
    assert repr(rows.take([])).splitlines()[1:] == ["age  income  city"]
    page = table_of({"<b>": ["<i>", None]})._repr_html_()
    assert "<th>&lt;b&gt;</th>" in page and "<td>&lt;i&gt;</td>" in page and "<td>—</td>" in page
    digits = diabolo.read("digits")
    assert "image 8×8×1" in repr(digits) and "1797 rows" in digits._repr_html_()


def test_a_table_as_a_dict_has_the_values_of_arrow():
    zoned = pyarrow.timestamp("ms", "Europe/Zurich")
    rows = pyarrow.table(
        {
            "whole": pyarrow.array([2**62, None]),
            "number": [0.5, None],
            "flag": [True, None],
            "text": ["a", None],
            "day": [datetime.date(1969, 12, 31), None],
            "time": [datetime.datetime(1960, 1, 2, 3, 4, 5, 6), None],
            "zoned": pyarrow.array([1_700_000_000_123, None], zoned),
            "offset": pyarrow.array([7, None], pyarrow.timestamp("s", "+05:30")),
        }
    )
    made = diabolo.Table.from_arrow(rows).to_dict()
    assert made == rows.to_pydict()
    assert str(made["zoned"][0]) == "2023-11-14 23:13:20.123000+01:00" and str(made["offset"][0]).endswith("+05:30")
    nested = table_of({"list": [[1, 2], None], "struct": [{"a": 1}, None]})
    assert nested.to_dict() == {"list": ["[1, 2]", None], "struct": ["{a: 1}", None]}
    digits = diabolo.read("digits").take([0, 5])
    images = numpy.array(digits.to_dict()["image"])
    assert images.shape == (2, 8, 8, 1)
    assert (images == numpy.stack(digits.to_pandas()["image"])).all()


def test_dicts_with_times_come_back_with_times():
    start = datetime.datetime(2024, 1, 1)
    rows = {
        "when": [start + datetime.timedelta(hours=hour) for hour in range(60)],
        "day": [datetime.date(2024, 1, 1), None] * 30,
        "load": [float(hour % 24) for hour in range(60)],
    }
    back = diabolo.fit(rows, epochs=1, key="when").reconstruct(rows)
    assert back["when"] == rows["when"] and isinstance(back["day"][1], datetime.date)


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv.gz", "rows.jsonl", "rows.parquet", "rows.arrow"])
def test_a_table_is_written_in_the_format_of_its_name(tmp_path, name):
    rows = diabolo.Table.from_arrow(pyarrow.Table.from_pandas(mixed_frame(50).drop(columns="since")))
    rows.write(tmp_path / name)
    back = {
        "rows.csv": pandas.read_csv,
        "rows.tsv.gz": lambda path: pandas.read_csv(path, sep="\t"),
        "rows.jsonl": lambda path: pandas.read_json(path, lines=True),
        "rows.parquet": pandas.read_parquet,
        "rows.arrow": pandas.read_feather,
    }[name](tmp_path / name)
    assert back.astype({"weight": "float32"}).to_dict("list") == rows.to_dict()


def test_tables_are_written_with_errors_and_notes(tmp_path):
    rows = table_of({"x": [1.0, 2.5], "y": [3.0, 4.0]})
    rows.write(tmp_path / "rows.npy")
    assert numpy.load(tmp_path / "rows.npy").tolist() == [[1.0, 3.0], [2.5, 4.0]]
    with pytest.raises(ValueError, match="extension is not that of a writable format; use .csv"):
        rows.write(tmp_path / "rows.xlsx")
    with pytest.raises(FileNotFoundError):
        rows.write(tmp_path / "no" / "rows.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.npy"]
    diabolo.read("digits").take([0, 1]).write(f"{tmp_path}/images/")
    assert len(list(pathlib.Path(tmp_path / "images").glob("*.png"))) == 2


def test_numbers_of_a_text_file_are_numbers_where_their_text_comes_back(tmp_path):
    text = "id,age,price,gap,day\n" + "".join(f"{k:03},{k % 7},{k}.50,{k / 4 if k % 5 else ''},2024-01-0{k % 9 + 1}\n" for k in range(60))
    (tmp_path / "rows.csv").write_text(text)
    with pytest.warns(diabolo.DiaboloWarning, match="'price' stays text, since numbers would not keep its spelling"):
        rows = diabolo.read(tmp_path / "rows.csv")
    made = rows.take([0, 1]).to_dict()
    assert made == {"id": ["000", "001"], "age": [0, 1], "price": ["0.50", "1.50"], "gap": [None, 0.25],
                    "day": ["2024-01-01", "2024-01-02"]}  # fmt: skip
    assert list(rows.to_pandas().dtypes[["age", "gap"]]) == ["int64", "float64"]
    by_rows, by_path = (diabolo.fit(data, epochs=2) for data in (rows, tmp_path / "rows.csv"))
    scores = [by_rows.score(rows), by_path.score(tmp_path / "rows.csv")]
    assert scores[0].to_dict() == scores[1].to_dict() and scores[1].to_dict()["age"][:2] == [0, 1]
    # Texts of other files stay texts.
    table_of({"code": ["1", "2", "1"] * 20}).write(tmp_path / "codes.parquet")
    assert diabolo.read(tmp_path / "codes.parquet").to_dict()["code"][:2] == ["1", "2"]


def test_lists_of_other_lengths_are_refused_by_name():
    with pytest.raises(ValueError, match="column 'b': expected 2 values, as column 'a' has, found 1"):
        diabolo.fit({"a": [1, 2], "b": [1]})
    with pytest.raises(TypeError, match="expected rows of a library of Arrow, found int"):
        diabolo.Table.from_arrow(3)


def test_tables_are_pickled():
    rows = diabolo.read("digits").take([3, 4])
    again = pickle.loads(pickle.dumps(rows))
    assert again.to_dict() == rows.to_dict() and again.shares("image", rows)
    series = table_of({"load": [float(hour % 24) for hour in range(300)]})
    forecaster = diabolo.Forecaster(epochs=1).fit(series)
    assert pickle.loads(pickle.dumps(forecaster)).predict(3).to_dict() == forecaster.predict(3).to_dict()


def test_indicators_stand_beside_rows_of_any_kind():
    columns = {"x": [None, 1.0, 2.0] * 20, "y": [0.5, 1.5, 0.5] * 20}
    arrow = pyarrow.table(columns)
    for rows in (columns, table_of(columns), arrow, duckdb.from_arrow(arrow), pandas.DataFrame(columns)):
        made = diabolo.Imputer(epochs=1, samples=5, add_indicator=True).fit(rows).transform(rows)
        made = made if isinstance(made, dict) else diabolo.Table.from_arrow(made).to_dict()
        assert list(made) == ["x", "y", "missingindicator_x"], type(rows)
        assert made["missingindicator_x"] == [True, False, False] * 20 and None not in made["x"]
