"""How much of a comparison a budget pays for: fewer seeds first, then fewer rates on each ladder.

Seeds that a verdict needs go last but for the coarsest ladder.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget
from steepest.evidence.verdict import FEWEST

FEWER_RUNGS = (5, 3)
LADDER_SHARE = 0.8
"""Rows of a ladder's trainings, as a share of those of a fold's."""

ALLOWANCE = 1.25
"""For ladders that grow, scoring, and workers that wait for each other."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How often everything is repeated.

    Args:
        seeds: rounds of cross-validation, each with folds and starts of its own.
        rungs: rates on each ladder; 0 where none is tuned.
    """

    seeds: int
    rungs: int

    def seconds(self, pace: Sequence[float], folds: int, workers: int) -> float:
        """Wall time of the whole comparison.

        Args:
            pace: seconds of one training of each value.
            folds: of each round of cross-validation.
            workers: processes that train.

        Example:
            >>> Scope(seeds=1, rungs=0).seconds([1.0, 3.0], folds=5, workers=2)
            12.5
        """
        each = 1 + LADDER_SHARE * self.rungs
        return sum(pace) * folds * self.seeds * each * ALLOWANCE / max(workers, 1)

    @property
    def words(self) -> str:
        """The scope in words."""
        seeds = f"{self.seeds} seed{'' if self.seeds == 1 else 's'}"
        return f"{seeds}, {self.rungs} rates on each ladder" if self.rungs else seeds


def affordable(
    full: Scope, pace: Sequence[float], folds: int, workers: int, left: float, budget: Budget
) -> Scope:
    """The largest scope that the time left pays for.

    Args:
        full: what was asked for.
        pace, folds, workers: as for `Scope.seconds`.
        left: seconds left of the budget.
        budget: for the message.

    Raises:
        BadBudget: if not even the smallest fits.

    Example:
        >>> affordable(Scope(2, 7), [1.0, 1.0], 5, 1, 90.0, Budget.parse("95s"))
        Scope(seeds=1, rungs=7)
    """
    for scope in _smaller(full, folds):
        if scope.seconds(pace, folds, workers) <= left:
            return scope
    *_, least = _smaller(full, folds)
    needed = budget.seconds or 0.0
    needed += least.seconds(pace, folds, workers) - left
    constraint = f"must be about {needed:.0f}s for the smallest comparison ({least.words})"
    raise BadBudget("budget", constraint, budget.text, "Or give it fewer epochs, folds or values.")


def _smaller(full: Scope, folds: int) -> Iterator[Scope]:
    needed = min(full.seeds, math.ceil(FEWEST / folds))
    for seeds in range(full.seeds, needed - 1, -1):
        yield Scope(seeds, full.rungs)
    some, few = FEWER_RUNGS
    if full.rungs and needed > 1:
        yield Scope(needed, some)
    for seeds in range(needed - 1, 0, -1):
        yield Scope(seeds, full.rungs)
    if full.rungs:
        yield Scope(1, some)
        yield Scope(1, few)
