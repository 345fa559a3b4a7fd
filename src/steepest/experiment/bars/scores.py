"""Metrics of predictions made outside the engine, under the names the engine gives its own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.training.source import Source

LEAST_CHANCE = 1e-15
"""A probability of zero counts as this: one surprise should not make a log loss infinite."""

Values = NDArray[np.float64]
Metrics = dict[str, float]


def metrics_of(source: Source, predicted: NDArray[Any], targets: NDArray[Any]) -> Metrics:
    """All metrics of a task.

    Args:
        source: says which task.
        predicted: chances [N, C] of classes, or of labels each by itself; else numbers, the shape of targets.
        targets: [N] codes, [N, C] of zeros and ones, or numbers.
    """
    if source.task == "classification":
        return of_classes(predicted, targets)
    if source.task == "multilabel":
        return of_labels(predicted, targets)
    return of_numbers(predicted, targets)


def of_classes(chances: Values, codes: NDArray[np.int64]) -> Metrics:
    """Accuracy, mean recall over the classes present, and log loss in nats.

    Example:
        >>> of_classes(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1]))["accuracy"]
        1.0
    """
    right = chances.argmax(1) == codes
    counts = np.bincount(codes)
    recall = np.bincount(codes, right)[counts > 0] / counts[counts > 0]
    own = chances[np.arange(len(codes)), codes]
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(recall.mean()),
        "log_loss": float(-np.log(np.maximum(own, LEAST_CHANCE)).mean()),
    }


def of_labels(chances: Values, truth: Values) -> Metrics:
    """Share of right marks, mean F1 over labels, share of rows without an error, and log loss per mark.

    A label is set where its chance is above one half. F1 = 2·hits / (set + true) is 0 for a label that is
    neither set nor true.

    Example:
        >>> found = of_labels(np.array([[0.9, 0.2], [0.8, 0.6]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
        >>> found["accuracy"], found["exact_match"], round(found["macro_f1"], 3)
        (0.75, 0.5, 0.833)
    """
    marks, true = chances > 0.5, truth > 0.5
    right = marks == true
    both, either = (marks & true).sum(0), marks.sum(0) + true.sum(0)
    p = chances.clip(LEAST_CHANCE, 1 - LEAST_CHANCE)
    return {
        "accuracy": float(right.mean()),
        "macro_f1": float((2 * both / np.maximum(either, 1)).mean()),
        "exact_match": float(right.all(1).mean()),
        "log_loss": float(-np.where(true, np.log(p), np.log1p(-p)).mean()),
    }


def of_numbers(guess: Values, y: Values) -> Metrics:
    """R², root mean squared and mean absolute error, over all rows and steps.

    Example:
        >>> of_numbers(np.array([1.0, 3.0]), np.array([1.0, 5.0]))
        {'r2': 0.5, 'rmse': 1.414..., 'mae': 1.0}
    """
    error = guess - y
    mse = float(np.mean(error**2))
    return {
        "r2": 1 - mse / max(float(np.var(y)), 1e-300),
        "rmse": mse**0.5,
        "mae": float(np.abs(error).mean()),
    }
