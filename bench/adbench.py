#!/usr/bin/env python3
"""Anomaly detection on the ADBench sets: diabolo and other detectors, same splits, in one run.

    DIABOLO_DATA=... bench/adbench.py [SET...]
    DIABOLO_DATA=... bench/adbench.py --further [SET...]
    DIABOLO_DATA=... ADBENCH=FOLDER ROWS=5000 bench/adbench.py --unseen

FOLDER is adbench/datasets/Classical of github.com/Minqi824/ADBench: its sets that are not in DIABOLO_DATA.

Two regimes. `normal`: fitted on a random half of the normal rows, tested on the rest and all anomalies.
`contaminated`: fitted on all rows without their labels, and the same rows are scored. Labels are only used for AUROC and average
precision (AP); there is one setting for all sets. Sets are sampled to ROWS rows; results are means over SEEDS seeds.

The last lines are the means over all sets, over each kind of them and, with `--further`, over the further sets of anomaly_sets.py.

Finished parts are kept in OUT and not run again. The table goes to stdout. Needs numpy and scikit-learn. The peers are the detectors
of PyOD with defaults, or without PyOD scikit-learn's isolation forest, k nearest neighbours and the reconstruction error of PCA.
Environment: SEEDS (2), REGIMES (normal contaminated), FIT (further flags of the fit), ROWS (10000), OUT (runs/adbench), DIABOLO (the
program), SKIP (34_smtp), PEERS (1; 0 leaves them out).
"""

import importlib
import inspect
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from anomaly_sets import FAMILIES, FURTHER, adbench, load, unseen
from sklearn.metrics import average_precision_score, roc_auc_score

OUT = pathlib.Path(os.environ.get("OUT", "runs/adbench"))
SEEDS = int(os.environ.get("SEEDS", 2))
ROWS = int(os.environ.get("ROWS", 10_000))
DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
FIT = shlex.split(os.environ.get("FIT", ""))
PRESET = {"normal": "detect", "contaminated": "detect-contaminated"}


def split(name, seed, regime):
    """Rows to fit on, rows to score, and which of the latter are anomalies."""
    x, y = load(name)
    random = np.random.default_rng(seed)
    if len(x) > ROWS:
        kept = random.permutation(len(x))[:ROWS]
        x, y = x[kept], y[kept]
    if regime == "contaminated":
        return x, x, y
    random = np.random.default_rng(1000 + seed)
    normal = random.permutation(np.flatnonzero(y == 0))
    half = len(normal) // 2
    test = np.concatenate([normal[half:], np.flatnonzero(y == 1)])
    return x[normal[:half]], x[test], y[test]


def table(path, x):
    """Every column is a number, also where it has few values."""
    names = [f"x{j}" for j in range(x.shape[1])]
    np.savetxt(path, x, delimiter=",", fmt="%.9g", header=",".join(names), comments="")
    return [flag for name in names for flag in ("--type", f"{name}=numeric")]


def diabolo(train, test, seed, regime):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        types = table(folder / "train.csv", train)
        table(folder / "test.csv", test)
        run = ["--quiet", "--threads", "1"]
        fit = ["fit", folder / "train.csv", "--preset", PRESET[regime], "--seed", seed, "--test", "0", *FIT]
        subprocess.run([*DIABOLO, *map(str, fit), *types, *run, "--out", folder / "run"], check=True)
        score = ["score", folder / "run", folder / "test.csv", "--reasons", "0", "--out", folder / "scores.csv"]
        subprocess.run([*DIABOLO, *map(str, score), *run], check=True)
        with open(folder / "scores.csv") as scores:
            column = scores.readline().strip().split(",").index("score")
            return np.array([float(line.split(",")[column]) for line in scores])


def of_pyod(module, kind):
    detector = getattr(importlib.import_module(f"pyod.models.{module}"), kind)

    def scores(train, test, seed, regime):
        random = {"random_state": seed} if "random_state" in inspect.signature(detector).parameters else {}
        fitted = detector(**random).fit(train)
        return fitted.decision_scores_ if regime == "contaminated" else fitted.decision_function(test)

    return scores


def forest(train, test, seed, regime):
    from sklearn.ensemble import IsolationForest
    return -IsolationForest(random_state=seed).fit(train).score_samples(test)


def neighbours(train, test, seed, regime):
    """The distance to the fifth neighbour, as PyOD's default."""
    from sklearn.neighbors import NearestNeighbors
    fitted = NearestNeighbors(n_neighbors=5).fit(train)
    return (fitted.kneighbors()[0] if regime == "contaminated" else fitted.kneighbors(test)[0])[:, -1]


