"""Worker processes: results in order, the same bits however many there are, and survivors of a killed one."""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import inner_split, outer_split
from steepest.experiment.processes import can_fork
from steepest.experiment.workers import Workers, cores, give_back
from steepest.training.chunk import Chunk
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.source import Source

CLOSE = 1e-4  # of members whose chunk was halved: matrix products may then add in another order
FORKS = pytest.mark.skipif(not can_fork(), reason="forking is not safe in this process")


@pytest.fixture
def forks() -> None:
    """What a test changes in this process reaches workers only if they are forked from it."""
    if not can_fork():
        others = ", ".join(thread.name for thread in threading.enumerate()[1:])
        pytest.skip(f"forking is not safe in this process, beside JAX or other threads: {others}")


@pytest.fixture(scope="module")
def source() -> Source:
    data = read("iris")
    outer = outer_split(data, 0)
    return Source.of(data, [inner_split(data, outer.train, 0, i) for i in range(2)])


@pytest.fixture(scope="module", params=[pytest.param("fork", marks=FORKS), "spawn"])
def pair(source: Source, request: pytest.FixtureRequest) -> Iterator[Workers]:
    with Workers(2, request.param) as workers:
        workers.serve(source)
        yield workers


def job(first: int, size: int, epochs: int) -> Job:
    recipe = Recipe(width=8, depth=1, batch_size=16, epochs=epochs, dropout=0.1)
    members = tuple(Member(first + k, recipe, seed=first + k, fold=k % 2) for k in range(size))
    return Job(members, epochs, (1, epochs))


JOBS = [job(0, 3, 12), job(10, 1, 1), job(20, 5, 4), job(30, 2, 2)]


def assert_same_bits(a: list[Done], b: list[Done]) -> None:
    for x, y in zip(a, b, strict=True):
        assert x.members == y.members
        assert x.state is not None
        assert y.state is not None
        assert torch.equal(x.state.theta, y.state.theta)
        assert torch.equal(x.state.rule.second, y.state.rule.second)
        for p, q in zip(x.points, y.points, strict=True):
            np.testing.assert_array_equal(p.train_loss, q.train_loss)
            assert all((values == q.metrics[name]).all() for name, values in p.metrics.items())


def test_results_come_in_the_order_of_the_jobs(pair: Workers) -> None:
    heard: list[Done] = []
    found = pair.run(JOBS, heard.append)
    assert [d.members for d in found] == [j.members for j in JOBS]
    assert sorted(map(id, heard)) == sorted(map(id, found))


def test_the_number_of_workers_changes_no_bit(source: Source, pair: Workers) -> None:
    with Workers(0) as here:
        here.serve(source)
        reference = here.run(JOBS)
    assert_same_bits(pair.run(JOBS), reference)
    with Workers(1, pair.start) as one:
        one.serve(source)
        folder, process = Path(one.stop_file).parent, one.submit(shape, 0).result()[1]
        assert (folder / "x.npy").is_file() == (pair.start == "spawn")
        assert_same_bits(one.run(JOBS), reference)
    assert not folder.exists()  # closing removes the mapped files and ends the processes
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_stretch_goes_on_from_the_state_that_came_back(pair: Workers) -> None:
    whole = pair.run([JOBS[0]])
    first = pair.run([Job(JOBS[0].members, 5, (1,))])[0]
    second = pair.run([Job(JOBS[0].members, 12, (12,), state=first.state)])[0]
    assert first.state is not None
    assert first.state.round == 5
    assert second.state is not None
    assert whole[0].state is not None
    assert torch.equal(second.state.theta, whole[0].state.theta)


@pytest.mark.usefixtures("forks")
def test_a_killed_worker_costs_time_and_nothing_else(source: Source) -> None:
    jobs = [job(0, 4, 300), job(10, 4, 200), job(20, 1, 1)]
    killed: list[int] = []
    with Workers(0) as here:
        here.serve(source)
        reference = here.run(jobs)
    with Workers(2, "fork") as workers:
        workers.serve(source)

        def kill(_: Done | None = None) -> None:
            if not killed:
                assert workers.pool is not None
                killed.extend(workers.pool.pids)  # both: what they were at is done again
                for process in killed:
                    os.kill(process, signal.SIGKILL)

        told: list[Done] = []

        def heard(done: Done) -> None:
            told.append(done)
            kill()

        found = workers.run(jobs, heard, kill)
        assert_same_bits(found, reference)
        assert len(told) == len(jobs)  # no job is reported twice
        again = workers.run(jobs[2:])
    assert killed
    assert_same_bits(again, reference[2:])


