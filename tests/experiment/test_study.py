"""What a study writes down: plans before the work, points and outcomes after it."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from steepest.base.recipe import Recipe
from steepest.experiment.study import Study
from steepest.experiment.ways import MEASURING_SHARE
from steepest.training.measuring import Measured
from steepest.training.planner import Asked, Planner
from steepest.training.way import Way, usual

CALM = Recipe(width=8, depth=1, epochs=9, batch_size=16)
WILD = CALM.replace(optimizer="sgd", lr=1e4, activation="identity", clip_norm=0.0)


def test_members_are_written_down_before_they_start(make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    study.plan([(CALM, "prior", 3, 1, 0), (WILD, "uniform", 4, 2, 0)], "search")
    plans = study.journal.members()
    assert [(p.member, p.origin, p.seed, p.split) for p in plans] == [
        (0, "prior", 3, 1),
        (1, "uniform", 4, 2),
    ]
    assert Recipe(**plans[1].recipe) == WILD
    assert study.journal.outcomes() == []


def test_stretches_make_one_curve_and_the_diverged_leave_alone(make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    calm, wild, other = study.plan([(r, "prior", 3, 0, 0) for r in (CALM, WILD, CALM)], "search")
    for until in (3, 9):
        study.train([t for t in (calm, wild, other) if t.fate == "training"], until, [until], math.inf)
    assert (calm.fate, wild.fate) == ("training", "diverged")
    assert calm.scores == other.scores
    assert math.isnan(wild.score)
    study.settle([calm, wild, other], "finished")
    outcomes = {o.member: o for o in study.journal.outcomes()}
    assert [outcomes[k].status for k in range(3)] == ["finished", "diverged", "finished"]
    assert "stopped being a number" in outcomes[1].cause
    assert outcomes[1].score is None
    assert outcomes[0].score == calm.score == calm.scores[9]
    points = study.journal.curves([0])
    assert [(p.epoch, p.step) for p in points] == [(3, 18), (9, 54)]
    assert [p.score for p in points] == list(calm.scores.values())
    assert calm.state is None  # nothing is held on to


def test_stretches_equal_one_go(make_study: Callable[..., Study]) -> None:
    a, b = make_study(), make_study()
    recipes = [
        CALM.replace(optimizer=o, lr=0.01, dropout=d)
        for o, d in (("adam", 0.2), ("sgd", 0.0), ("rmsprop", 0.0))
    ]
    plans = [(r, "prior", k, k % 3, 0) for k, r in enumerate(recipes)]
    one, many = a.plan(plans, "search"), b.plan(plans, "search")
    a.train(one, 9, [9], math.inf)
    for until in (1, 3, 9):
        b.train(many, until, [until], math.inf)
    for x, y in zip(one, many, strict=True):
        assert x.scores[9] == y.scores[9]
        assert x.steps == y.steps == 54


def test_a_deadline_that_has_passed_interrupts(make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    (t,) = study.plan([(CALM, "prior", 3, 0, 0)], "search")
    study.train([t], 9, [9], -1.0)
    assert t.fate == "interrupted"
    (outcome,) = study.journal.outcomes()
    assert (outcome.status, outcome.score, outcome.epochs) == ("interrupted", None, 0)


def test_stages_are_timed_and_counted_apart(make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    study.enter("calibrate")
    study.train(study.plan([(CALM, "default", 0, 0, 0)] * 2, "calibrate"), 2, [2], math.inf)
    study.enter("search")
    study.train(study.plan([(CALM, "prior", 0, 0, 0)], "search"), 9, [9], math.inf)
    study.enter("done")
    calibrate, search = study.stages[:2]
    assert (calibrate["name"], calibrate["members"], calibrate["member_steps"]) == ("calibrate", 2, 24)
    assert (search["name"], search["members"], search["member_steps"]) == ("search", 1, 54)
    assert np.isclose(calibrate["seconds"] + search["seconds"], study.clock.elapsed(), atol=1.0)


def test_how_networks_are_trained_is_written_down_whether_measured_or_kept(
    make_study: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path / "cache"))
    written = []
    for _ in range(2):
        study = make_study()
        for number in (1, 2):
            study.train(study.plan([(CALM, "default", 0, 0, 0)], "calibrate"), number, [number], math.inf)
        written.append([d.body["choices"] for d in study.journal.documents("ways")])
    (first,), (second,) = written
    assert first == second
    assert [choice["words"].startswith("stacked, ") for choice in first] == [True]


def test_measuring_begins_with_the_frequent_and_ends_with_its_share(
    make_study: Callable[..., Study],
) -> None:
    study: Study = make_study("iris", "10s")
    often, seldom = CALM, CALM.replace(width=256, batch_size=64)
    asked: list[Recipe] = []

    def measure(questions: Sequence[Asked]) -> list[list[Measured]]:
        asked.extend(recipe for recipe, _ in questions)
        study._measuring.seconds = 10 * MEASURING_SHARE  # all of the share, as if it had taken so long
        return [[Measured(way, 100.0, 0.5) for way in ways] for _, ways in questions]

    study.__dict__["planner"] = Planner(study.ports, measure)
    study.learn([seldom, often, often.replace(lr=0.1)])
    assert [recipe.width for recipe in asked] == [8]
    assert study.planner.way(often) == Way(True, 1)
    assert study.planner.way(seldom) == usual(seldom, study.ports)
    (document,) = study.journal.documents("ways")
    assert len(document.body["choices"]) == 1
    study.learn([seldom])
    assert len(asked) == 1, "nothing is measured once the share is used up"
