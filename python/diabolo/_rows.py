"""Rows of other libraries as tables, and tables as rows of the kind that came.

No library is imported here: rows of pandas are there only if pandas is.
"""

import os
import sys
from array import array
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

from . import _pandas
from ._diabolo import Table

_KINDS = "pandas, Polars, PyArrow, DuckDB or NumPy, or a dict of lists"


def is_path(data):
    """Whether this names a file, a folder, or a built-in set."""
    return isinstance(data, (str, os.PathLike))


def rows_of(data):
    """The rows as a table, and how tables are given back."""
    library = type(data).__module__.partition(".")[0]
    if library == "pandas":
        return _Pandas(data)
    if library == "polars":
        return _Polars(data)
    if library == "numpy":
        return _Numpy(data)
    if library == "pyarrow":
        return _PyArrow(data)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _Arrow(data)
    if isinstance(data, Mapping):
        return _Columns(data)
    if isinstance(data, (list, tuple)):
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            return _Numpy(numpy.asarray(data))
    raise TypeError(f"expected rows of {_KINDS}, found {type(data).__name__}; diabolo.read reads files")


def usual_kind():
    """The kind of rows that come from nowhere: a data frame of the library in use."""
    for library, kind in (("pandas", _Pandas), ("polars", _Polars)):
        if library in sys.modules:
            return kind
    return _Arrow


class _Arrow:
    """Any object of the Arrow PyCapsule interface; `diabolo.Table` comes back, or a relation."""

    is_frame = True

    def __init__(self, data):
        self.data = data
        self.table = data if isinstance(data, Table) else Table.from_arrow(data)
        # Kinds of columns that follow from the kind of rows.
        self.types = {}

    @property
    def kind(self):
        """What makes other rows of this kind from a table, by `new`."""
        return type(self)

    def back(self, table, same_rows=True):
        """The table in the kind that came."""
        if type(self.data).__module__.partition(".")[0] in ("duckdb", "_duckdb"):
            return sys.modules["duckdb"].from_arrow(table)
        return table

    def named(self, table):
        """A table of numbers and texts in the kind that came, or with an array for each column."""
        return self.back(table)

    def about(self, table):
        """A table about the cells that came, in their kind but not in their types: a mask, errors."""
        return self.back(table)

    @staticmethod
    def new(table):
        """The table without rows that came."""
        return table


class _PyArrow(_Arrow):
    def back(self, table, same_rows=True):
        made = self.new(table)
        came = getattr(self.data, "schema", None)
        if came is None:
            return made
        for at, name in enumerate(made.column_names):
            if name in came.names and made.schema.field(at).type != came.field(name).type:
                try:
                    made = made.set_column(at, name, made.column(at).cast(came.field(name).type))
                except (ValueError, NotImplementedError):
                    pass
        if type(self.data).__name__ != "RecordBatch":
            return made
        columns = [column.combine_chunks() for column in made.columns]
        return type(self.data).from_arrays(columns, schema=made.schema)

    def about(self, table):
        return self.new(table)

    @staticmethod
    def new(table):
        import pyarrow

        return pyarrow.table(table)


class _Polars(_Arrow):
    def __init__(self, data):
        name = type(data).__name__
        frame = data.collect() if name == "LazyFrame" else data.to_frame() if name == "Series" else data
        super().__init__(frame)
        self.types = _ordinal(
            (name, list(dtype.categories)) for name, dtype in frame.schema.items() if str(dtype).startswith("Enum")
        )

    def back(self, table, same_rows=True):
        made = self.new(table)
        came = self.data.schema
        wanted = {name: came[name] for name in made.columns if name in came and made.schema[name] != came[name]}
        return made.cast(wanted, strict=False) if wanted else made

    def about(self, table):
        return self.new(table)

    @staticmethod
    def new(table):
        import polars

        return polars.DataFrame(table)