def assert_close(found: Done, reference: Done) -> None:
    """The members that came back have the reference's scores and parameters, to `CLOSE`."""
    rows = [reference.members.index(member) for member in found.members]
    assert found.state is not None
    assert reference.state is not None
    torch.testing.assert_close(found.state.theta, reference.state.theta[rows], rtol=CLOSE, atol=CLOSE)
    for p, q in zip(found.points, reference.points, strict=True):
        np.testing.assert_allclose(p.train_loss, q.train_loss[rows], CLOSE)


@pytest.mark.usefixtures("forks")
def test_a_member_that_kills_every_worker_is_lost_and_the_rest_goes_on(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workers(0) as here:
        here.serve(source)
        reference = here.run(JOBS)
    parent, honest = os.getpid(), Chunk.round

    def deadly(chunk: Chunk, *rest: Any) -> bool:
        if os.getpid() != parent and any(member.number == 22 for member in chunk.members):
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(chunk, *rest)

    monkeypatch.setattr(Chunk, "round", deadly)
    with Workers(2, "fork") as workers:
        workers.serve(source)
        found = workers.run(JOBS)
    ((lost, cause),) = found[2].lost
    assert (lost.number, cause.split(",")[0]) == (22, "its process was ended by SIGKILL")
    assert [m.number for m in found[2].members] == [20, 21, 23, 24]
    assert_close(found[2], reference[2])
    assert_same_bits([*found[:2], found[3]], [*reference[:2], reference[3]])


def leave_room(_: Source, room: int) -> None:
    """Let this process take so many bytes more, and no further."""
    give_back()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


@pytest.mark.usefixtures("forks")
@pytest.mark.parametrize("room", [440, 60])
def test_where_memory_runs_out_chunks_are_halved(
    room: int, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(width=3000, depth=2, batch_size=60, epochs=1)  # 36 MB of weights; of gradients, …
    members = tuple(Member(k, recipe, seed=k) for k in range(4))
    jobs = [Job(members, 1, (1,)), job(10, 2, 2)]
    with Workers(0) as here:
        here.serve(source)
        reference = here.run(jobs)
    log, honest = tmp_path / "log", Chunk.point

    def told(chunk: Chunk) -> Any:
        point = honest(chunk)
        with log.open("a") as file:
            file.write(f"{len(chunk.members)} ")
        return point

    monkeypatch.setattr(Chunk, "point", told)
    with Workers(1, "fork") as workers:
        workers.serve(source)
        workers.submit(leave_room, room * 10**6).result()
        found = workers.run(jobs)
    assert_same_bits(found[1:], reference[1:])  # what fits is done as ever
    trained = log.read_text().split()
    if room > 100:
        assert "4" not in trained  # in parts, whichever fitted
        assert found[0].members == members
        assert_close(found[0], reference[0])
    else:
        assert trained[-2:] == ["2", "2"]
        assert found[0].starved == members


def shape(source: Source, add: int) -> tuple[int, ...]:
    return (source.x.shape[0] + add, os.getpid())


def fail(source: Source) -> None:
    raise ValueError(f"{len(source.x)} rows")


def test_any_task_can_be_submitted(source: Source, pair: Workers) -> None:
    rows, process = pair.submit(shape, 1).result()
    assert (rows, process != os.getpid()) == (151, True)
    with pytest.raises(ValueError, match="150 rows"):
        pair.submit(fail).result()
    with Workers(0) as here:
        here.serve(source)
        assert here.submit(shape, 2).result() == (152, os.getpid())
        with pytest.raises(ValueError, match="150 rows"):
            here.submit(fail).result()


def test_jobs_are_called_off_and_go_on(pair: Workers) -> None:
    called_off = Job(JOBS[0].members, 12, (12,), stop=pair.stop_file)
    pair.stop()
    try:
        assert [d.interrupted for d in pair.run([called_off, called_off])] == [True, True]
    finally:
        pair.go_on()
    assert not pair.run([called_off])[0].interrupted
    pair.go_on()  # twice is fine


def test_closing_removes_the_folder() -> None:
    with Workers(0) as workers:
        folder = Path(workers.stop_file).parent
        workers.stop()
        assert folder.is_dir()
    assert not folder.exists()


def test_there_is_a_core() -> None:
    assert cores() >= 1
