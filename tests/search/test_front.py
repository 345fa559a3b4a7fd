"""Fronts agree with who dominates whom, counted the slow way; the volume with one counted in cells."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.search.front import fronts, hypervolume

SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])
COSTS = st.tuples(st.integers(1, 4), st.integers(1, 4))
RESULTS = st.lists(st.tuples(SCORES, COSTS), min_size=1, max_size=14)


def beats(a: tuple[float, tuple[int, ...]], b: tuple[float, tuple[int, ...]]) -> bool:
    goods = (a[0], *(-c for c in a[1])), (b[0], *(-c for c in b[1]))
    return all(x >= y for x, y in zip(*goods, strict=True)) and goods[0] != goods[1]


@given(RESULTS)
@settings(max_examples=150, deadline=None)
def test_a_results_front_is_the_longest_chain_of_those_that_beat_it(
    results: list[tuple[float, tuple[int, int]]],
) -> None:
    found = fronts([r[0] for r in results], [r[1] for r in results])
    assert sorted(i for front in found for i in front) == list(range(len(results)))
    place = {i: k for k, front in enumerate(found) for i in front}

    def depth(i: int) -> int:
        better = [j for j, r in enumerate(results) if not math.isnan(r[0]) and beats(r, results[i])]
        return max((1 + depth(j) for j in better), default=0)

    for i, (score, _) in enumerate(results):
        if math.isnan(score):
            assert place[i] == len(found) - 1
        else:
            assert place[i] == depth(i)
    for front in found:
        known = [results[i][0] for i in front if not math.isnan(results[i][0])]
        assert known == sorted(known, reverse=True)


@given(RESULTS)
@settings(max_examples=100, deadline=None)
def test_within_noise_the_cheaper_dominates(results: list[tuple[float, tuple[int, int]]]) -> None:
    scores, costs = [r[0] for r in results], [r[1] for r in results]
    found = fronts(scores, costs, noise=0.3)
    assert sorted(i for front in found for i in front) == list(range(len(results)))
    known = [i for i in found[0] if not math.isnan(scores[i])]
    for i in known:
        assert not any(
            scores[j] >= scores[i] - 0.3 and costs[j] != costs[i]
            and all(x <= y for x, y in zip(costs[j], costs[i], strict=True))
            for j in range(len(results))
        )  # fmt: skip


def test_ties_and_order() -> None:
    assert fronts([0.9, 0.9], [(10,), (10,)]) == [[0, 1]]
    assert fronts([0.90, 0.91], [(10,), (20,)], noise=0.02) == [[0], [1]]
    assert fronts([0.90, 0.91], [(10,), (20,)], noise=0.0) == [[1, 0]]
    assert fronts([math.nan, math.nan], [(1,), (2,)]) == [[0, 1]]
    assert fronts([0.3, 0.9, 0.5], [(), (), ()]) == [[1], [2], [0]]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=10))
@settings(max_examples=60, deadline=None)
def test_the_volume_is_that_of_the_cells_below(points: list[tuple[int, int]]) -> None:
    cells = sum(
        any(score >= s + 1 and cost <= c for score, cost in points) for s in range(1, 8) for c in range(7)
    )
    assert hypervolume([(float(s), float(c)) for s, c in points], (1.0, 7.0)) == pytest.approx(cells)
