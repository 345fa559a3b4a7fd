"""Ladders of rates: where they stand, what they choose, when they grow; and the scaling rules."""

import itertools
import math

import pytest

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.experiment.ladder import EXTENSIONS, Ladder, scaled_rate


def scored(ladder: Ladder, scores: list[float], losses: list[float] | None = None) -> Ladder:
    rates = list(ladder.waiting)
    for rate, score, loss in zip(rates, scores, losses or [1.0] * len(rates), strict=True):
        ladder.add(rate, score, loss)
    return ladder


@pytest.mark.parametrize("count", [3, 5, 7])
def test_a_ladder_spans_two_decades_in_equal_factors(count: int) -> None:
    rates = Ladder.around(0.01, count).waiting
    assert len(rates) == count
    assert (rates[0], rates[count // 2], rates[-1]) == (0.001, 0.01, 0.1)
    factors = [b / a for a, b in itertools.pairwise(rates)]
    assert max(factors) == pytest.approx(min(factors), rel=0.01)


def test_a_lucky_run_does_not_beat_a_good_neighbourhood() -> None:
    ladder = scored(Ladder.around(1.0, 7), [0.5, 0.95, 0.5, 0.9, 0.93, 0.92, 0.5])
    assert ladder.best == ladder_rates(ladder)[4]


def test_equal_scores_are_told_apart_by_the_loss() -> None:
    ladder = scored(Ladder.around(1.0, 3), [0.9, 0.9, 0.9], [0.3, 0.2, 0.1])
    assert ladder.best == 10.0


def test_diverged_rates_are_never_chosen_and_warn_their_neighbours() -> None:
    nan = math.nan
    ladder = scored(Ladder.around(1.0, 5), [0.5, 0.7, 0.8, 0.8, nan], [1.0, 0.4, 0.3, 0.2, nan])
    assert ladder.best == ladder_rates(ladder)[2]


def test_where_everything_diverged_it_looks_further_down() -> None:
    ladder = scored(Ladder.around(1.0, 3), [math.nan] * 3)
    assert ladder.best == 0.1
    assert ladder.grow()
    assert ladder.waiting == [0.01]


def test_it_grows_beyond_the_end_that_holds_the_best_and_stops() -> None:
    ladder = scored(Ladder.around(1.0, 7), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    growths = 0
    while ladder.grow():
        assert min(ladder.waiting) > max(ladder.found)
        scored(ladder, [0.8 + growths / 100, 0.9 + growths / 100])
        growths += 1
    assert growths == EXTENSIONS
    assert ladder.at_end


def test_it_does_not_grow_where_the_best_is_inside() -> None:
    ladder = scored(Ladder.around(1.0, 5), [0.1, 0.5, 0.9, 0.5, 0.1])
    assert not ladder.grow()
    assert ladder.waiting == []


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [("sgd", 0.4), ("momentum", 0.4), ("nesterov", 0.4), ("adamw", 0.2), ("rmsprop", 0.2)],
)
def test_rates_scale_with_the_batch_or_its_root(optimizer: str, expected: float) -> None:
    base = Recipe(batch_size=64, lr=0.1)
    assert scaled_rate(base.replace(optimizer=optimizer, batch_size=256), base) == pytest.approx(expected)


def test_an_optimizer_without_a_rule_is_refused() -> None:
    with pytest.raises(BadInput, match="optimizer must have a rule that scales its rate"):
        scaled_rate(Recipe(optimizer="adagrad"), Recipe())


def ladder_rates(ladder: Ladder) -> list[float]:
    return sorted(ladder.found)
