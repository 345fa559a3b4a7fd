"""Mean ranks, and groups from tests of two contenders alone."""

import numpy as np
import pytest
from scipy import stats

from steepest.base.errors import BadInput
from steepest.evidence.ranks import ranking
from steepest.evidence.resampled import resampled_t

DRAW = np.random.default_rng(3)
BASE = DRAW.normal(size=12)
SCORES = {
    "low": BASE - 2.0 + 0.1 * DRAW.normal(size=12),
    "high": BASE + 2.0 + 0.1 * DRAW.normal(size=12),
    "twin": BASE + 2.0 + 0.1 * DRAW.normal(size=12),
}


def test_ranks_are_those_of_scipy_and_the_best_comes_first() -> None:
    found = ranking(SCORES)
    table = np.array([SCORES[name] for name in found.names])
    expected = stats.rankdata(-table, axis=0).mean(axis=1)
    assert found.mean_ranks == pytest.approx(tuple(expected))
    assert list(found.mean_ranks) == sorted(found.mean_ranks)
    assert found.names[-1] == "low"


def test_those_that_are_not_told_apart_share_a_group() -> None:
    found = ranking(SCORES)
    assert [set(group) for group in found.groups] == [{"high", "twin"}]
    apart = {frozenset((pair.a, pair.b)) for pair in found.pairs if pair.apart}
    assert apart == {frozenset(("high", "low")), frozenset(("twin", "low"))}


def test_whether_two_are_told_apart_does_not_hang_on_a_third_but_for_holm() -> None:
    alone = ranking({name: SCORES[name] for name in ("high", "low")})
    among = ranking(SCORES)
    p = next(pair.p_value for pair in among.pairs if {pair.a, pair.b} == {"high", "low"})
    assert alone.pairs[0].p_value == p == stats.wilcoxon(SCORES["high"] - SCORES["low"]).pvalue


def test_overlapping_splits_take_the_stricter_of_two_tests() -> None:
    d = {"a": BASE + 0.3 + 0.5 * DRAW.normal(size=12), "b": BASE}
    wide = ranking(d, overlap=1.0).pairs[0].p_value
    assert wide == pytest.approx(resampled_t(d["a"] - d["b"], 1.0).p_value)
    assert wide > ranking(d).pairs[0].p_value


def test_diverged_runs_come_last() -> None:
    broken = np.array([*SCORES["high"][:6], *[np.nan] * 6])
    found = ranking({"broken": broken, "low": SCORES["low"]})
    assert dict(zip(found.names, found.mean_ranks, strict=True))["broken"] == pytest.approx(1.5)
    everything = ranking({"a": np.full(8, np.nan), "b": np.full(8, np.nan)})
    assert everything.groups == (("a", "b"),)


def test_unequal_numbers_of_replicates_are_refused() -> None:
    with pytest.raises(BadInput, match="as many replicates each"):
        ranking({"a": [1.0, 2.0], "b": [1.0]})
