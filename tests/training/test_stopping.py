"""Stop rules, each against its words; the plateau against numbers worked out by hand and against noise."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from steepest.base.errors import BadInput
from steepest.training.stopping import (
    Check,
    Diverged,
    Horizon,
    Memory,
    Plateau,
    Stop,
    Stopping,
    Target,
    Time,
    Vigil,
    memory_held,
)


def checks_of(scores: Sequence[float]) -> list[Check]:
    return [Check(t + 1, float(score)) for t, score in enumerate(scores)]


def stopped_at(rule: Plateau, scores: Sequence[float]) -> int:
    """After how many checks it stops, 0 for never."""
    checks = checks_of(scores)
    return next((t for t in range(1, len(checks) + 1) if rule.reason(checks[:t])), 0)


def test_each_rule_gives_its_reason() -> None:
    checks = [Check(1, 0.5, 1.0, 10**9), Check(2, 0.8, 2.0, 2 * 10**9)]
    assert Horizon(2).reason(checks) == "all 2 rounds were trained"
    assert Target(0.8).reason(checks) == "the score reached 0.8"
    assert Time(2.0).reason(checks) == "2 s of training were up"
    assert Memory(10**9).reason(checks) == "its process held 2.00 GB of memory"
    assert Diverged().reason([*checks, Check(3, math.nan)]) == "the loss stopped being a number"
    for rule in (Horizon(3), Target(0.81), Time(2.1), Memory(2 * 10**9), Diverged(), Plateau(2)):
        assert rule.reason(checks) == ""


def test_windows_of_one_check_are_refused() -> None:
    with pytest.raises(BadInput, match=r"patience must be 2 checks or more, but got 1. Try 5."):
        Plateau(1)


def test_a_plateau_by_hand() -> None:
    checks = checks_of([0.0, 0.6, 0.4, 0.6, 0.4])  # windows of 2: .3, .5, .5, .5; the last against .3 and .5
    assert Plateau(2).reason(checks)
    rising = checks_of([0.0, 0.6, 0.4, 0.6, 0.8])
    # gain .7 − .5 = .2; jitter (.04 + .04 + .04)/3/2 = .02 over the last 4; SE² = 2·.02/2 = .02, SE = .141
    assert Plateau(2, errors=0.2 / math.sqrt(0.02) + 1e-9).reason(rising)
    assert not Plateau(2, errors=0.2 / math.sqrt(0.02) - 1e-9).reason(rising)


def test_rows_that_a_score_is_a_share_of_are_noise_too() -> None:
    one, two = [0.90] * 5 + [0.91] * 5, [0.90] * 5 + [0.92] * 5
    assert Plateau(5).reason(checks_of(one)) == ""
    assert Plateau(5, rows=100).reason(checks_of(one))  # one more row of a hundred is within a standard error
    assert Plateau(5, rows=100).reason(checks_of(two)) == ""
    assert Plateau(5, rows=10_000).reason(checks_of(one)) == ""


def test_getting_worse_is_no_improvement() -> None:
    scores = [*np.linspace(0, 1, 12), *np.linspace(1, 0, 12)]
    assert 12 < stopped_at(Plateau(4), scores) <= 18


@pytest.mark.parametrize("patience", [2, 3, 6])
def test_nobody_stops_before_two_windows_or_without_a_score(patience: int) -> None:
    rule = Plateau(patience)
    assert stopped_at(rule, [0.5] * 40) == 2 * patience
    assert rule.reason(checks_of([*[0.5] * 40, math.nan])) == ""
    assert rule.reason(checks_of([-math.inf, *[0.5] * 40])) == ""


def test_progress_is_told_from_noise() -> None:
    """A curve that rises by .6 σ a check goes on; one that has become flat soon stops."""
    early, late = 0, []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(0, 1, 60)
        rise = 0.6 * np.minimum(np.arange(60), 30)
        at = stopped_at(Plateau(8), rise + noise)
        early += 0 < at <= 30
        late.append(at)
    assert early <= 2
    assert np.median(late) <= 46
    assert np.mean(np.array(late) == 0) <= 0.02


def test_a_vigil_keeps_count_of_the_best() -> None:
    vigil = Vigil(Stopping((Target(0.9),), "accuracy", restore=True))
    assert [vigil.take(c) for c in checks_of([math.nan])] == ["the loss stopped being a number"]
    assert vigil.stop() == Stop(1, "the loss stopped being a number", 0, 1)
    vigil = Vigil(Stopping((), "accuracy", restore=True))
    improved = []
    for check in checks_of([0.5, 0.7, 0.7, 0.6]):
        assert vigil.take(check) == ""
        improved.append(vigil.improved)
    assert improved == [True, True, False, False]
    assert vigil.stop() == Stop(4, "", 2, 2)  # the first of the best


def test_the_first_rule_with_a_reason_counts() -> None:
    vigil = Vigil(Stopping((Target(0.6), Horizon(1)), "accuracy"))
    assert vigil.take(Check(1, 0.5)) == "all 1 rounds were trained"
    assert vigil.take(Check(2, 0.7)) == "the score reached 0.6"
    assert vigil.stop() == Stop(2, "the score reached 0.6", 2, 2)


def test_memory_is_told_where_the_system_tells_it() -> None:
    held = memory_held()
    more = np.ones(400_000_000, dtype=np.uint8)
    assert more[0] == 1
    assert held == 0 or memory_held() > held > 10_000_000
