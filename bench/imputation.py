"""Imputation of missing cells, compared with other methods.

    DIABOLO_DATA=... python bench/imputation.py [--sets wdbc banknote wine adult] [--masks 5] [--diabolo "cargo run --release --quiet --"]
    DIABOLO_DATA=... python bench/imputation.py --rows 300 --sets ionosphere spambase wdbc cardio letter --masks 2

Numbers: half of all cells are removed at random (MCAR); every method is fitted on the same incomplete tables, standardized by the
remaining cells. `banknote` and `wine` are whole files, with class and quality as one more number;
`banknote-4` and `wine-11` are the measurements only, and the names of ADBench their columns. With --rows a set is that many rows drawn once, without columns in
which fewer than ten cells differ from the most frequent value. Standardized MSE is the mean over removed cells of the squared error divided by the
column's variance in the whole table. Adult: a fifth of all cells, in training and test rows; accuracy of removed categories
(mean over columns), and the RMSE of removed numbers in standard deviations (root of the mean over columns).
Intervals: the 5 % and 95 % quantiles of `--multiple 100` tables; coverage is the fraction of removed numbers between them.

Finished parts are kept under --out and not run again. Prints Markdown. Needs NumPy and scikit-learn.
"""
import argparse
import csv
import gzip
import json
import os
import shlex
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--sets", nargs="+", default=["wdbc", "banknote", "wine", "adult"])
parser.add_argument("--methods", nargs="+", default=["mean", "knn", "missforest", "diabolo"])
parser.add_argument("--masks", type=int, default=5)
parser.add_argument("--diabolo", default="cargo run --release --quiet --")
parser.add_argument("--fit", default=None, help="flags of `diabolo fit` instead of the preset")
parser.add_argument("--out", default="runs/imputation")
parser.add_argument("--rows", type=int, help="take that many rows of each set of numbers")
parser.add_argument("--threads", type=int, default=1)
arguments = parser.parse_args()

DATA = Path(os.environ["DIABOLO_DATA"])
OUT = Path(arguments.out)
DIABOLO = shlex.split(arguments.diabolo)
# One setting for all sets; all rows of the numeric ones are training rows, since they are imputed.
PRESET = "--preset impute"
FIT = shlex.split(arguments.fit if arguments.fit is not None else PRESET)
WHOLE = ["--validation", "0", "--test", "0"]
TABLES = 100


ADBENCH = {"ionosphere": "18_Ionosphere", "spambase": "35_SpamBase", "cardio": "6_cardio", "letter": "20_letter"}


def numbers(name):
    table = all_rows(name)
    if not arguments.rows:
        return table
    table = table[np.random.default_rng(0).permutation(len(table))[: arguments.rows]]
    usual = [np.unique(column, return_counts=True)[1].max() for column in table.T]
    return table[:, len(table) - np.array(usual) >= 10]


def all_rows(name):
    if name in ADBENCH:
        return np.load(DATA / f"adbench/{ADBENCH[name]}.npz")["X"].astype(float)
    if name == "wdbc":
        return np.array([line.split(",")[2:] for line in open(DATA / "uci/wdbc.data").read().split()], float)
    file, columns = {
        "banknote": ("banknote_authentication.csv", 5),
        "banknote-4": ("banknote_authentication.csv", 4),
        "wine": ("winequality-white.csv", 12),
        "wine-11": ("winequality-white.csv", 11),
    }[name]
    return np.loadtxt(DATA / "uci" / file, delimiter=",")[:, :columns]


def holes(shape, share, mask):
    """True where a cell is removed; no row loses all of its cells."""
    random = np.random.default_rng([mask, *shape])
    removed = random.random(shape) < share
    empty = removed.all(1)
    removed[empty, random.integers(0, shape[1], empty.sum())] = False
    return removed


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def read(path):
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    return rows


