"""`plan`: how members would be trained on this machine and this data, and what was measured to decide it."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import outer_split
from steepest.experiment.costing import slots_of
from steepest.experiment.settings import Precision, check_precision
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers, cores
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.networks.spec import NetworkSpec
from steepest.training.machine import Machine, load_average, look
from steepest.training.measuring import Measured, measure
from steepest.training.member import Member
from steepest.training.planner import WORTH, Choice, Planner
from steepest.training.planning import chunks, shared_out
from steepest.training.source import Source
from steepest.training.way import Way, member_bytes

WAVE = 32
"""Members of the wave whose chunks are counted."""

TURNS, LONG_ENOUGH = 3, 2.0
"""Measurements of each way to share the cores: the quickest counts; seconds after which none follow."""

PATIENCE = 10.0
"""Seconds after which no further way to train a kind of network is tried: more than a study affords."""


@dataclass(frozen=True, slots=True)
class Planned:
    """How members that follow one recipe are trained.

    Args:
        recipe: what they follow.
        choice: the way, the reason, and all ways that were considered.
        kept: whether this was measured earlier, and not again.
        not_stacked: why members cannot be one tensor program; "" if they can.
        member_bytes: that a member keeps busy in a step.
        pieces: members of each chunk of a wave of `WAVE` such members.
    """

    recipe: Recipe
    choice: Choice
    kept: bool
    not_stacked: str
    member_bytes: int
    pieces: tuple[int, ...]

    @property
    def members(self) -> int:
        """Most members of a chunk."""
        return self.choice.way.members

    @property
    def chunk_bytes(self) -> int:
        """What a full chunk keeps busy."""
        return self.members * self.member_bytes

    @property
    def rate(self) -> float:
        """Member-steps a second of the chosen way on one core; NaN if it was not measured."""
        return next((m.rate for m in self.choice.measured if m.way == self.choice.way and m.rate), math.nan)

    def against(self, measured: Measured) -> str:
        """Why a way that was considered is not the one; "" for the chosen one.

        Example:
            >>> way, other = Way(True, 4), Way(True, 8)
            >>> choice = Choice("a kind", way, "", (Measured(way, 100.0), Measured(other, 80.0)))
            >>> Planned(Recipe(), choice, False, "", 1, ()).against(choice.measured[1])
            '0.80 times as fast'
        """
        if measured.way == self.choice.way:
            return ""
        if measured.why_not:
            return measured.why_not
        gain = measured.rate / self.rate
        words = f"{gain:.2f} times as fast"
        return f"{words}; below {WORTH:.2f} the simpler way is taken" if gain > 1 else words

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        ways = [
            {"words": str(m.way), "steps_per_second": m.rate, "loss": m.loss, "against": self.against(m)}
            for m in self.choice.measured
        ]
        return {
            "family": self.recipe.network,
            "recipe": self.recipe.relevant(),
            "kind": self.choice.kind,
            "way": str(self.choice.way),
            "why": self.choice.why,
            "kept": self.kept,
            "steps_per_second": self.rate,
            "ways": ways,
            "not_stacked_because": self.not_stacked or None,
            "chunk": {"members": self.members, "bytes": self.chunk_bytes},
            "wave": {"members": WAVE, "chunks": list(self.pieces)},
        }


@dataclass(frozen=True, slots=True)
class Shared:
    """Ways to share the cores, measured on chunks of one recipe: member-steps a second.

    Args:
        count: processes that a study takes, of one thread each: one per core, if other processes can import
            the network.
        cores: that this process may use.
        one: one process of one thread.
        threads: one process of a thread per core.
        processes: the study's processes at once; NaN for a single one.
    """

    count: int
    cores: int
    one: float
    threads: float
    processes: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine does with a data set on this machine, and why.

    Args:
        data: the data set in one line.
        fingerprint: of its content.
        precision: "float32" if rounding to bfloat16 was forbidden.
        machine: what trains.
        shared: how the cores are shared; None on a single core.
        planned: one for each recipe.
    """

    data: str
    fingerprint: str
    precision: str
    machine: Machine
    shared: Shared | None
    planned: tuple[Planned, ...]

    def as_dict(self) -> dict[str, Any]:
        """Every fact as plain values."""
        shared = self.shared
        return {
            "data": {"summary": self.data, "fingerprint": self.fingerprint},
            "precision": self.precision,
            "machine": self.machine.as_dict(),
            "workers": {
                "processes": shared.count if shared else 1,
                "threads_each": 1,
                "steps_per_second": {
                    "one_process_one_thread": shared.one,
                    "one_process_all_threads": shared.threads,
                    "all_processes_one_thread": shared.processes,
                }
                if shared
                else None,
            },
            "networks": [each.as_dict() for each in self.planned],
        }


