"""What a budget may be, and how far it is spent."""

import pytest

from steepest.base.budget import Budget, Spent
from steepest.base.errors import BadBudget


@pytest.mark.parametrize(
    ("text", "seconds", "trials", "flops"),
    [
        ("90s", 90.0, None, None),
        ("10m", 600.0, None, None),
        ("1.5h", 5400.0, None, None),
        ("500trials", None, 500, None),
        ("1 trial", None, 1, None),
        ("1e12flops", None, None, 1e12),
        ("2.5E9 FLOPs", None, None, 2.5e9),
        ("10m, 500trials", 600.0, 500, None),
        ("500trials,1e12flops", None, 500, 1e12),
    ],
)
def test_forms(text: str, seconds: float | None, trials: int | None, flops: float | None) -> None:
    found = Budget.parse(text)
    assert (found.seconds, found.trials, found.flops) == (seconds, trials, flops)
    assert Budget.parse(found.text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "positive number with a unit"),
        ("60", "positive number with a unit"),
        ("0flops", "positive number with a unit"),
        ("-3m", "positive number with a unit"),
        ("1e-3flops", "positive number with a unit"),
        ("4s", "at least 5s"),
        ("2.5trials", "whole number"),
        ("1m,2m", "limit seconds once"),
        ("1m,1e9flops", "time or work, not both"),
    ],
)
def test_what_is_no_budget(text: str, words: str) -> None:
    with pytest.raises(BadBudget, match=words) as caught:
        Budget.parse(text)
    for form in ("60s", "150trials", "1e12flops", "10m,500trials"):
        assert form in str(caught.value)


def test_the_limit_that_is_nearest_to_its_end_is_told() -> None:
    budget = Budget.parse("100s,50trials")
    assert budget.spent({"s": 80.0, "trials": 10, "flops": 1e9}) == Spent("s", 80.0, 100.0)
    assert budget.spent({"s": 10.0, "trials": 40, "flops": 1e9}) == Spent("trials", 40, 50)
    assert Spent("s", 120.0, 100.0).share == 1.0
    assert Budget("none").spent({"s": 1.0, "trials": 1, "flops": 1}) is None
