"""Group-sequential levels against published tables, scipy's multivariate normal and simulation."""

import numpy as np
import pytest
from scipy import stats

from steepest.base.errors import BadInput
from steepest.evidence.looks import LATE, POCOCK, crossing_probability, look_levels, place, pocock_level


@pytest.mark.parametrize(
    ("alpha", "looks", "critical"),
    [  # Jennison & Turnbull (2000), Table 2.1
        (0.05, 1, 1.960),
        (0.05, 2, 2.178),
        (0.05, 3, 2.289),
        (0.05, 4, 2.361),
        (0.05, 5, 2.413),
        (0.05, 10, 2.555),
        (0.05, 20, 2.672),
        (0.01, 2, 2.772),
        (0.01, 5, 2.986),
        (0.10, 2, 1.875),
        (0.10, 5, 2.122),
    ],
)
def test_published_critical_values(alpha: float, looks: int, critical: float) -> None:
    level = pocock_level(range(1, looks + 1), alpha)
    assert stats.norm.isf(level / 2) == pytest.approx(critical, abs=1.001e-3)


def test_pococks_own_nominal_levels() -> None:
    # Pocock (1977), Table 1: nominal levels at an overall 0.05
    assert [round(pocock_level(range(1, k + 1)), 4) for k in (2, 3, 4, 5)] == [0.0294, 0.0221, 0.0182, 0.0158]


@pytest.mark.parametrize(("looks", "last"), [(2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040)])
def test_obrien_and_flemings_published_bounds(looks: int, last: float) -> None:
    # Jennison & Turnbull (2000), Group Sequential Methods, Table 2.3, alpha = 0.05: c_k = C·√(K/k)
    bounds = stats.norm.isf(np.array(look_levels(range(1, looks + 1), 0.05, shape=0.0)) / 2)
    assert bounds == pytest.approx(last * np.sqrt(looks / np.arange(1, looks + 1)), abs=2e-3)


@pytest.mark.parametrize("looks", [(8, 14, 20), (6, 7, 30), (1000, 1001)])
def test_unequal_looks_equal_the_multivariate_normal(looks: tuple[int, ...]) -> None:
    n = np.array(looks, dtype=float)
    correlation = np.sqrt(np.minimum.outer(n, n) / np.maximum.outer(n, n))
    bound = np.full(n.size, 2.2)
    inside = stats.multivariate_normal(cov=correlation, allow_singular=True).cdf(bound, lower_limit=-bound)
    assert crossing_probability(looks, 2.2) == pytest.approx(1 - inside, abs=5e-5)


def test_overall_error_in_simulation() -> None:
    looks = np.array([8, 14, 20])
    draws = np.random.default_rng(0).normal(size=(200_000, 20)).cumsum(axis=1)[:, looks - 1] / np.sqrt(looks)
    rate = np.mean(np.any(2 * stats.norm.sf(np.abs(draws)) <= pocock_level(looks.tolist()), axis=1))
    assert rate == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 200_000))  # four standard errors
    late = look_levels(looks.tolist(), shape=LATE)
    rate = np.mean(np.any(2 * stats.norm.sf(np.abs(draws)) <= late, axis=1))
    assert rate == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 200_000))
    assert late[0] < look_levels(looks.tolist(), shape=POCOCK)[0] < late[-1]


def test_place_in_the_plan() -> None:
    assert [place(n, [8, 14, 20]).number for n in (5, 8, 11, 14, 20)] == [1, 1, 2, 2, 3]
    assert place(20, [20]).alpha == 0.05
    levels = look_levels([8, 14, 20], shape=LATE)
    assert [place(n, [8, 14, 20], shape=LATE).alpha for n in (8, 11, 20)] == list(levels)


def test_bad_plans_are_named() -> None:
    with pytest.raises(BadInput, match="looks must be increasing numbers of replicates"):
        pocock_level([8, 8])
    with pytest.raises(BadInput, match=r"shape must lie between 0 and 0.5, but got 0.7"):
        look_levels([8, 14], shape=0.7)
    with pytest.raises(BadInput, match="n must not exceed the last planned look"):
        place(21, [8, 14, 20])
