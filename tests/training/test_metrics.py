"""Metrics against scikit-learn, gathered block by block, with padding, and with members that are NaN."""

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from steepest.base.errors import BadInput
from steepest.data.dataset import TASKS
from steepest.training.metrics import (
    OBJECTIVES,
    Classification,
    Regression,
    objective_for,
    score_of,
    tally_for,
)

ROWS, MEMBERS = 83, 3


def blocks(real: torch.Tensor, *tensors: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
    return [tuple(t[:, a : a + 20] for t in (*tensors, real)) for a in range(0, real.shape[1], 20)]


def padding() -> torch.Tensor:
    """Members with 83, 60 and 41 real rows."""
    return torch.arange(ROWS) < torch.tensor([83, 60, 41]).unsqueeze(1)


@pytest.mark.parametrize("classes", [2, 5])
def test_classification_equals_scikit_learn(classes: int) -> None:
    source = torch.Generator().manual_seed(classes)
    logits = 3 * torch.randn(MEMBERS, ROWS, classes, generator=source)
    targets = torch.randint(0, classes, (MEMBERS, ROWS), generator=source)
    targets[2][targets[2] == classes - 1] = 0  # one member's held-out rows lack a class
    real = padding()
    tally = Classification(MEMBERS, classes)
    for block in blocks(real, logits, targets):
        tally.add(*block)
    found = tally.result()
    for k in range(MEMBERS):
        y, z = targets[k][real[k]].numpy(), logits[k][real[k]]
        guess, chances = z.argmax(1).numpy(), z.double().softmax(1).numpy()
        assert found["accuracy"][k] == pytest.approx(reference.accuracy_score(y, guess), rel=1e-12)
        present = np.isin(guess, np.unique(y))  # scikit-learn warns of guesses at classes that are not there
        recall = [np.mean(guess[y == c] == c) for c in np.unique(y)]
        assert found["balanced_accuracy"][k] == pytest.approx(np.mean(recall), rel=1e-12)
        if present.all():
            want = reference.balanced_accuracy_score(y, guess)
            assert found["balanced_accuracy"][k] == pytest.approx(want, rel=1e-12)
        loss = reference.log_loss(y, chances, labels=range(classes))
        assert found["log_loss"][k] == pytest.approx(loss, rel=1e-6)
        assert found["loss"][k] == found["log_loss"][k]


def test_regression_equals_scikit_learn_in_the_targets_unit() -> None:
    source = torch.Generator().manual_seed(0)
    scale, shift = np.array([2.0, 30.0, 0.5]), np.array([5.0, -1e3, 0.0])
    targets = torch.randn(MEMBERS, ROWS, generator=source, dtype=torch.float64)
    outputs = targets.unsqueeze(2) + 0.4 * torch.randn(
        MEMBERS, ROWS, 1, generator=source, dtype=torch.float64
    )
    real = padding()
    tally = Regression(scale)
    for block in blocks(real, outputs, targets):
        tally.add(*block)
    found = tally.result()
    for k in range(MEMBERS):
        y = targets[k][real[k]].numpy() * scale[k] + shift[k]
        guess = outputs[k, :, 0][real[k]].numpy() * scale[k] + shift[k]
        assert found["r2"][k] == pytest.approx(reference.r2_score(y, guess), rel=1e-9)
        assert found["rmse"][k] == pytest.approx(reference.root_mean_squared_error(y, guess), rel=1e-9)
        assert found["mae"][k] == pytest.approx(reference.mean_absolute_error(y, guess), rel=1e-9)
        assert found["loss"][k] == pytest.approx(found["rmse"][k] ** 2 / scale[k] ** 2, rel=1e-9)


def test_labels_equal_scikit_learn() -> None:
    source, labels = torch.Generator().manual_seed(0), 4
    logits = 2 * torch.randn(MEMBERS, ROWS, labels, generator=source)
    targets = (torch.randn(MEMBERS, ROWS, labels, generator=source) > 0).double()
    targets[1, :, 2], logits[1, :, 2] = 0, -1  # a label that is neither there nor set
    real = padding()
    tally = tally_for("multilabel", MEMBERS, labels, np.ones(MEMBERS))
    for block in blocks(real, logits, targets):
        tally.add(*block)
    found = tally.result()
    for k in range(MEMBERS):
        y, z = targets[k][real[k]].numpy(), logits[k][real[k]].double()
        guess, chances = (z > 0).numpy(), z.sigmoid().numpy()
        f1 = reference.f1_score(y, guess, average="macro", zero_division=0)
        assert found["accuracy"][k] == pytest.approx((guess == y).mean(), rel=1e-12)
        assert found["macro_f1"][k] == pytest.approx(f1, rel=1e-12)
        assert found["exact_match"][k] == pytest.approx(reference.accuracy_score(y, guess), rel=1e-12)
        losses = [reference.log_loss(y[:, c], chances[:, c], labels=[0, 1]) for c in range(labels)]
        assert found["log_loss"][k] == pytest.approx(np.mean(losses), rel=1e-6)
        assert found["loss"][k] == found["log_loss"][k]


def test_next_tokens_equal_scikit_learn() -> None:
    source, steps, tokens = torch.Generator().manual_seed(0), 7, 5
    logits = 2 * torch.randn(MEMBERS, ROWS, steps, tokens, generator=source)
    targets = torch.randint(0, tokens, (MEMBERS, ROWS, steps), generator=source)
    real = padding()
    tally = tally_for("next-token", MEMBERS, tokens, np.ones(MEMBERS))
    for block in blocks(real, logits, targets):
        tally.add(*block)
    found = tally.result()
    for k in range(MEMBERS):
        y, z = targets[k][real[k]].flatten(), logits[k][real[k]].flatten(0, 1)
        loss = reference.log_loss(y.numpy(), z.double().softmax(1).numpy(), labels=range(tokens))
        assert found["log_loss"][k] == pytest.approx(loss, rel=1e-6)
        assert found["perplexity"][k] == pytest.approx(np.exp(loss), rel=1e-6)
        assert found["accuracy"][k] == pytest.approx(
            reference.accuracy_score(y.numpy(), z.argmax(1).numpy()), rel=1e-12
        )


def test_forecasts_count_all_steps_in_the_targets_unit() -> None:
    source, steps = torch.Generator().manual_seed(0), 6
    scale, shift = np.array([2.0, 30.0, 0.5]), 7.0
    targets = torch.randn(MEMBERS, ROWS, steps, generator=source, dtype=torch.float64)
    outputs = targets + 0.4 * torch.randn(MEMBERS, ROWS, steps, generator=source, dtype=torch.float64)
    real = padding()
    tally = tally_for("forecasting", MEMBERS, 0, scale)
    for block in blocks(real, outputs, targets):
        tally.add(*block)
    found = tally.result()
    for k in range(MEMBERS):
        y = targets[k][real[k]].flatten().numpy() * scale[k] + shift
        guess = outputs[k][real[k]].flatten().numpy() * scale[k] + shift
        assert found["mae"][k] == pytest.approx(reference.mean_absolute_error(y, guess), rel=1e-9)
        assert found["rmse"][k] == pytest.approx(reference.root_mean_squared_error(y, guess), rel=1e-9)
        assert found["r2"][k] == pytest.approx(reference.r2_score(y, guess), rel=1e-9)


SHAPES = {
    "classification": ((3,), ()),
    "regression": ((1,), ()),
    "multilabel": ((3,), (3,)),
    "forecasting": ((4,), (4,)),
    "next-token": ((5, 3), (5,)),
}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_tally_with_its_objectives_and_a_loss(task: str) -> None:
    source = torch.Generator().manual_seed(0)
    outputs, target = SHAPES[task]
    logits = torch.randn(MEMBERS, 10, *outputs, generator=source)
    numbers = torch.rand(MEMBERS, 10, *target, generator=source)
    targets = (2 * numbers).long() if task in ("classification", "next-token") else numbers.round()
    logits[1, 3] = torch.nan
    tally = tally_for(task, MEMBERS, 3, np.ones(MEMBERS))
    tally.add(logits, targets, torch.ones(MEMBERS, 10, dtype=torch.bool))
    found = tally.result()
    assert set(found) == {*OBJECTIVES[task], "loss"}
    for name, values in found.items():
        assert np.isnan(values).tolist() == [False, True, False], name


def test_a_metric_has_one_sign_whatever_the_task() -> None:
    pairs = {pair for metrics in OBJECTIVES.values() for pair in metrics.items()}
    assert len(pairs) == len({name for name, _ in pairs})


def test_a_hopeless_guess_has_an_infinite_perplexity() -> None:
    tally = tally_for("next-token", 1, 2, np.ones(1))
    logits = torch.tensor([-1e4, 0.0]).expand(1, 2, 3, 2)
    tally.add(logits, torch.zeros(1, 2, 3, dtype=torch.int64), torch.ones(1, 2, dtype=torch.bool))
    assert tally.result()["perplexity"] == [np.inf]


def test_a_member_that_is_no_number_stands_alone() -> None:
    logits, targets = torch.zeros(MEMBERS, 10, 4), torch.zeros(MEMBERS, 10, dtype=torch.int64)
    real = torch.ones(MEMBERS, 10, dtype=torch.bool)
    logits[1, 3, 2] = torch.nan
    tally = Classification(MEMBERS, 4)
    tally.add(logits, targets, real)
    for name, values in tally.result().items():
        assert np.isnan(values).tolist() == [False, True, False], name
    numbers = Regression(np.ones(MEMBERS))
    outputs = torch.zeros(MEMBERS, 10, 1)
    outputs[1, 3] = torch.nan
    numbers.add(outputs, torch.randn(MEMBERS, 10, generator=torch.Generator().manual_seed(0)), real)
    for name, values in numbers.result().items():
        assert np.isnan(values).tolist() == [False, True, False], name


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_higher_is_better(task: str) -> None:
    good, bad = np.array([0.9]), np.array([0.1])
    for name, sign in OBJECTIVES[task].items():
        better, worse = (good, bad) if sign > 0 else (bad, good)
        assert score_of({name: better}, name) > score_of({name: worse}, name)


def test_objectives_are_checked_against_the_task() -> None:
    first = [objective_for(task, None) for task in TASKS]
    assert first == ["accuracy", "r2", "accuracy", "mae", "log_loss"]
    assert objective_for("regression", "mae") == "mae"
    with pytest.raises(BadInput, match=r"must suit regression, but got 'accuracy'\. .*r2"):
        objective_for("regression", "accuracy")
    with pytest.raises(BadInput, match="Did you mean 'balanced_accuracy'"):
        objective_for("classification", "balanced_acuracy")
