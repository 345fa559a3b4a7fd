"""Metrics against the engine's own tallies and against scikit-learn."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn import metrics

from steepest.experiment.bars.scores import metrics_of, of_classes, of_labels, of_numbers
from steepest.training.metrics import OBJECTIVES, tally_for
from steepest.training.source import Source

DRAW = np.random.default_rng(0)


def test_every_objective_of_every_task_is_there(labels: Source) -> None:
    y = np.array([0.0, 1.0, 1.0])
    chances, marks = np.full((3, 2), 0.5), np.stack([y, 1 - y], 1)
    for task, given, targets in (
        ("classification", chances, y.astype(int)),
        ("multilabel", chances, marks),
        ("regression", y, y),
        ("forecasting", marks, marks),
    ):
        source = dataclasses.replace(labels, task=task)
        assert set(metrics_of(source, given, targets)) == set(OBJECTIVES[task]), task


def test_classes() -> None:
    logits, codes = DRAW.normal(size=(60, 4)), DRAW.integers(0, 3, 60)  # class 3 is absent
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = of_classes(chances, codes)
    tally = tally_for("classification", 1, 4, np.ones(1))
    _agrees(tally, logits, codes, found)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(codes, chances, labels=range(4)))


def test_labels() -> None:
    logits, truth = DRAW.normal(size=(60, 4)), (DRAW.random((60, 4)) < 0.3).astype(float)
    truth[:, 3], logits[:, 3] = 0.0, -1.0  # neither set nor true
    found = of_labels(1 / (1 + np.exp(-logits)), truth)
    _agrees(tally_for("multilabel", 1, 4, np.ones(1)), logits, truth, found)
    want = metrics.f1_score(truth, logits > 0, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(want)


@pytest.mark.parametrize("steps", [1, 3])
def test_numbers(steps: int) -> None:
    guess, y = DRAW.normal(size=(60, steps)), DRAW.normal(size=(60, steps))
    found = of_numbers(guess.squeeze(), y.squeeze())
    _agrees(tally_for("forecasting", 1, 0, np.ones(1)), guess, y.squeeze(), found)


def _agrees(tally, outputs, targets, found) -> None:
    outputs = torch.from_numpy(outputs)[None]
    tally.add(outputs, torch.from_numpy(targets)[None], torch.ones(1, 60, dtype=torch.bool))
    want = {name: values.item() for name, values in tally.result().items() if name != "loss"}
    assert found == pytest.approx(want, rel=1e-9)
