"""Members that stop before their chunk does: frozen at once, left behind when more than half have stopped.

Freezing costs the rest of the chunk their company: a stack computes frozen members to no effect. Cutting them
out costs a new chunk. So survivors move together into a chunk of their own each time half of those there have
stopped, log2 K times at most. Their paths do not depend on it: no member's does on its neighbours.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from steepest.training.chunk import Chunk, Point
from steepest.training.member import Member
from steepest.training.metrics import Values, score_of
from steepest.training.probes.watch import Look
from steepest.training.state import StackState
from steepest.training.stopping import Check, Stop, Stopping, Vigil, memory_held

Make = Callable[[Sequence[Member], StackState | None], Chunk]
"""A chunk of members from a state, all else as the job says."""


class Departures:
    """The members of a job that stop one by one, by their own rules.

    Args:
        members: of the job.
        stopping: the rules of each.
        make: makes the chunk, and the smaller ones.
        state: where to go on from; None starts afresh.
    """

    def __init__(
        self,
        members: Sequence[Member],
        stopping: Sequence[Stopping],
        make: Make,
        state: StackState | None,
    ) -> None:
        self._members, self._make = list(members), make
        self._vigils = [Vigil(rules) for rules in stopping]
        self._places = list(range(len(members)))  # in the job, of the members of the chunk
        self._kept: dict[int, StackState] = {}
        self._last: Point | None = None
        self._looks: tuple[Look, ...] = ()
        self._started = time.monotonic()
        self.chunk = make(members, state)

    @property
    def looks(self) -> tuple[Look, ...]:
        """What probes found so far."""
        return self._looks + self.chunk.looks

    @property
    def over(self) -> bool:
        """Whether all have stopped."""
        return all(vigil.reason for vigil in self._vigils)

    @property
    def stops(self) -> tuple[Stop, ...]:
        """What came of each member."""
        return tuple(vigil.stop() for vigil in self._vigils)

    def point(self) -> Point:
        """Score the chunk, let those stop that should; who had stopped stays as at its last check."""
        found = self.chunk.point()
        rows = {place: row for row, place in enumerate(self._places) if not self._vigils[place].reason}
        full = found if self._last is None else _updated(self._last, found, rows)
        seconds, memory = time.monotonic() - self._started, memory_held()
        for place, row in rows.items():
            vigil = self._vigils[place]
            score = float(score_of(found.metrics, vigil.stopping.metric)[row])
            reason = vigil.take(Check(found.round, score, seconds, memory))
            if vigil.stopping.restore and vigil.improved:
                self._kept[place] = self.chunk.state.take([row])
            if reason:
                self._kept.setdefault(place, self.chunk.state.take([row]))
                self.chunk.frozen[row] = True
        self._compact()
        self._last = full
        return full

    def state(self) -> StackState:
        """The state that is kept of every member, in the job's order."""
        end = self.chunk.state.round
        rows = {place: row for row, place in enumerate(self._places)}
        parts = [
            self._kept[place] if place in self._kept else self.chunk.state.take([rows[place]])
            for place in range(len(self._members))
        ]
        return StackState.join([replace(part, round=end) for part in parts])  # who stopped waited until now

    def _compact(self) -> None:
        going = [row for row, place in enumerate(self._places) if not self._vigils[place].reason]
        if going and len(going) <= len(self._places) // 2:
            self._places = [self._places[row] for row in going]
            members = [self._members[place] for place in self._places]
            self._looks = self.looks
            self.chunk = self._make(members, self.chunk.state.take(going))


def _updated(last: Point, found: Point, rows: dict[int, int]) -> Point:
    """The last point of all members, with what was found of some: place in it → row of `found`."""

    def merged(before: Values, now: Values) -> Values:
        values = before.copy()
        values[list(rows)] = now[list(rows.values())]
        return values

    return replace(
        found,
        steps=merged(last.steps, found.steps),
        train_loss=merged(last.train_loss, found.train_loss),
        metrics={name: merged(last.metrics[name], values) for name, values in found.metrics.items()},
        probes={name: merged(last.probes[name], values) for name, values in found.probes.items()},
    )
