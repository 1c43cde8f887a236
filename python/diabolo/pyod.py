"""A detector for PyOD: `diabolo.pyod.Detector`. Its scores and labels have the opposite sign of scikit-learn's."""

from pyod.models.base import BaseDetector
from sklearn.utils.validation import check_is_fitted

from ._tasks import AnomalyDetector


class Detector(BaseDetector):
    """`diabolo.AnomalyDetector` as PyOD's `BaseDetector`: higher scores and label 1 are anomalies.

    `options` are parameters of `diabolo.AnomalyDetector`, as a dict.
    """

    def __init__(self, contamination=0.1, contaminated=True, random_state=0, options=None):
        super().__init__(contamination=contamination)
        self.contaminated = contaminated
        self.random_state = random_state
        self.options = options

    def fit(self, X, y=None):
        """Fits the detector, and PyOD's threshold."""
        self._set_n_classes(y)
        options = self.options or {}
        self.detector_ = AnomalyDetector(contaminated=self.contaminated, random_state=self.random_state, **options)
        self.detector_.fit(X)
        self.decision_scores_ = self.decision_function(X)
        self._process_decision_scores()
        return self

    def decision_function(self, X):
        """The score of each row, nats above the usual."""
        check_is_fitted(self, "detector_")
        return -self.detector_.score_samples(X)