def plan(
    data: DataSet,
    recipes: Sequence[Recipe],
    precision: Precision = "auto",
    fresh: bool = False,
    seed: int = 0,
    workers: int | None = None,
) -> Plan:
    """Choose how members of each recipe are trained, by measurements that are made now or were kept.

    Args:
        data: a fifth of its rows is set aside, as in every study.
        recipes: what members would follow.
        precision: "float32" forbids rounding to bfloat16.
        fresh: measure again what is kept.
        seed: decides the rows that are trained on.
        workers: processes to measure in; None for one per core.

    Raises:
        BadInput: for a network of the user's own that cannot be trained as it stands; for a precision that
            there is not.

    Example:
        >>> from steepest.data.read import read
        >>> found = plan(read("iris"), [Recipe(width=16, depth=1)], workers=0)
        >>> found.planned[0].choice.way.stacked, sum(found.planned[0].pieces)
        (True, 32)
    """
    check_precision(precision)
    load = load_average()
    source = Source.of(data, [outer_split(data, seed)])
    count = cores() if workers is None else workers
    with Workers(count, "fork") as pool:
        pool.serve(source)
        planner = planner_for(source, pool, precision == "auto", PATIENCE, fresh)
        new = {choice.kind for choice in planner.learn(recipes)}
        planned = tuple(_planned(recipe, planner, source, new) for recipe in recipes)
        way = planned[0].choice.way
        processes = max(_at_once(pool, recipes[0], way) for _ in range(TURNS)) if count > 1 else math.nan
    shared = _shared(source, recipes[0], way, max(count, 1), processes) if cores() > 1 else None
    return Plan(data.summary, data.fingerprint, precision, look(cores(), load), shared, planned)


def _at_once(pool: Workers, recipe: Recipe, way: Way) -> float:
    """Member-steps a second of all processes together."""
    waiting = [pool.submit(measure, recipe, (way,), math.inf, 1, False) for _ in range(pool.count)]
    return float(sum(each.result()[0].rate for each in waiting))


def _shared(source: Source, recipe: Recipe, way: Way, count: int, processes: float) -> Shared:
    """One thread and many in turns, so that both meet the same neighbours on the machine."""
    started, one, threads = time.monotonic(), 0.0, 0.0
    for turn in range(TURNS):
        if turn == 0 or time.monotonic() - started < LONG_ENOUGH:
            one = max(one, measure(source, recipe, (way,), math.inf, 1, False)[0].rate)
            threads = max(threads, measure(source, recipe, (way,), math.inf, cores())[0].rate)
    return Shared(count, cores(), one, threads, processes)


def _planned(recipe: Recipe, planner: Planner, source: Source, new: set[str]) -> Planned:
    kind, dense = planner.kind(recipe), isinstance(spec_of(recipe, source.ports), NetworkSpec)
    wave = [Member(k, recipe, seed=k) for k in range(WAVE)]
    cut = chunks(wave, source.ports, planner.way)
    return Planned(
        recipe=recipe,
        choice=planner.choices[kind],
        kept=kind not in new,
        not_stacked="" if dense else planner.stackable(recipe, source.ports),
        member_bytes=_member_bytes(recipe, source),
        pieces=tuple(len(chunk) for chunk in shared_out(cut, lambda _: 1.0)),
    )


def _member_bytes(recipe: Recipe, source: Source) -> int:
    spec = spec_of(recipe, source.ports)
    batch = len(source.folds[0].train) if recipe.optimizer == "gd" else recipe.batch_size
    batch = min(batch, len(source.folds[0].train))
    if isinstance(spec, NetworkSpec):
        return member_bytes(spec, batch)
    return cost(spec, batch, slots_of(recipe)).training_bytes