class _Pandas:
    """A data frame, column by column through NumPy, since not every pandas has PyArrow."""

    is_frame = True

    def __init__(self, data):
        self.data = data.to_frame() if type(data).__name__ == "Series" else data
        columns = [_pandas.column(name, self.data.iloc[:, at]) for at, name in enumerate(self.data.columns)]
        self.table = Table.from_columns(columns, len(self.data))
        self.types = _ordinal(
            (str(name), [str(level) for level in dtype.categories])
            for name, dtype in self.data.dtypes.items()
            if getattr(dtype, "ordered", False)
        )

    def back(self, table, same_rows=True):
        return _pandas.frame(table, self.data, self.table, same_rows)

    named = back

    def about(self, table):
        return _pandas.frame(table, self.data, self.table, True, same_dtypes=False)

    @property
    def kind(self):
        return _Like(self.data.iloc[:0])

    @staticmethod
    def new(table):
        return _pandas.frame(table, None, None, False)


class _Like:
    """Makes data frames with the dtypes of another."""

    def __init__(self, data):
        self.data = data

    def new(self, table):
        return _pandas.frame(table, self.data, None, False)


class _Numpy:
    """A matrix of numbers, which are learned as numbers, or images."""

    is_frame = False

    def __init__(self, data):
        self.data = data
        if data.ndim in (3, 4):
            columns = [_image_column(data)]
            self.types = {}
        elif data.ndim == 2:
            columns = [_array_column(f"column_{at + 1}", data[:, at]) for at in range(data.shape[1])]
            self.types = {name: "numeric" for name, kind, _, _ in columns if kind != "text"}
        else:
            raise ValueError(f"expected a 2D array of rows, or images in 3D or 4D, found {data.ndim}D")
        self.table = Table.from_columns(columns, len(data))

    @property
    def kind(self):
        return _Grey() if self.data.ndim == 3 else type(self)

    def back(self, table, same_rows=True):
        made = self.new(table)
        if made.ndim == 4 and self.data.ndim == 3:
            made = made[..., 0]
        return made.astype(self.data.dtype) if self.data.dtype.kind == "f" and made.dtype.kind in "iuf" else made

    about = back

    def named(self, table):
        return {name: numpy_values(*table.column(name)) for name in table.column_names}

    @staticmethod
    def new(table):
        import numpy

        columns = [numpy_values(*table.column(name)) for name in table.column_names]
        if len(columns) == 1 and columns[0].ndim > 1:
            return columns[0]
        return numpy.column_stack(columns) if columns else numpy.empty((len(table), 0))


class _Grey:
    """Makes images without channels."""

    @staticmethod
    def new(table):
        return _Numpy.new(table)[..., 0]


class _Columns(_Arrow):
    """A mapping from names to lists."""

    def __init__(self, data):
        lists = {str(name): list(values) for name, values in data.items()}
        first, rows = next(((name, len(values)) for name, values in lists.items()), ("", 0))
        for name, values in lists.items():
            if len(values) != rows:
                raise ValueError(f"column {name!r}: expected {rows} values, as column {first!r} has, found {len(values)}")
        columns = [_list_column(name, values) for name, values in lists.items()]
        super().__init__(Table.from_columns(columns, rows))

    def back(self, table, same_rows=True):
        return self.new(table)

    @staticmethod
    def new(table):
        return columns_of(table)


def columns_of(table):
    """The cells of each column as a list of Python's values, None where they are missing."""
    return {name: _cells(*table.column(name)) for name in table.column_names}


def _cells(kind, values, mask):
    kind, _, rest = kind.partition(":")
    if kind == "image":
        values = _image_lists(values, *rest.split(":"))
    elif isinstance(values, bytearray):
        values = memoryview(values).cast(_FORMATS[kind]).tolist()
        if kind == "date":
            values = [_DAY + timedelta(days) for days in values]
        if kind == "timestamp":
            values = _times(values, *rest.split(":", 1))
    return values if mask is None else [None if gap else value for value, gap in zip(values, mask)]


def _image_lists(pixels, shape, pixel):
    sides = [int(side) for side in shape.split("x")]
    numbers = memoryview(pixels).cast(_FORMATS[pixel])
    rows = len(numbers) // (sides[0] * sides[1] * sides[2])
    return memoryview(pixels).cast(_FORMATS[pixel], [rows, *sides]).tolist() if rows else []


