"""Holm's adjustment and tables of verdicts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from steepest.base.errors import BadInput
from steepest.evidence.family import against_reference, all_pairs, holm, step_levels
from steepest.evidence.looks import look_levels, pocock_level
from steepest.evidence.verdict import judge


def test_holm_by_hand() -> None:
    # 0.01·4, 0.02·3, max(0.03·2, 0.06), 0.04·1 raised to 0.06
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert np.isnan(holm([float("nan"), 0.01])[0])
    assert holm([float("nan"), 0.01])[1] == pytest.approx(0.01)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=5, deadline=None)  # statsmodels collects garbage on every call
def test_holm_equals_statsmodels(p: list[float]) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@given(st.lists(st.integers(1, 400).map(lambda i: i / 4000), min_size=1, max_size=12))
def test_a_p_below_its_step_level_is_a_holm_rejection(p: list[float]) -> None:
    levels = step_levels(p, 0.05)
    assert [x <= level for x, level in zip(p, levels, strict=True)] == [
        x <= 0.05 * (1 + 1e-12) for x in holm(p)
    ]
    assert all(0.05 / len(p) <= level <= 0.05 for level in levels)


def contenders(k: int, effect: float = 0.0, n: int = 20, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"m{i}": effect * (i == 1) + rng.normal(size=n) for i in range(k)}


def test_verdicts_and_adjusted_p_agree() -> None:
    rows = against_reference(contenders(5, effect=2.5), "m0", rope=0.5)
    assert [r.contender for r in rows] == ["m1", "m2", "m3", "m4"]
    assert rows[0].verdict.kind == "better"
    for row in rows:
        if row.verdict.kind in ("better", "worse"):
            assert row.p_adjusted <= 0.05
    assert rows[0].verdict.level == pytest.approx(1 - 0.05 / 4)
    assert " m0" in rows[1].to_dict()["verdict"]["sentence"]


def test_one_contender_needs_no_adjustment() -> None:
    scores = contenders(2, effect=1.0)
    (row,) = against_reference(scores, "m0", rope=0.5)
    assert row.verdict == judge(scores["m1"], scores["m0"], rope=0.5, against="m0")
    assert row.p_adjusted == row.verdict.p_value


def test_tables_of_equals_rarely_name_a_winner() -> None:
    # at least one of 6 pairs told apart in at most 5 % of tables; 3 standard errors of 80 tables are 7.3 %;
    # 9 replicates, since 8 could never reject at 0.05/6
    tables = [all_pairs(contenders(4, n=9, seed=s)) for s in range(80)]
    wrong = np.mean([any(r.verdict.kind in ("better", "worse") for r in rows) for rows in tables])
    assert wrong <= 0.05 + 0.073


def test_bad_input() -> None:
    with pytest.raises(BadInput, match=r"reference must be one of the contenders, but got 'mo'"):
        against_reference(contenders(2), "mo")
    with pytest.raises(BadInput, match="scores must hold two contenders"):
        all_pairs(contenders(1))
    with pytest.raises(BadInput, match="scores must hold two contenders"):
        against_reference(contenders(1), "m0")


def test_looks_ask_more_of_every_row_and_share_the_error_with_holm() -> None:
    base = np.linspace(0.0, 1.0, 10)
    noise = np.array([0.1, -0.1, 0.05, -0.05, 0.02, -0.02, 0.1, -0.1, 0.0, 0.0])
    scores = {"a": base, "b": base + 1.0 + noise, "c": base + noise}
    once = {row.contender: row.verdict for row in against_reference(scores, "a")}
    looks = {row.contender: row.verdict for row in against_reference(scores, "a", looks=[10, 20])}
    assert [once["b"].kind, looks["b"].kind] == ["better", "better"]
    assert (looks["b"].look, looks["c"].look) == (1, 1)
    assert 1 - looks["b"].level == pytest.approx(pocock_level([10, 20], 0.025))
    assert 1 - looks["c"].level == pytest.approx(pocock_level([10, 20], 0.05))
    late = {row.contender: row.verdict for row in against_reference(scores, "a", looks=[10, 20], shape=0.0)}
    assert 1 - late["b"].level == pytest.approx(look_levels([10, 20], 0.025, 0.0)[0])
    assert looks["b"].high - looks["b"].low > once["b"].high - once["b"].low
