"""The boosted trees of `diabolo audit` beside XGBoost, on the same files: can synthetic rows be distinguished (C2ST), what can be learned from them (TSTR).

    python bench/boosted_trees.py [--sets adult,magic,abalone,wine] [--shuffles 5]

Synthetic rows of one fit (synthetic.py); both tools shuffle the rows into folds by the seeds 0, 1, …: means over these, and the standard deviation of one shuffle.
The target of wine is whether the quality is at least 7, since its levels are too rare. Needs what synthetic_judge.py needs. Set DIABOLO_DATA and DIABOLO.
"""
import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
from synthetic import SETS, audit, cells, make
from synthetic_judge import Judge, read


def well(folder):
    """The quality of wines as one of two levels."""
    for part in ("train", "test"):
        frame = cells(folder / f"{part}.csv")
        frame["c12"] = np.where(frame["c12"].astype(int) >= 7, "good", "fair")
        frame.to_csv(folder / f"{part}.csv", index=False)


def show(values):
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", default="adult,magic,abalone,wine")
    parser.add_argument("--shuffles", type=int, default=5)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| table | C2ST, XGBoost | C2ST, diabolo | TSTR, XGBoost | TSTR, diabolo |\n|---|---:|---:|---:|---:|")
    for name in args.sets.split(","):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            target = SETS[name](folder)
            if name == "wine":
                well(folder)
            make(folder, 0)
            other = Judge(*(read(folder / f"{part}.csv") for part in ("train", "test", "made")), target)
            own = [audit(folder, target, seed) for seed in range(args.shuffles)]
            c2st = [other.c2st(seed) for seed in range(args.shuffles)]
            figures = [show(c2st), show([each["own_c2st"] for each in own]), f"{other.tstr():.3f}", f"{own[0]['own_tstr']:.3f}"]
            print(f"| {name} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
