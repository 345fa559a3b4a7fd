"""How much of a search for conflicts a budget pays for.

Left out, in this order: seeds (but not those that a verdict needs), rates of the ladders, the decays, rates
again, and then combinations from the end of the list.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget
from steepest.evidence.factorial import FEWEST
from steepest.experiment.ladder import RUNGS
from steepest.experiment.scope import ALLOWANCE, FEWER_RUNGS, LADDER_SHARE

STEPS = 3
"""Weight decays tried beside the recipe's."""


@dataclass(frozen=True, slots=True)
class Work:
    """One setting's share of the work.

    Args:
        pace: seconds of one whole training.
        rate, decay: whether the rate and the decay are tuned.
    """

    pace: float
    rate: bool
    decay: bool


@dataclass(frozen=True, slots=True)
class Extent:
    """How often everything is repeated.

    Args:
        combinations: so many of the list, from its beginning.
        seeds: rounds of cross-validation.
        rungs: rates on each ladder; 0 where none is tuned.
        decays: further weight decays that are tried; 0 where none is tuned.
    """

    combinations: int
    seeds: int
    rungs: int
    decays: int

    def trainings(self, work: Work) -> float:
        """Trainings of a setting for each run that counts, in those of all rows."""
        tried = self.rungs * work.rate + self.decays * work.decay
        return 1 + LADDER_SHARE * tried

    def seconds(self, settings: Sequence[Sequence[Work]], folds: int, workers: int) -> float:
        """Wall time of the whole.

        Args:
            settings: those that each combination brings and those before it do not.
            folds: of each round of cross-validation.
            workers: processes that train.

        Example:
            >>> Extent(1, 2, 0, 0).seconds([[Work(0.5, True, True)] * 4, [Work(9.0, True, True)]], 5, 2)
            12.5
        """
        each = sum(work.pace * self.trainings(work) for row in settings[: self.combinations] for work in row)
        return each * folds * self.seeds * ALLOWANCE / max(workers, 1)

    @property
    def words(self) -> str:
        """The extent in words.

        Example:
            >>> Extent(3, 2, 7, 3).words
            '3 combinations, 2 seeds, 7 rates and 3 further decays for each run'
        """
        parts = [_count(self.combinations, "combination"), _count(self.seeds, "seed")]
        tuned = [_count(self.rungs, "rate")] if self.rungs else []
        tuned += [_count(self.decays, "further decay")] if self.decays else []
        return ", ".join([*parts, f"{' and '.join(tuned)} for each run"] if tuned else parts)


def full(combinations: int, seeds: int, tuned: bool) -> Extent:
    """All that was asked for."""
    return Extent(combinations, seeds, RUNGS * tuned, STEPS * tuned)


def affordable(
    wanted: Extent,
    settings: Sequence[Sequence[Work]],
    folds: int,
    workers: int,
    left: float,
    budget: Budget,
    epochs: float = 0.0,
) -> Extent:
    """The largest extent that the time left pays for.

    Args:
        wanted: what was asked for.
        settings, folds, workers: as for `Extent.seconds`.
        left: seconds left of the budget.
        budget: for the message.
        epochs: of the longest training, for the message.

    Raises:
        BadBudget: if not even one combination fits.

    Example:
        >>> four = [Work(0.1, True, True)] * 4
        >>> affordable(Extent(2, 2, 5, 3), [four, four], 10, 1, 80.0, Budget.parse("80s"))
        Extent(combinations=2, seeds=1, rungs=5, decays=3)
    """
    for extent in _smaller(wanted, folds):
        if extent.seconds(settings, folds, workers) <= left:
            return extent
    *_, least = _smaller(wanted, folds)
    work = least.seconds(settings, folds, workers)
    needed = (budget.seconds or 0.0) - left + work
    shorter = math.floor(epochs * left / work)
    remedy = f"Or give it {shorter} epochs: --epochs {shorter}." if shorter else "Or give it fewer epochs."
    constraint = f"must be about {math.ceil(needed)}s for the smallest search for conflicts ({least.words})"
    raise BadBudget("budget", constraint, budget.text, remedy)


def _smaller(wanted: Extent, folds: int) -> Iterator[Extent]:
    needed = min(wanted.seeds, math.ceil(FEWEST / folds))
    some, few = FEWER_RUNGS
    for count in range(wanted.combinations, 0, -1):
        for seeds in range(wanted.seeds, needed - 1, -1):
            yield Extent(count, seeds, wanted.rungs, wanted.decays)
        if wanted.rungs:
            yield Extent(count, needed, some, wanted.decays)
            yield Extent(count, needed, some, 0)
            yield Extent(count, needed, few, 0)


def _count(value: int, one: str) -> str:
    return f"{value} {one}{'' if value == 1 else 's'}"
