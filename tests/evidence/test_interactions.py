"""Pairs of strategies: what is planted is named, what is not is left alone, by the arithmetic of 2×2."""

import itertools

import numpy as np
import pytest

from steepest.base.errors import BadInput
from steepest.evidence.design import FULL_UP_TO, MOST, two_level
from steepest.evidence.factorial import detectable, interaction
from steepest.evidence.interactions import Square, judged, squares
from steepest.evidence.resampled import resampled_t


@pytest.mark.parametrize("m", range(2, MOST + 1))
def test_no_switch_and_no_pair_is_confounded_with_another(m: int) -> None:
    design = two_level(m)
    signs = np.where(design.on, 1, -1)
    columns = [signs[:, j] for j in range(m)]
    columns += [signs[:, i] * signs[:, j] for i, j in itertools.combinations(range(m), 2)]
    columns.append(np.ones(len(signs)))
    products = np.array(columns) @ np.array(columns).T
    assert np.array_equal(products, len(signs) * np.eye(len(columns)))
    assert not design.on[0].any()
    assert (design.resolution == 0) == (m <= FULL_UP_TO)
    assert m <= FULL_UP_TO or design.resolution >= 5


def test_a_fraction_is_smaller_than_the_whole() -> None:
    assert [len(two_level(m).on) for m in (6, 8, 11)] == [64, 64, 128]
    assert two_level(7).generators == ("G = ABCDEF",)


@pytest.mark.parametrize("m", [0, 1, MOST + 1])
def test_designs_have_bounds(m: int) -> None:
    with pytest.raises(BadInput, match="switches must be 2 to 11"):
        two_level(m)


@pytest.mark.parametrize("m", [3, 8])
def test_an_interaction_is_found_where_it_was_put(m: int) -> None:
    """Exact scores with one planted pair and main effects: every other pair's interaction is 0."""
    on = two_level(m).on.astype(float)
    scores = on @ np.arange(1, m + 1) + 5.0 * on[:, 0] * on[:, 2]
    runs = np.repeat(scores[:, None], 6, axis=1)
    found = {pair.names: pair.found for pair in judged(squares(on == 1, runs, list("ABCDEFGH"[:m])))}
    assert found["A", "C"].effect == pytest.approx(5.0)
    others = [each.effect for names, each in found.items() if names != ("A", "C")]
    assert np.allclose(others, 0.0)
    assert len(found) == m * (m - 1) // 2


def test_a_corner_is_the_mean_over_the_settings_of_the_others() -> None:
    on = two_level(3).on
    scores = np.arange(48.0).reshape(8, 6)
    both = squares(on, scores, "ABC")[1]
    assert both.names == ("A", "C")
    assert np.array_equal(both.corners[3], scores[on[:, 0] & on[:, 2]])
    (pair, *_) = judged([both])
    assert pair.found.mean_11 == pytest.approx(scores[on[:, 0] & on[:, 2]].mean())


def test_overlap_widens_the_interval_as_nadeau_and_bengio_do() -> None:
    rng = np.random.default_rng(0)
    cells = {name: rng.normal(size=12) for name in ("y00", "y10", "y01", "y11")}
    each = cells["y11"] - cells["y10"] - cells["y01"] + cells["y00"]
    found = interaction(**cells, overlap=0.25)
    known = resampled_t(each, 0.25)
    assert (found.low, found.high) == pytest.approx(known.interval)
    assert found.standard_error == pytest.approx(known.standard_error)
    assert found.p_value >= known.p_value
    plain = interaction(**cells)
    assert plain.high - plain.low < found.high - found.low


def test_overlap_needs_pairs() -> None:
    y = np.arange(6.0)
    with pytest.raises(BadInput, match="overlap needs pairs"):
        interaction(y11=y, y10=y, y01=y, y00=y, paired=False, overlap=0.25)


def test_what_is_said_to_be_detectable_is_detected() -> None:
    """With an interaction of that size, about 80 of 100 searches name it."""
    n, overlap = 12, 0.0
    size = detectable(n, rope=1.0, sd=2.0, overlap=overlap)
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        y00, y10, y01, y11 = rng.normal(size=(4, n)) + np.array([0, 0, 0, size])[:, None]
        hits += interaction(y00=y00, y10=y10, y01=y01, y11=y11, rope=1.0).kind == "synergy"
    assert 0.7 < hits / 200 < 0.9


def test_diverged_runs_count_as_the_worst_and_are_told() -> None:
    rng = np.random.default_rng(0)
    good = [0.9 + 0.01 * rng.normal(size=(1, 8)) for _ in range(4)]
    broken = [corner.copy() for corner in good]
    broken[3][0, :4] = np.nan
    (plain,), (hurt,) = judged([Square(("a", "b"), tuple(good))]), judged([Square(("a", "b"), tuple(broken))])
    assert plain.diverged == (0, 0, 0, 0)
    assert hurt.diverged == (0, 0, 0, 4)
    assert hurt.found.n == 8
    assert hurt.found.mean_11 < min(corner.min() for corner in good)
    assert hurt.found.effect < plain.found.effect


def test_if_every_run_diverged_nothing_is_claimed() -> None:
    nothing = np.full((1, 8), np.nan)
    (pair,) = judged([Square(("a", "b"), (nothing, nothing, nothing, nothing))])
    assert pair.diverged == (8, 8, 8, 8)
    assert pair.found.kind not in ("conflict", "redundant", "synergy")


def test_a_margin_widens_the_region_and_never_narrows_it() -> None:
    rng = np.random.default_rng(0)
    corners = tuple(rng.normal(size=(1, 20)) for _ in range(4))
    noise = judged([Square(("a", "b"), corners)])[0].found.rope
    ropes = [judged([Square(("a", "b"), corners)], margin=m)[0].found.rope for m in (noise / 2, 2 * noise)]
    assert ropes == pytest.approx([noise, 2 * noise])


def test_more_pairs_ask_more_of_each() -> None:
    rng = np.random.default_rng(3)
    corners = tuple(rng.normal(size=(1, 10)) for _ in range(4))
    alone = judged([Square(("a", "b"), corners)])[0]
    others = [Square((f"a{i}", "b"), tuple(rng.normal(size=(1, 10)) for _ in range(4))) for i in range(9)]
    among = judged([*others, Square(("a", "b"), corners)])[-1]
    assert among.found.level > alone.found.level
    assert among.p_adjusted >= alone.p_adjusted


def test_a_loss_is_told_in_its_own_sign() -> None:
    y = -np.linspace(0.1, 0.2, 8)
    found = interaction(y11=y - 1.0, y10=y, y01=y, y00=y, metric="rmse", lower=True)
    assert found.kind == "conflict"
    assert "+1.0" in found.sentence


def test_an_empty_table_and_corners_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match="pairs must be one or more"):
        judged([])
    with pytest.raises(BadInput, match="corners must hold the same replicates"):
        judged([Square(("a", "b"), (np.ones(6), np.ones(6), np.ones(6), np.ones(5)))])
