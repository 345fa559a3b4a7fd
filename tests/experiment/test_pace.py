"""What things cost, and how long training may be: more budget never means shorter training."""

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.recipe import Recipe
from steepest.experiment.pace import EXTENTS, MOST_EPOCHS, Extent, Pace, horizon
from steepest.experiment.study import Study

FINALISTS = [Recipe(width=32), Recipe(width=8, depth=1)]  # the default last
CNN = Recipe(network="cnn", depth=1, width=4, batch_size=16, epochs=1)
BUDGETS = ["5s", "10s", "30s", "1m", "3m", "10m", "1h", "12h"]


def images() -> tuple[np.ndarray, np.ndarray]:
    """60 images of 8 by 8 pixels, of two classes."""
    draw = np.random.default_rng(0)
    y = np.arange(60) % 2
    return (draw.integers(0, 99, (60, 1, 8, 8)) + 99 * y[:, None, None, None]).astype(np.uint8), y


def with_budget(study: Study, text: str) -> Study:
    study.settings = dataclasses.replace(study.settings, budget=Budget.parse(text))
    return study


@pytest.mark.parametrize("name", ["iris", "digits"])
@pytest.mark.parametrize("per_unit", [0.1, 1.0, 30.0])
def test_the_horizon_rises_with_the_budget(
    name: str, per_unit: float, make_study: Callable[..., Study]
) -> None:
    study: Study = make_study(name)
    epochs = [horizon(with_budget(study, text), Pace.of(study, per_unit)) for text in BUDGETS]
    assert epochs == sorted(epochs)
    assert min(epochs) >= 3
    assert max(epochs) <= MOST_EPOCHS


def test_the_horizon_falls_with_the_cost(make_study: Callable[..., Study]) -> None:
    study = with_budget(make_study("digits"), "60s")
    epochs = [horizon(study, Pace.of(study, 10.0**k)) for k in range(-2, 4)]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1] == 3


def test_a_budget_of_trials_trains_as_long_as_is_of_use(make_study: Callable[..., Study]) -> None:
    study = with_budget(make_study("digits"), "12trials")
    assert horizon(study, Pace.of(study, 1e9)) == horizon(study, Pace.of(study, 1e-9)) > 3


