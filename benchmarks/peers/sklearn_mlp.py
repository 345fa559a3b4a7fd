"""scikit-learn's own network, MLPClassifier, in a grid search of two jobs.

It has Adam with an L2 penalty in place of AdamW; everything else is the same work.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.neural_network import MLPClassifier

from work import BATCH, SIZES, Digits, digits, measure


def grid_search(estimator: Any, knob: str, rates: Sequence[float], data: Digits) -> list[float]:
    """Held-out accuracy per rate; the one fold is the division that everybody uses."""
    fold = np.r_[np.full(len(data.x), -1), np.zeros(len(data.x_held), dtype=int)]
    search = GridSearchCV(
        estimator, {knob: list(rates)}, cv=PredefinedSplit(fold), scoring="accuracy", n_jobs=2, refit=False
    )
    search.fit(np.concatenate([data.x, data.x_held]), np.concatenate([data.y, data.y_held]))
    return [float(score) for score in search.cv_results_["mean_test_score"]]


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """All epochs, whatever the loss does."""
    model = MLPClassifier(
        SIZES[1:-1], batch_size=BATCH, max_iter=epochs, n_iter_no_change=epochs + 1, random_state=0
    )
    return grid_search(model, "learning_rate_init", rates, digits())


if __name__ == "__main__":
    measure(train)
