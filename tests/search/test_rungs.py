"""Who stays at a rung, as properties that must hold for every set of scores."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.search.rungs import ETA, promote, rung_rounds, same_ranking

SCORES = st.lists(
    st.one_of(st.floats(-10, 10), st.just(math.nan), st.sampled_from([0.0, 0.5, 1.0])), max_size=60
)
SEEDS = st.integers(0, 2**40)
NOISES = st.sampled_from([0.0, 0.01, 0.5, 100.0])


@given(SCORES, SEEDS, NOISES, st.sampled_from([0.0, 0.1, 0.5]))
@settings(max_examples=200, deadline=None)
def test_every_rung(scores: list[float], seed: int, noise: float, luck: float) -> None:
    rung = promote(scores, seed, noise=noise, luck=luck)
    staying = rung.staying
    known = [k for k, s in enumerate(scores) if not math.isnan(s)]
    slots = max(1, round(len(scores) / ETA))
    assert rung == promote(scores, seed, noise=noise, luck=luck)
    assert len(set(staying)) == len(staying)
    assert set(staying) <= set(known)
    assert min(slots, len(known)) <= len(staying) <= slots + slots // 4
    if known:
        best = max(scores[k] for k in known)
        assert scores[rung.earned[0]] == best
    earned = [scores[k] for k in rung.earned]
    assert earned == sorted(earned, reverse=True)
    left = [scores[k] for k in known if k not in rung.earned]
    assert not left or not earned or max(left) <= min(earned)


@given(st.lists(st.floats(-10, 10), min_size=12, max_size=60, unique=True), SEEDS)
@settings(max_examples=60, deadline=None)
def test_without_noise_and_luck_it_is_plain_successive_halving(scores: list[float], seed: int) -> None:
    rung = promote(scores, seed, luck=0.0)
    order = sorted(range(len(scores)), key=lambda k: -scores[k])
    assert list(rung.earned) == order[: round(len(scores) / ETA)]
    assert rung.lucky == ()


@pytest.mark.parametrize("scores", [[], [math.nan], [math.nan] * 30])
def test_nobody_stays_where_everybody_diverged(scores: list[float]) -> None:
    assert promote(scores, seed=0).staying == ()


def test_one_survivor_stays_however_many_diverged() -> None:
    assert promote([math.nan] * 20 + [-1e9] + [math.nan] * 9, seed=0).staying == (20,)


def test_ties_stay_as_far_as_slots_allow() -> None:
    scores = [1.0, 0.9, 0.8, 0.7, 0.69, 0.68, 0.67, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert promote(scores, 0, luck=0.0).earned == (0, 1, 2, 3)
    assert promote(scores, 0, noise=0.015, luck=0.0).earned == (0, 1, 2, 3, 4)
    assert promote(scores, 0, noise=1.0, luck=0.0).earned == (0, 1, 2, 3, 4)


def test_the_score_next_to_the_last_is_no_tie_without_noise() -> None:
    assert promote([0.5] * 30, 0, luck=0.0).earned == tuple(range(10))


def test_luck_is_fair_and_depends_on_the_seed() -> None:
    scores = [float(-k) for k in range(30)]
    hits = [0] * 30
    for seed in range(600):
        rung = promote(scores, seed)
        assert rung.earned == tuple(range(9))
        assert len(rung.lucky) == 1
        hits[rung.lucky[0]] += 1
    assert hits[:9] == [0] * 9
    assert all(8 <= h <= 60 for h in hits[9:])  # 600/21 = 28.6 expected; 5 standard deviations are 26


@given(st.integers(1, 10_000), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_rungs_rise_to_the_horizon(horizon: int, least: int) -> None:
    rounds = rung_rounds(horizon, least=least)
    assert rounds[-1] == horizon
    assert rounds == sorted(set(rounds))
    assert rounds[0] >= min(least, horizon)
    assert len(rounds) <= 4


def test_rankings_agree_where_nobody_changes_places_but_within_noise() -> None:
    pairs = [(0.9, 0.95), (0.8, 0.96), (0.1, 0.2)]
    assert not same_ranking(pairs, 0.0)
    assert same_ranking(pairs, 0.02)
    assert not same_ranking([*pairs, (0.05, 0.99)], 0.02)
    assert same_ranking([], 0.0)
