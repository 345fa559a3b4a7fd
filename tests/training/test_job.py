"""A job: scored where asked, called off in time, and halved where memory runs out.

Matrix products may add in another order for another number of members, so halves are compared to `CLOSE`.
"""

import math
import time
from pathlib import Path
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
from steepest.training.state import StackState

CLOSE = 1e-4
KINDS = [("adamw", 0.2), ("sgd", 0.0), ("rmsprop", 0.1), ("momentum", 0.0), ("nadamw", 0.3), ("adam", 0.0)]
MEMBERS = tuple(
    arranged(
        [
            Member(
                k,
                Recipe(width=6, batch_size=16, epochs=9, optimizer=o, lr=0.01, dropout=d, norm="batch"),
                seed=k,
                fold=k % 3,
            )
            for k, (o, d) in enumerate(KINDS)
        ]
    )
)


def assert_same(a: Done, b: Done, rtol: float = 0.0) -> None:
    """Equal members, scores and states: bit for bit, or to `rtol`."""
    assert a.members == b.members
    assert [p.round for p in a.points] == [p.round for p in b.points]
    for p, q in zip(a.points, b.points, strict=True):
        np.testing.assert_array_equal(p.steps, q.steps)
        np.testing.assert_allclose(p.train_loss, q.train_loss, rtol)
        for name, values in p.metrics.items():
            np.testing.assert_allclose(values, q.metrics[name], rtol, err_msg=name)
    assert a.state is not None
    assert b.state is not None
    assert_same_state(a.state, b.state, rtol)


def assert_same_state(a: StackState, b: StackState, rtol: float = 0.0) -> None:
    """Equal parameters, moments and counts."""
    torch.testing.assert_close(a.theta, b.theta, rtol=rtol, atol=rtol)
    torch.testing.assert_close(a.buffers, b.buffers, rtol=rtol, atol=rtol)
    torch.testing.assert_close(a.rule.first, b.rule.first, rtol=rtol, atol=rtol)
    torch.testing.assert_close(a.rule.second, b.rule.second, rtol=rtol, atol=rtol)
    assert torch.equal(a.rule.steps, b.rule.steps)
    assert (a.alive, a.round) == (b.alive, b.round)


def test_points_are_where_they_were_asked_for(classification: Source) -> None:
    done = run(Job(MEMBERS, 5, (2, 4, 5)), classification)
    assert [p.round for p in done.points] == [2, 4, 5]
    assert [p.steps.tolist() for p in done.points] == [[5.0 * e] * 6 for e in (2, 4, 5)]
    assert not done.interrupted
    assert done.starved == ()
    assert done.seconds > 0
    assert done.state is not None
    assert done.state.round == 5


def test_a_job_in_two_stretches_equals_one(classification: Source) -> None:
    whole = run(Job(MEMBERS, 6, (6,)), classification)
    first = run(Job(MEMBERS, 2, (2,)), classification)
    second = run(Job(MEMBERS, 6, (6,), state=first.state), classification)
    assert_same(second, whole)


def test_the_state_that_was_given_is_left_as_it_was(classification: Source) -> None:
    first = run(Job(MEMBERS, 2, (2,)), classification)
    assert first.state is not None
    theta, steps = first.state.theta.clone(), first.state.rule.steps.clone()
    job = Job(MEMBERS, 4, (4,), state=first.state)
    once = run(job, classification)
    assert torch.equal(first.state.theta, theta)
    assert torch.equal(first.state.rule.steps, steps)
    assert first.state.round == 2
    assert_same(run(job, classification), once)  # so a job can be done again


def test_what_nobody_will_continue_is_not_kept(classification: Source) -> None:
    assert run(Job(MEMBERS, 1, (1,), keep=False), classification).state is None


