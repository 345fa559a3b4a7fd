"""Members that stop: frozen, kept as asked, and left behind without anybody's path changing."""

import functools
from typing import Any

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.training import job as jobs
from steepest.training.chunk import Chunk, arranged
from steepest.training.job import Done, Job, run
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.stopping import Horizon, Memory, Plateau, Stopping, Target, Time

RULES = ("adamw", "sgd", "rmsprop", "momentum", "nadamw", "adam", "adagrad", "nesterov")
ENDS = (1, 3, 9, 2, 3, 5, 9, 4)
EXACT = 1e-9


def members_of(**knobs: Any) -> tuple[Member, ...]:
    recipes = [
        Recipe(
            **{"width": 6, "depth": 1, "batch_size": 16, "epochs": 9, "optimizer": rule, "lr": 0.02} | knobs
        )
        for rule in RULES
    ]
    return tuple(arranged([Member(k, r, seed=k, fold=k % 3) for k, r in enumerate(recipes)]))


DENSE = members_of(norm="batch", dropout=0.2, averaging=0.5)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Everything in float64, and the sizes of the chunks that are made."""
    made: list[int] = []

    def noted(members: Any, *rest: Any, **options: Any) -> Chunk:
        made.append(len(members))
        return Chunk(members, *rest, dtype=torch.float64, **options)

    monkeypatch.setattr(jobs, "Chunk", noted)
    return made


def assert_same_row(done: Done, row: int, alone: Done) -> None:
    """A member's state is that of the same member in another job, where it is alone."""
    assert done.state is not None
    assert alone.state is not None
    found = done.state.take([row])
    for a, b in (
        (found.theta, alone.state.theta),
        (found.buffers, alone.state.buffers),
        (found.average, alone.state.average),
        (found.rule.first, alone.state.rule.first),
        (found.rule.second, alone.state.rule.second),
        (found.rule.steps, alone.state.rule.steps),
    ):
        torch.testing.assert_close(a, b, rtol=EXACT, atol=EXACT)


def test_who_stops_is_as_it_was_and_who_goes_on_as_if_alone(classification: Source, sizes: list[int]) -> None:
    ends = [ENDS[m.number] for m in DENSE]
    stopping = tuple(Stopping((Horizon(end),), "accuracy") for end in ends)
    done = run(Job(DENSE, 9, tuple(range(1, 10)), stopping=stopping), classification)
    assert sizes == [8, 4, 2]  # five of eight had stopped by round 3, … at the end two are left
    assert [s.round for s in done.stops] == ends
    assert {s.reason for s in done.stops} == {f"all {end} rounds were trained" for end in ends}
    for row, (member, end) in enumerate(zip(DENSE, ends, strict=True)):
        alone = run(Job((member,), end, tuple(range(1, end + 1))), classification)
        assert_same_row(done, row, alone)
        for point in done.points:
            then = alone.points[min(point.round, end) - 1]
            assert point.steps[row] == then.steps[0]
            np.testing.assert_allclose(point.train_loss[row], then.train_loss[0], EXACT)
            for name, values in then.metrics.items():
                np.testing.assert_allclose(point.metrics[name][row], values[0], EXACT)
    assert done.state is not None
    assert done.state.round == 9


@pytest.mark.parametrize(
    "network", [{"network": "mlp"}, {"network": "mlp", "residual": True, "dropout": 0.3}]
)
def test_the_best_is_restored(network: dict[str, Any], regression: Source, sizes: list[int]) -> None:
    members = members_of(**network)[:3]
    patience = Stopping((Plateau(2),), "r2", restore=True)
    done = run(Job(members, 30, tuple(range(1, 31)), stopping=(patience,) * 3), regression)
    assert sizes[0] == 3
    free = run(Job(members, 30, tuple(range(1, 31))), regression)
    for row, (member, stop) in enumerate(zip(members, done.stops, strict=True)):
        curve = [point.metrics["r2"][row] for point in free.points][: stop.round]
        assert stop.best == stop.kept == int(np.argmax(curve)) + 1
        assert_same_row(done, row, run(Job((member,), stop.kept, ()), regression))
    assert any(stop.kept < stop.round for stop in done.stops)


def test_a_job_ends_when_all_have_stopped(classification: Source) -> None:
    stopping = (Stopping((Target(0.1),), "accuracy"),) * len(DENSE)
    done = run(Job(DENSE, 10**6, (1, 2, 10**6), stopping=stopping), classification)
    assert [p.round for p in done.points] == [1]
    assert {s.reason for s in done.stops} == {"the score reached 0.1"}
    assert not done.interrupted


def test_time_and_memory_are_measured(classification: Source) -> None:
    rules = [Stopping((Time(0.0),), "accuracy"), Stopping((Memory(10**6),), "accuracy")]
    done = run(Job(DENSE[:2], 5, (1, 5), stopping=tuple(rules)), classification)
    assert done.stops[0].reason == "0 s of training were up"
    assert done.stops[1].reason.startswith("its process held")


def test_who_diverges_stops_and_keeps_its_best(classification: Source, sizes: list[int]) -> None:
    wild = Member(
        3, Recipe(width=6, depth=3, activation="identity", optimizer="sgd", lr=1e4, batch_size=16), 3
    )
    calm = Member(4, wild.recipe.replace(lr=0.01), 4)
    members = tuple(arranged([wild, calm]))
    stopping = (Stopping((), "accuracy"),) * 2
    done = run(Job(members, 4, (1, 2, 3, 4), stopping=stopping), classification)
    row = members.index(wild)
    assert done.stops[row].reason == "the loss stopped being a number"
    assert done.stops[row].best == 0
    assert np.isnan(done.points[-1].metrics["accuracy"][row])
    assert_same_row(done, 1 - row, run(Job((calm,), 4, ()), classification))
    assert sizes[:2] == [2, 1]


def test_halves_stop_as_the_whole_does(classification: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = tuple(Stopping((Horizon(ENDS[m.number]),), "accuracy") for m in DENSE)
    job = Job(DENSE, 9, tuple(range(1, 10)), stopping=stopping)
    monkeypatch.setattr(jobs, "Chunk", functools.partial(Chunk, dtype=torch.float64))
    whole = run(job, classification)

    def small(members: Any, *rest: Any, **options: Any) -> Chunk:
        if len(members) > 1:
            raise MemoryError
        return Chunk(members, *rest, dtype=torch.float64, **options)

    monkeypatch.setattr(jobs, "Chunk", small)
    done = run(job, classification)
    assert done.stops == whole.stops
    assert [p.round for p in done.points] == [p.round for p in whole.points]
    for p, q in zip(done.points, whole.points, strict=True):
        np.testing.assert_allclose(p.metrics["log_loss"], q.metrics["log_loss"], EXACT)
    assert done.state is not None
    assert whole.state is not None
    torch.testing.assert_close(done.state.theta, whole.state.theta, rtol=EXACT, atol=EXACT)