def diabolo(*words):
    command = [*DIABOLO, *map(str, words), "--quiet", "--threads", str(arguments.threads)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def fitted(folder, table, *flags):
    """A run on the table, and its completed tables."""
    run = folder / "run"
    if not (run / "model.safetensors").exists():
        subprocess.run(["rm", "-rf", run], check=True)
        diabolo("fit", table, "--out", run, *FIT, *flags)
    return run


def by_mean(table):
    return np.where(np.isnan(table), np.nanmean(table, 0), table)


def by_neighbours(table):
    from sklearn.impute import KNNImputer

    return KNNImputer(n_neighbors=5).fit_transform(table)


def by_forest(table):
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    forest = RandomForestRegressor(n_estimators=100, max_features="sqrt", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return IterativeImputer(forest, max_iter=10, tol=0, random_state=0).fit_transform(table)


def by_diabolo(table, folder):
    source = folder / "holes.csv"
    names = [f"x{k}" for k in range(table.shape[1])]
    write(source, names, [["" if np.isnan(cell) else repr(float(cell)) for cell in row] for row in table])
    # A class is one of two values.
    several = [name for name, column in zip(names, table.T) if len(np.unique(column[~np.isnan(column)])) > 2]
    run = fitted(folder, source, *WHOLE, *[f"--type={name}=numeric" for name in several])
    diabolo("impute", run, source, "--out", folder / "completed.csv")
    diabolo("impute", run, source, "--out", folder / "drawn.csv", "--multiple", TABLES)
    drawn = np.stack([np.array(read(folder / f"drawn-{k + 1}.csv"), float) for k in range(TABLES)])
    for k in range(TABLES):
        os.remove(folder / f"drawn-{k + 1}.csv")
    return np.array(read(folder / "completed.csv"), float), np.quantile(drawn, [0.05, 0.95], axis=0)


def measure_numbers(name, method, mask, folder):
    whole = numbers(name)
    removed = holes(whole.shape, 0.5, mask)
    table = np.where(removed, np.nan, whole)
    shift, scale = np.nanmean(table, 0), np.nanstd(table, 0)
    table, whole = (table - shift) / scale, (whole - shift) / scale
    found = {}
    if method == "diabolo":
        completed, (low, high) = by_diabolo(table, folder)
        numeric = removed & [len(np.unique(column)) > 2 for column in whole.T]
        found["coverage"] = float(((low <= whole) & (whole <= high))[numeric].mean())
    else:
        completed = {"mean": by_mean, "knn": by_neighbours, "missforest": by_forest}[method](table)
    assert np.array_equal(completed[~removed], table[~removed]), "observed cells are as they were"
    found["mse"] = float((((completed - whole) / whole.std(0)) ** 2)[removed].mean())
    return found


ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race",
         "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"]
ADULT_NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]


def adult(part):
    with gzip.open(DATA / "adult" / part, "rt") as file:
        lines = [line.strip().rstrip(".") for line in file]
    return np.array([line.split(", ") for line in lines if line.count(",") == 14], object)


def baseline_adult(method, train, test):
    """Test rows imputed from training rows; both are texts with '' for missing cells."""
    completed = test.copy()
    codes = {}
    for k, name in enumerate(ADULT):
        seen = train[:, k][train[:, k] != ""]
        if name in ADULT_NUMBERS:
            usual = np.mean(seen.astype(float))
        else:
            values, counts = np.unique(seen, return_counts=True)
            usual, codes[k] = values[counts.argmax()], values
        completed[:, k] = np.where(test[:, k] == "", usual, test[:, k])
    if method == "mean":
        return completed
    from sklearn.impute import KNNImputer

    def encode(rows):
        parts = []
        for k, name in enumerate(ADULT):
            gap = rows[:, k] == ""
            if name in ADULT_NUMBERS:
                column = np.where(gap, "nan", rows[:, k]).astype(float)[:, None]
                seen = train[:, k][train[:, k] != ""].astype(float)
                column = (column - seen.mean()) / seen.std()
            else:
                # The distance of different values is one standard deviation.
                column = (rows[:, k][:, None] == codes[k]).astype(float) / np.sqrt(2)
                column[gap] = np.nan
            parts.append(column)
        return parts

    # All training rows would take hours.
    chosen = np.random.default_rng(0).permutation(len(train))[:5000]
    inside, outside = encode(train[chosen]), encode(test)
    imputer = KNNImputer(n_neighbors=10).fit(np.hstack(inside))
    filled = imputer.transform(np.hstack(outside))
    start = 0
    for k, (name, part) in enumerate(zip(ADULT, outside)):
        made = filled[:, start : start + part.shape[1]]
        start += part.shape[1]
        if name in ADULT_NUMBERS:
            seen = train[:, k][train[:, k] != ""].astype(float)
            made = made[:, 0] * seen.std() + seen.mean()
        else:
            made = codes[k][made.argmax(1)]
        completed[:, k] = np.where(test[:, k] == "", made, test[:, k])
    return completed


