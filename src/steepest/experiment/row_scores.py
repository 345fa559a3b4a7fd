"""Scores of several predictors on the same rows, under any weights of the rows."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.data.dataset import Task
from steepest.training.metrics import is_lower_better

Floats = NDArray[np.float64]

_OF_PREDICTORS = ("loss", "right", "exact", "hits", "marks")


@dataclass(frozen=True, slots=True)
class RowScores:
    """What is known of every predictor on every row, from which any metric of the task follows.

    Args:
        loss: [M, N] log loss in nats, or squared error, means over labels, positions or steps.
        right: [M, N] share of labels or positions that are right; absolute error of numbers.
        exact: [M, N] whether all are right; empty for numbers.
        hits, marks: [M, N, C] labels that are set and true, and how many of the two they are; [M, N, 0] for
            other tasks.
        y: [N] class codes, or means of numbers; [N, 2] with means of squares.
    """

    loss: Floats
    right: Floats
    exact: Floats
    hits: Floats
    marks: Floats
    y: Floats

    @classmethod
    def of_logs(cls, logs: Tensor, y: Tensor) -> "RowScores":
        """Of log probabilities.

        Args:
            logs: [M, N, C], or [M, N, T, C] at every position or for every label, of which C = 2.
            y: codes [N] or [N, T].

        Example:
            >>> logs = torch.tensor([[[0.9, 0.1], [0.4, 0.6]]]).log()
            >>> RowScores.of_logs(logs, torch.tensor([0, 0])).score("accuracy", np.ones((1, 2)))
            array([[0.5]])
        """
        goal = y.expand(len(logs), *y.shape)
        loss = -logs.gather(-1, goal.unsqueeze(-1)).squeeze(-1).double()
        found = logs.argmax(-1)
        right = found == goal
        each = loss.flatten(2) if loss.dim() > 2 else loss.unsqueeze(2)
        hit = right.flatten(2) if right.dim() > 2 else right.unsqueeze(2)
        labels = logs.shape[-1] == 2 and y.dim() == 2
        hits, marks = (found * goal, found + goal) if labels else (hit[:, :, :0], hit[:, :, :0])
        return cls(
            each.mean(2).numpy(), hit.double().mean(2).numpy(), hit.all(2).double().numpy(),
            hits.double().numpy(), marks.double().numpy(), (y if y.dim() == 1 else y[:, 0]).double().numpy(),
        )  # fmt: skip

    @classmethod
    def of_numbers(cls, found: Tensor, y: Tensor) -> "RowScores":
        """Of predicted numbers, [M, N] or [M, N, H], and what they should be, [N] or [N, H].

        Example:
            >>> RowScores.of_numbers(torch.tensor([[1.0, 4.0]]), torch.tensor([1.0, 2.0])).score(
            ...     "rmse", np.ones((1, 2)))
            array([[-1.41421356]])
        """
        error = (found.double() - y.double()).reshape(len(found), len(y), -1)
        goal = y.double().reshape(len(y), -1)
        none = np.zeros((len(found), len(y), 0))
        return cls(
            error.square().mean(2).numpy(), error.abs().mean(2).numpy(), none[:, 0], none, none,
            torch.stack([goal.mean(1), goal.square().mean(1)], 1).numpy(),
        )  # fmt: skip

    @classmethod
    def joined(cls, blocks: "list[RowScores]") -> "RowScores":
        """Blocks of rows one after the other."""
        each: dict[str, Floats] = {
            name: np.concatenate([getattr(b, name) for b in blocks], 1) for name in _OF_PREDICTORS
        }
        return cls(**each, y=np.concatenate([b.y for b in blocks]))

    def take(self, predictors: list[int]) -> "RowScores":
        """Some of the predictors."""
        each: dict[str, Floats] = {name: getattr(self, name)[predictors] for name in _OF_PREDICTORS}
        return RowScores(**each, y=self.y)

    def score(self, metric: str, weights: Floats) -> Floats:
        """Scores, higher is better, [R, M].

        Args:
            metric: one of `steepest.training.metrics.OBJECTIVES`, or "loss".
            weights: of the rows, [R, N].
        """
        found = self._metric(metric, weights)
        return -found if metric == "loss" or is_lower_better(metric) else found

    def _metric(self, metric: str, w: Floats) -> Floats:
        total = w.sum(1, keepdims=True)
        means: dict[str, Floats] = {
            "accuracy": self.right, "mae": self.right, "exact_match": self.exact,
        }  # fmt: skip
        mean: Floats = w @ means.get(metric, self.loss).T / total
        match metric:
            case "perplexity":
                mean = np.exp(mean)
            case "rmse":
                mean = np.sqrt(mean)
            case "r2":
                first, second = (w @ self.y / total).T[:, :, None]
                mean = 1 - mean / np.maximum(second - first**2, 1e-300)
            case "balanced_accuracy":
                mean = self._balanced(w)
            case "macro_f1":
                hits, marks = (np.einsum("rn,mnc->rmc", w, known) for known in (self.hits, self.marks))
                mean = np.asarray((2 * hits / np.maximum(marks, 1)).mean(2))
        return mean

    def _balanced(self, w: Floats) -> Floats:
        """Mean recall over the classes that the weights leave."""
        recalls, known = np.zeros((len(w), len(self.right))), np.zeros((len(w), 1))
        for code in np.unique(self.y):
            its = self.y == code
            total = w[:, its].sum(1, keepdims=True)
            recalls += np.divide(
                w[:, its] @ self.right[:, its].T, total, out=np.zeros_like(recalls), where=total > 0
            )
            known += total > 0
        return recalls / known


def log_probabilities(outputs: Tensor, task: Task) -> Tensor:
    """Of what networks write, [K, N, …]; of labels those of absence and presence, [K, N, C, 2]."""
    if task == "multilabel":
        return torch.stack([torch.zeros_like(outputs), outputs], -1).double().log_softmax(-1)
    return outputs.double().log_softmax(-1)
