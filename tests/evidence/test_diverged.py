"""Diverged runs count as the worst and are never dropped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.evidence.diverged import fill

runs = st.lists(
    st.tuples(*[st.one_of(st.integers(-9, 9).map(float), st.just(float("nan")))] * 2), min_size=1, max_size=9
)


@given(runs)
def test_every_pair_stays_and_every_diverged_run_is_worst(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    filled = fill(a, b)
    assert (filled.diverged_a, filled.diverged_b) == (np.isnan(a).sum(), np.isnan(b).sum())
    if np.isnan(pairs).all():
        assert filled.a.size == filled.b.size == 0
        return
    assert filled.a.size == filled.b.size == len(pairs)
    both, broken = np.concatenate([filled.a, filled.b]), np.isnan(np.concatenate([a, b]))
    assert np.isfinite(both).all()
    if broken.any():
        assert both[broken].max() < both[~broken].min()
        assert np.ptp(both[broken]) == 0


def test_a_floor_below_the_worst_score_is_used() -> None:
    assert fill([np.nan, 0.5], [0.6, 0.7], floor=0.1).a[0] == 0.1
    assert fill([np.nan, 0.05], [0.6, 0.7], floor=0.1).a[0] == 0.05


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_infinities_are_diverged_too(broken: float) -> None:
    assert fill([broken, 1.0], [1.0, 2.0]).a.tolist() == [0.0, 1.0]
