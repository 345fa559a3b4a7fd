"""Scores of every member of a chunk, gathered over blocks of held-out rows.

Every tally also has `loss`, what training minimises before penalties and before the knobs that weigh examples
differently: log loss, or the squared error of the standardised target.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from steepest.base.errors import BadInput, closest
from steepest.data.dataset import Task

Values = NDArray[np.float64]

OBJECTIVES: dict[Task, dict[str, float]] = {
    "classification": {"accuracy": 1.0, "balanced_accuracy": 1.0, "log_loss": -1.0},
    "regression": {"r2": 1.0, "rmse": -1.0, "mae": -1.0},
    "multilabel": {"accuracy": 1.0, "macro_f1": 1.0, "exact_match": 1.0, "log_loss": -1.0},
    "forecasting": {"mae": -1.0, "rmse": -1.0, "r2": 1.0},
    "next-token": {"log_loss": -1.0, "accuracy": 1.0, "perplexity": -1.0},
}
"""Metrics per task with their sign: scores are metric · sign, so that higher is always better. The first one
is searched by unless the user names another."""


class Tally(Protocol):
    """Metrics of every member of a stack, block by block."""

    def add(self, outputs: Tensor, targets: Tensor, real: Tensor) -> None:
        """Count a block.

        Args:
            outputs: what networks write, [K, B, …].
            targets: as in training, [K, B] or [K, B, …].
            real: bool [K, B], False for padding.
        """

    def result(self) -> dict[str, Values]:
        """Metric name → values [K]."""


def tally_for(task: Task, members: int, classes: int, y_scale: Values) -> Tally:
    """An empty tally.

    Args:
        task: of the data.
        members: K.
        classes: number of classes, labels or tokens; 0 for numbers.
        y_scale: the deviation [K] by which each member's target was divided.

    Example:
        >>> tally = tally_for("next-token", 1, 2, np.ones(1))
        >>> tally.add(torch.zeros(1, 4, 8, 2), torch.zeros(1, 4, 8).long(), torch.ones(1, 4).bool())
        >>> tally.result()["perplexity"]
        array([2.])
    """
    if task == "classification":
        return Classification(members, classes)
    if task == "multilabel":
        return Labels(members, classes)
    return Tokens(members) if task == "next-token" else Regression(y_scale)


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
    return -metrics[objective] if is_lower_better(objective) else metrics[objective]


def is_lower_better(objective: str) -> bool:
    """Whether a metric should be low, so that scores are its negatives.

    Example:
        >>> is_lower_better("mae"), is_lower_better("accuracy")
        (True, False)
    """
    return any(metrics.get(objective, 0.0) < 0 for metrics in OBJECTIVES.values())


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
        """Metric name → values [K]."""
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


class Labels:
    """Labels that are there or not: accuracy over all, macro F1, exact match, log loss in nats per label.

    A label is set where its probability is above one half. Macro F1 is the mean over labels of
    F1 = 2·hits / (set + true), which is 0 for a label that is neither set nor true in any row.
    """

    def __init__(self, members: int, labels: int) -> None:
        self._hits, self._marks = np.zeros((members, labels)), np.zeros((members, labels))
        self._rows, self._right, self._exact = np.zeros(members), np.zeros(members), np.zeros(members)
        self._loss, self._labels = np.zeros(members), labels

    def add(self, logits: Tensor, targets: Tensor, real: Tensor) -> None:
        """Count a block: logits [K, B, C], targets [K, B, C] of 0 and 1, real [K, B] False for padding."""
        losses = functional.binary_cross_entropy_with_logits(
            logits, targets.to(logits.dtype), reduction="none"
        )
        counted = real.unsqueeze(2)
        found, true = (logits > 0) & counted, (targets > 0.5) & counted
        right = (found == true) & counted
        self._loss += (losses.sum(2).double() * real).sum(1).numpy()
        self._hits += (found & true).sum(1).double().numpy()
        self._marks += (found.sum(1) + true.sum(1)).double().numpy()
        self._right += right.sum((1, 2)).double().numpy()
        self._exact += right.all(2).sum(1).double().numpy()
        self._rows += real.sum(1).double().numpy()

    def result(self) -> dict[str, Values]:
        """Metric name → values [K]."""
        loss = self._loss / (self._rows * self._labels)
        broken = ~np.isfinite(loss)
        f1 = (2 * self._hits / np.maximum(self._marks, 1)).mean(1)
        return {
            "accuracy": np.where(broken, np.nan, self._right / (self._rows * self._labels)),
            "macro_f1": np.where(broken, np.nan, f1),
            "exact_match": np.where(broken, np.nan, self._exact / self._rows),
            "log_loss": loss,
            "loss": loss,
        }


class Tokens:
    """The token after each position: log loss in nats per token, accuracy, perplexity (exp of log loss)."""

    def __init__(self, members: int) -> None:
        self._loss, self._right, self._count = np.zeros(members), np.zeros(members), np.zeros(members)

    def add(self, logits: Tensor, targets: Tensor, real: Tensor) -> None:
        """Count a block: logits [K, B, T, C], targets [K, B, T], real [K, B] False for padding."""
        losses = functional.cross_entropy(logits.flatten(0, -2), targets.flatten(), reduction="none")
        counted = real.unsqueeze(2)
        right = (logits.argmax(3) == targets) & counted
        self._loss += (losses.view(targets.shape).double() * counted).sum((1, 2)).numpy()
        self._right += right.sum((1, 2)).double().numpy()
        self._count += real.sum(1).double().numpy() * targets.shape[2]

    def result(self) -> dict[str, Values]:
        """Metric name → values [K]."""
        loss = self._loss / self._count
        accuracy = np.where(np.isfinite(loss), self._right / self._count, np.nan)
        with np.errstate(over="ignore"):  # a loss beyond 709 nats: the perplexity is infinite
            perplexity = np.exp(loss)
        return {"log_loss": loss, "accuracy": accuracy, "perplexity": perplexity, "loss": loss}


class Regression:
    """R², root mean squared error and mean absolute error, in the target's own unit, over all steps ahead."""

    def __init__(self, y_scale: Values) -> None:
        members = len(y_scale)
        self._scale = y_scale
        self._count, self._square, self._absolute = np.zeros(members), np.zeros(members), np.zeros(members)
        self._sum, self._sum_square = np.zeros(members), np.zeros(members)

    def add(self, outputs: Tensor, targets: Tensor, real: Tensor) -> None:
        """Count a block, standardised: outputs and targets [K, B, H] (or [K, B] if H is 1), real [K, B]."""
        counted = real.unsqueeze(2)
        goal = targets.double().view_as(outputs)
        y = goal * counted
        error = (outputs.double() - goal) * counted
        self._count += real.sum(1).double().numpy() * outputs.shape[2]
        self._square += error.square().sum((1, 2)).numpy()
        self._absolute += error.abs().sum((1, 2)).numpy()
        self._sum += y.sum((1, 2)).numpy()
        self._sum_square += y.square().sum((1, 2)).numpy()

    def result(self) -> dict[str, Values]:
        """Metric name → values [K]."""
        mse = self._square / self._count
        variance = self._sum_square / self._count - (self._sum / self._count) ** 2
        return {
            "r2": 1 - mse / np.maximum(variance, 1e-300),
            "rmse": np.sqrt(mse) * self._scale,
            "mae": self._absolute / self._count * self._scale,
            "loss": mse,
        }
