"""Judges synthetic rows of a table by public tools: sdmetrics 0.24.0, XGBoost and nearest neighbours.

    python bench/synthetic_judge.py TRAIN.csv TEST.csv MADE.csv TARGET

prints one JSON line. `judge(train, test, made, target)` returns it for frames of `read`. Columns are those of TRAIN; a number beside
the target is compared as a number, all else as text. The figures:

* shape, trend: mean errors (1 - score) of columns and of pairs of columns, in percent; KSComplement and TVComplement, CorrelationSimilarity
  and ContingencySimilarity, numbers beside levels in ten equal bins of the training range, into which synthetic numbers are moved;
* c2st: 1 - (2 AUC - 1) of XGBoost that distinguishes training from synthetic rows, three folds; 1 if it cannot;
* tstr: AUC of the last level of the target on TEST, of XGBoost trained on the synthetic rows;
* dcr_share: share of synthetic rows nearer to training than to as many test rows (ties count half); copies: share at distance 0.

Needs numpy, pandas, scikit-learn, xgboost and sdmetrics==0.24.0.
"""
import itertools
import json
import sys
import warnings

import numpy as np
import pandas as pd

BINS, QUERIES = 10, 2000


def read(path):
    return pd.read_csv(path, skipinitialspace=True, keep_default_na=False, na_values=[""])


class Judge:
    def __init__(self, train, test, made, target):
        self.target, self.columns = target, list(train.columns)
        self.numbers = [c for c in self.columns if c != target and pd.api.types.is_numeric_dtype(train[c])]
        self.levels = [c for c in self.columns if c not in self.numbers]
        self.train, self.test, self.made = (self.typed(frame) for frame in (train, test, made))

    def typed(self, frame):
        """Numbers, and texts; a missing text is a level of its own."""
        numbers = {c: pd.to_numeric(frame[c], errors="coerce") for c in self.numbers}
        texts = {c: frame[c].astype(object).where(frame[c].notna(), "").astype(str) for c in self.levels}
        return pd.DataFrame({c: numbers[c] if c in numbers else texts[c] for c in self.columns})

    def shape(self):
        from sdmetrics.single_column import KSComplement, TVComplement

        scores = [(KSComplement if c in self.numbers else TVComplement).compute(self.train[c], self.made[c]) for c in self.columns]
        return 100 * (1 - np.mean(scores))

    def trend(self):
        from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity

        made = self.made.copy()
        binned = self.train.copy(), self.made.copy()
        for c in self.numbers:
            low, high = self.train[c].min(), self.train[c].max()
            made[c] = made[c].clip(low, high)
            edges = np.linspace(low, high, BINS + 1)
            for frame, cells in zip(binned, (self.train[c], made[c])):
                frame[c] = pd.cut(cells, edges, include_lowest=True, labels=False).astype(str)
        scores = []
        for pair in map(list, itertools.combinations(self.columns, 2)):
            if set(pair) <= set(self.numbers):
                # Without correlation, a pair is left out, as sdmetrics' report does.
                if any((frame[pair].nunique() < 2).any() for frame in (self.train, made)) or len(made[pair].dropna()) < 2:
                    continue
                scores.append(CorrelationSimilarity.compute(self.train[pair], made[pair]))
            else:
                scores.append(ContingencySimilarity.compute(binned[0][pair], binned[1][pair]))
        return 100 * (1 - np.nanmean(scores))

    def codes(self, *frames):
        """Numbers, and levels by their order among those of all frames."""
        known = {c: sorted(set().union(*(frame[c] for frame in frames))) for c in self.levels}
        code = lambda frame, c: pd.Categorical(frame[c], categories=known[c]).codes if c in known else frame[c].to_numpy(float)
        return [np.column_stack([code(frame, c) for c in self.columns]).astype(float) for frame in frames]

    def c2st(self, seed=0):
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import StratifiedKFold
        from xgboost import XGBClassifier

        count = min(len(self.train), len(self.made))
        rows = np.concatenate(self.codes(*(frame.sample(count, random_state=seed) for frame in (self.train, self.made))))
        is_made = np.repeat([0, 1], count)
        aucs = []
        for fit, held in StratifiedKFold(3, shuffle=True, random_state=seed).split(rows, is_made):
            trees = XGBClassifier(n_jobs=1, random_state=0).fit(rows[fit], is_made[fit])
            aucs.append(max(0.5, roc_auc_score(is_made[held], trees.predict_proba(rows[held])[:, 1])))
        return 1 - np.mean([2 * auc - 1 for auc in aucs])

    def tstr(self):
        from sklearn.metrics import roc_auc_score
        from xgboost import XGBClassifier

        last = max(self.test[self.target].unique())
        others = [at for at, c in enumerate(self.columns) if c != self.target]
        made, test = (rows[:, others] for rows in self.codes(self.made, self.test))
        trees = XGBClassifier(n_jobs=1, random_state=0, n_estimators=200, max_depth=5, learning_rate=0.1)
        trees.fit(made, self.made[self.target] == last)
        return roc_auc_score(self.test[self.target] == last, trees.predict_proba(test)[:, 1])

    def distances(self):
        from sklearn.neighbors import NearestNeighbors

        ranges = [max(1e-9, self.train[c].max() - self.train[c].min()) for c in self.numbers]
        count = min(len(self.train), len(self.test))
        frames = [frame.sample(count, random_state=0) for frame in (self.train, self.test)]
        frames.append(self.made.sample(min(QUERIES, len(self.made)), random_state=0))

        def coordinates(frame):
            parts = [frame[self.numbers].to_numpy(float) / ranges]
            for c in self.levels:
                known = sorted(set().union(*(other[c] for other in (self.train, self.test, self.made))))
                parts.append((frame[c].to_numpy()[:, None] == np.array(known, dtype=object)).astype(float))
            return np.nan_to_num(np.hstack(parts))

        train, test, made = map(coordinates, frames)
        nearest = lambda rows: NearestNeighbors(n_neighbors=1, metric="manhattan", algorithm="brute").fit(rows).kneighbors(made)[0][:, 0]
        to_train, to_test = nearest(train), nearest(test)
        return np.mean(to_train < to_test) + np.mean(to_train == to_test) / 2, np.mean(to_train == 0)

    def figures(self):
        dcr_share, copies = self.distances()
        found = {"shape": self.shape(), "trend": self.trend(), "c2st": self.c2st(), "tstr": self.tstr(), "dcr_share": dcr_share, "copies": copies}
        return {key: round(float(value), 4) for key, value in found.items()}


def judge(train, test, made, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Judge(train, test, made, target).figures()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    print(json.dumps(judge(*map(read, sys.argv[1:4]), sys.argv[4])))
