"""Aggregates over tasks against hand counts, scipy and simulation."""

import numpy as np
import pytest
from scipy import stats

from steepest.base.errors import BadInput
from steepest.evidence.aggregate import (
    interquartile_mean,
    iqm_interval,
    pairwise_over_tasks,
    performance_profile,
)


def test_interquartile_mean_is_the_mean_of_the_middle_half() -> None:
    values = np.random.default_rng(0).normal(size=(5, 8))
    middle = np.sort(values.ravel())[10:30]
    assert interquartile_mean(values) == pytest.approx(middle.mean())


def test_stratified_resampling_keeps_the_tasks() -> None:
    # tasks differ wildly, runs within a task not at all: nothing is left to resample
    constant = np.tile([0.0, 10.0, 100.0], (6, 1))
    estimate = iqm_interval(constant)
    assert estimate.interval == (estimate.value, estimate.value)


def test_interval_covers() -> None:
    # percentile intervals over 10 runs × 6 tasks; truth 0; 200 tables have a standard error of 1.5 %
    rng = np.random.default_rng(0)
    inside = []
    for s in range(200):
        low, high = iqm_interval(rng.normal(size=(10, 6)), seed=s, resamples=400).interval
        inside.append(low < 0 < high)
    assert 0.95 - 4.5 * 0.0154 <= np.mean(inside) <= 0.95 + 3 * 0.0154


def test_profile_by_hand() -> None:
    scores = np.random.default_rng(1).uniform(size=(7, 3))
    taus = np.linspace(0, 1, 11)
    profile = performance_profile(scores, taus, resamples=300)
    assert profile.share == pytest.approx([np.mean(scores > tau) for tau in taus])
    assert np.all(np.diff(profile.share) <= 0)
    assert np.all((profile.low <= profile.share) & (profile.share <= profile.high))


def test_pairs_equal_scipys_wilcoxon_and_do_not_depend_on_who_else_entered() -> None:
    rng = np.random.default_rng(2)
    means = {name: rng.normal(loc, 1.0, size=12) for name, loc in (("a", 1.0), ("b", 0.0), ("c", 0.1))}
    three = {(p.a, p.b): p for p in pairwise_over_tasks(means)}
    (alone,) = pairwise_over_tasks({name: means[name] for name in ("a", "b")})
    assert three["a", "b"].p_value == alone.p_value == alone.p_adjusted
    assert alone.p_value == pytest.approx(stats.wilcoxon(means["a"], means["b"]).pvalue)
    assert alone.wins + alone.ties + alone.losses == 12
    assert three["a", "b"].p_adjusted >= alone.p_value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: interquartile_mean([1.0, 2.0]), "scores must be a finite matrix"),
        (lambda: interquartile_mean([[np.nan]]), "scores must be a finite matrix"),
        (lambda: pairwise_over_tasks({"a": [1.0]}), "means must hold two methods or more"),
        (lambda: pairwise_over_tasks({"a": [1.0], "b": [1.0, 2.0]}), "means must hold two methods or more"),
        (lambda: pairwise_over_tasks({"a": [1.0], "b": [np.nan]}), "means must be finite"),
    ],
)
def test_bad_input(call, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        call()
