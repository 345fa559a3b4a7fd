"""The pairs of a path: half of them first, and no more where every step is known beyond doubt."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import inner_split
from steepest.experiment.ablation import Switch
from steepest.experiment.path_runs import Path, PathRuns
from steepest.experiment.path_scope import ALPHA, CHOOSING, EARLY, MOST_PAIRS, least, looks
from steepest.experiment.workers import Workers
from steepest.training.source import Source

NOISE = 0.01


class Planted(PathRuns):
    """Scores by a known gain of every step, in place of trainings."""

    gains: Sequence[float] = ()

    def _on(self, _stage: str, recipes: Sequence[Recipe], replicates: range) -> list[list[float]]:
        draw = np.random.default_rng(0).normal(size=(CHOOSING + MOST_PAIRS, len(recipes)))
        self.trainings += len(recipes) * len(replicates)
        means = np.cumsum([0.9, *self.gains])
        return [[means[k] + NOISE * draw[r, k] for r in replicates] for k in range(len(recipes))]


@pytest.fixture
def pool() -> Iterator[Workers]:
    with Workers(0) as found:
        yield found


def runs(pool: Workers, *gains: float) -> Planted:
    data = read("iris")
    source = Source.of(data, [inner_split(data, np.arange(data.rows), 0, 0)])
    found = Planted(Recipe(), Recipe(width=64), source, pool, Silent(), Clock(), "accuracy", 0)
    found.gains = gains
    return found


def way(count: int) -> Path:
    return [(Switch({f"knob {k}": (0, 1)}), Recipe()) for k in range(count)]


def test_what_is_known_beyond_doubt_spares_the_other_pairs(pool: Workers) -> None:
    found = runs(pool, 0.05, 0.05)
    scores, steps, total = found.judged(way(2), 0)
    assert [len(row) for row in scores] == [MOST_PAIRS // 2] * 3
    assert [step.verdict.kind for step in steps] == ["better", "better"]
    assert total.level == pytest.approx(1 - EARLY)
    assert found.notes == [f"Every step was known beyond doubt after 20 of {MOST_PAIRS} pairs."]


def test_what_is_not_gets_all_pairs_that_there_is_time_for(pool: Workers) -> None:
    found = runs(pool, 0.05, 0.003)
    scores, steps, total = found.judged(way(2), 0)
    assert [len(row) for row in scores] == [MOST_PAIRS] * 3
    assert steps[0].verdict.kind == "better"
    assert total.level == pytest.approx(1 - (ALPHA - EARLY))
    assert found.notes == [
        f"After 20 pairs not every step was known beyond doubt: {MOST_PAIRS} were trained."
    ]
    assert found.trainings == found.planned == 3 * MOST_PAIRS


def test_the_pairs_after_a_look_are_others(pool: Workers) -> None:
    (first, _), (both, _) = (runs(pool, gain).judged(way(1), 0)[0] for gain in (0.05, 0.0))
    assert both[: len(first)] == first
    assert len(set(both)) == MOST_PAIRS


def test_few_pairs_are_judged_once_at_the_whole_level() -> None:
    assert looks(least(3), 3) == ((least(3), ALPHA),)
    assert len(looks(26, 5)) == 1
    assert len(looks(27, 5)) == len(looks(21, 1)) == 2
    for pairs in range(least(4), MOST_PAIRS + 1):
        plan = looks(pairs, 4)
        assert plan[-1][0] == pairs
        assert sum(alpha for _, alpha in plan) == pytest.approx(ALPHA)


@pytest.mark.parametrize(("seconds", "pairs"), [(3000, MOST_PAIRS), (175, 20), (30, least(2))])
def test_a_budget_pays_for_the_pairs_that_fit_but_never_for_too_few(
    seconds: int, pairs: int, pool: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = runs(pool)
    found.budget = Budget.parse(f"{seconds}s")
    found.trainings, found._began = 10, 0.0
    monkeypatch.setattr(Clock, "elapsed", lambda _: 20.0)  # two seconds a training, three of them a pair
    assert found._pairs(2) == pairs
