"""How fast members of a recipe train in each of several ways, measured by a few steps of real training.

What one thread does is told by the processor time of its process: what else the machine is busy with then
hardly matters, where the clock on the wall would show a choice that depends on the neighbours.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.training.chunk import Chunk, arranged
from steepest.training.matmul import fast_matmul, no_denormals, on_threads
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.way import Way

STEPS, ROUNDS, LONG_ENOUGH = 4, 3, 0.2
"""Steps of a stretch; stretches that are timed after one that warms up: the quickest counts; seconds after
which no further one is begun.
"""

HOPELESS = 1.5
"""A way is given up while it warms up, if that takes so many times as long as the quickest way so far would
take, and `LONG_ENOUGH` besides.
"""

WAITED = 3.0
"""How many times as long as it may compute a measurement may take by the clock on the wall."""

FINE = 1e-4
"""Seconds: processor time that is told in coarser steps is of no use."""

NO_TIME = "no time was left to measure it"
BEHIND = "given up while it warmed up: far behind"

FULL_BATCH_ROWS = 512
"""Rows of a step that would take all: its time is that of its rows."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a way was found to do.

    Args:
        way: how members were trained.
        rate: member-steps a second; 0 if it was not measured.
        loss: mean training loss of the second stretch: ways that only differ in rounding nearly agree.
        why_not: why it was not measured, in words; "" if it was.
    """

    way: Way
    rate: float = 0.0
    loss: float = math.nan
    why_not: str = ""


def measure(
    source: Source, recipe: Recipe, ways: Sequence[Way], seconds: float, threads: int = 1, alone: bool = True
) -> list[Measured]:
    """Train members of a recipe in each way for some steps.

    Args:
        source: the rows; few of the first fold's are used.
        recipe: what the members follow, each from its own seed.
        ways: the first is always measured.
        seconds: of computing after which no further way is begun.
        threads: that share the work; a study trains on one in each of its processes.
        alone: whether rates are those of one thread that has its core to itself, told by processor time;
            else, and with several threads, they are what the clock on the wall says.

    Returns:
        one record for each way, in order.
    """
    if recipe.optimizer == "gd":
        recipe = recipe.replace(optimizer="sgd", batch_size=FULL_BATCH_ROWS)
    train = source.folds[0].train[: STEPS * recipe.batch_size]
    part = replace(source, folds=(replace(source.folds[0], train=train),), rounds=1)
    clock = _clock(threads, alone)
    started, since, found = clock(), time.monotonic(), list[Measured]()
    with on_threads(threads), no_denormals(), fast_matmul(), torch.random.fork_rng(devices=[]):
        for way in ways:
            if any(m.why_not == BEHIND and m.way == replace(way, members=m.way.members) for m in found):
                found.append(Measured(way, why_not=BEHIND))  # a smaller stack was
                continue
            waited = time.monotonic() - since > WAITED * seconds
            if found and (waited or clock() - started > seconds):
                found.append(Measured(way, why_not=NO_TIME))
                continue
            try:
                found.append(_measured(part, recipe, way, clock, max((m.rate for m in found), default=0.0)))
            except (MemoryError, RuntimeError) as error:
                words = str(error).partition("\n")[0] or "memory did not suffice"
                found.append(Measured(way, why_not=words))
    return found


def _clock(threads: int, alone: bool) -> Callable[[], float]:
    told = time.get_clock_info("process_time").resolution <= FINE
    return time.process_time if threads == 1 and alone and told else time.perf_counter


def _measured(source: Source, recipe: Recipe, way: Way, clock: Callable[[], float], rate: float) -> Measured:
    """What a way does; `rate` is that of the quickest so far."""
    group = [Member(k, recipe, derive(k, "measure")) for k in range(way.members)]
    chunk = Chunk(arranged(group), source, way=way)
    steps, best, loss = math.ceil(len(source.folds[0].train) / recipe.batch_size), math.inf, math.nan
    most = LONG_ENOUGH + HOPELESS * way.members * steps / rate if rate else math.inf
    begun = clock()
    if not chunk.round(lambda: clock() - begun > most):
        return Measured(way, why_not=BEHIND)
    started = clock()
    for i in range(ROUNDS):
        if clock() - started > LONG_ENOUGH:
            break
        began = clock()
        chunk.round()
        best = min(best, clock() - began)
        if i == 0:
            loss = float(chunk.train_loss.nanmean())
    return Measured(way, way.members * steps / best, loss)
