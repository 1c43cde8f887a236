"""Sets with labelled anomalies: ADBench's, and further ones made of the shared data. Of the settings of the presets only the robust centre
of `detect-contaminated` was found with the further ones.

`load(name)` gives rows (float) and labels (1: anomaly). A further set is the normal class with a fraction of another class, drawn with a
fixed seed, or the extremes of a measured age or quality, which are not among its columns.
"""

import collections
import gzip
import os
import pathlib

import numpy as np

ROOT = pathlib.Path(os.environ["DIABOLO_DATA"])

# Where the rows come from.
FAMILIES = {
    "medical": "2_annthyroid 4_breastw 6_cardio 23_mammography 29_Pima 38_thyroid 42_WBC wdbc ecg5000 starmap",
    "images": "20_letter 24_mnist 26_optdigits 31_satimage-2 fashion_mnist_2 fashion_mnist_5 mnist_4 optdigits_8",
    "physical": "10_cover 12_fault 14_glass 18_Ionosphere 22_magic.gamma 32_shuttle banknote wine abalone",
    "text, speech, persons": "34_smtp 35_SpamBase 40_vowels german adult",
}
FURTHER = "wdbc wine abalone banknote german ecg5000 adult starmap fashion_mnist_2 fashion_mnist_5 mnist_4 optdigits_8".split()


def adbench():
    names = [path.stem for path in (ROOT / "adbench").glob("*.npz")]
    return sorted(names, key=lambda name: int(name.split("_")[0]))


def unseen():
    """The sets in the folder ADBENCH that are not among the shared ones: no setting was chosen on them."""
    names = [path.stem for path in pathlib.Path(os.environ["ADBENCH"]).glob("*.npz") if path.stat().st_size > 0]
    return sorted(set(names) - set(adbench()), key=lambda name: int(name.split("_")[0]))


def load(name):
    if name in FURTHER:
        kind, _, digit = name.rpartition("_")
        rows, labels = one_class(kind, int(digit)) if kind else globals()[name]()
        return np.ascontiguousarray(rows, float), labels
    path = ROOT / "adbench" / f"{name}.npz"
    path = path if path.exists() else pathlib.Path(os.environ["ADBENCH"]) / path.name
    with np.load(path, allow_pickle=True) as data:
        return data["X"].astype(np.float64), data["y"].astype(int).ravel()


def table(path):
    return [line.strip().split(",") for line in open(ROOT / "uci" / path) if line.strip()]


def with_anomalies(rows, labels, fraction):
    """All normal rows, and anomalies up to this fraction of them."""
    normal, anomalies = np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)
    chosen = np.random.default_rng(7).permutation(anomalies)[: int(fraction * len(normal))]
    kept = np.concatenate([normal, chosen])
    return rows[kept], labels[kept]


def encoded(columns):
    """Numbers, and a column of 0 and 1 for each category."""
    found = []
    for cells in columns:
        try:
            found.append(np.array(cells, float)[:, None])
        except ValueError:
            levels = sorted(set(cells))
            found.append(np.array([[cell == level for level in levels] for cell in cells], float))
    return np.hstack(found)


def wdbc():
    rows = table("wdbc.data")
    malignant = np.array([row[1] == "M" for row in rows]).astype(int)
    return with_anomalies(np.array([row[2:] for row in rows], float), malignant, 0.1)


def wine():
    rows = np.array(table("winequality-white.csv"), float)
    return rows[:, :-1], (rows[:, -1] <= 4).astype(int)


def abalone():
    rows = table("abalone.csv")
    rings = np.array([row[8] for row in rows], float)
    return encoded(zip(*[row[:8] for row in rows])), ((rings >= 19) | (rings <= 4)).astype(int)


def banknote():
    rows = np.array(table("banknote_authentication.csv"), float)
    return with_anomalies(rows[:, :-1], rows[:, -1].astype(int), 0.08)


def german():
    rows = table("german.csv")
    return encoded(zip(*[row[:20] for row in rows])), np.array([row[20] == "2" for row in rows]).astype(int)


def ecg5000():
    rows = np.loadtxt(gzip.open(ROOT / "ecg5000/ECG5000_TEST.txt.gz", "rt"))
    return with_anomalies(rows[:, 1:], (rows[:, 0] != 1).astype(int), 0.15)


def adult():
    lines = gzip.open(ROOT / "adult/adult.data.gz", "rt")
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.count(",") == 14][:9000]
    rich = np.array([row[14].startswith(">") for row in rows]).astype(int)
    return with_anomalies(encoded(zip(*[row[:14] for row in rows])), rich, 0.07)


def starmap():
    """Cell types with fewer than 120 cells."""
    rows = [line.split(",") for line in gzip.open(ROOT / "single_cell/starmap_mpfc_counts.csv.gz", "rt")][1:]
    counts = collections.Counter(row[0] for row in rows)
    return np.array([row[2:] for row in rows], float), np.array([counts[row[0]] < 120 for row in rows]).astype(int)


def one_class(kind, digit):
    """One class, with a few of the others."""
    if kind == "optdigits":
        parts = [np.loadtxt(gzip.open(ROOT / f"optdigits/optdigits.{p}.gz", "rt"), delimiter=",") for p in ("tra", "tes")]
        rows = np.concatenate(parts)
        rows, classes, fraction = rows[:, :64], rows[:, 64], 0.1
    else:
        images = np.frombuffer(gzip.open(ROOT / kind / "t10k-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
        classes = np.frombuffer(gzip.open(ROOT / kind / "t10k-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
        # Means of 4 × 4 pixels.
        rows, fraction = images.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49), 0.06
    normal = np.flatnonzero(classes == digit)
    others = np.random.default_rng(5).permutation(np.flatnonzero(classes != digit))[: int(fraction * len(normal))]
    return rows[np.concatenate([normal, others])], np.repeat([0, 1], [len(normal), len(others)])
