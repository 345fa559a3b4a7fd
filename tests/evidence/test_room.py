"""The room between leaders, against planted variances and an independent F test."""

import numpy as np
import pytest
from scipy import stats

from steepest.base.errors import BadInput
from steepest.evidence.room import room


def test_two_leaders_are_the_paired_t_test() -> None:
    scores = np.random.default_rng(0).normal(size=(2, 9))
    assert room(scores).p_value == pytest.approx(stats.ttest_rel(scores[0], scores[1]).pvalue)


def test_planted_variances_are_found() -> None:
    rng = np.random.default_rng(1)
    found, covered = [], 0
    for _ in range(200):
        scores = rng.normal(0, 2.0, (12, 1)) + rng.normal(0, 5.0, (1, 4)) + rng.normal(0, 1.0, (12, 4))
        found.append(room(scores))
        covered += found[-1].spread_high >= 2.0
    assert np.mean([f.spread**2 for f in found]) == pytest.approx(4.0, rel=0.1)
    assert np.mean([f.noise**2 for f in found]) == pytest.approx(1.0, rel=0.1)
    assert 0.90 <= covered / 200 <= 0.99
    assert found[0].gain == pytest.approx(1.6292 * found[0].spread, rel=1e-3)  # Harter's table, k = 12


def test_leaders_alike_are_told_apart_as_often_as_chance_allows() -> None:
    rng = np.random.default_rng(2)
    p_values = np.array([room(rng.normal(size=(12, 3))).p_value for _ in range(300)])
    assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=0.04)


def test_scores_without_noise() -> None:
    assert room([[1.0, 1.0], [1.0, 1.0]]).gain_high == 0.0
    assert room([[1.0, 1.0], [2.0, 2.0]]).p_value == 0.0


def test_one_round_is_refused() -> None:
    with pytest.raises(BadInput, match="two rounds"):
        room([[1.0], [2.0]])
