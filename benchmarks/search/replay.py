"""Searches replayed on recorded curves: the same strategies, a simulated clock, confirmed scores.

The space of a replay is its pool: whatever a strategy makes up, a point, a mutation, a model's proposal,
becomes the nearest recipe of the pool that it has not met yet (`PoolSpace`). A strategy learns from that
recipe, not from the one it made up. So nobody can find anything better than the pool's best, and all meet the
same pool. Training takes what it was recorded to take per round; the members of an order train one after the
other. What the strategy itself takes is not counted, nor that members side by side train faster than alone,
which favours searches that train few at a time.

A study lets its leaders meet again before it names the first, whatever the strategy. So does a replay: of up
to `PLAYOFF_MEMBERS` that came furthest and scored best, the one leads whose confirmed score, with the noise
of `PLAYOFF_ROUNDS` trainings added, is highest.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.record import Array, Records, space_for
from steepest.base.knobs import Choice, Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.experiment.searching import PLAYOFF_MEMBERS, PLAYOFF_ROUNDS
from steepest.search.rungs import rung_rounds
from steepest.search.space import Space
from steepest.search.strategy import Order, Proposal, Report, Start, Strategy

OVER = 1.03
"""Of the budget: members whose training would end later are left out, as a study would leave them out."""


class PoolSpace(Space):
    """A space of which only the recipes of a pool exist, each of them once."""

    pool: tuple[Recipe, ...]
    codes: Array
    met: NDArray[np.bool_]
    wholes: dict[str, Range | Choice]

    def __init__(self, records: Records) -> None:
        whole = space_for(records.task, records.form, records.base)
        super().__init__(
            whole.base, whole.names, whole.allowed, whole.task, whole.families, whole.extra, whole.asked
        )
        object.__setattr__(self, "wholes", {name: whole.everywhere(name) for name in whole.names})
        object.__setattr__(self, "pool", records.recipes)
        object.__setattr__(self, "codes", np.array([self.code(recipe) for recipe in records.recipes]))
        object.__setattr__(self, "met", np.zeros(len(records.recipes), dtype=bool))

    def everywhere(self, name: str) -> Range | Choice:
        """As in any space, but known beforehand."""
        found: Range | Choice = self.wholes[name]
        return found

    def tidy(self, values: Mapping[str, Any]) -> Recipe:
        """The nearest recipe that was not met yet; the base once all were."""
        if self.met.all():
            return self.base
        distance = np.abs(self.codes - self.code(Space.tidy(self, values))).sum(axis=1)
        distance[self.met] = np.inf
        nearest = int(np.argmin(distance))
        self.met[nearest] = True
        return self.pool[nearest]

    def code(self, recipe: Recipe) -> Array:
        """A recipe as numbers: a place within each range, half a step for every option that differs."""
        values, relevant, found = recipe.dotted(), dotted(recipe.relevant()), []
        for name in self.names:
            where, value, whole = self.where(name, values), values[name], self.everywhere(name)
            if isinstance(where, Choice) or isinstance(whole, Choice):
                options = whole.options if isinstance(whole, Choice) else ()
                found += [0.5 * (name in relevant and value == option) for option in options]
                continue
            on = name in relevant and value != where.off
            to: Callable[[float], float] = math.log if where.scale == "log" else float
            inside = min(max(value, where.low), where.high) if on else where.low
            place = (to(inside) - to(where.low)) / max(to(where.high) - to(where.low), 1e-12)
            found += [0.5 * on, place if on else 0.5]
        return np.array(found)


@dataclass
class Replay:
    """Carries out orders on records; it is its own `Means`.

    Args:
        records: what was recorded.
        budget: seconds of the simulated clock.
    """

    records: Records
    budget: float
    clock: float = 0.0
    trail: list[tuple[float, int, float, int]] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict)
    _numbers: list[int] = field(default_factory=list)
    _at: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rungs: Sequence[int] = rung_rounds(self.records.curves.shape[1])
        self.noise = self.records.noise
        self._index = {recipe.key(): i for i, recipe in enumerate(self.records.recipes)}
        self._each = float(self.records.seconds.mean())

    def affordable(self, rounds: float, share: float, most: int) -> int:
        """By the mean cost of the members begun, as a study foresees it."""
        each = float(self.records.seconds[self._numbers].mean()) if self._numbers else self._each
        return max(0, min(most, int((share * self.budget - self.clock) / (rounds * each))))

    def costs(self, _: Recipe) -> tuple[float, ...]:
        """The score alone counts."""
        return ()

    def recalled(self) -> tuple[Proposal, ...]:
        """Nothing: a replay begins afresh."""
        return ()

    def carry_out(self, order: Order) -> Report:
        """Train one after the other; after each of them it is known who leads."""
        if isinstance(order, Start):
            first = len(self._numbers)
            self._numbers += [self._index[p.recipe.key()] for p in order.proposals]
            members = tuple(range(first, len(self._numbers)))
        else:
            members = order.members
        scores = {}
        for number in members:
            i = self._numbers[number]
            ends = self.clock + (order.until - self._at.get(number, 0)) * self.records.seconds[i]
            if ends > OVER * self.budget:
                continue
            self.clock, self._at[number] = ends, order.until
            scores[number] = float(self.records.curves[i, order.until - 1])
            if not math.isnan(scores[number]):
                self.trail.append((self.clock, order.until, scores[number], i))
        return Report(members, scores)

    def run(self, strategy: Strategy) -> None:
        """Replay a search."""
        steps = strategy.run(self)
        try:
            order = next(steps)
            while self.clock < self.budget:
                order = steps.send(self.carry_out(order))
        except StopIteration:
            pass

    def confirmed(self, fractions: Sequence[float], seed: int) -> list[float]:
        """Confirmed score of who leads after fractions of the budget; the default's before anybody does."""
        truth = self.records.confirmed
        luck = generator(seed, "play-off").normal(0, self.noise / math.sqrt(PLAYOFF_ROUNDS), len(truth))
        found = []
        for fraction in fractions:
            known = [row[1:] for row in self.trail if row[0] <= fraction * self.budget * OVER]
            furthest = sorted((row for row in known if row[0] == max(known)[0]), reverse=True)
            leaders = [i for _, _, i in furthest[:PLAYOFF_MEMBERS]]
            first = max(leaders, key=lambda i: truth[i] + luck[i], default=None)
            found.append(self.records.default if first is None else float(truth[first]))
        return found


def gained(records: Records, confirmed: Sequence[float]) -> Array:
    """Confirmed scores between the pool's median, 0, and its best, 1; no lower than -1."""
    middle, best = float(np.median(records.confirmed)), float(records.confirmed.max())
    return np.clip((np.asarray(confirmed) - middle) / max(best - middle, 1e-12), -1, 1)
