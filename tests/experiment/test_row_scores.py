"""Scores by rows are those that training counts, metric by metric; weights are repeated rows."""

import numpy as np
import pytest
import torch
from torch import Tensor

from steepest.data.dataset import Task
from steepest.experiment.row_scores import RowScores, log_probabilities
from steepest.training.metrics import OBJECTIVES, score_of, tally_for

MEMBERS, ROWS = 3, 40


def made(task: Task) -> tuple[Tensor, Tensor, int]:
    """Outputs [K, N, …], targets, classes."""
    draw = torch.Generator().manual_seed(0)
    if task == "classification":
        y = torch.randint(4, (ROWS,), generator=draw)
        return torch.randn(MEMBERS, ROWS, 5, generator=draw), y, 5  # one class never comes
    if task == "multilabel":
        y = torch.randint(2, (ROWS, 4), generator=draw)
        return torch.randn(MEMBERS, ROWS, 4, generator=draw), y, 4
    if task == "next-token":
        y = torch.randint(6, (ROWS, 7), generator=draw)
        return torch.randn(MEMBERS, ROWS, 7, 6, generator=draw), y, 6
    steps = 3 if task == "forecasting" else 1
    y = torch.randn(ROWS, steps, generator=draw, dtype=torch.float64)
    return torch.randn(MEMBERS, ROWS, steps, generator=draw), y, 0


def scores(task: Task, outputs: Tensor, y: Tensor) -> RowScores:
    if task in ("regression", "forecasting"):
        return RowScores.of_numbers(outputs, y)
    return RowScores.of_logs(log_probabilities(outputs, task), y.long())


@pytest.mark.parametrize(
    ("task", "metric"), [(task, name) for task in OBJECTIVES for name in OBJECTIVES[task]]
)
def test_any_weights_are_what_training_counts_of_repeated_rows(task: Task, metric: str) -> None:
    outputs, y, classes = made(task)
    weights = np.random.default_rng(1).integers(0, 3, (2, ROWS)).astype(float)
    weights[0] = 1
    halves = [scores(task, outputs[:, part], y[part]) for part in (slice(0, 25), slice(25, ROWS))]
    found = RowScores.joined(halves).score(metric, weights)
    for row, times in zip(found, weights, strict=True):
        some = np.repeat(np.arange(ROWS), times.astype(int))
        tally = tally_for(task, MEMBERS, classes, np.ones(MEMBERS))
        target = y[some].expand(MEMBERS, *y[some].shape)
        tally.add(outputs[:, some], target, torch.ones(MEMBERS, len(some), dtype=torch.bool))
        assert row == pytest.approx(score_of(tally.result(), metric), rel=1e-5, abs=1e-6)


def test_some_predictors_can_be_taken() -> None:
    outputs, y, _ = made("classification")
    known = scores("classification", outputs, y)
    ones = np.ones((1, ROWS))
    assert known.take([2, 0]).score("loss", ones)[0] == pytest.approx(known.score("loss", ones)[0][[2, 0]])