def measure_adult(method, mask, folder):
    if method == "missforest":
        return None
    train, test = adult("adult.data.gz"), adult("adult.test.gz")
    # Only the first test rows, since k-NN needs hours for all.
    test = test[:5000]
    train, test = (np.where(rows == "?", "", rows) for rows in (train, test))
    removed = [holes(rows.shape, 0.2, mask) for rows in (train, test)]
    known = test != ""
    given = [np.where(gone, "", rows) for gone, rows in zip(removed, (train, test))]
    if method == "diabolo":
        for name, rows in zip(("train", "test"), given):
            write(folder / f"{name}.csv", ADULT, rows)
        run = fitted(folder, folder / "train.csv")
        diabolo("impute", run, folder / "test.csv", "--out", folder / "completed.csv", "--unknown", "missing", "--samples", 200)
        completed = np.array(read(folder / "completed.csv"), object)
    else:
        completed = baseline_adult(method, *given)
    gone = removed[1] & known
    hits, squares = [], []
    for k, name in enumerate(ADULT):
        rows = gone[:, k]
        if name in ADULT_NUMBERS:
            truth, made = test[rows, k].astype(float), completed[rows, k].astype(float)
            scale = train[:, k][train[:, k] != ""].astype(float).std()
            squares.append(np.mean(((made - truth) / scale) ** 2))
        else:
            hits.append(np.mean(completed[rows, k] == test[rows, k]))
    return {"accuracy": float(np.mean(hits)), "rmse": float(np.sqrt(np.mean(squares)))}


def measured(name, method, mask):
    """The results of one method on one table, from the disk if available."""
    folder = OUT / (f"{name}-{arguments.rows}" if arguments.rows else name) / method / str(mask)
    result = folder / "result.json"
    if not result.exists():
        folder.mkdir(parents=True, exist_ok=True)
        start = time.time()
        found = measure_adult(method, mask, folder) if name == "adult" else measure_numbers(name, method, mask, folder)
        if found is None:
            return None
        found["seconds"] = time.time() - start
        result.with_suffix(".part").write_text(json.dumps(found))
        result.with_suffix(".part").rename(result)
    return json.loads(result.read_text())


def cell(values, digits=3):
    error = f" ± {np.std(values, ddof=1) / len(values) ** 0.5:.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{error}"


TITLES = {"mean": "mean or mode", "knn": "k nearest neighbours", "missforest": "random forests, chained (missForest)",
          "diabolo": "diabolo"}
columns = []
for name in arguments.sets:
    wanted = [("accuracy", "accuracy of categories"), ("rmse", "RMSE of numbers")] if name == "adult" else [
        ("mse", "MSE"), ("coverage", "coverage of 90 %")]
    columns += [(name, key, title) for key, title in wanted] + [(name, "seconds", "seconds")]
lines = {}
for method in arguments.methods:
    for name in arguments.sets:
        found = [measured(name, method, mask) for mask in range(arguments.masks)]
        for key in {key for result in found if result for key in result}:
            digits = 0 if key == "seconds" else 3
            lines[method, name, key] = cell([result[key] for result in found], digits)
print("| | " + " | ".join(f"{name}: {title}" for name, _, title in columns) + " |")
print("|---" * (len(columns) + 1) + "|")
for method in arguments.methods:
    print(f"| {TITLES[method]} | " + " | ".join(lines.get((method, name, key), "") for name, key, _ in columns) + " |")
