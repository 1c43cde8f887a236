"""Typed tables out of a generator: write, fit one epoch, impute, score, compress and decompress, read back, compare every cell.

    pip install pyarrow pandas
    python bench/passthrough.py target/debug/diabolo --tables 2000 [--seed 0] [--show 5]

A table is one draw of: the format of the file and of the output; for each column its stored type (or, in
text, the spelling of its cells), the pattern of its missing cells and its role (key, label, dropped, left
to the program). What was observed must come back: the same text in text formats, the same type and value
in typed ones; across, the value that an independent reader finds. Missing cells of a column that the model
does not learn stay missing, and all of them after compression. pyarrow, pandas and Python's csv write and read; nothing of this repository does.
"""

import argparse
import csv
import datetime as dt
import decimal
import io
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

TEXT = ("csv", "tsv")
TYPED = ("parquet", "arrow")
# Words that may mean a missing cell: among learned cells both readings are right.
WORDS = ("NA", "?", "null", "NaN", "N/A", "nan", "NULL", "n/a", "-999")
SPELLINGS = {
    "plain integers": lambda r: str(r.randint(-50, 50)),
    "leading zeros": lambda r: f"{r.randint(0, 999):05d}",
    "beyond 2^53": lambda r: str(9007199254740993 + r.randint(0, 50)),
    "two decimals": lambda r: f"{r.uniform(0, 20):.2f}",
    "shortest reals": lambda r: repr(r.gauss(0, 10)),
    "small reals": lambda r: repr(r.gauss(0, 1e-6)),
    "whole and real": lambda r: r.choice(["1", "2.5", "3", "4.25"]),
    "plus signs": lambda r: f"{r.randint(-9, 9):+d}",
    "blanks around": lambda r: r.choice([" 7", "8 ", " 9 ", "10"]),
    "words": lambda r: r.choice(["red", "green", "blue"]),
    "words with NA": lambda r: r.choice(["NA", "DE", "FR", "null"]),
    "codes": lambda r: r.choice(["1", "2", "5"]),
    "truth": lambda r: r.choice(["True", "False"]),
    "yes": lambda r: r.choice(["yes", "no"]),
    "awkward text": lambda r: r.choice(['a,"b"', "c\td", "e\nf", "ünïcode", "'", "=1+1", "#x", "  "]) + str(r.randint(0, 99)),
    "dates": lambda r: f"2024-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}",
    "times": lambda r: f"2024-01-{r.randint(1, 28):02d} {r.randint(0, 23):02d}:30:00",
    "local dates": lambda r: f"{r.randint(13, 28)}.{r.randint(1, 12):02d}.2024",
    "money": lambda r: f"${r.randint(1, 9)},{r.randint(0, 999):03d}.50",
    "percent": lambda r: f"{r.randint(0, 100)}%",
    "decimal commas": lambda r: f"{r.randint(0, 99)},{r.randint(0, 9)}",
    "minus zero": lambda r: r.choice(["-0", "0", "0.0", "1"]),
}


def when(r, far=False):
    if far:
        return dt.datetime(r.choice([1, 1677, 2262, 9999]), 1, 2, 3, 4, 5, 678000)
    return dt.datetime(2024, 1, 1) + dt.timedelta(seconds=r.randint(0, 10**7))


