"""Linear models, boosted trees and naive Bayes from scikit-learn, for one target or many."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.later import Later
from steepest.training.source import Source

LIBRARIES = ("sklearn.ensemble", "sklearn.linear_model", "sklearn.naive_bayes")
"""What the models are made of."""

if TYPE_CHECKING:
    from sklearn import ensemble, linear_model
    from sklearn import naive_bayes as bayes
else:
    ensemble, linear_model, bayes = map(Later, LIBRARIES)

Make = Callable[[], Any]
Values = NDArray[np.float64]
Predict = Callable[[Any], Values]


def linear(source: Source, strength: float = 1.0) -> Make:
    """Logistic regression of classes and labels, ridge regression of numbers.

    Args:
        source: says what the target is.
        strength: C, the inverse of the logistic regression's penalty.
    """

    def make() -> Any:
        if source.classes:
            return linear_model.LogisticRegression(C=strength, max_iter=300)
        return linear_model.Ridge()

    return make


def trees(source: Source, **options: Any) -> Make:
    """Gradient-boosted trees with scikit-learn's defaults, but for `options`."""

    def make() -> Any:
        if source.classes:
            return ensemble.HistGradientBoostingClassifier(random_state=0, **options)
        return ensemble.HistGradientBoostingRegressor(random_state=0, **options)

    return make


def naive_bayes() -> Make:
    """Naive Bayes of word weights."""
    return lambda: bayes.MultinomialNB()


def fitted(source: Source, make: Make, x: Any, y: NDArray[Any]) -> Predict:
    """Fit a model; what it gives predicts chances of classes [n, C] or labels [n, C], else numbers like y.

    Labels, and the steps of a forecast, get a model each.
    """
    if source.task == "multilabel":
        marks = [_mark(make, x, mark) for mark in y.T.astype(np.int64)]
        return lambda unseen: np.stack([mark(unseen) for mark in marks], axis=1)
    if not source.classes:
        return _numbers(make, x, y)
    model = make().fit(x, y)

    def chances(unseen: Any) -> Values:
        found = np.zeros((unseen.shape[0], source.classes))
        found[:, model.classes_] = model.predict_proba(unseen)
        return found

    return chances


def _numbers(make: Make, x: Any, y: Values) -> Predict:
    """Fitted in deviations: ridge regression computes in the precision of x."""
    mean, scale = float(y.mean()), float(y.std()) or 1.0
    scaled, model = (y - mean) / scale, make()
    if y.ndim == 1 or isinstance(model, linear_model.Ridge):  # which solves for all steps at once
        model.fit(x, scaled)
        return lambda unseen: np.asarray(model.predict(unseen), np.float64) * scale + mean
    models = [make().fit(x, step) for step in scaled.T]
    return lambda unseen: np.stack([each.predict(unseen) for each in models], axis=1) * scale + mean


def _mark(make: Make, x: Any, marks: NDArray[np.int64]) -> Predict:
    if marks.min() == marks.max():  # nothing to tell apart
        return lambda unseen: np.full(unseen.shape[0], float(marks[0]))
    model = make().fit(x, marks)
    return lambda unseen: np.asarray(model.predict_proba(unseen)[:, 1], np.float64)