def components(train, test, seed, regime):
    """The squared distance from the components with 90 % of the variance."""
    from sklearn.decomposition import PCA
    fitted = PCA(0.9, svd_solver="full").fit(train)
    return ((test - fitted.inverse_transform(fitted.transform(test))) ** 2).sum(1)


def tails(train, test, seed, regime):
    """ECOD (Li et al. 2022): the sum of the columns' log tail probabilities, of the left tail, the right one, or that of the skew."""
    ordered, rows = np.sort(train, 0), len(train)
    ranks = lambda side: np.stack([np.searchsorted(o, x, side) for o, x in zip(ordered.T, test.T)], 1)
    left = -np.log(np.maximum(ranks("right"), 1) / rows)
    right = -np.log(np.maximum(rows - ranks("left"), 1) / rows)
    skewed = np.where(((train - train.mean(0)) ** 3).mean(0) < 0, left, right)
    return np.maximum.reduce([left.sum(1), right.sum(1), skewed.sum(1)])


def peers():
    if os.environ.get("PEERS", "1") == "0":
        return {}
    try:
        import pyod  # noqa: F401
    except ImportError:
        print("PyOD is not here: scikit-learn's detectors are the peers", file=sys.stderr)
        return {"IsolationForest": forest, "kNN": neighbours, "PCA": components, "ECOD": tails}
    kinds = {"IForest": "iforest", "KNN": "knn", "PCA": "pca", "ECOD": "ecod", "AutoEncoder": "auto_encoder"}
    found = {}
    for kind, module in kinds.items():
        try:
            found[kind] = of_pyod(module, kind)
        except ImportError as cause:
            print(f"without PyOD's {kind}: {cause}", file=sys.stderr)
    return found


def standardized(train, test):
    mean, deviation = train.mean(0), train.std(0)
    deviation[deviation < 1e-12] = 1
    return (train - mean) / deviation, (test - mean) / deviation


def run_part(title, detector, name, seed, regime):
    part = OUT / regime / title / f"{name}-{seed}.json"
    if not part.exists():
        train, test, y = split(name, seed, regime)
        # Diabolo scales its columns itself.
        if detector in PEERS.values():
            train, test = standardized(train, test)
        began = time.time()
        # PyOD's PCA gives infinity if a component has no variance.
        scores = np.nan_to_num(detector(train, test, seed, regime))
        found = {"auroc": roc_auc_score(y, scores), "ap": average_precision_score(y, scores)}
        part.parent.mkdir(parents=True, exist_ok=True)
        draft = part.with_suffix(".part")
        draft.write_text(json.dumps({**found, "seconds": time.time() - began}))
        draft.rename(part)
    return json.loads(part.read_text())


def measured(title, detector, name, regime):
    """AUROC, AP and seconds, means over the seeds."""
    found = [run_part(title, detector, name, seed, regime) for seed in range(SEEDS)]
    mean = {key: np.mean([part[key] for part in found]) for key in ("auroc", "ap", "seconds")}
    text = f"{mean['auroc']:.3f} / {mean['ap']:.3f}, {mean['seconds']:.1f} s"
    print(regime, name, title, text, file=sys.stderr, flush=True)
    return mean


def groups(names):
    """All sets, those of each kind, and the further ones."""
    kinds = {kind: [name for name in names if name in members.split()] for kind, members in FAMILIES.items()}
    return {"all": names, **kinds, "further sets": [name for name in names if name in FURTHER]}


def compare(names, regime):
    text = lambda means: f"{np.mean([m['auroc'] for m in means]):.3f} / {np.mean([m['ap'] for m in means]):.3f}"
    detectors = {"diabolo": diabolo, **PEERS}
    found = {name: {title: measured(title, detectors[title], name, regime) for title in detectors} for name in names}
    print(f"\n{regime}: AUROC / AP, mean of {SEEDS} seeds, sets of at most {ROWS} rows\n")
    print(f"| set | {' | '.join(detectors)} |\n|---|{'---:|' * len(detectors)}")
    for name in names:
        print(f"| {name} | {' | '.join(text([found[name][title]]) for title in detectors)} |")
    for group, sets in groups(names).items():
        if sets:
            means = [f"**{text([found[name][title] for name in sets])}**" for title in detectors]
            print(f"| {group}: mean of {len(sets)} | {' | '.join(means)} |", flush=True)


def main():
    skipped = os.environ.get("SKIP", "34_smtp").split()
    arguments = [name for name in sys.argv[1:] if not name.startswith("--")]
    all_sets = unseen() if "--unseen" in sys.argv else adbench() + (FURTHER if "--further" in sys.argv else [])
    names = arguments or [name for name in all_sets if name not in skipped]
    for regime in os.environ.get("REGIMES", "normal contaminated").split():
        compare(names, regime)


PEERS = peers()
main()
