"""How much of a comparison a budget pays for: fewer seeds first, then fewer rates on each ladder.

Seeds that a verdict needs go last but for the coarsest ladder.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget
from steepest.evidence.looks import LATE, look_levels
from steepest.evidence.power import fewest_replicates
from steepest.evidence.verdict import FEWEST

FEWER_RUNGS = (4, 3)
LADDER_SHARE = 0.8
"""Rows of a ladder's trainings, as a share of those of a fold's."""

EARLIEST = 0.4
"""Share of the rounds before the first look."""

ALLOWANCE = 1.25
"""For ladders that grow, scoring, and workers that wait for each other."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How often everything is repeated.

    Args:
        seeds: rounds of cross-validation, each with folds and starts of its own.
        rungs: rates on each ladder; 0 where none is tuned.
        decays: further decays tried at the best rate; 0 where none is tuned.
    """

    seeds: int
    rungs: int
    decays: int = 0

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
        each = 1 + LADDER_SHARE * (self.rungs + self.decays)
        return sum(pace) * folds * self.seeds * each * ALLOWANCE / max(workers, 1)

    @property
    def words(self) -> str:
        """The scope in words."""
        seeds = f"{self.seeds} seed{'' if self.seeds == 1 else 's'}"
        return f"{seeds}, {self.rungs} rates on each ladder" if self.rungs else seeds


def affordable(
    full: Scope,
    pace: Sequence[float],
    folds: int,
    workers: int,
    left: float,
    budget: Budget,
    fewest: int = FEWEST,
) -> Scope:
    """The largest scope that the time left pays for.

    Args:
        full: what was asked for.
        pace, folds, workers: as for `Scope.seconds`.
        left: seconds left of the budget.
        budget: for the message.
        fewest: runs that a verdict needs.

    Raises:
        BadBudget: if not even the smallest fits.

    Example:
        >>> affordable(Scope(2, 5), [1.0, 1.0], 5, 1, 70.0, Budget.parse("75s"))
        Scope(seeds=1, rungs=5, decays=0)
    """
    for scope in _smaller(full, folds, fewest):
        if scope.seconds(pace, folds, workers) <= left:
            return scope
    *_, least = _smaller(full, folds, fewest)
    needed = budget.seconds or 0.0
    needed += least.seconds(pace, folds, workers) - left
    constraint = f"must be about {needed:.0f}s for the smallest comparison ({least.words})"
    raise BadBudget("budget", constraint, budget.text, "Or give it fewer epochs, folds or values.")


def rounds_at_looks(seeds: int, folds: int, contenders: int) -> tuple[int, ...]:
    """Rounds of cross-validation after which a comparison is judged: three at most, the last at the end.

    The first comes when the exact test could decide something, and not before two fifths are in.

    Args:
        seeds: rounds planned.
        folds: of each round.
        contenders: in the table.

    Example:
        >>> rounds_at_looks(seeds=4, folds=5, contenders=5), rounds_at_looks(20, 2, 2)
        ((3, 4), (8, 14, 20))
        >>> rounds_at_looks(seeds=1, folds=5, contenders=2)
        (1,)
    """
    share = 0.05 / max(contenders - 1, 1)  # of Holm's first step
    for first in range(math.ceil(seeds * EARLIEST), seeds):
        plan = tuple(sorted({first, (first + seeds) // 2, seeds}))
        level = look_levels([rounds * folds for rounds in plan], share, LATE)[0]
        if fewest_replicates(level) <= first * folds:
            return plan
    return (seeds,)


def _smaller(full: Scope, folds: int, fewest: int) -> Iterator[Scope]:
    needed = min(full.seeds, math.ceil(fewest / folds))
    for seeds in range(full.seeds, needed - 1, -1):
        yield replace(full, seeds=seeds)
    some, few = FEWER_RUNGS
    if full.rungs and needed > 1:
        yield replace(full, seeds=needed, rungs=some)
    for seeds in range(needed - 1, 0, -1):
        yield replace(full, seeds=seeds)
    if full.rungs:
        yield replace(full, seeds=1, rungs=some)
        yield replace(full, seeds=1, rungs=few)
