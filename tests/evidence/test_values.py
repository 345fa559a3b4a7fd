"""Which value is best, against planted truths."""

import numpy as np
import pytest

from steepest.base.errors import BadInput
from steepest.evidence.values import values


def test_a_value_is_judged_by_what_it_can_do() -> None:
    rng = np.random.default_rng(0)
    rate = rng.uniform(size=600)
    sharp = np.arange(600) % 2 == 0  # mostly bad, better where its rate suits it
    scores = np.where(sharp, 1 - 4 * np.abs(rate - 0.5), 0.6) + rng.normal(0, 0.02, 600)
    best, other = values("optimizer", np.where(sharp, "sharp", "flat").tolist(), scores, top=60)
    assert (best.label, other.label) == ("sharp", "flat")
    assert scores[sharp].mean() < scores[~sharp].mean()
    assert best.sure > 0.95
    assert best.low <= best.at_best <= best.high


def test_equal_values_are_not_sure() -> None:
    rng = np.random.default_rng(1)
    sures = []
    for _ in range(30):
        found = values("norm", ["a", "b", "c"] * 30, rng.normal(size=90), top=9)
        sures.append(found[0].sure)
    assert 0.3 < np.mean(sures) < 0.85


def test_diverged_members_count_as_members() -> None:
    scores = [np.nan] * 6 + [0.9, 0.8] + [0.7] * 8
    best, other = values("optimizer", ["a"] * 8 + ["b"] * 8, scores, top=5)
    assert (best.label, best.n, best.at_best) == ("a", 8, pytest.approx(0.85))
    assert other.at_best == pytest.approx(0.7)


def test_too_few_are_counted_and_not_judged() -> None:
    found = values("norm", ["a"] * 8 + ["b"] * 3, np.arange(11.0), top=5)
    assert (found[-1].label, found[-1].n, found[-1].at_best, found[-1].sure) == ("b", 3, None, 0.0)


def test_no_members_are_refused() -> None:
    with pytest.raises(BadInput, match="one score per trial"):
        values("norm", [], [], top=5)