def number(r, bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return r.choice([low, high, 1, 2, 3, r.randint(low, high)]) if r.random() < 0.3 else r.randint(0, 9)


def stored_types():
    types = {}
    for bits in (8, 16, 32, 64):
        types[f"int{bits}"] = (getattr(pa, f"int{bits}")(), lambda r, b=bits: number(r, b, True))
        types[f"uint{bits}"] = (getattr(pa, f"uint{bits}")(), lambda r, b=bits: number(r, b, False))
    real = lambda r: r.choice([0.1, 1.5, -2.25, float("nan"), 1e-7]) if r.random() < 0.3 else r.gauss(0, 3)
    types["float32"], types["float64"] = (pa.float32(), real), (pa.float64(), real)
    types["float16"] = (pa.float16(), lambda r: __import__("numpy").float16(r.gauss(0, 3)))
    for name, made, digits, scale in [("128", pa.decimal128, 20, 0), ("128", pa.decimal128, 9, 2), ("128", pa.decimal128, 38, 10), ("256", pa.decimal256, 50, 3)]:
        top = min(10 ** digits - 1, 10**18)
        types[f"decimal{name}({digits}, {scale})"] = (
            made(digits, scale),
            lambda r, t=top, s=scale: decimal.Decimal(r.choice([t, r.randint(-t, t), r.randint(0, 999)])).scaleb(-s, decimal.Context(prec=60)),
        )
    words = lambda r: r.choice(["red", "green", "blue", "00501", "NA", "1.50"])
    types["bool"] = (pa.bool_(), lambda r: r.random() < 0.5)
    types["string"], types["large_string"], types["string_view"] = (pa.string(), words), (pa.large_string(), words), (pa.string_view(), words)
    types["text of numbers"] = (pa.string(), lambda r: r.choice(["501", "00501", "10001"]))
    types["text of numbers only"] = (pa.string(), lambda r: r.choice(["501", "7", "10001"]))
    types["empty text"] = (pa.string(), lambda r: r.choice(["", "a", " b "]))
    types["dictionary"] = (pa.dictionary(pa.int8(), pa.string()), lambda r: r.choice(["small", "medium", "large"]))
    types["ordered dictionary"] = (pa.dictionary(pa.int32(), pa.string(), True), lambda r: r.choice(["small", "medium", "large"]))
    types["dictionary of numbers"] = (pa.dictionary(pa.int16(), pa.int64()), lambda r: r.choice([1, 2, 5]))
    types["binary"], types["large_binary"] = (pa.binary(), lambda r: r.randbytes(3)), (pa.large_binary(), lambda r: r.randbytes(2))
    types["fixed binary"] = (pa.binary(4), lambda r: r.randbytes(4))
    types["date32"], types["date64"] = (pa.date32(), lambda r: when(r).date()), (pa.date64(), lambda r: when(r).date())
    types["far date32"] = (pa.date32(), lambda r: when(r, True).date())
    types["date beyond calendars"] = (pa.date32(), lambda r: r.choice([2**31 - 1, -(2**31), 5]))
    types["timestamp beyond calendars"] = (pa.timestamp("us"), lambda r: r.choice([2**63 - 1, -(2**63), 5]))
    types["time32"], types["time64"] = (pa.time32("s"), lambda r: when(r).time()), (pa.time64("us"), lambda r: when(r).time())
    types["time64 ns"], types["time32 ms"] = (pa.time64("ns"), lambda r: r.randint(0, 86399 * 10**9)), (pa.time32("ms"), lambda r: when(r).time())
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin", "+02:00"):
            types[f"timestamp {unit} {zone}"] = (pa.timestamp(unit, zone), when)
    types["far timestamp"] = (pa.timestamp("us", "UTC"), lambda r: when(r, True))
    types["duration"] = (pa.duration("ms"), lambda r: dt.timedelta(milliseconds=r.randint(0, 10**9)))
    types["list"] = (pa.list_(pa.int32()), lambda r: [r.randint(0, 9) for _ in range(r.randint(0, 3))])
    types["large list"] = (pa.large_list(pa.string()), lambda r: ["a"] * r.randint(0, 2))
    types["fixed list"] = (pa.list_(pa.float32(), 3), lambda r: [r.random() for _ in range(3)])
    types["list of times"] = (pa.list_(pa.timestamp("ms", "UTC")), lambda r: [when(r)])
    types["structure"] = (pa.struct([("a", pa.int8()), ("b", pa.string())]), lambda r: {"a": r.randint(0, 9), "b": "x"})
    types["map"] = (pa.map_(pa.string(), pa.int64()), lambda r: [("k", r.randint(0, 9))])
    types["null"] = (pa.null(), lambda r: None)
    # pyarrow does not write these to Parquet.
    types["interval"] = (pa.month_day_nano_interval(), lambda r: pa.scalar((1, r.randint(0, 9), 5), pa.month_day_nano_interval()).as_py())
    types["list view"] = (pa.list_view(pa.int32()), lambda r: [r.randint(0, 9)])
    types["runs"] = (pa.run_end_encoded(pa.int32(), pa.int64()), lambda r: r.choice([1, 2]))
    return types


ARROW_ONLY = ("interval", "list view", "runs")
TYPES = stored_types()


def gaps(r, rows):
    pattern = r.choice(["none", "none", "some", "some", "first", "all but one", "all"])
    chosen = {
        "none": [], "some": [k for k in range(rows) if r.random() < 0.25], "first": range(rows // 2),
        "all but one": range(1, rows), "all": range(rows),
    }[pattern]
    return set(chosen), pattern


def role_of(r, taken, kind):
    role = r.choice(["key", "label", "drop", "drop", "auto", "auto", "auto"])
    if role in taken and role in ("key", "label"):
        role = "drop"
    taken.add(role)
    return role


class Table:
    """Columns: (name, kind, role, cells); a cell is None where it is missing."""

    def __init__(self, seed):
        r = self.r = random.Random(seed)
        self.rows = r.randint(12, 30)
        self.format, self.out = r.choice(TEXT + TYPED), r.choice(TEXT + TYPED)
        self.columns, taken = [], set()
        for name in ("x", "y"):
            self.columns.append((name, "float64" if self.typed else "shortest reals", "auto", self.base()))
        for k in range(r.randint(2, 6)):
            kinds = list(TYPES) if self.typed else list(SPELLINGS)
            kind = r.choice([kind for kind in kinds if self.format == "arrow" or kind not in ARROW_ONLY])
            draw = TYPES[kind][1] if self.typed else SPELLINGS[kind]
            missing, _ = gaps(r, self.rows)
            cells = [None if row in missing else draw(r) for row in range(self.rows)]
            role = role_of(r, taken, kind)
            if role == "key" and not self.typed and r.random() < 0.3:
                cells = [cell and r.choice(WORDS) for cell in cells]
            self.columns.append((r.choice([f"c{k}", f"c {k}", f"ü{k}", f"score{k}"]), kind, role, cells))
        if r.random() < 0.1:
            name, kind, role, cells = self.columns.pop()
            self.columns.append((r.choice(["score", "anomaly", "latent_1", "reason_1"]), kind, role, cells))
        r.shuffle(self.columns)

    @property
    def typed(self):
        return self.format in TYPED

    def base(self):
        cells = [self.r.gauss(0, 2) for _ in range(self.rows)]
        cells = cells if self.typed else [repr(cell) for cell in cells]
        return [None if self.r.random() < 0.1 and row > 5 else cell for row, cell in enumerate(cells)]

    def arrow(self):
        arrays = []
        for _, kind, _, cells in self.columns:
            wanted = TYPES[kind][0]
            if pa.types.is_dictionary(wanted):
                arrays.append(pa.array(cells, wanted.value_type).dictionary_encode().cast(wanted))
            elif pa.types.is_run_end_encoded(wanted):
                arrays.append(pa.compute.run_end_encode(pa.array(cells, wanted.value_type)))
            elif kind.endswith("beyond calendars"):
                plain = pa.int32() if kind.startswith("date") else pa.int64()
                arrays.append(pa.array(cells, plain).view(wanted))
            else:
                arrays.append(pa.array(cells, wanted))
        return pa.table(arrays, names=[name for name, *_ in self.columns])

    def write(self, path):
        if self.format == "parquet":
            pq.write_table(self.arrow(), path)
        elif self.format == "arrow":
            feather.write_feather(self.arrow(), path, compression=self.r.choice(["lz4", "uncompressed"]))
        else:
            with open(path, "w", newline="", encoding="utf-8") as file:
                quoting = self.r.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
                ends = self.r.choice(["\n", "\r\n"])
                writer = csv.writer(file, delimiter="," if self.format == "csv" else "\t", quoting=quoting, lineterminator=ends)
                writer.writerow([name for name, *_ in self.columns])
                for row in range(self.rows):
                    writer.writerow([cells[row] if cells[row] is not None else "" for *_, cells in self.columns])

    def flags(self):
        flags = []
        for name, _, role, _ in self.columns:
            if role != "auto":
                flags += [f"--{role}", name]
        return flags


def as_parquet(table):
    """The table as pyarrow writes and reads it in Parquet, which has no seconds, and no runs."""
    plain = {name: table.column(name) for name in table.column_names}
    for name, column in plain.items():
        if pa.types.is_run_end_encoded(column.type):
            plain[name] = pa.chunked_array([pa.compute.run_end_decode(chunk) for chunk in column.chunks], column.type.value_type)
    buffer = io.BytesIO()
    pq.write_table(pa.table(plain), buffer)
    return pq.read_table(buffer)


def read(path, format):
    """The columns of an output: lists of texts, or Arrow arrays."""
    if format in TYPED:
        table = pq.read_table(path) if format == "parquet" else feather.read_table(path)
        return {name: table.column(name).combine_chunks() for name in table.column_names}, table.num_rows
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, delimiter="," if format == "csv" else "\t")
    return {name: [row[k] for row in rows] for k, name in enumerate(header)}, len(rows)


def plain(text, value):
    """Whether the text is a usual spelling of the number: with the fewest digits."""
    if isinstance(value, int):
        return str(value) == text and abs(value) <= 2**53
    digits = text.replace("e+", "e").replace("e-0", "e-").replace("e0", "e")
    usual = repr(value).replace("e+", "e").replace("e-0", "e-").replace("e0", "e")
    return float(text) == value and (digits in (usual, usual.removesuffix(".0")) or "e" not in text and "e" in usual)


def as_text(kind, cell, text):
    """Whether a reader of text finds the typed cell."""
    wanted = TYPES[kind][0]
    value_type = wanted.value_type if pa.types.is_dictionary(wanted) or pa.types.is_run_end_encoded(wanted) else wanted
    if kind.endswith("beyond calendars"):
        return text == str(cell) or cell == 5
    if pa.types.is_boolean(value_type):
        return text == str(cell).lower()
    if pa.types.is_integer(value_type):
        return text == str(cell)
    if pa.types.is_floating(value_type):
        return math.isnan(cell) and text.lower() == "nan" or pa.scalar(float(text), value_type) == pa.scalar(cell, value_type)
    if pa.types.is_decimal(value_type):
        return text == format(cell, "f")
    if pa.types.is_string(value_type) or pa.types.is_large_string(value_type) or pa.types.is_string_view(value_type):
        return text == cell
    if pa.types.is_date(value_type):
        return text[:10] == cell.isoformat()
    if pa.types.is_time(value_type):
        return text[:8] == (cell if isinstance(cell, dt.time) else dt.time.fromisoformat(str(pa.scalar(cell, value_type)))).isoformat()[:8]
    if pa.types.is_timestamp(value_type):
        naive = cell.replace(tzinfo=dt.timezone.utc)
        found = dt.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)) == naive.replace(microsecond=0) if value_type.unit == "s" else (found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)) == naive
    if pa.types.is_binary(value_type) or pa.types.is_large_binary(value_type) or pa.types.is_fixed_size_binary(value_type):
        return text == cell.hex()
    return text != ""


