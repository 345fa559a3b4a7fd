"""What things cost, as measured so far in this study, and how much of everything the budget allows."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.experiment.limits import excess
from steepest.experiment.study import Study
from steepest.training.planning import stacks

MOST_STEPS = 2000
MOST_EPOCHS = 60
LEAST_EPOCHS = 12
WRITING_SECONDS = 2.5
DEFAULT_DEARER = 1.5
"""How many times the default's time a finalist is taken to need: a choice, not a measurement."""


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
    """Seconds per unit of work, from every job done so far.

    Args:
        study: whose members are counted.
        per_unit: measured seconds per unit of `Study.work`, on one worker, over all that was trained.
        by_family: the same for each family that has been trained.
        by_recipe: measured seconds per round of recipes that do not train in stacks, by their key.
        extent: how much the study does of what costs a full training each.
    """

    study: Study
    per_unit: float = 1.0
    extent: Extent = EXTENTS[0]
    by_family: dict[str, float] = field(default_factory=dict)
    by_recipe: dict[str, float] = field(default_factory=dict)

    def measure(self) -> None:
        """Take in all members trained so far."""
        work: defaultdict[str, float] = defaultdict(float)
        seconds: defaultdict[str, float] = defaultdict(float)
        for m in (m for m in self.study.members if m.scores):
            family = m.member.recipe.network
            work[family] += self.study.work(m.member.recipe) * max(m.scores)
            seconds[family] += m.seconds
        self._measure_recipes()
        self.by_family = {family: seconds[family] / work[family] for family in work if work[family]}
        if self.by_family:
            self.per_unit = sum(seconds.values()) / sum(work.values())

    def seconds(self, recipes: Iterable[Recipe], rounds: float) -> float:
        """Wall time to train recipes for so many rounds each, on all workers."""
        alone = sum(self._round(recipe) for recipe in recipes)
        return alone * rounds / max(self.study.workers.count, 1)

    def _round(self, recipe: Recipe) -> float:
        """Seconds of one round on one worker: as measured of the recipe itself, else as its work suggests."""
        if self.by_recipe and (known := self.by_recipe.get(recipe.key())):
            return known
        return self.study.work(recipe) * self.by_family.get(recipe.network, self.per_unit)

    def _measure_recipes(self) -> None:
        """The latest training of a recipe counts: earlier ones may have shared the machine with baselines."""
        for m in self.study.members:
            recipe = m.member.recipe
            if m.scores and not stacks(recipe, self.study.ports):
                self.by_recipe[recipe.key()] = m.seconds / max(m.scores)

    def closing(self, recipes: Sequence[Recipe], replicates: int) -> float:
        """Wall time to confirm recipes (the default last) and to train the first and the last on all rows.

        Where that is for two networks each, the time of one is kept: pairs tell more than a second network.
        """
        rounds = self.study.until(recipes[-1])
        seeds = self.extent.seeds if self.extent.seeds > 2 else 1
        test = self.seconds([recipes[0], recipes[-1]], rounds * seeds * 1.25)
        return self.seconds(recipes, rounds * replicates) + test + WRITING_SECONDS

    def pairs(self, recipes: Sequence[Recipe], left: float) -> int:
        """Replicates of recipes (the default last) that fit into so many seconds, the test included."""
        if math.isinf(left):
            return self.extent.looks[0]
        each = self.closing(recipes, 1) - self.closing(recipes, 0)
        return max(0, int((left - self.closing(recipes, 0)) / max(each, 1e-9)))

    def final_seeds(self, winner: Recipe, default: Recipe) -> int:
        """Networks of the winner and of the default that there is time for, at least one each."""
        limit = self.study.settings.budget.seconds
        if limit is None:
            return self.extent.seeds
        left = limit - self.study.clock.elapsed() - WRITING_SECONDS
        each = 1.25 * self.seconds([winner, default], self.study.until(default))
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
    training.
    """
    steps = math.ceil(len(study.outer.train) * 0.8 / study.settings.start.batch_size)
    useful = min(MOST_EPOCHS, max(LEAST_EPOCHS, MOST_STEPS // steps)) * study.rounds
    if study.settings.budget.seconds is None:
        return max(3, useful)
    each = max(pace.seconds([study.settings.start], 1) * DEFAULT_DEARER, 1e-9)
    afford = 0
    for extent in EXTENTS:
        pace.extent = extent
        afford = int(extent.share * study.settings.budget.seconds / (extent.trainings * each))
        if afford >= useful / 2:
            break
    most = useful if pace.extent is EXTENTS[0] else math.ceil(useful / 2)
    return max(3, min(most, afford))
