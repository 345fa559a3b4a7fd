"""What things cost, as measured so far in this study, and how long training may be within the budget."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from steepest.base.recipe import Recipe
from steepest.experiment.study import Study

CONTENDERS = 4
"""Recipes that are confirmed: the search's first three, and the default."""

LOOKS = (8, 14, 20)
"""Paired replicates at which the confirmation looks at its verdict."""

FINAL_SEEDS = 5
"""Networks of the winner and of the default that meet the test set."""

MOST_STEPS = 2000
MOST_EPOCHS = 60
WRITING_SECONDS = 2.5


@dataclass(slots=True)
class Pace:
    """Seconds per unit of work, from every job done so far.

    Args:
        study: whose members are counted.
        per_unit: measured seconds per unit of `Study.work`, on one worker.
    """

    study: Study
    per_unit: float = 1.0

    def measure(self) -> None:
        """Take in all members trained so far."""
        trained = [m for m in self.study.members if m.scores]
        work = sum(self.study.work(m.member.recipe) * max(m.scores) for m in trained)
        if work:
            self.per_unit = sum(m.seconds for m in trained) / work

    def seconds(self, recipes: Iterable[Recipe], epochs: float) -> float:
        """Wall time to train recipes for so many epochs each, on all workers."""
        work = sum(self.study.work(r) for r in recipes) * epochs
        return self.per_unit * work / max(self.study.workers.count, 1)

    def closing(self, recipes: Sequence[Recipe], replicates: int) -> float:
        """Wall time to confirm recipes (the default last) and to train the first and the last on all rows."""
        epochs = recipes[-1].epochs
        test = self.seconds([recipes[0], recipes[-1]], epochs * FINAL_SEEDS * 1.25)
        return self.seconds(recipes, epochs * replicates) + test + WRITING_SECONDS


def horizon(study: Study, pace: Pace) -> int:
    """Epochs of a full training: as many as confirmation can afford, up to what small data can use.

    A quarter of the budget pays for `CONTENDERS` recipes with the replicates of the second look, at one and a
    half times the default's cost.
    """
    rows, batch = len(study.outer.train) * 0.8, study.settings.start.batch_size
    steps = math.ceil(rows / batch)
    useful = min(MOST_EPOCHS, max(9, MOST_STEPS // steps))
    if study.settings.budget.seconds is None:
        return max(3, useful)
    each = pace.seconds([study.settings.start], 1) * 1.5
    afford = 0.25 * study.settings.budget.seconds / (CONTENDERS * LOOKS[1] * max(each, 1e-9))
    return max(3, min(useful, int(afford)))
