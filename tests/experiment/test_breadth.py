"""How wide the range of good rates is."""

import math

import pytest

from steepest.experiment.breadth import breadth
from steepest.experiment.ladder import Ladder


def ladder(*scores: float) -> Ladder:
    made = Ladder.around(1e-2, len(scores))
    for rate, score in zip(list(made.waiting), scores, strict=True):
        made.add(rate, score, 0.1)
    return made


def test_it_is_the_stretch_around_the_best_mean_over_all_runs() -> None:
    found = breadth([ladder(0.9, 0.2, 0.8, 1.0, 0.9), ladder(0.9, 0.2, 1.0, 1.0, 0.7)], margin=0.15)
    assert found is not None
    assert (found.low, found.high) == (0.01, 0.0316)
    assert found.decades == pytest.approx(1.0, abs=0.01)
    assert not found.open_below
    assert not found.open_above


def test_one_diverged_run_ends_the_stretch_and_an_end_is_open() -> None:
    found = breadth([ladder(1.0, 1.0, 1.0), ladder(1.0, 1.0, math.nan)], margin=0.1)
    assert found is not None
    assert (found.low, found.high, found.open_below, found.open_above) == (0.001, 0.01, True, False)


def test_without_ladders_there_is_none_and_where_nothing_worked_it_has_no_width() -> None:
    assert breadth([], 0.1) is None
    nothing = breadth([ladder(math.nan, math.nan, math.nan)], 0.1)
    assert nothing is not None
    assert nothing.decades == 0.0
    assert math.isnan(nothing.low)
