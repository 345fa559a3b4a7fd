"""2×2 interactions against statsmodels, planted truths and symmetry."""

import json

import numpy as np
import pytest
from statsmodels.stats.weightstats import ttest_ind

from steepest.base.errors import BadInput
from steepest.evidence.factorial import interaction
from steepest.evidence.paired import sign_flip, t_interval


def cells(means: tuple[float, float, float, float], n: int = 20, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    split = rng.normal(size=n)
    names = ("y00", "y10", "y01", "y11")
    return {name: mean + split + rng.normal(size=n) for name, mean in zip(names, means, strict=True)}


@pytest.mark.parametrize(
    ("means", "rope", "kind"),
    [
        ((0, 2, 2, 0), 1.0, "conflict"),
        ((0, 4, 4, 4), 1.0, "redundant"),
        ((0, 0, 0, 4), 1.0, "synergy"),
        ((0, 1, 1, 2), 3.0, "additive"),
        ((0, 1, 1, 1), 1.0, "unresolved"),
    ],
)
def test_planted_kinds(means: tuple[float, float, float, float], rope: float, kind: str) -> None:
    named = [interaction(**cells(means, seed=s), rope=rope).kind for s in range(40)]
    assert named.count(kind) >= 36


def test_pairs_without_interaction_are_rarely_named() -> None:
    named = [interaction(**cells((0, 1, 1, 2), seed=s), rope=0.5).kind for s in range(200)]
    assert sum(k in ("conflict", "redundant", "synergy") for k in named) <= 10


def test_paired_is_the_t_interval_of_each_replicates_interaction() -> None:
    y = cells((0, 1, 2, 5), n=9)
    each = y["y11"] - y["y10"] - y["y01"] + y["y00"]
    r = interaction(**y)
    assert (r.effect, r.low, r.high) == pytest.approx((each.mean(), *t_interval(each)))
    assert r.p_value == pytest.approx(sign_flip(each))


def test_independent_is_welch() -> None:
    # with two constant cells the interaction is a difference of two means, which statsmodels tests
    y = cells((0, 1, 2, 5), n=12)
    y["y10"], y["y01"] = np.zeros(7), np.zeros(5)
    r = interaction(**y, paired=False)
    t, p, _ = ttest_ind(y["y11"], -y["y00"], usevar="unequal")
    assert r.effect / r.standard_error == pytest.approx(t)
    assert r.n == 5
    equal = interaction(**{**y, "y10": y["y10"][:5]}, paired=False)
    assert equal.effect == pytest.approx(r.effect)
    # zero-variance cells carry no degrees of freedom in Satterthwaite's formula
    assert r.p_value == pytest.approx(p)


def test_standard_error_is_two_sigma_over_root_n() -> None:
    y = cells((0, 0, 0, 0), n=1000)
    assert interaction(**y).standard_error == pytest.approx(2 / np.sqrt(1000), rel=0.1)


def test_swapping_the_strategies_changes_nothing() -> None:
    y = cells((0, 2, 1, 0))
    r, s = interaction(**y, rope=0.5), interaction(**{**y, "y10": y["y01"], "y01": y["y10"]}, rope=0.5)
    assert (r.kind, r.p_value) == (s.kind, s.p_value)
    assert (r.effect, r.low, r.high) == pytest.approx((s.effect, s.low, s.high))
    assert (r.mean_10, r.mean_01) == (s.mean_01, s.mean_10)


def test_the_sentence_warns_where_synergy_still_costs() -> None:
    r = interaction(**cells((9, 5, 5, 4)), rope=0.5, names=("dropout", "weight decay"), metric="accuracy")
    assert r.kind == "synergy"
    assert r.best == "neither"
    assert "cost less together than the sum of both, but still cost" in r.sentence
    assert "best mean: neither" in r.sentence
    json.dumps(r.to_dict(), allow_nan=False)


def test_unresolved_says_how_many() -> None:
    r = interaction(**cells((0, 1, 1, 1.5), n=8), rope=0.1)
    assert r.kind == "unresolved"
    assert r.n_needed is not None
    assert r.n_needed > 8
    assert f"about {r.n_needed} per cell would settle it" in r.sentence
    assert interaction(**cells((0, 9, 9, 9), n=4), rope=0.1).kind == "unresolved"  # too few to decide


def test_bad_input() -> None:
    y = cells((0, 1, 1, 2))
    with pytest.raises(BadInput, match="cells must hold 2 or more replicates"):
        interaction(**{**y, "y11": y["y11"][:5]})
    with pytest.raises(BadInput, match="y11 must be finite"):
        interaction(**{**y, "y11": np.full(20, np.nan)})
    with pytest.raises(BadInput, match="rope must be a width"):
        interaction(**y, rope=-1.0)
