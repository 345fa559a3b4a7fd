"""The engine that comparisons, conflicts and explanations train through."""

import math

import numpy as np
import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Progress, Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import fold_split
from steepest.experiment.trainings import LATE, Trainings
from steepest.experiment.workers import Workers
from steepest.training.job import run
from steepest.training.member import Member
from steepest.training.source import Source

FOLDS = 3


class Heard(Silent):
    """Keeps the progress."""

    def __init__(self) -> None:
        self.snapshots: list[Progress] = []

    def progress(self, snapshot: Progress) -> None:
        self.snapshots.append(snapshot)


def recipe(**knobs: object) -> Recipe:
    return Recipe(**{"width": 8, "depth": 1, "epochs": 1, "batch_size": 16, **knobs})


@pytest.fixture
def engine():
    data = read("iris")
    rows = np.arange(data.rows, dtype=np.int64)
    source = Source.of(data, [fold_split(data, rows, 0, FOLDS, i) for i in range(FOLDS)])
    with Workers(0) as pool:
        pool.serve(source)
        yield Trainings(source, pool, Heard(), Clock(), "accuracy", seed=3, place="test")


def test_a_score_is_what_its_run_scores_alone(engine: Trainings) -> None:
    rows = [[recipe(lr=rate) for _ in range(FOLDS)] for rate in (1e-3, 1e-2)]
    scores = engine.scores("folds", rows, range(FOLDS))
    member = Member(0, rows[1][2], engine.member_seed(2), 2)
    until = engine.until(rows[1][2])
    alone = run(engine.jobs([member])[0], engine.source)
    assert alone.points[-1].round == until
    assert scores[1][2] == float(alone.points[-1].metrics["accuracy"][0])
    assert np.shape(scores) == (2, FOLDS)


def test_runs_are_addressed_by_their_place_whatever_the_part(engine: Trainings) -> None:
    rows = [[recipe()] * FOLDS]
    whole = engine.scores("folds", rows, range(FOLDS))
    last = engine.scores("folds", [[recipe()]], [FOLDS - 1])
    assert last[0][0] == whole[0][-1]


def test_recipes_train_to_their_own_ends_and_long_ones_first(engine: Trainings) -> None:
    members = [Member(i, recipe(epochs=n), i, 0) for i, n in enumerate((1, 3, 2, 3))]
    jobs = engine.jobs(members, points=2)
    ends = [job.until for job in jobs]
    assert ends == sorted(ends, reverse=True)
    for job in jobs:
        assert {engine.until(m.recipe) for m in job.members} == {job.until}
        assert job.points[-1] == job.until
        assert len(job.points) <= 2


def test_what_diverges_has_no_score_and_is_counted(engine: Trainings) -> None:
    rows = [[recipe()] * FOLDS, [recipe(optimizer="sgd", lr=1e4, epochs=5, norm="none")] * FOLDS]
    engine.planned = 2 * FOLDS
    scores = engine.scores("folds", rows, range(FOLDS))
    assert all(map(math.isfinite, scores[0]))
    assert all(map(math.isnan, scores[1]))
    assert engine.trainings == 2 * FOLDS
    assert engine.listener.snapshots[-1].share == 1.0
    assert {snapshot.stage for snapshot in engine.listener.snapshots} == {"folds"}


def test_a_metric_without_a_value_is_refused_where_it_counts(
    engine: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def undefined(metrics: dict[str, np.ndarray], _name: str) -> np.ndarray:
        return np.full_like(metrics["loss"], np.nan)

    monkeypatch.setattr("steepest.experiment.trainings.score_of", undefined)
    with pytest.raises(BadInput, match="objective must have a value on the held-out rows"):
        engine.scores("folds", [[recipe()]], [0])
    (end,) = engine.ends("rates", [Member(0, recipe(), 0, 0)])
    assert math.isnan(end.score)
    assert math.isfinite(end.loss)


def test_time_is_measured_against_the_budget(engine: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert math.isinf(engine.limit)
    assert not engine.late
    engine.progress("time")
    assert engine.listener.snapshots[-1].seconds_left is None
    engine.budget = Budget.parse("100s")
    for elapsed, late in ((100 * LATE - 1, False), (100 * LATE + 1, True)):
        monkeypatch.setattr(Clock, "elapsed", lambda _self, seen=elapsed: seen)
        assert engine.late == late
        engine.progress("time")
        assert engine.listener.snapshots[-1].seconds_left == 100 - elapsed


def test_a_network_that_does_not_fit_is_one_message(
    engine: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.jobs([Member(0, recipe(), 0, 0)])[0]
    done = run(job, engine.source)
    starved = type(done)(**{**{name: getattr(done, name) for name in done.__slots__}, "starved": True})
    monkeypatch.setattr(Workers, "run", lambda *_: [starved])
    with pytest.raises(BadInput, match="networks must fit in memory"):
        engine.train("folds", [job])