def differences(table, found, rows, verb):
    """(column, row, expected, found) of every untouched cell that did not come back, and the number compared."""
    wrong, compared = [], 0
    given = table.arrow() if table.typed else None
    if given is not None and "parquet" in (table.format, table.out):
        given = as_parquet(given.select([name for name, kind, *_ in table.columns if kind != "interval"]))
    for name, kind, role, cells in table.columns:
        if name not in found:
            unfit = table.out == "parquet" and kind == "interval"
            wrong += [] if unfit else [(name, "-", "the column", "no column")]
            continue
        column = found[name]
        if table.typed and table.out in TYPED and column.type != given.column(name).type and kind != "null":
            wrong.append((name, "type", str(given.column(name).type), str(column.type)))
            continue
        origin = given.column(name).combine_chunks() if table.typed else None
        for row, cell in enumerate(cells):
            learned_gap = cell is None or isinstance(cell, float) and math.isnan(cell) or not table.typed and cell.strip() in WORDS + ("",)
            learned_gap = learned_gap or table.typed and isinstance(cell, str) and cell.strip() in WORDS + ("",)
            if learned_gap and role == "auto" and verb == "impute":
                continue
            compared += 1
            if table.out in TYPED:
                back = column[row]
                if table.typed:
                    same = back.equals(origin[row]) or str(back) == str(origin[row]) == "nan" or kind == "null"
                    if pa.types.is_dictionary(column.type):
                        same = back.as_py() == origin[row].as_py()
                elif cell is None:
                    same = not back.is_valid
                else:
                    value = back.as_py() if not pa.types.is_temporal(column.type) else str(back)
                    same = value == cell if isinstance(value, str) else value is not None and plain(cell, value)
                    same = same or value is None and learned_gap and role == "auto"
            else:
                back = column[row]
                same = back == "" if cell is None else back == cell if not table.typed else as_text(kind, cell, back)
            if not same:
                wrong.append((name, row, repr(cell), repr(back)))
    if rows != table.rows:
        wrong.append(("-", "rows", table.rows, rows))
    return wrong, compared


