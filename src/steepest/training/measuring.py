"""How fast members of a recipe train in each of several ways, measured by a few steps of real training."""

import math
import time
from collections.abc import Sequence
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
    source: Source, recipe: Recipe, ways: Sequence[Way], seconds: float, threads: int = 1
) -> list[Measured]:
    """Train members of a recipe in each way for some steps.

    Args:
        source: the rows; few of the first fold's are used.
        recipe: what the members follow, each from its own seed.
        ways: the first is always measured.
        seconds: after which no further way is begun.
        threads: that share the work; a study trains on one in each of its processes.

    Returns:
        one record for each way, in order.
    """
    if recipe.optimizer == "gd":
        recipe = recipe.replace(optimizer="sgd", batch_size=FULL_BATCH_ROWS)
    train = source.folds[0].train[: STEPS * recipe.batch_size]
    part = replace(source, folds=(replace(source.folds[0], train=train),), rounds=1)
    started, found = time.monotonic(), list[Measured]()
    with on_threads(threads), no_denormals(), fast_matmul(), torch.random.fork_rng(devices=[]):
        for way in ways:
            if found and time.monotonic() - started > seconds:
                found.append(Measured(way, why_not="no time was left to measure it"))
                continue
            try:
                found.append(_measured(part, recipe, way))
            except (MemoryError, RuntimeError) as error:
                words = str(error).partition("\n")[0] or "memory did not suffice"
                found.append(Measured(way, why_not=words))
    return found


def _measured(source: Source, recipe: Recipe, way: Way) -> Measured:
    group = [Member(k, recipe, derive(k, "measure")) for k in range(way.members)]
    chunk = Chunk(arranged(group), source, way=way)
    chunk.round()
    steps, best, loss = math.ceil(len(source.folds[0].train) / recipe.batch_size), math.inf, math.nan
    started = time.perf_counter()
    for i in range(ROUNDS):
        if time.perf_counter() - started > LONG_ENOUGH:
            break
        began = time.perf_counter()
        chunk.round()
        best = min(best, time.perf_counter() - began)
        if i == 0:
            loss = float(chunk.train_loss.nanmean())
    return Measured(way, way.members * steps / best, loss)
