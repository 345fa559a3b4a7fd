"""The trainings on the way from the default to a winner: which switch comes first, what each step gains."""

import math
import time
from collections.abc import Sequence

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput, BadRecipe
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.evidence.verdict import FEWEST, Verdict
from steepest.experiment.ablation import Step, Switch, leading, steps
from steepest.experiment.path_scope import (
    CHOOSING,
    MARGIN,
    MOST_PAIRS,
    MOST_SWITCHES,
    UNLIMITED_CHOOSING,
    Scope,
    affordable,
    least,
    looks,
)
from steepest.experiment.trainings import Trainings
from steepest.experiment.workers import Workers
from steepest.networks.architecture import spec_of
from steepest.training.metrics import is_lower_better
from steepest.training.source import Source

TIMED = 6
"""Replicates that are timed."""

Path = list[tuple[Switch, Recipe]]  # each switch with the recipe after it


class PathRuns(Trainings):
    """The trainings at work.

    Args:
        default, winner: the two ends.
        source: its splits are those that decide the order, then those that count.
        pool, listener, clock, objective, seed, budget: as for `Trainings`.
    """

    def __init__(
        self,
        default: Recipe,
        winner: Recipe,
        source: Source,
        pool: Workers,
        listener: Listener,
        clock: Clock,
        objective: str,
        seed: int,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(source, pool, listener, clock, objective, seed=seed, place="explain", budget=budget)
        self.default, self.winner = default, winner
        self._began = clock.elapsed()

    def scope(self, found: int) -> Scope:
        """What the budget pays for, by the price of the two ends.

        Args:
            found: switches.

        Raises:
            BadBudget: if it does not pay for a verdict.
        """
        some, budget = min(found, MOST_SWITCHES), self.budget
        if budget is None:
            scope = Scope(some, UNLIMITED_CHOOSING if some > 1 else 0, MOST_PAIRS)
        else:
            each = self._price()
            left = MARGIN * self.limit - self.clock.elapsed()
            fitting = affordable(found, left / each)
            if fitting is None:
                need = (self.clock.elapsed() + Scope(1, 0, FEWEST).trainings * each) / MARGIN
                constraint = f"must pay for {FEWEST} pairs of trainings, below which nothing is decided"
                remedy = f"Give it {math.ceil(need)}s at least, or some minutes for single switches."
                raise BadBudget("budget", constraint, budget.text, remedy)
            scope = fitting
        self.planned = self.trainings + scope.trainings
        return scope

    def say_joined(self, found: Sequence[Switch], chosen: Sequence[Switch]) -> None:
        """Say which switches were too many."""
        if len(chosen) < len(found):
            joined = next(switch.name for switch in chosen if switch not in found)
            self.say(f"{len(found)} switches are too many for the budget: {joined} change as one.")

    def ordered(self, chosen: Sequence[Switch], replicates: int) -> Path:
        """The path: in every step the switch that gains most on the replicates that decide.

        From the second step on, switches of which none stands out there are turned together: a step that does
        nothing would cost the others their power.
        """
        path: Path = []
        recipe, left = self.default, list(chosen)
        before = self._on("order", [recipe], range(replicates))[0] if len(left) > 1 else []
        while len(left) > 1:
            able = [(switch, turned) for switch in left if (turned := self._turned(switch, recipe))]
            if not able:
                break
            if path and not self._fits(len(able) * replicates, len(path) + 1):
                self.say(f"There was no time to order the last {len(left)} switches: they are one step.")
                break
            scores = self._on("order", [turned for _, turned in able], range(replicates))
            best, clear = leading(before, scores)
            if path and not clear:
                names = f"{len(left)} switches gained no more than chance where the order was decided"
                self.say(f"{names}: they are one step.")
                break
            switch, recipe = able[best]
            path.append((switch, recipe))
            left.remove(switch)
            before = scores[best]
        if left:
            rest = Switch({name: change for switch in left for name, change in switch.changes.items()})
            path.append((rest, self.winner))
        return path

    def judged(self, path: Path, seed: int) -> tuple[list[list[float]], list[Step], Verdict]:
        """Train the default and every step on the pairs that there is time for, and judge.

        Some of the pairs come first: where every step is known from them beyond doubt, the others are spared.

        Args:
            path: as `ordered` found it.
            seed: fixes the bootstrap.

        Returns:
            Scores of the default and of every step, the steps, and the end against the start.
        """
        recipes = [self.default, *(recipe for _, recipe in path)]
        plan = looks(self._pairs(len(path)), len(path))
        most = plan[-1][0]
        self.planned = self.trainings + most * len(recipes)
        scores: list[list[float]] = [[] for _ in recipes]
        for pairs, alpha in plan:
            more = self._on("steps", recipes, range(CHOOSING + len(scores[0]), CHOOSING + pairs))
            scores = [[*before, *row] for before, row in zip(scores, more, strict=True)]
            lower = is_lower_better(self.objective)
            found, total = steps(path, scores, self.objective, lower, seed, alpha)
            if "unresolved" not in {total.kind, *(step.verdict.kind for step in found)}:
                break
        if pairs < most:
            self.say(f"Every step was known beyond doubt after {pairs} of {most} pairs.")
        elif len(plan) > 1:
            self.say(f"After {plan[0][0]} pairs not every step was known beyond doubt: {pairs} were trained.")
        return scores, found, total

    def _pairs(self, count: int) -> int:
        """Replicates that count: as many as there is time for."""
        fitting = self._affordable() / (count + 1)
        return MOST_PAIRS if fitting >= MOST_PAIRS else max(int(fitting), least(count))

    def _fits(self, trainings: int, count: int) -> bool:
        """Whether there is time for so many trainings, and then for the fewest pairs of one step more."""
        return trainings + least(count + 1) * (count + 2) <= self._affordable()

    def _affordable(self) -> float:
        """Trainings that fit from here on, at what the others took."""
        each = (self.clock.elapsed() - self._began) / max(self.trainings, 1)
        return (MARGIN * self.limit - self.clock.elapsed()) / max(each, 1e-9)

    def _turned(self, switch: Switch, recipe: Recipe) -> Recipe | None:
        """The recipe after a switch; None where it would be no recipe for this data."""
        try:
            turned = switch.turned(recipe)
            spec_of(turned, self.source.ports)
        except (BadRecipe, BadInput):
            return None
        return turned

    def _on(self, stage: str, recipes: Sequence[Recipe], replicates: range) -> list[list[float]]:
        """Scores of every recipe on every replicate; NaN where one diverged."""
        self.planner.learn(recipes)
        return self.scores(stage, [[recipe] * len(replicates) for recipe in recipes], replicates)

    def _price(self) -> float:
        """Seconds of a training, of both ends side by side, once the workers are warm."""
        ends = [self.default, self.winner]
        self._on("time", ends, range(1))
        began = time.perf_counter()
        self._on("time", ends, range(TIMED))
        return max(time.perf_counter() - began, 1e-3) / (2 * TIMED)
