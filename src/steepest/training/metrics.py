"""Scores of every member of a chunk, gathered over blocks of held-out rows."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from steepest.base.errors import BadInput, closest

Task = Literal["classification", "regression"]
Values = NDArray[np.float64]

OBJECTIVES: dict[str, dict[str, float]] = {
    "classification": {"accuracy": 1.0, "balanced_accuracy": 1.0, "log_loss": -1.0},
    "regression": {"r2": 1.0, "rmse": -1.0, "mae": -1.0},
}
"""Metrics per task with their sign: scores are metric · sign, so that higher is always better."""


def objective_for(task: Task, objective: str | None) -> str:
    """The metric to search by: the task's first one unless the user names another.

    Raises:
        BadInput: for a metric the task does not have.

    Example:
        >>> objective_for("classification", None)
        'accuracy'
    """
    known = OBJECTIVES[task]
    if objective is None:
        return next(iter(known))
    if objective not in known:
        raise BadInput("objective", f"must suit {task}", objective, closest(objective, known))
    return objective


def score_of(metrics: Mapping[str, Values], objective: str) -> Values:
    """Scores [K]: the metric named `objective`, turned so that higher is better."""
    signs = {name: sign for metrics_of_task in OBJECTIVES.values() for name, sign in metrics_of_task.items()}
    return metrics[objective] * signs[objective]


class Classification:
    """Accuracy, balanced accuracy (mean recall over the classes present) and log loss in nats."""

    def __init__(self, members: int, classes: int) -> None:
        self._confusion = np.zeros((members, classes * classes), dtype=np.int64)
        self._loss, self._classes = np.zeros(members), classes

    def add(self, logits: Tensor, targets: Tensor, real: Tensor) -> None:
        """Count a block: logits [K, B, C], targets [K, B], real [K, B] False for padding."""
        members, batch, classes = logits.shape
        losses = functional.cross_entropy(logits.reshape(-1, classes), targets.reshape(-1), reduction="none")
        self._loss += (losses.view(members, batch).double() * real).sum(1).numpy()
        cell = targets * classes + logits.argmax(2)
        for k in range(members):
            self._confusion[k] += torch.bincount(cell[k][real[k]], minlength=classes * classes).numpy()

    def result(self) -> dict[str, Values]:
        """Metric name → values [K]. `loss` is what training minimises, without penalties."""
        confusion = self._confusion.reshape(-1, self._classes, self._classes).astype(np.float64)
        rows = confusion.sum((1, 2))
        right = np.diagonal(confusion, axis1=1, axis2=2)
        actual = confusion.sum(2)
        recall = np.divide(right, actual, out=np.zeros_like(right), where=actual > 0)
        balanced = recall.sum(1) / (actual > 0).sum(1)
        loss = self._loss / rows
        broken = ~np.isfinite(loss)
        accuracy = np.where(broken, np.nan, right.sum(1) / rows)
        return {
            "accuracy": accuracy,
            "balanced_accuracy": np.where(broken, np.nan, balanced),
            "log_loss": loss,
            "loss": loss,
        }


class Regression:
    """R², root mean squared error and mean absolute error, in the target's own unit."""

    def __init__(self, y_scale: Values) -> None:
        members = len(y_scale)
        self._scale = y_scale
        self._count, self._square, self._absolute = np.zeros(members), np.zeros(members), np.zeros(members)
        self._sum, self._sum_square = np.zeros(members), np.zeros(members)

    def add(self, outputs: Tensor, targets: Tensor, real: Tensor) -> None:
        """Count a block: outputs [K, B, 1] and targets [K, B] standardised, real [K, B]."""
        y = targets.double() * real
        error = (outputs.squeeze(2).double() - targets.double()) * real
        self._count += real.sum(1).double().numpy()
        self._square += error.square().sum(1).numpy()
        self._absolute += error.abs().sum(1).numpy()
        self._sum += y.sum(1).numpy()
        self._sum_square += y.square().sum(1).numpy()

    def result(self) -> dict[str, Values]:
        """Metric name → values [K]. `loss` is the standardised squared error that training minimises."""
        mse = self._square / self._count
        variance = self._sum_square / self._count - (self._sum / self._count) ** 2
        return {
            "r2": 1 - mse / np.maximum(variance, 1e-300),
            "rmse": np.sqrt(mse) * self._scale,
            "mae": self._absolute / self._count * self._scale,
            "loss": mse,
        }


def tally_for(task, members, classes, y_scale):  # placeholder
    return Classification(members, classes) if task in ("classification", "next-token") else Regression(y_scale)
