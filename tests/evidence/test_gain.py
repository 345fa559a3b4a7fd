"""Gains over rows: exact where nothing varies, covering where it does, wider where rows hang together."""

from collections.abc import Callable

import numpy as np
import pytest

from steepest.base.errors import BadInput
from steepest.evidence.gain import gain
from steepest.evidence.paired import Floats


def mean_of(table: Floats) -> Callable[[Floats], Floats]:
    """The mean over rows of [1 + M, N]."""
    return lambda w: w @ table.T / w.sum(1, keepdims=True)


def test_a_constant_gain_is_known_exactly() -> None:
    draw = np.random.default_rng(0)
    row = draw.normal(size=50)
    found = gain(mean_of(np.stack([row + 0.5, row, row])), np.arange(50), resamples=200)
    assert found == pytest.approx((0.5, 0.5, 0.5))


def test_the_interval_covers() -> None:
    draw, hits, runs = np.random.default_rng(1), 0, 200
    for run in range(runs):
        skill = draw.normal(scale=0.3, size=6)[:, None]
        noise = draw.normal(size=(7, 80))
        table = np.concatenate([noise[:1] + 0.4, noise[1:] + skill])  # the others' skill is 0 in the mean
        found = gain(mean_of(table), np.arange(80), seed=run, resamples=300)
        hits += found.low <= 0.4 <= found.high
    assert 0.88 <= hits / runs <= 0.995


def test_rows_of_a_cluster_count_once() -> None:
    draw = np.random.default_rng(2)
    each = draw.normal(size=(3, 20))
    alone = gain(mean_of(each), np.arange(20), resamples=500)
    clustered = gain(mean_of(np.repeat(each, 10, axis=1)), np.repeat(np.arange(20), 10), resamples=500)
    loose = gain(mean_of(np.repeat(each, 10, axis=1)), np.arange(200), resamples=500)
    assert clustered == pytest.approx(alone, abs=0.02)
    assert loose.high - loose.low < 0.9 * (clustered.high - clustered.low)


def test_one_cluster_has_no_interval_and_nothing_is_refused() -> None:
    table = np.array([[1.0, 2.0], [0.0, 1.0]])
    found = gain(mean_of(table), np.zeros(2, np.int64))
    assert found.mean == 1.0
    assert np.isnan([found.low, found.high]).all()
    with pytest.raises(BadInput, match="one row or more"):
        gain(mean_of(table), np.arange(0))
    with pytest.raises(BadInput, match="one other predictor"):
        gain(mean_of(table[:1]), np.arange(2))
