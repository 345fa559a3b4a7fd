"""Power and replicates against statsmodels, a published table and simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from steepest.base.errors import BadInput
from steepest.evidence.power import (
    fewest_replicates,
    power_to_differ,
    power_to_equate,
    replicates_needed,
)


@pytest.mark.parametrize("effect", [0.05, 0.3, -0.7, 1.5, 10.0])
@pytest.mark.parametrize("n", [2, 6, 20, 300])
def test_power_equals_statsmodels(n: int, effect: float) -> None:
    expected = TTestPower().power(abs(effect), n, 0.05)
    if np.isnan(expected):  # statsmodels' lower tail is NaN far out, where it is nothing
        expected = TTestPower().power(abs(effect), n, 0.025, alternative="larger")
    assert power_to_differ(n, 3 * effect, 3.0) == pytest.approx(expected, abs=1e-6)


def test_no_effect_is_found_at_the_level() -> None:
    assert power_to_differ(12, 0.0, 1.0, alpha=0.03) == pytest.approx(0.03, abs=1e-9)


@pytest.mark.parametrize(("n", "d"), [(8, 1.16), (10, 1.00), (12, 0.89), (20, 0.66), (30, 0.53)])
def test_detectable_effects(n: int, d: float) -> None:
    solved = TTestPower().solve_power(effect_size=None, nobs=n, alpha=0.05, power=0.8)
    assert solved == pytest.approx(d, abs=0.005)
    assert power_to_differ(n, d, 1.0) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("d", [0.1, 0.25, 0.5, 0.8])
def test_replicates_equal_statsmodels(d: float) -> None:
    assert replicates_needed(d, 1.0) == np.ceil(
        TTestPower().solve_power(effect_size=d, alpha=0.05, power=0.8)
    )


def test_equivalence_power_in_simulation() -> None:
    draws = np.random.default_rng(0).normal(0.1, 1.0, size=(40_000, 25))
    half = stats.t.isf(0.025, 24) * draws.std(axis=1, ddof=1) / 5
    inside = (draws.mean(axis=1) - half > -0.7) & (draws.mean(axis=1) + half < 0.7)
    assert power_to_equate(25, 0.1, 1.0, 0.7) == pytest.approx(
        inside.mean(), abs=0.02
    )  # normal approximation


def test_more_splits_of_the_same_rows_cannot_settle_everything() -> None:
    assert replicates_needed(0.2, 1.0) is not None
    assert replicates_needed(0.2, 1.0, overlap=0.25) is None
    assert replicates_needed(0.0, 1.0) is None
    assert replicates_needed(0.0, 1.0, rope=0.5) is not None


def test_edges() -> None:
    assert replicates_needed(0.1, 0.0) == 6
    assert replicates_needed(5.0, 1.0, at_least=21) == 21
    assert fewest_replicates(0.05) == 6
    assert 2 / 2**5 > 0.05 >= 2 / 2**6
    with pytest.raises(BadInput, match="family must be at least 1"):
        fewest_replicates(0.05, family=0)
    with pytest.raises(BadInput, match="sd and effect must be finite"):
        replicates_needed(float("nan"), 1.0)
