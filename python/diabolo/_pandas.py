"""Columns of pandas as columns of a table, and back with their index and dtypes."""

import datetime
import sys


def column(name, series):
    """Name, kind, values and mask of a column."""
    kind, values, mask = _values(series)
    return str(name), kind, values, None if mask is None or not mask.any() else mask.astype("u1").tobytes()


def _values(series):
    pandas, numpy = sys.modules["pandas"], sys.modules["numpy"]
    dtype = series.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        return _categories(series)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        times = series.dt.tz_convert("UTC").dt.tz_localize(None)
        return _times(times, f":{dtype.tz}")
    if isinstance(dtype, pandas.StringDtype):
        return "text", series.astype(object).where(series.notna(), None).tolist(), None
    if hasattr(dtype, "pyarrow_dtype"):
        import pyarrow

        return "arrow", pyarrow.chunked_array(series.array.__arrow_array__()).combine_chunks(), None
    if isinstance(dtype, numpy.dtype):
        return _of_numpy(series)
    if dtype.kind in "iufb" and hasattr(dtype, "numpy_dtype"):
        gaps = series.isna().to_numpy()
        values = series.to_numpy(dtype=dtype.numpy_dtype, na_value=0)
        return dtype.numpy_dtype.name, _contiguous(values), gaps
    return _texts(series)


def _of_numpy(series):
    kind = series.dtype.kind
    if kind == "M":
        return _times(series, "")
    if kind == "O":
        return _objects(series)
    if kind in "iufb":
        values = series.to_numpy()
        if kind == "f" and values.dtype.itemsize not in (4, 8):
            values = values.astype("float32" if values.dtype.itemsize == 2 else "float64")
        return values.dtype.name, _contiguous(values), None
    return _texts(series)


def _contiguous(values):
    numpy = sys.modules["numpy"]
    values = numpy.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    return values.view("u1") if values.dtype.kind == "b" else values


def _times(series, zone):
    numpy = sys.modules["numpy"]
    values = series.to_numpy()
    unit = numpy.datetime_data(values.dtype)[0]
    return f"timestamp:{unit}{zone}", _contiguous(values.view("i8")), series.isna().to_numpy()


def _categories(series):
    categories, codes = series.cat.categories, series.cat.codes.to_numpy("int32")
    if all(isinstance(level, str) for level in categories):
        return "category", (_contiguous(codes), list(categories)), None
    # Categories that are numbers are numbers.
    return _values(series.astype(categories.dtype) if series.notna().all() else series.astype(object))


def _objects(series):
    pandas = sys.modules["pandas"]
    found = pandas.api.types.infer_dtype(series, skipna=True)
    gaps = series.isna().to_numpy()
    if gaps.all():
        return "empty", len(series), None
    if found == "boolean":
        return "bool", _contiguous(series.where(~gaps, False).to_numpy(dtype=bool)), gaps
    if found == "integer" and series[~gaps].map(lambda value: abs(int(value)) < 2**63).all():
        return "int64", _contiguous(series.where(~gaps, 0).to_numpy(dtype="int64")), gaps
    if found in ("floating", "mixed-integer-float", "integer"):
        return "float64", _contiguous(series.to_numpy(dtype="float64", na_value=float("nan"))), None
    if found in ("datetime", "datetime64"):
        times = pandas.to_datetime(series, errors="coerce")
        if times.dtype.kind == "M":
            return _values(times)
    if found == "date":
        epoch = datetime.date(1970, 1, 1)
        days = [0 if gap else (day - epoch).days for day, gap in zip(series, gaps)]
        return "date", _contiguous(sys.modules["numpy"].array(days, "int32")), gaps
    return _texts(series)


def _texts(series):
    return "text", [None if gap else str(value) for value, gap in zip(series, series.isna())], None


def frame(table, like, given, same_rows, same_dtypes=True):
    """A data frame of the table; columns that `like` has keep its dtype, and unchanged ones are its own.

    `given` is the table that `like` became. With `same_rows` the index is kept, too; without
    `same_dtypes` only names and index are.
    """
    import pandas

    index = like.index if same_rows and like is not None else pandas.RangeIndex(len(table))
    came = {} if like is None else {str(name): name for name in like.columns}
    columns = {}
    for name in table.column_names:
        if name in came and same_rows and same_dtypes and table.shares(name, given):
            columns[came[name]] = like[came[name]]
        else:
            dtype = like[came[name]].dtype if name in came and same_dtypes else None
            columns[came.get(name, name)] = _series(*table.column(name), index, dtype)
    return pandas.DataFrame(columns, index=index, copy=False)


def _series(kind, values, mask, index, dtype):
    import pandas

    from ._rows import numpy_values

    masked = {"Int", "UInt", "Float", "boolean"}
    if mask is not None and dtype is not None and any(str(dtype).startswith(name) for name in masked):
        # By way of the extension, so that large whole numbers keep their digits.
        made = pandas.Series(numpy_values(kind, values, None), index=index)
        return made.astype(dtype).mask(numpy_values("bool", mask, None))
    found = numpy_values(kind, values, mask)
    if kind.startswith("image"):
        return pandas.Series(list(found), index=index)
    if kind.startswith("date"):
        return pandas.Series(found.astype(object), index=index)
    made = pandas.Series(found, index=index)
    if kind == "text":
        made = made.infer_objects() if dtype is None else made
    zone = kind.split(":", 2)[2:]
    if zone:
        made = made.dt.tz_localize("UTC").dt.tz_convert(zone[0])
    if dtype is None or dtype == made.dtype:
        return made
    try:
        return made.astype(dtype)
    except (TypeError, ValueError):
        return made
