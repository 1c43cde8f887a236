"""A table of numbers and categories with structure, as Parquet or CSV. Needs numpy and pyarrow.

    python wide_table.py table.parquet --rows 1000000                       # a key, 24 numbers, 4 categories of 200 levels
    python wide_table.py wide.parquet --rows 1000000 --numbers 4 --categories 1 --levels 50000 --uniform
    python wide_table.py numbers.csv --rows 1000000 --numbers 30 --categories 0

Rows belong to 64 hidden groups. A number is a mixture of two hidden factors and noise. A level is drawn
from the popular ones of the row's group, or else from all of them (Zipf), so that levels say something about numbers.
Rows are written in chunks: any number of them needs the memory of one.
"""
import argparse

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--numbers", type=int, default=24)
parser.add_argument("--categories", type=int, default=4)
parser.add_argument("--levels", type=int, default=200)
parser.add_argument("--uniform", action="store_true", help="all levels are equally frequent among the others")
parser.add_argument("--missing", type=float, default=0.0, help="fraction of missing cells")
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()

GROUPS, CHUNK = 64, 100_000
fixed = np.random.default_rng(arguments.seed)
loadings = fixed.normal(size=(2, arguments.numbers))
centers = fixed.normal(size=(GROUPS, 2)) * 2
zipf = 1 / np.arange(1, arguments.levels + 1)
cumulative = np.cumsum(zipf / zipf.sum())
favourites = fixed.integers(0, arguments.levels, size=(arguments.categories, GROUPS, 8))
names = np.array([f"level_{k:05d}" for k in range(arguments.levels)])


def column(values, rng):
    mask = rng.random(len(values)) < arguments.missing if arguments.missing else None
    return pa.array(values, mask=mask)


def chunk(first, rows):
    rng = np.random.default_rng([arguments.seed, first])
    group = rng.integers(0, GROUPS, rows)
    factors = centers[group] + rng.normal(size=(rows, 2))
    numbers = factors @ loadings + 0.5 * rng.normal(size=(rows, arguments.numbers))
    columns = {"id": pa.array(np.arange(first, first + rows))}
    for k in range(arguments.numbers):
        columns[f"x{k + 1}"] = column(np.round(numbers[:, k], 4), rng)
    for k in range(arguments.categories):
        popular = favourites[k, group, rng.integers(0, 8, rows)]
        drawn = rng.random(rows)
        other = (drawn * arguments.levels).astype(int) if arguments.uniform else np.searchsorted(cumulative, drawn)
        code = np.where(rng.random(rows) < 0.7, popular, np.minimum(other, arguments.levels - 1))
        columns[f"c{k + 1}"] = column(names[code], rng)
    return pa.table(columns)


def writer(schema):
    if arguments.out.endswith(".parquet"):
        return pa.parquet.ParquetWriter(arguments.out, schema)
    return pa.csv.CSVWriter(arguments.out, schema, write_options=pa.csv.WriteOptions(quoting_style="none"))


starts = range(0, arguments.rows, CHUNK)
with writer(chunk(0, 1).schema) as out:
    for first in starts:
        out.write_table(chunk(first, min(CHUNK, arguments.rows - first)))
