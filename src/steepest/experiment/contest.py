"""The trainings of a comparison: every value meets the same folds and seeds, at rates found beforehand."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget
from steepest.base.progress import Listener
from steepest.evidence.power import fewest_replicates
from steepest.evidence.verdict import FEWEST
from steepest.experiment.candidates import Candidate
from steepest.experiment.compared import Trained
from steepest.experiment.ladder import RUNGS, Ladder
from steepest.experiment.question import Question
from steepest.experiment.scope import Scope, affordable
from steepest.experiment.trainings import Trainings
from steepest.experiment.workers import Workers
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.source import Source

POINTS = 30
"""Points of a curve at most."""

TIMES = 10.0
"""Where decays are tuned, so many times a recipe's own is tried, and none at all."""


class Contest(Trainings):
    """A comparison at work.

    Args:
        question: what to compare.
        found: its values, each with the recipe to start from.
        source: its folds are those that count, one seed after the other, then, for ladders, a division of
            each one's training rows.
        pool, listener, clock, objective: as for `Trainings`.
        ordered: rows follow in time: seeds differ in how networks start, not in the folds.

    Attributes:
        ladders: of every contender, one per run, in the order of runs.
        tuning_seconds: of every contender so far.
    """

    def __init__(
        self,
        question: Question,
        found: Sequence[Candidate],
        source: Source,
        pool: Workers,
        listener: Listener,
        clock: Clock,
        objective: str,
        ordered: bool = False,
    ) -> None:
        super().__init__(
            source,
            pool,
            listener,
            clock,
            objective,
            seed=question.seed,
            place="compare",
            budget=question.budget,
        )
        self.question, self.found, self.ordered = question, found, ordered
        self.ladders: list[list[Ladder]] = []
        self.tuning_seconds: dict[int, float] = {}

    def runs(self, scope: Scope) -> int:
        """Trainings of each value that count."""
        return scope.seeds * self.question.folds

    def scope(self) -> Scope:
        """All that was asked for, or what the budget pays for."""
        self.planner.learn(candidate.recipe for candidate in self.found)
        full = Scope(
            self.question.seeds, RUNGS if self.question.way == "tuned" else 0, max(map(len, self._decays()))
        )
        budget, folds = self.question.budget, self.question.folds
        chosen = full
        if budget is not None and budget.seconds is not None:
            self.progress("time")
            pace = self._pace(budget)
            left = budget.seconds - self.clock.elapsed()
            chosen = affordable(full, pace, folds, self.pool.count, left, budget, self.fewest)
            if chosen != full:
                needed = full.seconds(pace, folds, self.pool.count)
                self.say(
                    f"The budget of {budget.text} pays for {chosen.words}; "
                    f"{full.words} would take about {needed:.0f} s."
                )
        counted = self.runs(chosen)
        if self.ordered:
            self.say(
                "The rows follow in time, so that all seeds have the same folds: beyond these rows a fold "
                "counts once."
            )
        if counted < FEWEST:
            self.say(f"{counted} runs of each value are too few for a verdict: {FEWEST} are needed.")
        elif counted < self.fewest:
            self.say(
                f"{counted} runs of each can never show one of {len(self.found)} to be better than another, "
                f"whatever they score: {self.fewest} are needed."
            )
        self.planned = len(self.found) * self.runs(chosen) * (1 + chosen.rungs + chosen.decays)
        return chosen

    @property
    def fewest(self) -> int:
        """Runs of each contender below which no exact test can reject, with Holm's adjustment."""
        return max(FEWEST, fewest_replicates(family=max(len(self.found) - 1, 1)))

    def tuned(self, scope: Scope, part: range | None = None) -> list[list[float]]:
        """The best rate of every value for every run, from ladders within the run's own training rows.

        Args:
            scope: says how many rates a ladder has.
            part: the runs; all of the scope if None. Ladders end up in `ladders`.
        """
        runs = part if part is not None else range(self.runs(scope))
        ladders = [[Ladder.around(c.recipe.lr, scope.rungs) for _ in runs] for c in self.found]
        while True:
            keys = [
                (v, i, rate)
                for v in range(len(self.found))
                for i in range(len(runs))
                for rate in ladders[v][i].waiting
            ]
            if not keys:
                break
            tried = [(v, runs[i], {"lr": rate}) for v, i, rate in keys]
            for number, score, loss in self._tried("rates", tried):
                v, i, rate = keys[number]
                ladders[v][i].add(rate, score, loss)
            if self._late():
                break
            self.planned += sum(len(a.waiting) for row in ladders for a in row if a.grow())
        self.ladders = [
            [*before, *row] for before, row in zip(self.ladders or [[]] * len(ladders), ladders, strict=True)
        ]
        if part is None:
            self.note_ladders()
        return [[ladder.best for ladder in row] for row in ladders]

    def decayed(self, part: range, rates: Sequence[Sequence[float]]) -> list[list[float]]:
        """The best decay of every value for every run, at the run's best rate, on the ladder's rows.

        Args:
            part: runs whose ladders came last.
            rates: of every value, for these runs.
        """
        choices = self._decays()
        keys = [(v, i, decay) for v, row in enumerate(rates) for i in range(len(row)) for decay in choices[v]]
        found = [
            [{c.recipe.weight_decay: ladder.found[ladder.best]} for ladder in row[-len(part) :]]
            for c, row in zip(self.found, self.ladders, strict=True)
        ]
        tried = [(v, part[i], {"lr": rates[v][i], "weight_decay": decay}) for v, i, decay in keys]
        for number, score, loss in self._tried("rates", tried) if tried else ():
            v, i, decay = keys[number]
            found[v][i][decay] = score, -loss
        return [[_best_decay(each) for each in row] for row in found]

    def _decays(self) -> list[list[float]]:
        """The decays that every value tries beside its own: none, and ten times as much."""
        if not self.question.tunes_decay:
            return [[] for _ in self.found]
        own = [c.recipe.weight_decay for c in self.found]
        return [[0.0, float(f"{TIMES * decay:.3g}")] if decay > 0 else [] for decay in own]

    def _tried(
        self, stage: str, tried: Sequence[tuple[int, int, Mapping[str, float]]]
    ) -> Iterator[tuple[int, float, float]]:
        """(place, score, loss) of changed recipes on the rows that ladders hold out.

        Args:
            stage: for the progress.
            tried: value, run, and what its recipe changes.
        """
        first = self.question.folds * self.question.seeds
        members = [
            Member(number, self.found[v].recipe.replace(**changes), self.member_seed(run), first + run)
            for number, (v, run, changes) in enumerate(tried)
        ]
        for end in self.ends(stage, members):
            v = tried[end.member.number][0]
            self.tuning_seconds[v] = self.tuning_seconds.get(v, 0.0) + end.seconds
            yield end.member.number, end.score, end.loss

    def folds(
        self,
        scope: Scope,
        rates: Sequence[Sequence[float]],
        part: range | None = None,
        decays: Sequence[Sequence[float]] = (),
    ) -> list[Trained]:
        """Train what counts: every value on every fold, at its rates.

        Values do not share stacks here, so that the seconds of a stack are those of one value.

        Args:
            scope: says how many runs there are.
            rates: of every value, for every run.
            part: the runs; all of the scope if None.
            decays: as `rates`; the recipe's own if there are none.
        """
        part = part if part is not None else range(self.runs(scope))
        runs = len(part)
        teams = []
        for v, candidate in enumerate(self.found):
            at = [{"lr": rate} for rate in rates[v]]
            if decays:
                at = [{**a, "weight_decay": d} for a, d in zip(at, decays[v], strict=True)]
            teams.append(
                [
                    Member(v * runs + i, candidate.recipe.replace(**at[i]), self.member_seed(run), run)
                    for i, run in enumerate(part)
                ]
            )
        parts: dict[int, list[Done]] = {}
        jobs = [job for team in teams for job in self.jobs(team, points=POINTS)]
        for done in self.train("folds", jobs):
            parts.setdefault(done.members[0].number // runs, []).append(done)
        made = [
            self._trained(candidate, rates[v], parts[v], v * runs) for v, candidate in enumerate(self.found)
        ]
        return [replace(each, **self._taken(v, runs, decays)) for v, each in enumerate(made)]

    def round(self, scope: Scope, part: range) -> list[Trained]:
        """Tune and train some of the runs of every value."""
        if not scope.rungs:
            return self.folds(scope, [[c.recipe.lr] * len(part) for c in self.found], part)
        rates = self.tuned(scope, part)
        decays = self.decayed(part, rates) if scope.decays else ()
        return self.folds(scope, rates, part, decays)

    def _taken(self, v: int, runs: int, decays: Sequence[Sequence[float]]) -> dict[str, Any]:
        """What tuning one value found and took for its last runs, and what its network costs."""
        recipe = self.found[v].recipe
        one = cost(spec_of(recipe, self.source.ports), recipe.batch_size, 2)
        rows = sum(len(fold.train) for fold in self.source.folds[:runs]) / runs
        return {
            "decays": tuple(decays[v]) if decays else (),
            "ladders": tuple(self.ladders[v][-runs:]) if self.ladders else (),
            "tuning_seconds": self.tuning_seconds.pop(v, 0.0),
            "parameters": one.parameters,
            "operations": recipe.epochs * rows * one.flops_training,
        }

    def _trained(
        self, candidate: Candidate, rates: Sequence[float], parts: Sequence[Done], first: int
    ) -> Trained:
        self.check_defined(parts)
        rows = {
            member.number - first: [float(score_of(p.metrics, self.objective)[k]) for p in done.points]
            for done in parts
            for k, member in enumerate(done.members)
        }
        epochs = tuple(point.round / self.source.rounds for point in parts[0].points)
        seconds = sum(done.seconds for done in parts) / (len(rates) * epochs[-1])
        curves = np.array([rows[i] for i in range(len(rates))])
        return Trained(candidate, tuple(rates), epochs, curves, seconds)

    def _pace(self, budget: Budget) -> list[float]:
        """Seconds of one whole training of each value, from two rounds after a first one."""
        moment = self.deadline

        def timed(rounds: int) -> list[Done]:
            jobs = []
            for candidate in self.found:
                way = self.planner.way(candidate.recipe)
                size = min(self.question.folds, way.members)
                group = tuple(Member(i, candidate.recipe, i, i) for i in range(size))
                jobs.append(Job(group, rounds, (), deadline=moment, keep=False, way=way))
            return self.pool.run(jobs)

        timed(1)  # what a process pays once
        found = timed(2)
        if any(done.interrupted or done.starved or done.lost for done in found):
            constraint = "must allow two rounds of training for every value"
            raise BadBudget("budget", constraint, budget.text, "Give it more time, or fewer values.")
        return [
            self.source.total_rounds(c.recipe.epochs) * done.seconds / (2 * len(done.members))
            for c, done in zip(self.found, found, strict=True)
        ]

    def _late(self) -> bool:
        """Whether ladders that grow would take more of the budget than they may."""
        late = self.late
        if late:
            self.say("No ladder was lengthened for want of time.")
        return late

    def note_ladders(self) -> None:
        """Say whose best rate may lie beyond its ladders."""
        for candidate, row in zip(self.found, self.ladders, strict=False):
            ended = sum(ladder.at_end for ladder in row)
            if ended:
                self.say(
                    f"{self.question.knob} {candidate.label}: the best rate is at an end of "
                    f"{ended} of {len(row)} ladders, so a better one may lie beyond."
                )


def _best_decay(found: Mapping[float, tuple[float, float]]) -> float:
    """The decay with the highest score, then the lowest loss; the first, a recipe's own, where all diverged.

    Example:
        >>> _best_decay({0.01: (0.9, -0.3), 0.0: (0.9, -0.2), 0.1: (math.nan, math.nan)})
        0.0
    """
    sound = {decay: got for decay, got in found.items() if all(map(math.isfinite, got))}
    return max(sound, key=lambda decay: sound[decay], default=next(iter(found)))
