"""Paired differences against hand enumeration, scipy and statsmodels."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from steepest.base.errors import BadInput
from steepest.evidence.paired import (
    bca_interval,
    differences,
    pairing_correlation,
    sign_flip,
    superiority,
    t_interval,
    wilcoxon_p,
)

numbers = st.lists(st.integers(-50, 50), min_size=2, max_size=12)

# Fisher (1935) §21 tests Darwin's 15 pairs of cross- and self-fertilised maize (inches/8): of the 32768 sign
# vectors, 1726 give a total at least as far from zero as the observed 314, so p = 0.0527.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def test_sign_flip_gives_fishers_published_value() -> None:
    assert sum(DARWIN) == 314
    assert sign_flip(DARWIN) == pytest.approx(1726 / 2**15, abs=1e-15)


@given(numbers)
def test_sign_flip_equals_full_enumeration(d: list[int]) -> None:
    sums = [
        abs(sum(s * x for s, x in zip(signs, d, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(d))
    ]
    assert sign_flip(d) == pytest.approx(np.mean(np.array(sums) >= abs(sum(d))), abs=1e-12)


@given(numbers)
def test_sign_flip_is_blind_to_sign_and_scale(d: list[int]) -> None:
    p = sign_flip(d)
    assert 0 < p <= 1
    assert sign_flip([-x for x in d]) == p
    assert sign_flip([x * 1e-7 for x in d]) == p


def test_sign_flip_equals_scipy() -> None:
    d = np.random.default_rng(3).normal(0.4, 1.0, size=9)
    found = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip(d) == pytest.approx(found.pvalue, abs=1e-12)


def test_sign_flip_by_random_signs_meets_the_exact_value() -> None:
    # n = 31 is drawn at random; padding with a zero leaves the exact p of the first 30 unchanged
    d = np.random.default_rng(5).normal(0.35, 1.0, size=30)
    exact = sign_flip(d)
    drawn = sign_flip(np.append(d, 0.0), seed=1)
    assert exact == pytest.approx(
        drawn, abs=5 * np.sqrt(exact * (1 - exact) / 19_999)
    )  # five standard errors
    assert sign_flip(np.append(d, 0.0), seed=1) == drawn
    assert sign_flip(np.append(-d, 0.0), seed=1) == drawn


def test_t_interval_equals_statsmodels() -> None:
    d = np.random.default_rng(0).normal(size=13)
    assert t_interval(d, 0.1) == pytest.approx(DescrStatsW(d).tconfint_mean(0.1), abs=1e-12)


def test_plain_bca_equals_efron_by_hand() -> None:
    d = np.random.default_rng(2).exponential(size=16)
    draws = np.random.default_rng(9).choice(d, size=(200_000, 16)).mean(axis=1)
    z0 = stats.norm.ppf(np.mean(draws < d.mean()) + np.mean(draws == d.mean()) / 2)
    centred = d - d.mean()
    acceleration = np.sum(centred**3) / (6 * np.sum(centred**2) ** 1.5)
    z = np.array([-1, 1]) * stats.norm.isf(0.025)
    shares = stats.norm.cdf(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))
    # a bootstrap quantile from 9 999 draws wanders by about 2 % of the interval's width
    width = float(np.ptp(np.quantile(draws, shares)))
    assert bca_interval(d, expand=False) == pytest.approx(np.quantile(draws, shares), abs=0.03 * width)


def test_bca_is_wider_expanded_and_near_student_on_symmetric_data() -> None:
    d = stats.norm.ppf((np.arange(20) + 0.5) / 20)
    plain, wide, student = bca_interval(d, expand=False), bca_interval(d), t_interval(d)
    assert wide.low < plain.low < plain.high < wide.high
    assert wide == pytest.approx(student, abs=0.05 * (student.high - student.low))


def test_bca_follows_skew() -> None:
    d = np.random.default_rng(4).lognormal(size=20)
    low, high = bca_interval(d)
    assert high - d.mean() > 1.2 * (d.mean() - low)


@given(st.lists(st.integers(-50, 50), min_size=10, max_size=20), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_bca_mirrors(d: list[int], seed: int) -> None:
    low, high = bca_interval(d, seed=seed)
    assert bca_interval([-x for x in d], seed=seed) == pytest.approx((-high, -low), abs=1e-9)


def test_constant_differences_have_no_width() -> None:
    assert bca_interval([0.1] * 12) == pytest.approx((0.1, 0.1))
    assert bca_interval([0.0] * 12) == (0.0, 0.0)
    assert np.isnan(t_interval([1.0])).all()


@given(st.integers(1, 40), st.data())
def test_superiority_equals_wilson_of_statsmodels(n: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, n))
    found = superiority([1.0] * wins + [-1.0] * (n - wins))
    low, high = proportion_confint(wins, n, method="wilson")
    assert found == pytest.approx((wins / n, low, high), abs=1e-9)


def test_superiority_counts_ties_half_and_takes_infinities() -> None:
    assert superiority([0.0, 0.0, 0.0]).chance == 0.5
    assert superiority([np.inf, -np.inf, 1.0, 1.0]).chance == 0.75


def test_wilcoxon_gives_the_smallest_p_of_all_positive_pairs() -> None:
    assert wilcoxon_p([1, 2, 3, 4, 5, 6, 7, 8]) == 2 / 2**8
    assert wilcoxon_p([0.0, 0.0]) == 1.0


def test_rounding_noise_is_no_difference() -> None:
    assert differences([0.1 + 0.2, 1e9 + 1e-6], [0.3, 1e9]).tolist() == [0.0, 0.0]
    assert differences([1.0], [1.0 - 1e-9])[0] > 0


def test_correlation_is_nan_without_spread() -> None:
    assert np.isnan(pairing_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))
    assert pairing_correlation([1.0, 2.0, 4.0], [2.0, 4.0, 8.0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: differences([1.0], [1.0, 2.0]), "b must have as many replicates as a"),
        (lambda: sign_flip([]), "d must be a non-empty list of scores"),
        (lambda: sign_flip([[1.0]]), "d must be a non-empty list of scores"),
        (lambda: sign_flip([np.nan]), "d must be finite"),
        (lambda: sign_flip(["x"]), "d must be numbers"),
        (lambda: t_interval([1.0, 2.0], alpha=5.0), "alpha must lie strictly between 0 and 1, but got 5.0"),
    ],
)
def test_bad_input_names_argument_and_constraint(call, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        call()