# What numbers of dates and times count from.
_DAY = date(1970, 1, 1)
_START = datetime(1970, 1, 1)


def _times(numbers, unit, zone=None):
    """Times, to the microsecond."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    times = [_START + timedelta(microseconds=number * 10**6 // per_second) for number in numbers]
    if zone is None:
        return times
    return [time.replace(tzinfo=timezone.utc).astimezone(_zone(zone)) for time in times]


def _zone(name):
    from zoneinfo import ZoneInfo

    if name[0] in "+-":
        return datetime.strptime(name, "%z").tzinfo
    return timezone.utc if name == "UTC" else ZoneInfo(name)


_FORMATS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "Q", "float32": "f", "float64": "d", "timestamp": "q", "date": "i",
}  # fmt: skip


def _ordinal(levels):
    # A comma separates levels in a type.
    return {name: f"ordinal:{','.join(of)}" for name, of in levels if not any("," in level for level in of)}


def _list_column(name, values):
    seen = [value for value in values if value is not None]
    missing = bytes(value is None for value in values)
    if not seen:
        return name, "empty", len(values), None
    if all(isinstance(value, bool) for value in seen):
        return name, "bool", bytes(bool(value) for value in values), missing
    if all(isinstance(value, int) and abs(value) < 2**63 for value in seen):
        return name, "int64", array("q", [value or 0 for value in values]), missing
    if all(isinstance(value, (int, float)) for value in seen):
        return name, "float64", array("d", [0.0 if value is None else float(value) for value in values]), missing
    if all(type(value) is date for value in seen):
        return name, "date", array("i", [0 if value is None else (value - _DAY).days for value in values]), missing
    if all(isinstance(value, datetime) and value.tzinfo is None for value in seen):
        passed = [_START if value is None else value for value in values]
        return name, "timestamp:us", array("q", [(time - _START) // timedelta(microseconds=1) for time in passed]), missing
    return name, "text", [None if value is None else str(value) for value in values], None


def _image_column(data):
    numpy = sys.modules["numpy"]
    height, width, channels = (*data.shape[1:], 1)[:3]
    wanted = data.dtype if data.dtype in (numpy.uint8, numpy.uint16) else numpy.dtype("float32")
    pixels = numpy.ascontiguousarray(data, dtype=wanted).reshape(-1)
    return "image", f"image:{height}x{width}x{channels}:{wanted.name}", pixels, None


def _array_column(name, values):
    numpy = sys.modules["numpy"]
    if values.dtype.kind in "OUS":
        return _list_column(name, [None if value != value else value for value in values.tolist()])
    if values.dtype.kind == "b":
        return name, "uint8", numpy.ascontiguousarray(values).view("u1"), None
    if values.dtype.kind not in "iuf":
        raise ValueError(f"expected an array of numbers or texts, found {values.dtype}")
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        values = values.astype("float32" if values.dtype.itemsize == 2 else "float64")
    values = numpy.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    return name, values.dtype.name, values, None


def numpy_values(kind, values, mask):
    """A column as an array of NumPy; missing numbers are NaN, missing times NaT, other cells None."""
    import numpy

    kind, _, rest = kind.partition(":")
    if kind == "text":
        return numpy.array(values, dtype=object)
    if kind == "image":
        shape, pixel = rest.split(":")
        return numpy.frombuffer(values, pixel).reshape(-1, *map(int, shape.split("x")))
    if kind in ("timestamp", "date"):
        unit = rest.partition(":")[0] or "D"
        found = numpy.frombuffer(values, "i4" if kind == "date" else "i8").astype(f"datetime64[{unit}]")
    else:
        found = numpy.frombuffer(values, kind)
    if mask is None:
        return found
    gaps = numpy.frombuffer(mask, "bool")
    if found.dtype.kind in "iub":
        found = found.astype(object if kind == "bool" else "float64")
    found[gaps] = None if kind == "bool" else "NaT" if found.dtype.kind == "M" else float("nan")
    return found
