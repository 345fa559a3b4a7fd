"""Why the winner won: from the default to it one switch at a time, every step trained anew.

In every step the switch that gains most comes first. Which that is, is decided on replicates of its own; what
each step gains is then measured on others, so that the choice flatters no step.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput, BadRecipe
from steepest.base.progress import Listener, Progress
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.data.dataset import DataSet
from steepest.data.split import inner_split, outer_split
from steepest.evidence.power import fewest_replicates
from steepest.evidence.verdict import FEWEST, Verdict
from steepest.experiment.ablation import Step, Switch, grouped, steps, switches
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers
from steepest.networks.architecture import spec_of
from steepest.training.job import Job
from steepest.training.member import Member
from steepest.training.metrics import is_lower_better, score_of
from steepest.training.planner import Planner
from steepest.training.planning import chunks
from steepest.training.source import Source

MOST_SWITCHES, CHOOSING, MOST_PAIRS, PAIRS = 12, 12, 20, 12
"""Switches at most; replicates that decide their order; those that count, at most and without a budget."""

FEWEST_CHOOSING, TIMED = 3, 6
"""Replicates that decide the order, at least: fewer could not say what stands out; those that are timed."""

CHOICES = 3
"""Steps with a choice that are planned for."""

MARGIN = 0.8
"""Share of the budget that is planned for: prices are measured on a few trainings."""


@dataclass(frozen=True)
class Why:
    """What is explained: a finished study's two ends.

    Args:
        default, winner: recipes.
        objective: the score.
        seed: of the study.
        shares: importance of knobs, where known.
        workers: processes to train in.
        budget: wall time; None for no limit.
    """

    default: Recipe
    winner: Recipe
    objective: str
    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)
    workers: int = 0
    budget: Budget | None = None

    def __post_init__(self) -> None:
        if self.budget is not None and self.budget.seconds is None:
            raise BadBudget("budget", "must be a time", self.budget.text, "Write 60s, 3m or 2h.")


@dataclass(frozen=True)
class Explained:
    """The way, step by step.

    Args:
        start: scores of the default on the replicates.
        steps: in the order in which they gain.
        total: the winner against the default.
        choosing: replicates that decided the order.
        trainings, seconds: what it took.
        notes: decisions that the reader should know of.
    """

    start: tuple[float, ...]
    steps: tuple[Step, ...]
    total: Verdict
    choosing: int
    trainings: int
    seconds: float
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The "explanation" document: plain JSON values."""
        return {
            "key": self.steps[-1].recipe.key(),
            "n": len(self.start),
            "choosing": self.choosing,
            "trainings": self.trainings,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "start": {"scores": list(self.start), **_moments(self.start)},
            "total": self.total.to_dict(),
            "steps": [
                {
                    "switch": step.switch.name,
                    "changes": {name: list(change) for name, change in step.switch.changes.items()},
                    "scores": list(step.scores),
                    **_moments(step.scores),
                    "verdict": step.verdict.to_dict(),
                    "share": step.share,
                    "share_low": step.share_low,
                    "share_high": step.share_high,
                }
                for step in self.steps
            ],
        }


def _moments(scores: Sequence[float]) -> dict[str, Any]:
    known = np.array([s for s in scores if np.isfinite(s)])
    return {
        "mean": float(known.mean()) if known.size else None,
        "sd": float(known.std(ddof=1)) if known.size > 1 else None,
        "diverged": len(scores) - known.size,
    }


