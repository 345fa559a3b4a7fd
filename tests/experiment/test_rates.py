"""The learning-rate finder: ranges, not points."""

import math

import numpy as np
import pytest

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.rates import Rung, _range, rate_range


def ladder(losses: list[float], diverged: set[int] = frozenset()) -> list[Rung]:  # type: ignore[assignment]
    return [Rung(10.0**i, loss, 0.0, int(i in diverged)) for i, loss in enumerate(losses)]


def test_the_range_is_the_unbroken_stretch_around_the_best() -> None:
    found = _range(ladder([2.0, 0.25, 2.0, 0.3, 0.2, 0.31, 2.0]), start=2.2, share=0.1)
    assert (found.low, found.best, found.high) == (1e3, 1e4, 1e5)
    assert not found.open_below
    assert not found.open_above


def test_a_rate_that_diverges_for_any_seed_ends_the_range() -> None:
    found = _range(ladder([0.3, 0.2, 0.2], diverged={2}), start=2.2, share=0.1)
    assert (found.low, found.high) == (1.0, 10.0)
    assert found.open_below
    assert "below 1" in found.sentence


def test_nothing_works() -> None:
    found = _range(ladder([2.5, 2.6, math.inf]), start=2.2, share=0.1)
    assert math.isnan(found.low)
    assert "no rate" in found.sentence


def test_noise_widens_the_range() -> None:
    rungs = [Rung(1.0, 0.5, 0.0, 0), Rung(2.0, 0.4, 0.1, 0), Rung(4.0, 0.7, 0.0, 0)]
    assert _range(rungs, start=0.6, share=0.01).low == 1.0


def test_plain_gradient_steps_work_at_higher_rates_than_adam() -> None:
    data = read("wine")
    sgd, adam = (
        rate_range(data, Recipe(width=16, optimizer=o, batch_size=16), rates=12, seeds=2, epochs=6)  # type: ignore[arg-type]
        for o in ("sgd", "adam")
    )
    assert adam.best < sgd.best
    for found in (sgd, adam):
        assert found.low <= found.best <= found.high
        assert found.ladder[0].loss > min(r.loss for r in found.ladder)
        assert np.all(np.diff([r.lr for r in found.ladder]) > 0)


@pytest.mark.parametrize("ends", [(0.0, 1.0), (1.0, 0.1), (-1.0, 1.0)])
def test_a_ladder_needs_two_ends(ends: tuple[float, float]) -> None:
    with pytest.raises(BadInput, match="low must be positive and below high"):
        rate_range(read("wine"), Recipe(), low=ends[0], high=ends[1])
