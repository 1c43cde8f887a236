"""Shapes and pair trends by sdmetrics 0.24.0, and supports by the curves of synthcity, for the tests of `diabolo audit`.

    pip install sdmetrics==0.24.0 scikit-learn && python generate_audit.py > audit.json

Numbers of the synthetic rows are moved into the range of the real ones for the trends, and numbers beside levels are cut
into ten equal bins of that range. Supports are computed from the curves of `AlphaPrecision.metrics` in synthcity, on as many rows of both tables:
numbers by the range of the real ones, levels one-hot, a missing number 0 with a column of its own.
"""
import json

import numpy as np
import pandas as pd
from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
from sdmetrics.single_column import KSComplement, TVComplement
from sklearn.neighbors import NearestNeighbors

NUMBERS = ["age", "pay"]


def table(seed, shift):
    draw = np.random.default_rng(seed)
    n = 80 + seed
    age = draw.integers(20, 60, n).astype(float)
    pay = np.round(100 * age + shift * 500 + draw.normal(0, 900, n), 2)
    pay[draw.uniform(size=n) < 0.08] = np.nan
    kind = draw.choice(["a", "b", "c"] + ["d"] * shift, n)
    city = np.where(age > 40, draw.choice(["north", "south"], n), "north").astype(object)
    city[draw.uniform(size=n) < 0.05] = None
    return pd.DataFrame({"age": age, "city": city, "kind": kind, "pay": pay})


def text(value):
    if value is None or value != value:
        return None
    return repr(float(value)) if isinstance(value, float) else str(value)


real, made = table(1, 0), table(2, 1)
levels = [frame.copy() for frame in (real, made)]
for frame in levels:
    for name in ("kind", "city"):
        frame[name] = frame[name].map(lambda cell: "(missing)" if cell is None else cell).astype(str)
a, b = levels
shapes = {c: (KSComplement if c in NUMBERS else TVComplement).compute(a[c], b[c]) for c in a}
clipped = b.copy()
for name in NUMBERS:
    clipped[name] = clipped[name].clip(a[name].min(), a[name].max())
pairs = {}
columns = list(a.columns)
for i, first in enumerate(columns):
    for second in columns[i + 1:]:
        pair = [first, second]
        x, y = a[pair].copy(), clipped[pair].copy()
        if all(name in NUMBERS for name in pair):
            pairs[" ".join(pair)] = CorrelationSimilarity.compute(x, y)
            continue
        for name in pair:
            if name in NUMBERS:
                edges = np.linspace(a[name].min(), a[name].max(), 11)
                for frame in (x, y):
                    frame[name] = pd.cut(frame[name], edges, include_lowest=True, labels=False).astype(str)
        pairs[" ".join(pair)] = ContingencySimilarity.compute(x, y)


def points(frame):
    parts = []
    for name in frame:
        if name in NUMBERS:
            low, high = real[name].min(), real[name].max()
            parts += [((frame[name] - low) / (high - low)).fillna(0), frame[name].isna().astype(float)]
        else:
            levels = sorted(set(a[name]) | set(b[name]))
            parts += [(frame[name].astype(str) == level).astype(float) for level in levels]
    return np.stack([np.asarray(part, float) for part in parts], 1)


def supports(x, y):
    """The curves of `AlphaPrecision.metrics` in synthcity; a curve of 0 has the value 0."""
    alphas = np.linspace(0, 1, 30)
    center, own_center = x.mean(0), y.mean(0)
    norm = lambda rows: np.sqrt((rows**2).sum(1))
    radii = np.quantile(norm(x - center), alphas)
    to_center = norm(y - center)
    real_to_real = NearestNeighbors(n_neighbors=2).fit(x).kneighbors(x)[0][:, 1]
    real_to_made, nearest = (found[:, 0] for found in NearestNeighbors(n_neighbors=1).fit(y).kneighbors(x))
    of_nearest = norm(y[nearest] - own_center)
    inner = np.quantile(of_nearest, alphas)
    precision = [np.mean(to_center <= radius) for radius in radii]
    coverage = [np.mean((real_to_made <= real_to_real) * (of_nearest <= radius)) for radius in inner]
    return [1 - np.abs(alphas - curve).sum() / alphas.sum() for curve in (precision, coverage)]


rows = min(len(a), len(b))
support = supports(points(a)[:rows], points(b)[:rows])
cells = lambda frame: {c: [text(v) for v in frame[c]] for c in frame}
print(json.dumps({"real": cells(real), "synthetic": cells(made), "shapes": shapes, "pairs": pairs, "support": support}))
