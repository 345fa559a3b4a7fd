"""Switches and steps of the way from the default to the winner."""

import math

import numpy as np
import pytest

from steepest.base.recipe import Recipe
from steepest.experiment.ablation import Switch, grouped, steps, switches
from steepest.experiment.path_scope import MOST_PAIRS, affordable, least


def test_the_switches_lead_from_one_end_to_the_other() -> None:
    default = Recipe()
    winner = Recipe(optimizer="momentum", momentum=0.8, lr=0.1, dropout=0.2, width=64, schedule="linear")
    found = switches(default, winner)
    assert {switch.name for switch in found} == {"optimizer, lr, momentum", "dropout", "width", "schedule"}
    recipe = default
    for switch in found:
        recipe = switch.turned(recipe)
    assert recipe == winner


def test_a_knob_whose_master_stays_is_a_switch_of_its_own() -> None:
    names = [switch.name for switch in switches(Recipe(), Recipe(lr=0.1, beta1=0.8))]
    assert names == ["lr", "beta1"]
    assert switches(Recipe(), Recipe()) == []


def test_the_least_important_switches_become_one() -> None:
    found = [Switch({name: (0, 1)}) for name in ("l1", "l2", "lr", "dropout")]
    joined = grouped(found, 3, {"lr": 0.5, "l2": 0.3})
    assert [switch.name for switch in joined] == ["l2", "lr", "l1, dropout"]
    assert grouped(found, 4, {}) == found
    assert [switch.name for switch in grouped(found, 1, {})] == ["l1, l2, lr, dropout"]


def way(names: str) -> list[tuple[Switch, Recipe]]:
    return [(Switch({name: (0, 1)}), Recipe()) for name in names]


def test_planted_gains_are_found_and_shared_out() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(0, 0.02, 16)
    truth = [0.80, 0.86, 0.90, 0.90]
    scores = [(mean + common + rng.normal(0, 0.004, 16)).tolist() for mean in truth]
    found, total = steps(way("abc"), scores, "accuracy", False, 0)
    assert total.kind == "better"
    assert [step.verdict.kind for step in found][:2] == ["better", "better"]
    assert found[2].verdict.kind != "better"
    assert sum(step.share for step in found) == pytest.approx(1.0)
    assert found[0].share_low < 0.6 < found[0].share_high
    assert found[1].share_low < 0.4 < found[1].share_high


def test_steps_that_do_nothing_are_rarely_called_better() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for seed in range(25):
        scores = [rng.normal(0, 1, 8).tolist() for _ in range(5)]
        found, _ = steps(way("abcd"), scores, "accuracy", False, seed)
        wrong += any(step.verdict.kind in ("better", "worse") for step in found)
    assert wrong <= 5  # chance of more is 0.001 where 5 % are


def test_where_nothing_is_gained_nothing_is_shared() -> None:
    rng = np.random.default_rng(2)
    scores = [rng.normal(0, 1, 8).tolist() for _ in range(3)]
    found, total = steps(way("ab"), scores, "accuracy", False, 0)
    assert total.kind != "better"
    assert all(step.share is None for step in found)


def test_a_diverged_replicate_is_counted_and_leaves_shares_without_interval() -> None:
    rng = np.random.default_rng(3)
    scores = [(mean + rng.normal(0, 0.01, 12)).tolist() for mean in (0.5, 0.7, 0.9)]
    scores[1][3] = math.nan
    found, total = steps(way("ab"), scores, "accuracy", False, 0)
    assert total.kind == "better"
    assert found[0].verdict.diverged_a == 1
    assert found[0].share_low is None


@pytest.mark.parametrize("trainings", [50, 120, 400])
def test_what_is_afforded_fits_and_can_decide(trainings: int) -> None:
    scope = affordable(9, trainings)
    assert scope.trainings <= trainings
    assert least(scope.switches) <= scope.pairs <= MOST_PAIRS


def test_more_trainings_never_afford_fewer_switches() -> None:
    found = [scope.switches for n in range(20, 600, 20) if (scope := affordable(12, n))]
    assert found == sorted(found)
    assert affordable(12, 10) is None