def run(binary, folder, *words):
    done = subprocess.run([binary, *words], cwd=folder, capture_output=True, text=True, env=os.environ | {"RUST_BACKTRACE": "0"})
    return done.returncode, done.stderr.strip()


def one(binary, seed):
    table, found, cells = Table(seed), [], 0
    with tempfile.TemporaryDirectory() as folder:
        name = f"t.{table.format}"
        table.write(os.path.join(folder, name))
        fit = ["fit", name, *table.flags(), "--model", "plain", "--epochs", "1", "--hidden", "2", "--latent-dim", "1", "-q", "-o", "run"]
        small = ["variational" if word == "plain" else word for word in fit[:-1]] + ["packed"]
        steps = {
            "fit": fit, "impute": ["impute", "run", name, "-o", f"impute.{table.out}"], "score": ["score", "run", name, "-o", f"score.{table.out}"],
            "fit to compress": small, "compress": ["compress", "packed", name, "-o", "t.dbz"],
            "decompress": ["decompress", "t.dbz", "--model", "packed", "-o", f"decompress.{table.out}"],
        }
        for verb, words in steps.items():
            out = f"{verb}.{table.out}"
            code, said = run(binary, folder, *words)
            if code != 0:
                found.append((verb, "-", "-", "exit 0", f"exit {code}: {said}"))
                if verb.startswith("fit") or verb == "compress":
                    break
                continue
            if verb in ("impute", "score", "decompress"):
                try:
                    wrong, compared = differences(table, *read(os.path.join(folder, out), table.out), verb)
                except Exception as error:  # An output that the reader refuses is a difference.
                    wrong, compared = [("-", "-", "a file that reads", f"{type(error).__name__}: {error}")], 0
                found += [(verb, *each) for each in wrong]
                cells += compared
    return table, found, cells


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first table; the others follow")
    parser.add_argument("--show", type=int, default=10, help="differences that are printed")
    args = parser.parse_args()
    binary, shown, cells, wrong, broken = os.path.abspath(args.binary), 0, 0, 0, 0
    kinds = Counter()
    for seed in range(args.seed, args.seed + args.tables):
        table, found, compared = one(binary, seed)
        cells, wrong, broken = cells + compared, wrong + len(found), broken + bool(found)
        of = {name: kind for name, kind, *_ in table.columns}
        kinds.update({(each[0], of.get(each[1], each[4][:160]), f"{table.format} to {table.out}") for each in found})
        if found and shown < args.show:
            shown += 1
            for each in found[:3]:
                print(f"table {seed}, {table.format} to {table.out}, {each}, kind {of.get(each[1])}", flush=True)
    print(json.dumps({"tables": args.tables, "cells": cells, "differences": wrong, "tables with differences": broken}))
    for kind, count in kinds.most_common(40):
        print(count, *kind)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
