"""The trainings of a comparison: every value meets the same folds and seeds, at rates found beforehand."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Listener, Progress
from steepest.base.seeds import derive
from steepest.evidence.verdict import FEWEST
from steepest.experiment.candidates import Candidate
from steepest.experiment.compared import Trained
from steepest.experiment.ladder import RUNGS, Ladder
from steepest.experiment.question import Question
from steepest.experiment.scope import Scope, affordable
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.planner import Planner
from steepest.training.planning import chunks
from steepest.training.source import Source

LOOKS = 30
"""Points of a curve at most."""


@dataclass
class Contest:
    """A comparison at work.

    Args:
        question: what to compare.
        found: its values, each with the recipe to start from.
        source: its folds are those that count, one seed after the other, then, for ladders, a division of
            each one's training rows.
        pool, listener, clock: as ever.
        objective: the score.
        ordered: rows follow in time: seeds differ in how networks start, not in the folds.
        notes: decisions that the reader should know of.
        trainings: done so far.
    """

    question: Question
    found: Sequence[Candidate]
    source: Source
    pool: Workers
    listener: Listener
    clock: Clock
    objective: str
    ordered: bool = False
    notes: list[str] = field(default_factory=list)
    trainings: int = 0
    planned: int = 0

    @cached_property
    def _planner(self) -> Planner:
        """Chooses how the members of each network shape are trained."""
        planner = planner_for(self.source, self.pool)
        planner.learn(candidate.recipe for candidate in self.found)
        return planner

    def say(self, sentence: str) -> None:
        """Tell the user now, and the page later."""
        self.notes.append(sentence)
        self.listener.say(sentence)

    def runs(self, scope: Scope) -> int:
        """Trainings of each value that count."""
        return scope.seeds * self.question.folds

    def member_seed(self, run: int) -> int:
        """The seed of a run, the same for all values."""
        return derive(self.question.seed, "compare", run) % 2**31

    def scope(self) -> Scope:
        """All that was asked for, or what the budget pays for."""
        full = Scope(self.question.seeds, RUNGS if self.question.way == "tuned" else 0)
        budget, folds = self.question.budget, self.question.folds
        chosen = full
        if budget is not None and budget.seconds is not None:
            self._progress("time")
            pace = self._pace(budget)
            left = budget.seconds - self.clock.elapsed()
            chosen = affordable(full, pace, folds, self.pool.count, left, budget)
            if chosen != full:
                needed = full.seconds(pace, folds, self.pool.count)
                self.say(
                    f"The budget of {budget.text} pays for {chosen.words}; "
                    f"{full.words} would take about {needed:.0f} s."
                )
        counted = self.runs(chosen)
        if self.ordered:
            counted = self.question.folds
            self.say(
                "The rows follow in time, so that all seeds have the same folds, and a fold counts once."
            )
        if counted < FEWEST:
            self.say(f"{counted} runs of each value are too few for a verdict: {FEWEST} are needed.")
        self.planned = len(self.found) * self.runs(chosen) * (1 + chosen.rungs)
        return chosen

    def tuned(self, scope: Scope) -> list[list[float]]:
        """The best rate of every value for every run, from ladders within the run's own training rows."""
        runs, first = self.runs(scope), self.question.folds * self.question.seeds
        ladders = [[Ladder.around(c.recipe.lr, scope.rungs) for _ in range(runs)] for c in self.found]
        while True:
            keys = [
                (v, i, rate)
                for v in range(len(self.found))
                for i in range(runs)
                for rate in ladders[v][i].waiting
            ]
            if not keys:
                break
            members = [
                Member(number, self.found[v].recipe.replace(lr=rate), self.member_seed(i), first + i)
                for number, (v, i, rate) in enumerate(keys)
            ]
            for done in self._train("rates", [members], looks=1):
                scores = score_of(done.points[-1].metrics, self.objective)
                losses = done.points[-1].metrics["loss"]
                for k, member in enumerate(done.members):
                    v, i, rate = keys[member.number]
                    ladders[v][i].add(rate, float(scores[k]), float(losses[k]))
            if self._late():
                break
            self.planned += sum(len(a.waiting) for row in ladders for a in row if a.grow())
        self._note_ladders(ladders)
        return [[ladder.best for ladder in row] for row in ladders]

    def folds(self, scope: Scope, rates: Sequence[Sequence[float]]) -> list[Trained]:
        """Train what counts: every value on every fold, at its rates.

        Values do not share stacks here, so that the seconds of a stack are those of one value.
        """
        runs = self.runs(scope)
        teams = [
            [
                Member(v * runs + i, candidate.recipe.replace(lr=rates[v][i]), self.member_seed(i), i)
                for i in range(runs)
            ]
            for v, candidate in enumerate(self.found)
        ]
        parts: dict[int, list[Done]] = {}
        for done in self._train("folds", teams, looks=LOOKS):
            parts.setdefault(done.members[0].number // runs, []).append(done)
        return [
            self._trained(candidate, rates[v], parts[v], v * runs) for v, candidate in enumerate(self.found)
        ]

    def _trained(
        self, candidate: Candidate, rates: Sequence[float], parts: Sequence[Done], first: int
    ) -> Trained:
        rows = {
            member.number - first: [float(score_of(p.metrics, self.objective)[k]) for p in done.points]
            for done in parts
            for k, member in enumerate(done.members)
        }
        epochs = tuple(point.round / self.source.rounds for point in parts[0].points)
        seconds = sum(done.seconds for done in parts) / (len(rates) * epochs[-1])
        curves = np.array([rows[i] for i in range(len(rates))])
        return Trained(candidate, tuple(rates), epochs, curves, seconds)

    def _train(self, stage: str, teams: Sequence[Sequence[Member]], looks: int) -> list[Done]:
        """Train members to the end of their recipes; those of one team may share stacks."""
        jobs = [
            Job(group, until, _looks(until, looks), keep=False, way=self._planner.way(group[0].recipe))
            for team in teams
            for until, part in _by_end(team, self.source)
            for group in chunks(part, self.source.ports, self._planner.way)
        ]
        self._progress(stage)

        def heard(done: Done) -> None:
            self.trainings += len(done.members)
            self._progress(stage)

        found = self.pool.run(jobs, heard)
        if any(done.starved or done.lost for done in found):
            remedy = "Compare smaller networks or batches."
            raise BadInput(self.question.knob, "must fit in memory", "more than there is", remedy)
        return found

    def _pace(self, budget: Budget) -> list[float]:
        """Seconds of one whole training of each value, from two rounds after a first one."""
        assert budget.seconds is not None
        moment = time.monotonic() + budget.seconds - self.clock.elapsed()

        def timed(rounds: int) -> list[Done]:
            jobs = []
            for candidate in self.found:
                size = min(self.question.folds, self._planner.way(candidate.recipe).members)
                group = tuple(Member(i, candidate.recipe, i, i) for i in range(size))
                jobs.append(
                    Job(
                        group,
                        rounds,
                        (),
                        deadline=moment,
                        keep=False,
                        way=self._planner.way(candidate.recipe),
                    )
                )
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
        budget = self.question.budget
        late = budget is not None and self.clock.elapsed() > 0.8 * (budget.seconds or math.inf)
        if late:
            self.say("No ladder was lengthened for want of time.")
        return late

    def _note_ladders(self, ladders: Sequence[Sequence[Ladder]]) -> None:
        for candidate, row in zip(self.found, ladders, strict=True):
            ended = sum(ladder.at_end for ladder in row)
            if ended:
                self.say(
                    f"{self.question.knob} {candidate.label}: the best rate is at an end of "
                    f"{ended} of {len(row)} ladders, so a better one may lie beyond."
                )

    def _progress(self, stage: str) -> None:
        budget = self.question.budget
        limit = budget.seconds if budget is not None else None
        elapsed = self.clock.elapsed()
        share = min(self.trainings / max(self.planned, 1), 1.0)
        left = None if limit is None else max(limit - elapsed, 0.0)
        self.listener.progress(
            Progress(stage, elapsed, share, self.trainings, score_name=self.objective, seconds_left=left)
        )


def _by_end(members: Sequence[Member], source: Source) -> list[tuple[int, list[Member]]]:
    """Members by the round at which their recipes end."""
    found: dict[int, list[Member]] = {}
    for member in members:
        found.setdefault(source.total_rounds(member.recipe.epochs), []).append(member)
    return sorted(found.items(), key=lambda item: item[0])


def _looks(until: int, looks: int) -> tuple[int, ...]:
    """Rounds at which a curve is taken, the last one among them.

    Example:
        >>> _looks(10, 3)
        (4, 7, 10)
    """
    count = min(until, looks)
    return tuple(math.ceil(until * i / count) for i in range(1, count + 1))
