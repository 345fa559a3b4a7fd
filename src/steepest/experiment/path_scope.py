"""How much of an explanation the time pays for: pairs, replicates that decide the order, switches.

A rougher order is taken before fewer switches, and fewer pairs before either, but never so few that no step
could be told from chance. Half of the pairs come first: where they settle everything beyond doubt, the others
are spared.
"""

import math
from dataclasses import dataclass

from steepest.evidence.power import fewest_replicates
from steepest.evidence.verdict import FEWEST

MOST_SWITCHES, CHOOSING, MOST_PAIRS = 12, 12, 40
"""Switches at most; replicates that decide their order, and replicates that count, at most."""

FEWEST_CHOOSING = 3
"""Replicates that decide the order, at least: fewer could not say what stands out."""

CHOICES = 3
"""Steps with a choice that are planned for."""

ALPHA, EARLY = 0.05, 0.001
"""Chance of even one step that is named by chance, and what of it the look before the end may take (Haybittle
1971). It is so little because pairs share rows: what a stricter level loses, more pairs do not win back."""

UNLIMITED_CHOOSING = 6
"""Replicates that decide the order where there is no budget."""

MARGIN = 0.8
"""Share of the budget that is planned for: prices are measured on a few trainings."""

HALF = 0.5
"""Share of the pairs before the first look; where so few cannot decide, there is none."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How much is trained: switches, replicates that decide their order, replicates that count."""

    switches: int
    choosing: int
    pairs: int

    @property
    def trainings(self) -> int:
        """With a choice in so many steps; where there is no time for more, the others are one step.

        Example:
            >>> Scope(5, 2, 6).trainings  # two of the default and of 5, 4 and 3 candidates
            62
        """
        candidates = 1 + sum(range(max(self.switches - CHOICES, 1) + 1, self.switches + 1))
        return self.choosing * candidates + self.pairs * (self.switches + 1)


def least(switches: int) -> int:
    """Pairs below which no step could be told from chance, with Holm's adjustment for so many steps.

    Example:
        >>> least(1), least(8)
        (6, 9)
    """
    return max(FEWEST, fewest_replicates(family=switches))


def affordable(switches: int, trainings: float) -> Scope | None:
    """The most that so many trainings pay for: rather fewer pairs, then a rougher order, then fewer switches.

    Args:
        switches: found.
        trainings: that fit.

    Example:
        >>> affordable(3, 1000), affordable(3, 46), affordable(3, 5)
        (Scope(switches=3, choosing=12, pairs=40), Scope(switches=3, choosing=3, pairs=7), None)
    """
    for some in range(min(switches, MOST_SWITCHES), 0, -1):
        for choosing in range(CHOOSING, FEWEST_CHOOSING - 1, -1) if some > 1 else (0,):
            for pairs in range(MOST_PAIRS, least(some) - 1, -1):
                scope = Scope(some, choosing, pairs)
                if scope.trainings <= trainings:
                    return scope
    return None


def looks(pairs: int, steps: int) -> tuple[tuple[int, float], ...]:
    """When the steps are judged, and at which level: after half of the pairs if that can decide, and all.

    Args:
        pairs: planned.
        steps: to be judged, with Holm's adjustment.

    Example:
        >>> looks(40, 3), looks(12, 3)
        (((20, 0.001), (40, 0.049)), ((12, 0.05),))
    """
    first = math.ceil(HALF * pairs)
    if first < fewest_replicates(EARLY, steps):
        return ((pairs, ALPHA),)
    return (first, EARLY), (pairs, ALPHA - EARLY)
