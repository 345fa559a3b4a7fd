"""Nadeau and Bengio's correction against scikit-learn's worked example."""

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from steepest.base.errors import BadInput
from steepest.evidence.paired import t_interval
from steepest.evidence.resampled import corrected_variance, resampled_t


def test_no_overlap_is_student() -> None:
    d = np.random.default_rng(0).normal(size=11)
    assert resampled_t(d, 0.0, 0.1).interval == pytest.approx(t_interval(d, 0.1), abs=1e-12)


def test_scikit_learns_published_example() -> None:
    # scikit-learn, "Statistical comparison of models using grid search": 10×10-fold AUC of SVC(rbf) less
    # SVC(linear) on two moons; corrected t 0.750, one-sided p 0.227
    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    scores = [
        cross_val_score(SVC(kernel=k, random_state=0), x, y, cv=folds, scoring="roc_auc")
        for k in ("rbf", "linear")
    ]
    d = scores[0] - scores[1]
    found = resampled_t(d, overlap=10 / 90)
    assert d.mean() / found.standard_error == pytest.approx(0.750, abs=5e-4)
    assert found.p_value / 2 == pytest.approx(0.227, abs=5e-4)


def test_more_overlapping_splits_stop_helping() -> None:
    d = np.random.default_rng(1).normal(size=10_000)
    assert corrected_variance(d, 0.25) == pytest.approx(0.25, rel=0.05)


def test_edges() -> None:
    assert np.isnan(resampled_t([1.0], 0.25).p_value)
    assert resampled_t([1.0, 1.0], 0.25).p_value == 0.0
    assert resampled_t([0.0, 0.0], 0.25).p_value == 1.0
    with pytest.raises(BadInput, match="overlap must be n_test/n_train"):
        resampled_t([1.0, 2.0], -1.0)
