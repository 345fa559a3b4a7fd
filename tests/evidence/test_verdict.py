"""Verdicts: each kind, symmetries, looks, overlap, diverged runs, words, JSON."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import BadInput
from steepest.evidence.looks import pocock_level
from steepest.evidence.paired import mean_interval, sign_flip, t_interval
from steepest.evidence.resampled import resampled_t
from steepest.evidence.rope import region, seed_noise
from steepest.evidence.verdict import Verdict, judge

NAN = float("nan")
MIRROR = {"better": "worse", "worse": "better", "equivalent": "equivalent", "unresolved": "unresolved"}


def runs(effect: float, n: int = 20, seed: int = 0, sd: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    split = rng.normal(size=n)
    return split + effect + sd * rng.normal(size=n), split + sd * rng.normal(size=n)


@pytest.mark.parametrize(
    ("effect", "n", "rope", "kind"),
    [
        (3.0, 20, 1.0, "better"),
        (-3.0, 20, 1.0, "worse"),
        (0.0, 40, 2.0, "equivalent"),
        (0.3, 12, 0.1, "unresolved"),
        (9.0, 5, 1.0, "unresolved"),
    ],
)
def test_each_kind(effect: float, n: int, rope: float, kind: str) -> None:
    v = judge(*runs(effect, n), rope=rope)
    assert v.kind == kind
    assert (v.n_needed is None) == (kind != "unresolved")
    assert v.n == n


scores = st.lists(
    st.tuples(*[st.one_of(st.integers(-30, 30).map(float), st.just(NAN))] * 2), min_size=1, max_size=24
)


@given(scores, st.sampled_from([None, 0.0, 3.0, 20.0]), st.sampled_from([None, 0.25]))
@settings(max_examples=60, deadline=None)
def test_swapping_the_contenders_mirrors_the_verdict(
    pairs: list[tuple[float, float]], rope: float | None, overlap: float | None
) -> None:
    a, b = np.array(pairs).T
    v, w = judge(a, b, rope=rope, overlap=overlap), judge(b, a, rope=rope, overlap=overlap)
    assert w.kind == MIRROR[v.kind]
    same = {"abs": 1e-9, "nan_ok": True}
    assert (w.effect, w.low, w.high) == pytest.approx((-v.effect, -v.high, -v.low), **same)
    assert w.p_superior == pytest.approx(1 - v.p_superior, **same)
    assert w.p_superior_low == pytest.approx(1 - v.p_superior_high, **same)
    assert (w.p_value, w.correlation, w.rope) == pytest.approx((v.p_value, v.correlation, v.rope), **same)
    assert (w.n_needed, w.n, w.diverged_a, w.diverged_b) == (v.n_needed, v.n, v.diverged_b, v.diverged_a)


@given(scores, st.integers(-8, 8), st.sampled_from([0.0, 3.0]))
@settings(max_examples=40, deadline=None)
def test_the_unit_of_the_metric_does_not_matter(
    pairs: list[tuple[float, float]], power: int, rope: float
) -> None:
    a, b = np.array(pairs).T
    finite = np.unique(a[np.isfinite(a)]).size + np.unique(b[np.isfinite(b)]).size
    if finite < 4:  # runs that all score the same, beside a diverged one, set no scale
        return
    factor = 2.0**power  # exact in binary, so even knife-edge verdicts must agree
    v, w = judge(a, b, rope=rope), judge(factor * a, factor * b, rope=factor * rope)
    assert (w.kind, w.p_value, w.n_needed, w.p_superior) == (v.kind, v.p_value, v.n_needed, v.p_superior)
    assert (w.effect, w.low, w.high) == pytest.approx(
        (factor * v.effect, factor * v.low, factor * v.high), rel=1e-9, nan_ok=True
    )
    shifted = judge(a + 64.0, b + 64.0, rope=rope)
    assert (shifted.kind, shifted.effect, shifted.low, shifted.high) == pytest.approx(
        (v.kind, v.effect, v.low, v.high), abs=1e-9, nan_ok=True
    )


def test_intervals_and_tests_are_those_named() -> None:
    a, b = runs(0.8, 9)
    v = judge(a, b)
    assert (v.low, v.high) == pytest.approx(t_interval(a - b))
    assert v.p_value == pytest.approx(sign_flip(a - b))
    assert v.method == "Student t, exact sign-flip"
    a, b = runs(0.8, 20)
    v = judge(a, b, seed=3)
    assert (v.low, v.high) == pytest.approx(mean_interval(a - b, 0.05, 3))
    assert v.method == "Student t and BCa bootstrap, exact sign-flip"
    assert judge(*runs(0.8, 31)).method.endswith("Monte Carlo sign-flip")


def test_overlapping_splits_need_more() -> None:
    a, b = runs(1.2, 20)
    free, tied = judge(a, b), judge(a, b, overlap=0.25)
    found = resampled_t(a - b, 0.25)
    assert (tied.low, tied.high) == pytest.approx(found.interval)
    assert tied.p_value == pytest.approx(max(found.p_value, sign_flip(a - b)))
    assert tied.method == "Nadeau-Bengio t, exact sign-flip"
    assert (free.kind, tied.kind) == ("better", "unresolved")


def test_looks_use_pococks_level() -> None:
    a, b = runs(1.0, 14)
    v = judge(a, b, looks=[8, 14, 20])
    assert v.level == 1 - pocock_level([8, 14, 20])
    assert v.look == 2
    assert "(97.7 %, look 2 of 3)" in v.sentence
    assert judge(a[:11], b[:11], looks=[8, 14, 20]).look == 2  # cut short: the look is taken early


def test_a_known_sign_may_be_too_small_to_matter() -> None:
    a = np.linspace(0.9, 0.92, 12)
    v = judge(a + 0.001 + 1e-5 * np.arange(12), a, rope=0.01)
    assert v.kind == "better"
    assert v.trivial
    assert v.sentence.startswith(
        "better than the reference, but by less than what matters (±0.01): +0.001055"
    )


def test_identical_scores_are_equivalent_even_without_a_margin() -> None:
    a = [0.9, 0.8, 0.7, 0.9, 0.8, 0.7]
    assert judge(a, a, rope=0.0).kind == "equivalent"
    assert judge(a, a).p_superior == 0.5


def test_rounding_noise_is_no_evidence() -> None:
    a = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]) * 3
    assert judge(a + 1e-15, a, rope=0.0).kind == "equivalent"


def test_a_constant_difference_is_certain() -> None:
    v = judge([0.6] * 6, [0.5] * 6, rope=0.01)
    assert (v.kind, v.low, v.high) == ("better", pytest.approx(0.1), pytest.approx(0.1))


def test_diverged_runs_are_counted_and_shown() -> None:
    a, b = runs(2.0, 20)
    broken = a.copy()
    broken[:12] = NAN
    v = judge(broken, b, against="the default")
    assert (v.kind, v.diverged_a, v.diverged_b, v.n) == ("worse", 12, 0, 20)
    assert "diverged and counted as the worst: 12 of 20, the default 0 of 20" in v.sentence
    assert v.p_superior == pytest.approx(np.mean(np.where(np.isnan(broken), -1, broken - b) > 0))


def test_one_diverged_run_among_many_good_ones_is_not_hidden() -> None:
    a, b = runs(0.0, 20)
    a[3] = NAN
    assert judge(a, b).effect < judge(np.delete(a, 3), np.delete(b, 3)).effect


def test_all_diverged_is_unresolved() -> None:
    v = judge([NAN] * 8, [NAN] * 8)
    assert v.kind == "unresolved"
    assert v.sentence.startswith("unresolved against the reference: every run diverged")
    w = judge([NAN] * 8, [0.5] * 8)
    assert w.kind == "worse"


@pytest.mark.parametrize(
    "verdict",
    [
        judge(*runs(1.0)),
        judge([NAN] * 7, [NAN] * 7),
        judge([1.0], [2.0]),
        judge([1.0], [2.0], overlap=0.25),
        judge(*runs(1.0, 8), looks=[8, 14]),
        judge([1, 1, 1, 1, 1, 1], [1, 2, 1, 3, 1, 2]),
    ],
)
def test_json_round_trip(verdict: Verdict) -> None:
    text = json.dumps(verdict.to_dict(), allow_nan=False)
    again = Verdict.from_dict(json.loads(text))
    assert again.to_dict() == verdict.to_dict()
    assert repr(again) == repr(verdict)  # NaN is unequal to itself but prints alike


def test_the_sentence() -> None:
    rng = np.random.default_rng(8)
    b = rng.normal(0.96, 0.004, size=20)
    a = b + rng.normal(0.0112, 0.009, size=20)
    v = judge(a, b, rope=0.005, metric="accuracy", against="the default")
    assert v.sentence == (
        f"better than the default: {v.effect:+.4f} accuracy [{v.low:+.4f}, {v.high:+.4f}] (95 %), "
        f"20 paired replicates, P(better) {v.p_superior:.2f}"
    )
    few = judge([0.9, 0.8], [0.7, 0.7], metric="accuracy")
    assert few.sentence.startswith("too few replicates to decide against the reference: +0.15 accuracy")
    unresolved = judge(*runs(0.3, 12), rope=0.1)
    assert f"about {unresolved.n_needed} replicates would settle it" in unresolved.sentence
    tied = judge(*runs(0.1, 20), overlap=1.0, rope=0.01)
    assert "no practical number of replicates would settle it" in tied.sentence


def test_a_verdict_is_quick() -> None:
    a, b = runs(0.5)
    judge(a, b)  # warm-up
    times = []
    for _ in range(7):
        started = time.perf_counter()
        judge(a, b, looks=[8, 14, 20])
        times.append(time.perf_counter() - started)
    assert np.median(times) < 0.05


def test_region_is_never_below_the_seed_noise() -> None:
    assert region(0.001, 0.01) == 0.01
    a, b = runs(0.0)
    assert judge(a, b).rope == pytest.approx(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    assert seed_noise([1.0], [NAN]) == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: judge([1.0], [1.0, 2.0]), "b must have as many replicates as a"),
        (lambda: judge([], []), "a must be a non-empty list"),
        (lambda: judge([1.0], [1.0], rope=-1.0), "rope must be a width"),
        (lambda: judge([1.0], [1.0], alpha=0.0), "alpha must lie strictly between 0 and 1"),
        (lambda: judge([1.0], [1.0], look=1), "look needs the plan of looks"),
        (lambda: judge([1.0] * 8, [1.0] * 8, looks=[8, 14], look=2), "look must be 1"),
        (lambda: judge([1.0] * 9, [1.0] * 9, looks=[8]), "n must not exceed the last planned look"),
        (lambda: judge([1.0, 2.0], [1.0, 3.0], overlap=-0.1), "overlap must be n_test/n_train"),
        (lambda: Verdict.from_dict({"kind": "better"}), "verdict must hold the fields"),
    ],
)
def test_bad_input(call, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        call()


def test_a_metric_that_should_be_low_is_told_as_itself():
    tuned = [-0.41, -0.42, -0.40, -0.43, -0.41, -0.42, -0.40, -0.41]
    default = [-0.52, -0.50, -0.51, -0.53, -0.52, -0.54, -0.50, -0.51]
    found = judge(tuned, default, metric="mae", against="the default", lower=True)
    assert found.kind == "better"
    assert found.effect > 0
    assert found.sentence.startswith("better than the default: -0.1038 mae [-0.1137, -0.0938]")
