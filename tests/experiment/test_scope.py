"""What a budget pays for: fewer seeds first, then fewer rates, then a refusal that says what it takes."""

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget
from steepest.experiment.scope import Scope, affordable

PACE = [0.5, 1.5]
FULL = Scope(3, 7)
BUDGET = Budget.parse("60s")


def chosen(left: float, full: Scope = FULL) -> Scope:
    return affordable(full, PACE, folds=5, workers=2, left=left, budget=BUDGET)


def test_seeds_go_before_rates() -> None:
    scopes = [
        chosen(Scope(s, r).seconds(PACE, 5, 2) + 0.01) for s, r in [(3, 7), (2, 7), (1, 7), (1, 5), (1, 3)]
    ]
    assert scopes == [Scope(3, 7), Scope(2, 7), Scope(1, 7), Scope(1, 5), Scope(1, 3)]


def test_without_ladders_only_seeds_go() -> None:
    assert chosen(Scope(1, 0).seconds(PACE, 5, 2) + 0.01, Scope(4, 0)) == Scope(1, 0)


def test_too_little_time_is_refused_with_what_it_takes() -> None:
    least = Scope(1, 3).seconds(PACE, 5, 2)
    with pytest.raises(BadBudget) as refused:
        chosen(least - 10)
    assert f"about {60 + 10:.0f}s" in str(refused.value)
    assert "1 seed, 3 rates on each ladder" in str(refused.value)


def test_more_workers_take_less_time() -> None:
    assert Scope(2, 7).seconds(PACE, 5, 4) == Scope(2, 7).seconds(PACE, 5, 1) / 4
