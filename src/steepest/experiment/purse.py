"""What a study may spend, and what training costs, in one unit: seconds, or floating-point operations.

All that a study affords is decided by a purse. Time is measured, so that what it affords hangs on the machine
and the moment. Work is counted: the same on every machine, and after a kill.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from steepest.base.recipe import Recipe
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.training.planning import stacks

WRITING_SECONDS, SLOWEST_BYTES = 0.7, 20e6
"""Seconds to write the folder and the report, beside the data; bytes of the data in one second."""


class Purse(Protocol):
    """A limit, what is spent of it, and prices."""

    @property
    def limit(self) -> float:
        """All there is to spend, from the beginning of the study; infinite where neither is limited."""

    @property
    def began(self) -> float:
        """What was spent when the present part of the study began."""

    @property
    def writing(self) -> float:
        """What is kept for the end, when nothing is trained any more."""

    def spent(self) -> float:
        """What is spent by now."""

    def price(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """What it costs to train recipes for so many rounds each, as a part of much else."""

    def alone(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """The same where nothing else is left to do: no worker helps another with its last recipe."""

    def alarm(self, until: float) -> float:
        """When training must stop for no more than `until` to be spent, on the study's clock."""


def left(purse: Purse) -> float:
    """What is not spent yet."""
    return purse.limit - purse.spent()


@dataclass(slots=True)
class Time:
    """Wall time, in seconds: prices are those of every job done so far.

    Args:
        study: whose members are counted.
        per_unit: measured seconds per unit of `Study.work`, on one worker, over all that was trained.
        by_family: the same for each family that has been trained: of what was searched where there is any,
            since trial 0, whose knobs are mostly off, takes less than its work suggests.
        by_recipe: measured seconds per round of trial 0, and of recipes that do not train in stacks, by their
            key.
    """

    study: Study
    per_unit: float = 1.0
    by_family: dict[str, float] = field(default_factory=dict)
    by_recipe: dict[str, float] = field(default_factory=dict)

    @property
    def limit(self) -> float:
        """The budget's seconds."""
        return self.study.settings.budget.seconds or math.inf

    @property
    def began(self) -> float:
        """On the study's clock."""
        return self.study.began

    @property
    def writing(self) -> float:
        """Seconds to write the folder: the data are most of it."""
        return writing_seconds(self.study.data.x.nbytes)

    def spent(self) -> float:
        """The study's clock."""
        return self.study.clock.elapsed()

    def price(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """Wall time on all workers."""
        one_worker = sum(self._round(recipe) for recipe in recipes)
        return one_worker * rounds / max(self.study.workers.count, 1)

    def alone(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """Wall time until the slowest is done."""
        each = [self._round(recipe) * rounds for recipe in recipes]
        return max([sum(each) / max(self.study.workers.count, 1), *each])

    def alarm(self, until: float) -> float:
        """That moment itself."""
        return until

    def measure(self) -> None:
        """Take in all members trained so far."""
        work: defaultdict[str, float] = defaultdict(float)
        seconds: defaultdict[str, float] = defaultdict(float)
        trained = [m for m in self.study.members if m.scores]
        searched = {m.member.recipe.network for m in trained if not _is_default(m)}
        for m in trained:
            family = m.member.recipe.network
            if not (_is_default(m) and family in searched):
                work[family] += self.study.work(m.member.recipe) * max(m.scores)
                seconds[family] += m.seconds
        self._measure_recipes()
        self.by_family = {family: seconds[family] / work[family] for family in work if work[family]}
        if self.by_family:
            self.per_unit = sum(seconds.values()) / sum(work.values())

    def _round(self, recipe: Recipe) -> float:
        """Seconds of one round on one worker: as measured of the recipe itself, else as its work suggests."""
        if self.by_recipe and (known := self.by_recipe.get(recipe.key())):
            return known
        return self.study.work(recipe) * self.by_family.get(recipe.network, self.per_unit)

    def _measure_recipes(self) -> None:
        """The latest training of a recipe counts: earlier ones may have shared the machine with baselines."""
        for m in self.study.members:
            recipe = m.member.recipe
            if m.scores and (_is_default(m) or not stacks(recipe, self.study.ports)):
                self.by_recipe[recipe.key()] = m.seconds / max(m.scores)


@dataclass(frozen=True, slots=True)
class Work:
    """Floating-point operations of training, as networks and rows give them; no clock enters."""

    study: Study

    @property
    def limit(self) -> float:
        """The budget's operations."""
        return self.study.settings.budget.flops or math.inf

    @property
    def began(self) -> float:
        """Operations before this part."""
        return self.study.began_operations

    @property
    def writing(self) -> float:
        """Nothing: only training counts."""
        return 0.0

    def spent(self) -> float:
        """Operations of all rounds that the journal has."""
        return self.study.operations

    def price(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """Operations of as many rounds of the search or the confirmation."""
        return sum(self.study.operations_of(recipe) for recipe in recipes) * rounds

    def alone(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """The same."""
        return self.price(recipes, rounds)

    def alarm(self, until: float) -> float:  # noqa: ARG002
        """Never: what has begun is paid for."""
        return math.inf


def _is_default(m: Trained) -> bool:
    """Whether a member is a run of trial 0."""
    return m.plan.label == "default"


def writing_seconds(size: int) -> float:
    """Seconds to write a run folder.

    Args:
        size: bytes of the encoded data, compressed up to `SLOWEST_BYTES`.

    Example:
        >>> writing_seconds(0), writing_seconds(10**9)
        (0.7, 1.7)
    """
    return WRITING_SECONDS + min(size / SLOWEST_BYTES, 1.0)
