"""How much of everything the budget allows: of time as measured so far, or of work as it is counted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.experiment.limits import excess
from steepest.experiment.purse import Purse, Time, Work, left
from steepest.experiment.study import Study

MOST_STEPS = 2000
MOST_EPOCHS = 60
LEAST_EPOCHS = 12
LEAST_ROUNDS = 3
FINAL = 1.25
"""A network of all development rows costs so many times one of a fold's four fifths."""

SCORING_EPOCHS = 0.2
"""What scoring a network on the test rows and on those it held out costs, in epochs of its training: 45 % of
as many rows as are developed on, where an epoch is 80 %, and forwards alone, a third of a step."""
DEFAULT_DEARER = 1.5
"""How many times the default's price a finalist is taken to need: a choice, not a measurement."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a study does of what costs a full training each.

    Args:
        contenders: recipes that are confirmed: the search's first ones, and the default.
        looks: paired replicates at which the confirmation looks at its verdict.
        seeds: networks of the winner and of the default that meet the test set.
        replicates: runs of the default that tell the noise.
        share: of the budget, to pay for `contenders` with the replicates of the second look, or with three
            where one look is all there is.
        dearest: a candidate may cost so many times the default; those beyond are not tried.
    """

    contenders: int
    looks: tuple[int, ...]
    seeds: int
    replicates: int
    share: float
    dearest: float = math.inf

    @property
    def trainings(self) -> int:
        """Full trainings that `share` pays for."""
        return self.contenders * (self.looks[1] if len(self.looks) > 1 else 3)


EXTENTS = (
    Extent(4, (8, 14, 20), 5, 8, 0.25),
    Extent(3, (7, 10, 14), 3, 5, 0.3, dearest=6.0),
    Extent(2, (6,), 2, 2, 0.5, dearest=2.0),
)
"""From what small data affords to what costly networks leave: fewer, but still in pairs on fresh seeds.

All of it is chosen, not measured. One thing binds: the first look comes where an exact test can decide, at 6
pairs with one look, at 7 with three.
"""

LOOKS = EXTENTS[0].looks


@dataclass(slots=True)
class Pace:
    """What the budget allows of everything, in seconds or in operations, whichever it limits.

    Args:
        study: that it is about.
        time, work: the two purses; `purse` is the one that counts.
        extent: how much the study does of what costs a full training each.
    """

    study: Study
    time: Time
    work: Work
    extent: Extent = EXTENTS[0]

    @classmethod
    def of(cls, study: Study, per_unit: float = 1.0, extent: Extent = EXTENTS[0]) -> "Pace":
        """A study's pace before anything is measured: so many seconds per unit of `Study.work`."""
        return cls(study, Time(study, per_unit), Work(study), extent)

    @property
    def purse(self) -> Purse:
        """What the present part of the study is paid from."""
        return self.time if self.study.settings.budget.flops is None else self.work

    @property
    def left(self) -> float:
        """What is not spent yet."""
        return left(self.purse)

    def measure(self) -> None:
        """Take in all members trained so far."""
        self.time.measure()

    def closing(self, recipes: Sequence[Recipe], replicates: int) -> float:
        """What it costs to confirm recipes (the default last), to train the first and the last on all rows,
        and to write.

        Where that is for two networks each, the time of one is kept: pairs tell more than a second network.
        """
        rounds = self.study.until(recipes[-1])
        seeds = self.extent.seeds if self.extent.seeds > 2 else 1
        test = self.purse.alone([recipes[0], recipes[-1]] * seeds, rounds * FINAL)
        return (
            self.purse.price(recipes, rounds * replicates)
            + test
            + self._together(recipes[0])
            + self.purse.writing
        )

    def _together(self, recipe: Recipe) -> float:
        """Time to score an ensemble of a recipe's replicates, where it is kept: one process does that."""
        if "ensemble" not in self.study.settings.keep or self.purse is not self.time:
            return 0.0
        epochs = SCORING_EPOCHS * self.extent.looks[0] * max(self.study.workers.count, 1)
        return self.purse.price([recipe], epochs * self.study.rounds)

    def pairs(self, recipes: Sequence[Recipe], left: float) -> int:
        """Replicates of recipes (the default last) that so much pays for, the test included."""
        if math.isinf(left):
            return self.extent.looks[0]
        each = self.closing(recipes, 1) - self.closing(recipes, 0)
        return max(0, int((left - self.closing(recipes, 0)) / max(each, 1e-9)))

    def final_seeds(self, winner: Recipe, default: Recipe) -> int:
        """Networks of the winner and of the default that are paid for, at least one each."""
        if math.isinf(self.purse.limit):
            return self.extent.seeds
        left = self.left - self.purse.writing
        each = self.purse.alone([winner, default], FINAL * self.study.until(default))
        return max(1, min(self.extent.seeds, int(left / max(each, 1e-9))))

    def allowed(self, recipe: Recipe) -> bool:
        """Whether a candidate can be made for this data, is cheap enough to try, and within limits."""
        try:
            cost = self.study.work(recipe)
        except BadInput:  # knobs that are fine one by one, such as more halvings than an image has pixels for
            return False
        study = self.study
        affordable = cost <= self.extent.dearest * study.work(study.settings.start)
        return affordable and excess(recipe, study.limits, study.gauge) <= 1


def horizon(study: Study, pace: Pace) -> int:
    """Rounds of a full training: as many as confirmation can afford, up to what the data can use.

    Sets the extent too: the largest whose trainings may be at least half as long as the data can use, else
    the smallest. Only the largest goes beyond that half, so that a longer budget never makes a shorter
    training. Where not even calibration and one network of `LEAST_ROUNDS` fit, they are shorter.
    """
    steps = math.ceil(len(study.outer.train) * 0.8 / study.settings.start.batch_size)
    useful = min(MOST_EPOCHS, max(LEAST_EPOCHS, MOST_STEPS // steps)) * study.rounds
    if math.isinf(pace.purse.limit):
        return max(LEAST_ROUNDS, useful)
    rest = max(pace.left - pace.purse.writing, 0.0)  # a slow start leaves less
    each = max(pace.purse.price([study.settings.start], 1) * DEFAULT_DEARER, 1e-9)
    afford = 0
    for extent in EXTENTS:
        pace.extent = extent
        afford = int(extent.share * rest / (extent.trainings * each))
        if afford >= useful / 2:
            break
    most = useful if pace.extent is EXTENTS[0] else math.ceil(useful / 2)
    least = int(rest / max(2 * pace.purse.alone([study.settings.start], FINAL), 1e-9))
    return max(1, min(LEAST_ROUNDS, least), min(most, afford))