def explain(data: DataSet, why: Why, listener: Listener, clock: Clock) -> Explained:
    """Find the way, and train it.

    Args:
        data: the study's; its test rows stay out.
        why: the two ends, and what may be spent.
        listener: hears how it goes.
        clock: started when it was asked for.

    Raises:
        BadInput: if the two ends train identically.
        BadBudget: if the budget does not pay for a verdict.
    """
    found = switches(why.default, why.winner)
    if not found or why.default.key() == why.winner.key():
        remedy = "There is nothing to explain. steepest tune --resume FOLDER --budget 5m searches on."
        raise BadInput("run", "must have found another recipe than the default", "the default", remedy)
    rows = outer_split(data, why.seed).train
    seed = derive(why.seed, "explain")
    source = Source.of(data, [inner_split(data, rows, seed, i) for i in range(CHOOSING + MOST_PAIRS)])
    with Workers(why.workers, "fork") as pool:
        pool.serve(source)
        way = _Way(why, source, pool, listener, clock)
        scope = way.scope(len(found))
        chosen = grouped(found, scope.switches, why.shares)
        way.say_joined(found, chosen)
        path = way.ordered(chosen, scope.choosing)
        counted = range(CHOOSING, CHOOSING + way.pairs(len(path)))
        scores = way.scores([why.default, *(recipe for _, recipe in path)], counted)
    judged, total = steps(path, scores, why.objective, is_lower_better(why.objective), why.seed)
    return Explained(
        tuple(scores[0]),
        tuple(judged),
        total,
        scope.choosing,
        way.trainings,
        clock.elapsed(),
        tuple(way.notes),
    )


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
        (Scope(switches=3, choosing=12, pairs=20), Scope(switches=3, choosing=3, pairs=7), None)
    """
    for some in range(min(switches, MOST_SWITCHES), 0, -1):
        for choosing in range(CHOOSING, FEWEST_CHOOSING - 1, -1) if some > 1 else (0,):
            for pairs in range(MOST_PAIRS, least(some) - 1, -1):
                scope = Scope(some, choosing, pairs)
                if scope.trainings <= trainings:
                    return scope
    return None


def leading(before: Sequence[float], scores: Sequence[Sequence[float]]) -> tuple[int, bool]:
    """Which candidate gains most, and whether by more than two standard errors of such a gain.

    Args:
        before: scores without any of them, one per replicate; NaN where one diverged.
        scores: of each candidate.

    Example:
        >>> leading([0.90, 0.91, 0.89], [[0.90, 0.91, 0.90], [0.95, 0.95, 0.95]])
        (1, True)
    """
    rows = np.array([before, *scores], dtype=float)
    worst = np.nanmin(rows) if np.isfinite(rows).any() else 0.0
    rows = np.where(np.isfinite(rows), rows, worst)
    gains = rows[1:] - rows[0]  # (candidates, replicates)
    n = gains.shape[1]
    spread = math.sqrt(np.mean(gains.var(axis=1, ddof=1))) if n > 1 else 0.0
    best = int(np.argmax(gains.mean(axis=1)))
    return best, bool(gains[best].mean() > 2 * spread / math.sqrt(n))


class _Way:
    """The trainings at work."""

    def __init__(self, why: Why, source: Source, pool: Workers, listener: Listener, clock: Clock) -> None:
        self.why, self.source, self.pool, self.listener, self.clock = why, source, pool, listener, clock
        self.notes: list[str] = []
        self.trainings, self.planned = 0, 1
        self._planner: Planner = planner_for(source, pool)
        self._stage, self._began = "time", clock.elapsed()

    def say(self, sentence: str) -> None:
        self.notes.append(sentence)
        self.listener.say(sentence)

    def scope(self, found: int) -> Scope:
        """What the budget pays for, by the price of the two ends."""
        some, budget = min(found, MOST_SWITCHES), self.why.budget
        if budget is None or budget.seconds is None:
            scope = Scope(some, TIMED if some > 1 else 0, max(PAIRS, least(some)))
        else:
            each = self._price()
            left = MARGIN * budget.seconds - self.clock.elapsed()
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
        if len(chosen) < len(found):
            joined = next(switch.name for switch in chosen if switch not in found)
            self.say(f"{len(found)} switches are too many for the budget: {joined} change as one.")

    def ordered(self, chosen: Sequence[Switch], replicates: int) -> list[tuple[Switch, Recipe]]:
        """The path: in every step the switch that gains most on the replicates that decide.

        From the second step on, switches of which none stands out there are turned together: a step that does
        nothing would cost the others their power.
        """
        self._stage = "order"
        path: list[tuple[Switch, Recipe]] = []
        recipe, left = self.why.default, list(chosen)
        before = self.scores([recipe], range(replicates))[0] if len(left) > 1 else []
        while len(left) > 1:
            able = [(switch, turned) for switch in left if (turned := self._turned(switch, recipe))]
            if not able:
                break
            if path and not self._fits(len(able) * replicates, len(path) + 1):
                self.say(f"There was no time to order the last {len(left)} switches: they are one step.")
                break
            scores = self.scores([turned for _, turned in able], range(replicates))
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
            path.append((rest, self.why.winner))
        self._stage = "steps"
        return path

    def pairs(self, steps: int) -> int:
        """Replicates that count: as many as there is time for."""
        budget = self.why.budget
        if budget is None or budget.seconds is None:
            return max(PAIRS, least(steps))
        fitting = int(self._affordable(budget.seconds) / (steps + 1))
        return min(max(fitting, least(steps)), MOST_PAIRS)

    def _fits(self, trainings: int, steps: int) -> bool:
        """Whether there is time for so many trainings, and then for the fewest pairs of one step more."""
        budget = self.why.budget
        if budget is None or budget.seconds is None:
            return True
        return trainings + least(steps + 1) * (steps + 2) <= self._affordable(budget.seconds)

    def _affordable(self, seconds: float) -> float:
        """Trainings that fit from here on, at what the others took."""
        each = (self.clock.elapsed() - self._began) / max(self.trainings, 1)
        return (MARGIN * seconds - self.clock.elapsed()) / max(each, 1e-9)

    def _turned(self, switch: Switch, recipe: Recipe) -> Recipe | None:
        """The recipe after a switch; None where it would be no recipe for this data."""
        try:
            turned = switch.turned(recipe)
            spec_of(turned, self.source.ports)
        except (BadRecipe, BadInput):
            return None
        return turned

    def scores(self, recipes: Sequence[Recipe], replicates: range) -> list[list[float]]:
        """Scores of every recipe on every replicate; NaN where one diverged."""
        n = len(replicates)
        members = [
            Member(k * n + i, recipe, derive(self.why.seed, "explain", r) % 2**31, r)
            for k, recipe in enumerate(recipes)
            for i, r in enumerate(replicates)
        ]
        found = [[math.nan] * n for _ in recipes]
        self._progress()
        self._planner.learn(recipes)
        for done in self.pool.run(self._jobs(members), lambda done: self._heard(len(done.members))):
            if done.starved or done.lost:
                raise BadInput("run", "must fit in memory", "more than there is", "Take fewer workers.")
            scores = score_of(done.points[-1].metrics, self.why.objective)
            for k, member in enumerate(done.members):
                found[member.number // n][member.number % n] = float(scores[k])
        return found

    def _jobs(self, members: Sequence[Member]) -> list[Job]:
        until = self.source.total_rounds(members[0].recipe.epochs)
        groups = chunks(members, self.source.ports, self._planner.way)
        return [Job(g, until, (until,), keep=False, way=self._planner.way(g[0].recipe)) for g in groups]

    def _price(self) -> float:
        """Seconds of a training, of both ends side by side, once the workers are warm."""
        ends = [self.why.default, self.why.winner]
        self.scores(ends, range(1))
        began = time.perf_counter()
        self.scores(ends, range(TIMED))
        return max(time.perf_counter() - began, 1e-3) / (2 * TIMED)

    def _heard(self, count: int) -> None:
        self.trainings += count
        self._progress()

    def _progress(self) -> None:
        budget, elapsed = self.why.budget, self.clock.elapsed()
        left = None if budget is None or budget.seconds is None else max(budget.seconds - elapsed, 0.0)
        share = min(self.trainings / max(self.planned, 1), 1.0)
        self.listener.progress(
            Progress(
                self._stage, elapsed, share, self.trainings, score_name=self.why.objective, seconds_left=left
            )
        )
