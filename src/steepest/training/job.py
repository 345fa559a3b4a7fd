"""A job: a stretch of training for the members of a chunk, as a pure function that any process can run."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from steepest.training.chunk import Chunk, Point
from steepest.training.departures import Departures
from steepest.training.matmul import fast_matmul, no_denormals, one_thread
from steepest.training.member import Member
from steepest.training.probes.watch import Look, side_by_side
from steepest.training.source import Source
from steepest.training.state import StackState
from steepest.training.stopping import Stop, Stopping
from steepest.training.way import Way


@dataclass(frozen=True, slots=True)
class Job:
    """Train `members` until round `until`, scoring them after each round in `points`.

    Args:
        members: of one network shape and batch size, arranged as `Chunk` wants them.
        until: round to stop after.
        points: rounds to score at; the last one should be `until`.
        state: where to go on from; None starts afresh.
        deadline: `time.monotonic` moment at which to give up, infinite for none.
        stop: path of a file whose appearance means the same, "" for none.
        keep: whether the state comes back (False saves the way home of what nobody will continue).
        way: how the members are trained; None for the usual way.
        probes: whether points, and looks, tell what `probes.declared.PROBES` lists.
        stopping: when each member stops, asked at every point; () for none before `until`.
    """

    members: tuple[Member, ...]
    until: int
    points: tuple[int, ...]
    state: StackState | None = None
    deadline: float = math.inf
    stop: str = ""
    keep: bool = True
    probes: bool = False
    way: Way | None = None
    stopping: tuple[Stopping, ...] = ()

    def called_off(self) -> bool:
        """Whether the job should give up."""
        return time.monotonic() > self.deadline or (self.stop != "" and os.path.exists(self.stop))


@dataclass(frozen=True, slots=True)
class Done:
    """What a job brought.

    Args:
        members: those that were trained, in the job's order; `Point` arrays and state rows follow it.
        points: one per scored round that was reached.
        state: the state at the end, None if not kept or interrupted.
        seconds: wall time of the job.
        interrupted: True if the deadline came first.
        starved: members that memory did not suffice for, even alone.
        lost: members whose worker process died over them, again and again, even alone, and how it did.
        looks: what probes found, look by look, if the job has probes.
        stops: what came of each member under the job's stop rules, () without. One that stopped keeps its
            last values in the points that follow; a job ends when all have.
    """

    members: tuple[Member, ...]
    points: tuple[Point, ...]
    state: StackState | None
    seconds: float
    interrupted: bool = False
    starved: tuple[Member, ...] = ()
    lost: tuple[tuple[Member, str], ...] = ()
    looks: tuple[Look, ...] = ()
    stops: tuple[Stop, ...] = ()


def run(job: Job, source: Source) -> Done:
    """Do a job. A chunk that does not fit in memory is halved until it does."""
    try:
        return _run(job, source)
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
    if len(job.members) == 1:
        return Done((), (), None, 0.0, starved=job.members)
    return joined([run(half, source) for half in halves(job)])


def _run(job: Job, source: Source) -> Done:
    started = time.monotonic()
    points: list[Point] = []
    with one_thread(), no_denormals(), fast_matmul(), torch.random.fork_rng(devices=[]):
        copied = job.state.take(range(len(job.members))) if job.state else None  # so that a job can be redone

        def make(members: Sequence[Member], state: StackState | None) -> Chunk:
            return Chunk(members, source, state, probes=job.probes, way=job.way)

        if job.stopping:
            return _run_stopping(job, Departures(job.members, job.stopping, make, copied), started)
        chunk = make(job.members, copied)
        if chunk.state.round == job.until and job.until in job.points:  # nothing to train: only a score
            points.append(chunk.point())
        while chunk.state.round < job.until:
            if job.called_off() or not chunk.round(job.called_off):
                spent = time.monotonic() - started
                return Done(job.members, tuple(points), None, spent, interrupted=True, looks=chunk.looks)
            if chunk.state.round in job.points:
                points.append(chunk.point())
    state = chunk.state if job.keep else None
    return Done(job.members, tuple(points), state, time.monotonic() - started, looks=chunk.looks)


def _run_stopping(job: Job, departures: Departures, started: float) -> Done:
    """The same where members stop by their own rules."""
    points: list[Point] = []
    while departures.chunk.state.round < job.until and not departures.over:
        if job.called_off() or not departures.chunk.round(job.called_off):
            spent = time.monotonic() - started
            return Done(job.members, tuple(points), None, spent, interrupted=True, looks=departures.looks)
        if departures.chunk.state.round in job.points:
            points.append(departures.point())
    state, spent = departures.state() if job.keep else None, time.monotonic() - started
    looks, stops = departures.looks, departures.stops
    return Done(job.members, tuple(points), state, spent, looks=looks, stops=stops)


def halves(job: Job) -> tuple[Job, Job]:
    """A job of several members as two."""
    middle = len(job.members) // 2
    return _part(job, 0, middle), _part(job, middle, len(job.members))


def _part(job: Job, first: int, last: int) -> Job:
    state = job.state.take(range(first, last)) if job.state else None
    return replace(job, members=job.members[first:last], state=state, stopping=job.stopping[first:last])


def joined(parts: Sequence[Done]) -> Done:
    """What the parts of a job brought as one result; what was starved or lost is left out."""
    trained = [p for p in parts if p.members]
    states = [p.state for p in trained if p.state is not None]
    end = max((state.round for state in states), default=0)  # who all stopped were done earlier
    states = [replace(state, round=end) for state in states]
    return Done(
        tuple(m for p in trained for m in p.members),
        tuple(_joined_point(points) for points in zip(*_as_long(trained), strict=False)),
        StackState.join(states) if states and len(states) == len(trained) else None,
        sum(p.seconds for p in parts),
        any(p.interrupted for p in parts),
        tuple(m for p in parts for m in p.starved),
        tuple(m for p in parts for m in p.lost),
        tuple(look for p in parts for look in p.looks),
        tuple(s for p in trained for s in p.stops),
    )


def _as_long(parts: Sequence[Done]) -> list[tuple[Point, ...]]:
    """The points of each part; where all members of one have stopped, its last goes on to the end."""
    longest = max((p.points for p in parts), key=len, default=())
    return [
        p.points
        if p.interrupted or not p.points
        else p.points + tuple(replace(p.points[-1], round=q.round) for q in longest[len(p.points) :])
        for p in parts
    ]


def _joined_point(points: Sequence[Point]) -> Point:
    names = points[0].metrics
    return Point(
        points[0].round,
        np.concatenate([p.steps for p in points]),
        np.concatenate([p.train_loss for p in points]),
        {name: np.concatenate([p.metrics[name] for p in points]) for name in names},
        side_by_side([p.probes for p in points]),
        points[0].layers,
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "not enough memory" in text or "can't allocate memory" in text
