"""What a budget pays for: fewer seeds, fewer rates, or a refusal that says what it takes."""

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget
from steepest.experiment.scope import Scope, affordable

PACE = [0.5, 1.5]
FULL = Scope(3, 5)
BUDGET = Budget.parse("60s")


def chosen(left: float, full: Scope = FULL) -> Scope:
    return affordable(full, PACE, folds=5, workers=2, left=left, budget=BUDGET)


def test_seeds_go_before_rates_but_for_those_that_a_verdict_needs() -> None:
    wanted = [Scope(3, 5), Scope(2, 5), Scope(2, 4), Scope(1, 5), Scope(1, 4), Scope(1, 3)]
    assert [chosen(scope.seconds(PACE, 5, 2) + 0.01) for scope in wanted] == wanted


def test_with_many_folds_one_seed_is_enough() -> None:
    wanted = [Scope(2, 5), Scope(1, 5), Scope(1, 4)]
    found = [affordable(FULL, PACE, 10, 2, s.seconds(PACE, 10, 2) + 0.01, BUDGET) for s in wanted]
    assert found == wanted


def test_without_ladders_only_seeds_go() -> None:
    assert chosen(Scope(1, 0).seconds(PACE, 5, 2) + 0.01, Scope(4, 0)) == Scope(1, 0)


def test_too_little_time_is_refused_with_what_it_takes() -> None:
    least = Scope(1, 3).seconds(PACE, 5, 2)
    with pytest.raises(BadBudget) as refused:
        chosen(least - 10)
    assert f"about {60 + 10:.0f}s" in str(refused.value)
    assert "1 seed, 3 rates on each ladder" in str(refused.value)


def test_more_workers_take_less_time() -> None:
    assert Scope(2, 5).seconds(PACE, 5, 4) == Scope(2, 5).seconds(PACE, 5, 1) / 4