def test_a_deadline_that_has_passed_trains_nothing(classification: Source) -> None:
    done = run(Job(MEMBERS, 5, (1, 5), deadline=time.monotonic() - 1), classification)
    assert done.interrupted
    assert done.points == ()
    assert done.state is None
    assert done.members == MEMBERS


def test_a_deadline_ends_a_job_and_keeps_the_points_before_it(classification: Source) -> None:
    started = time.monotonic()
    done = run(Job(MEMBERS, 10**6, (1, 10**6), deadline=started + 0.3), classification)
    assert done.interrupted
    assert [p.round for p in done.points] == [1]
    assert time.monotonic() - started < 3


def test_a_stop_file_calls_a_job_off(classification: Source, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    job = Job(MEMBERS, 3, (3,), stop=str(stop))
    assert not run(job, classification).interrupted
    stop.touch()
    assert run(job, classification).interrupted


def starve(monkeypatch: pytest.MonkeyPatch, most: int, too_large: int = -1, error: Any = MemoryError) -> None:
    """Memory for `most` members at once, and never for the member numbered `too_large`."""

    class Small(Chunk):
        def __init__(self, members: Any, *rest: Any, **more: Any) -> None:
            if len(members) > most or any(m.number == too_large for m in members):
                raise error
            super().__init__(members, *rest, **more)

    monkeypatch.setattr(jobs, "Chunk", Small)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_halves_are_as_good_as_the_whole(
    task: str, most: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    source: Source = request.getfixturevalue(task)
    first = run(Job(MEMBERS, 1, (1,)), source)
    job = Job(MEMBERS, 4, (2, 4), state=first.state)
    whole = run(job, source)
    starve(monkeypatch, most)
    assert_same(run(job, source), whole, CLOSE)


def test_only_the_starved_are_left_out(classification: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(Job(MEMBERS, 3, (1, 3)), classification)
    starve(monkeypatch, 9, too_large=MEMBERS[2].number)
    done = run(Job(MEMBERS, 3, (1, 3)), classification)
    rest = [k for k in range(6) if k != 2]
    assert done.starved == (MEMBERS[2],)
    assert done.members == tuple(MEMBERS[k] for k in rest)
    assert done.state is not None
    assert whole.state is not None
    assert_same_state(done.state, whole.state.take(rest), CLOSE)
    for a, b in zip(done.points, whole.points, strict=True):
        np.testing.assert_allclose(a.metrics["log_loss"], b.metrics["log_loss"][rest], CLOSE)


def test_nobody_fits(classification: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    starve(monkeypatch, 0)
    done = run(Job(MEMBERS, 3, (3,)), classification)
    assert done.starved == MEMBERS
    assert (done.members, done.points, done.state) == ((), (), None)


def test_memory_that_runs_out_half_way_costs_nothing(
    classification: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(Job(MEMBERS, 1, (1,)), classification)
    job = Job(MEMBERS, 4, (2, 4), state=first.state)
    whole = run(job, classification)
    honest = Chunk.point

    def fragile(self: Chunk) -> Any:
        if len(self.members) > 4 and self.state.round == 4:
            raise MemoryError
        return honest(self)

    monkeypatch.setattr(Chunk, "point", fragile)
    assert_same(run(job, classification), whole, CLOSE)


def test_torchs_word_for_it_is_understood(classification: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (
        "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory: you tried to allocate"
    )
    starve(monkeypatch, 4, error=RuntimeError(words))
    assert len(run(Job(MEMBERS, 1, (1,)), classification).members) == 6


def test_other_errors_are_not_swallowed(classification: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    starve(monkeypatch, 4, error=RuntimeError("a mistake in the code"))
    with pytest.raises(RuntimeError, match="a mistake"):
        run(Job(MEMBERS, 1, (1,)), classification)


def test_torchs_settings_are_as_before(classification: Source) -> None:
    threads = torch.get_num_threads()
    run(Job(MEMBERS[:1], 1, (1,), deadline=math.inf), classification)
    assert torch.get_num_threads() == threads
