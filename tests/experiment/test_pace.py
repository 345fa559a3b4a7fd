"""What things cost, and how long training may be: more budget never means shorter training."""

import dataclasses
import itertools
import math
from collections.abc import Callable

import pytest

from steepest.base.budget import Budget
from steepest.base.recipe import Recipe
from steepest.experiment.pace import MOST_EPOCHS, Pace, horizon
from steepest.experiment.study import Study

BUDGETS = ["5s", "10s", "30s", "1m", "3m", "10m", "1h", "12h"]


def with_budget(study: Study, text: str) -> Study:
    study.settings = dataclasses.replace(study.settings, budget=Budget.parse(text))
    return study


@pytest.mark.parametrize("name", ["iris", "digits"])
@pytest.mark.parametrize("per_unit", [0.1, 1.0, 30.0])
def test_the_horizon_rises_with_the_budget(
    name: str, per_unit: float, make_study: Callable[..., Study]
) -> None:
    study: Study = make_study(name)
    epochs = [horizon(with_budget(study, text), Pace(study, per_unit)) for text in BUDGETS]
    assert epochs == sorted(epochs)
    assert min(epochs) >= 3
    assert max(epochs) <= MOST_EPOCHS


def test_the_horizon_falls_with_the_cost(make_study: Callable[..., Study]) -> None:
    study = with_budget(make_study("digits"), "60s")
    epochs = [horizon(study, Pace(study, 10.0**k)) for k in range(-2, 4)]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1] == 3


def test_a_budget_of_trials_trains_as_long_as_is_of_use(make_study: Callable[..., Study]) -> None:
    study = with_budget(make_study("digits"), "12trials")
    assert horizon(study, Pace(study, 1e9)) == horizon(study, Pace(study, 1e-9)) > 3


def test_seconds_add_up(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("digits")
    pace = Pace(study, 2.0)
    small, large = Recipe(width=16), Recipe(width=256)
    assert pace.seconds([small], 1) < pace.seconds([large], 1)
    assert pace.seconds([small, large], 6) == pytest.approx(
        3 * (pace.seconds([small], 2) + pace.seconds([large], 2))
    )
    study.workers.count = 2
    assert pace.seconds([small], 1) == pytest.approx(2.0 * study.work(small) / 2)


def test_work_grows_with_everything_that_costs(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("digits")
    base = {"width": 64, "depth": 1, "batch_size": 64}
    for knob, values in {"width": (16, 64, 256), "depth": (1, 2, 4), "batch_size": (256, 64, 16)}.items():
        costs = [study.work(Recipe(**{**base, knob: value})) for value in values]
        assert all(a < b for a, b in itertools.pairwise(costs)), knob


def test_measuring_takes_what_was_trained(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("iris")
    pace = Pace(study, 7.0)
    pace.measure()
    assert pace.per_unit == 7.0  # nothing to learn from yet
    recipe = Recipe(width=8, depth=1, epochs=4)
    trained = study.plan([(recipe, "default", r, r, r) for r in range(3)], "calibrate")
    study.train(trained, 4, [4], math.inf)
    pace.measure()
    spent = sum(t.seconds for t in trained)
    assert pace.seconds([recipe] * 3, 4) == pytest.approx(spent)
