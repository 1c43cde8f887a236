"""PyOD's contract, by the patterns of its own tests of detectors."""

import numpy
import pytest

pytest.importorskip("pyod")

from pyod.models.base import BaseDetector  # noqa: E402
from pyod.utils.data import generate_data  # noqa: E402
from scipy.stats import rankdata  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from diabolo.pyod import Detector  # noqa: E402

CONTAMINATION = 0.1
ROC_FLOOR = 0.8


@pytest.fixture(scope="module")
def data():
    train, test, train_labels, test_labels = generate_data(
        n_train=200, n_test=100, n_features=5, contamination=CONTAMINATION, random_state=42
    )
    return train, test, train_labels, test_labels


@pytest.fixture(scope="module")
def fitted(data):
    return Detector(contamination=CONTAMINATION, options={"steps": 200}).fit(data[0])


def test_parameters_and_attributes(fitted, data):
    assert isinstance(fitted, BaseDetector)
    assert fitted.decision_scores_.shape == fitted.labels_.shape == (200,)
    assert fitted.contamination == CONTAMINATION and fitted._mu is not None and fitted._sigma is not None
    assert fitted.threshold_ == numpy.percentile(fitted.decision_scores_, 100 * (1 - CONTAMINATION))
    assert set(fitted.labels_) == {0, 1} and fitted.labels_.sum() == 20
    assert numpy.array_equal(fitted.labels_, fitted.decision_scores_ > fitted.threshold_)


def test_scores_of_training_rows_are_higher_for_anomalies(fitted, data):
    assert roc_auc_score(data[2], fitted.decision_scores_) > ROC_FLOOR
    assert numpy.array_equal(fitted.decision_function(data[0]), fitted.decision_scores_)


def test_decision_function(fitted, data):
    scores = fitted.decision_function(data[1])
    assert scores.shape == (100,)
    assert roc_auc_score(data[3], scores) >= ROC_FLOOR


def test_predict(fitted, data):
    labels, confidence = fitted.predict(data[1], return_confidence=True)
    assert set(labels) <= {0, 1} and numpy.array_equal(labels, fitted.predict(data[1]))
    assert numpy.array_equal(labels, fitted.decision_function(data[1]) > fitted.threshold_)
    assert confidence.shape == labels.shape and 0 <= confidence.min() and confidence.max() <= 1


@pytest.mark.parametrize("method", ["linear", "unify"])
def test_predict_proba(method, fitted, data):
    probabilities = fitted.predict_proba(data[1], method=method)
    assert probabilities.shape == (100, 2) and probabilities.min() >= 0 and probabilities.max() <= 1
    assert numpy.allclose(probabilities.sum(axis=1), 1)
    # The second column is that of anomalies.
    assert roc_auc_score(data[3], probabilities[:, 1]) >= ROC_FLOOR


def test_predict_proba_refuses_other_methods(fitted, data):
    with pytest.raises(ValueError):
        fitted.predict_proba(data[1], method="something")


def test_fit_predict_is_fit_and_labels(fitted, data):
    labels = clone(fitted).fit_predict(data[0])
    assert numpy.array_equal(labels, fitted.labels_)


def test_predict_rank(fitted, data):
    scores = fitted.decision_function(data[1])
    ranks = fitted._predict_rank(data[1])
    assert numpy.abs(rankdata(ranks) - rankdata(scores)).max() <= 2.5
    normalized = fitted._predict_rank(data[1], normalized=True)
    assert normalized.min() >= 0 and normalized.max() <= 1


def test_what_is_not_fitted_says_so(data):
    for method in ("decision_function", "predict", "predict_proba"):
        with pytest.raises(NotFittedError):
            getattr(Detector(), method)(data[1])
    with pytest.raises(ValueError, match="contamination"):
        Detector(contamination=0.7)


def test_clone(fitted, data):
    again = clone(fitted)
    assert again.get_params() == fitted.get_params() and not hasattr(again, "decision_scores_")
    assert numpy.array_equal(again.fit(data[0]).decision_scores_, fitted.decision_scores_)


def test_columns_of_any_kind(fitted):
    """A frame is passed on as it is: PyOD's own detectors take numbers only."""
    from conftest import mixed_frame

    frame = mixed_frame()
    frame.loc[3, "height"] = 260.0
    found = Detector(options={"steps": 200}).fit(frame)
    assert found.decision_scores_.argmax() == 3 and found.labels_[3] == 1