def test_seconds_add_up(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("digits")
    pace = Pace.of(study, 2.0)
    small, large = Recipe(width=16), Recipe(width=256)
    assert pace.time.price([small], 1) < pace.time.price([large], 1)
    assert pace.time.price([small, large], 6) == pytest.approx(
        3 * (pace.time.price([small], 2) + pace.time.price([large], 2))
    )
    study.workers.count = 2
    assert pace.time.price([small], 1) == pytest.approx(2.0 * study.work(small) / 2)


def test_work_grows_with_everything_that_costs(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("digits")
    base = {"width": 64, "depth": 1, "batch_size": 64}
    for knob, values in {"width": (16, 64, 256), "depth": (1, 2, 4), "batch_size": (256, 64, 16)}.items():
        costs = [study.work(Recipe(**{**base, knob: value})) for value in values]
        assert all(a < b for a, b in itertools.pairwise(costs)), knob


def test_measuring_takes_what_was_trained(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("iris")
    pace = Pace.of(study, 7.0)
    pace.measure()
    assert pace.time.per_unit == 7.0  # nothing to learn from yet
    recipe = Recipe(width=8, depth=1, epochs=4)
    trained = study.plan([(recipe, "default", r, r, r) for r in range(3)], "calibrate")
    study.train(trained, 4, [4], math.inf)
    pace.measure()
    spent = sum(t.seconds for t in trained)
    assert pace.time.price([recipe] * 3, 4) == pytest.approx(spent)


def test_the_extent_shrinks_with_the_cost(make_study: Callable[..., Study]) -> None:
    study = with_budget(make_study("digits"), "60s")
    reached = []
    for power in np.arange(-2, 4, 0.25):
        pace = Pace.of(study, 10.0**power)
        horizon(study, pace)
        reached.append(EXTENTS.index(pace.extent))
    assert reached == sorted(reached)
    assert set(reached) == set(range(len(EXTENTS)))
    assert (reached[0], reached[-1]) == (0, len(EXTENTS) - 1)


def test_a_budget_of_trials_has_the_largest_extent(make_study: Callable[..., Study]) -> None:
    study = with_budget(make_study("digits"), "12trials")
    pace = Pace.of(study, 1e9)
    horizon(study, pace)
    assert pace.extent is EXTENTS[0]


@pytest.mark.parametrize("extent", EXTENTS)
def test_as_many_pairs_as_the_time_allows(extent: Extent, make_study: Callable[..., Study]) -> None:
    pace = Pace.of(make_study("digits"), 3.0, extent)
    assert pace.pairs(FINALISTS, math.inf) == extent.looks[0]
    times = np.linspace(0, pace.closing(FINALISTS, 12), 25)
    found = [pace.pairs(FINALISTS, left) for left in times]
    assert found == sorted(found)
    assert found[0] == 0
    assert set(found) >= {0, 1, 5, 11}
    for left, pairs in zip(times, found, strict=True):
        assert pairs == 0 or pace.closing(FINALISTS, pairs) <= left * (1 + 1e-9)
        assert pace.closing(FINALISTS, pairs + 1) > left * (1 - 1e-9)


@pytest.mark.parametrize("extent", EXTENTS)
def test_final_networks_are_as_many_as_there_is_time_for(
    extent: Extent, make_study: Callable[..., Study]
) -> None:
    study = with_budget(make_study("digits"), "10m")
    pace = Pace.of(study, 1.0, extent)
    each = 1.25 * pace.time.price(FINALISTS, study.until(FINALISTS[-1]))
    found = []
    for networks in (1000, extent.seeds + 0.5, 1.5, 0.5, -5):
        study.clock = Clock(spent_before=600 - pace.time.writing - networks * each)
        found.append(pace.final_seeds(*FINALISTS))
    assert found == [extent.seeds, extent.seeds, 1, 1, 1]
    assert Pace.of(with_budget(study, "9trials"), 1e9, extent).final_seeds(*FINALISTS) == extent.seeds


def test_a_network_that_cannot_be_made_is_not_allowed(make_study: Callable[..., Study]) -> None:
    pace = Pace.of(make_study(images(), start=CNN))
    assert pace.allowed(CNN.replace(depth=3))
    assert not pace.allowed(CNN.replace(depth=4)), "8 pixels cannot be halved four times"


def test_a_network_that_is_too_dear_is_not_allowed(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("digits", start=Recipe(width=64, depth=1))
    dear = Recipe(width=1024, depth=3)
    times = study.work(dear) / study.work(study.settings.start)
    assert times > max(extent.dearest for extent in EXTENTS[1:])
    assert [Pace.of(study, extent=extent).allowed(dear) for extent in EXTENTS] == [True, False, False]
    for dearest, allowed in ((times * 1.001, True), (times * 0.999, False)):
        limited = dataclasses.replace(EXTENTS[1], dearest=dearest)
        assert Pace.of(study, extent=limited).allowed(dear) is allowed
    assert all(Pace.of(study, extent=extent).allowed(study.settings.start) for extent in EXTENTS)


def test_a_recipes_own_time_is_known_once_it_was_trained(make_study: Callable[..., Study]) -> None:
    study: Study = make_study(images(), start=CNN)
    pace = Pace.of(study)
    quick, slow, untried = (CNN.replace(lr=lr) for lr in (1e-3, 2e-3, 3e-3))
    for recipe, seconds in ((quick, 2.0), (slow, 20.0), (slow, 10.0)):
        members = study.plan([(recipe, "default", 1, 0, 0)], "calibrate")
        study.train(members, 1, [1], math.inf, keep=False)
        members[0].seconds = seconds
        pace.measure()
    assert pace.time.price([quick], 3) == pytest.approx(6)
    assert pace.time.price([slow], 3) == pytest.approx(30), "the latest training counts"
    assert pace.time.price([untried], 3) == pytest.approx(32), "what its family took on average"
