"""The time of an epoch: exact where the engine's time is known, and near a whole epoch's where it is real."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.experiment import timing
from steepest.experiment.timing import Probe, stretch
from steepest.training import job
from steepest.training.job import Done, Job
from steepest.training.source import Source

ONCE = 0.05


@pytest.fixture(scope="module")
def source() -> Source:
    data = read("digits")
    return Source.of(data, [outer_split(data, 0)])


class Engine:
    """A machine whose time is known: so much per job, so much per member and row."""

    def __init__(self, per_row: float, dead: int = 0, starves: bool = False) -> None:
        self.per_row, self.dead, self.starves = per_row, dead, starves
        self.jobs: list[tuple[int, int]] = []

    def run(self, task: Job, source: Source) -> Any:
        rows, members = len(source.folds[0].train), len(task.members)
        self.jobs.append((rows, task.until))
        if self.starves:
            return Done((), (), None, 0.0, starved=task.members)
        seconds = ONCE + self.per_row * rows * task.until * members
        alive = [k >= self.dead for k in range(members)]
        return SimpleNamespace(seconds=seconds, state=SimpleNamespace(alive=alive), starved=())


@pytest.mark.parametrize("per_row", [1e-7, 1e-5, 1e-3], ids=["many epochs", "an epoch", "a slice"])
@pytest.mark.parametrize("recipe", [Recipe(), Recipe(optimizer="gd"), Recipe(batch_size=100_000)])
def test_what_is_paid_once_is_left_out(source, monkeypatch, recipe, per_row):
    engine = Engine(per_row)
    monkeypatch.setattr(job, "run", engine.run)
    found = Probe(source, recipe, 3, 0).timing()
    assert found.epoch_seconds == pytest.approx(3 * per_row * 1438, rel=1e-6)
    assert found.lowest == pytest.approx(found.highest)
    assert found.member_seconds == pytest.approx(per_row * 1438, rel=1e-6)
    assert 1 <= found.repeats <= timing.REPEATS
    rows, epochs = zip(*engine.jobs, strict=True)
    assert max(rows) <= 1438
    assert (max(epochs) > 1) == (max(rows) == 1438 and len(set(epochs)) > 1)


def test_a_slow_network_is_measured_on_a_slice_and_not_for_long(source, monkeypatch):
    engine = Engine(0.05)  # 3.2 s a batch
    monkeypatch.setattr(job, "run", engine.run)
    found = Probe(source, Recipe(), 1, 0).timing()
    assert engine.jobs == [(64, 1), (64, 1), (128, 1), (64, 1), (128, 1)]
    assert (found.repeats, found.steps) == (1, 7)


def test_members_that_diverge_are_counted(source, monkeypatch):
    monkeypatch.setattr(job, "run", Engine(1e-4, dead=2).run)
    assert Probe(source, Recipe(), 3, 0).timing().diverged == 2


def test_too_little_memory_is_said(source, monkeypatch):
    monkeypatch.setattr(job, "run", Engine(1e-4, starves=True).run)
    with pytest.raises(MemoryError):
        Probe(source, Recipe(), 1, 0).timing()


def test_noise_larger_than_the_difference_still_gives_a_time(source, monkeypatch):
    probe = Probe(source, Recipe(), 1, 0)
    times = iter([0.3, 0.2])
    monkeypatch.setattr(probe, "_train", lambda _: next(times))
    assert probe._row_seconds(stretch(1, 1438, Recipe()), stretch(4, 1438, Recipe())) == 0.2 / 256


def test_a_measured_epoch_is_near_a_whole_one(source):
    """Ten real epochs against the estimate; the bounds are wide because other processes share the machine."""
    recipe = Recipe(width=64)
    probe = Probe(source, recipe, 4, 0)
    found = probe.timing()
    whole = min(job.run(Job(probe._group, 10, ()), source).seconds for _ in range(3)) / 10
    assert 0.25 * whole < found.epoch_seconds < 4 * whole
    assert found.lowest <= found.epoch_seconds <= found.highest
    assert found.diverged == 0


@given(
    batches=st.integers(1, 500),
    rows=st.integers(1, 5000),
    batch=st.integers(1, 6000),
    optimizer=st.sampled_from(["adamw", "gd"]),
)
def test_stretches_stay_within_the_rows_and_grow(batches, rows, batch, optimizer):
    recipe = Recipe(batch_size=batch, optimizer=optimizer)
    part, longer = stretch(batches, rows, recipe), stretch(4 * batches, rows, recipe)
    assert 1 <= part.rows <= rows
    assert part.epochs == 1 or part.rows == rows
    assert part.seen < longer.seen
    assert stretch(2, rows, recipe).seen > stretch(1, rows, recipe).seen
    per_epoch = 1 if optimizer == "gd" else -(-part.rows // batch)
    assert part.steps == part.epochs * per_epoch
