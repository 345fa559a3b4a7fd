"""The trainings of a comparison: every value meets the same folds and seeds, at rates found beforehand."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Listener, Progress
from steepest.base.seeds import derive
from steepest.evidence.power import fewest_replicates
from steepest.evidence.verdict import FEWEST
from steepest.experiment.candidates import Candidate
from steepest.experiment.compared import Trained
from steepest.experiment.ladder import RUNGS, Ladder
from steepest.experiment.question import Question
from steepest.experiment.scope import Scope, affordable
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.planner import Planner
from steepest.training.planning import chunks
from steepest.training.source import Source

LOOKS = 30
"""Points of a curve at most."""

TIMES = 10.0
"""Where decays are tuned, so many times a recipe's own is tried, and none at all."""


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
        ladders: of every contender, one per run, in the order of runs.
        tuning_seconds: of every contender so far.
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
    ladders: list[list[Ladder]] = field(default_factory=list)
    tuning_seconds: dict[int, float] = field(default_factory=dict)

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
        full = Scope(
            self.question.seeds, RUNGS if self.question.way == "tuned" else 0, max(map(len, self._decays()))
        )
        budget, folds = self.question.budget, self.question.folds
        chosen = full
        if budget is not None and budget.seconds is not None:
            self._progress("time")
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
            counted = self.question.folds
            self.say(
                "The rows follow in time, so that all seeds have the same folds, and a fold counts once."
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
        for done in self._train(stage, [members], looks=1):
            scores = score_of(done.points[-1].metrics, self.objective)
            losses = done.points[-1].metrics["loss"]
            for k, member in enumerate(done.members):
                v = tried[member.number][0]
                share = done.seconds / len(done.members)
                self.tuning_seconds[v] = self.tuning_seconds.get(v, 0.0) + share
                yield member.number, float(scores[k]), float(losses[k])

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
        for done in self._train("folds", teams, looks=LOOKS):
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
        self._check_scores(parts)
        rows = {
            member.number - first: [float(score_of(p.metrics, self.objective)[k]) for p in done.points]
            for done in parts
            for k, member in enumerate(done.members)
        }
        epochs = tuple(point.round / self.source.rounds for point in parts[0].points)
        seconds = sum(done.seconds for done in parts) / (len(rates) * epochs[-1])
        curves = np.array([rows[i] for i in range(len(rates))])
        return Trained(candidate, tuple(rates), epochs, curves, seconds)

    def _check_scores(self, parts: Sequence[Done]) -> None:
        """A score that is no number though the loss is one: the metric has no value on these rows."""
        for done in parts:
            last = done.points[-1].metrics
            undefined = ~np.isfinite(score_of(last, self.objective)) & np.isfinite(last["loss"])
            if undefined.any():
                constraint = "must have a value on the held-out rows of every fold"
                remedy = "Take fewer folds, or another metric."
                raise BadInput("objective", constraint, self.objective, remedy)

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

    def note_ladders(self) -> None:
        """Say whose best rate may lie beyond its ladders."""
        for candidate, row in zip(self.found, self.ladders, strict=False):
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


def _best_decay(found: Mapping[float, tuple[float, float]]) -> float:
    """The decay with the highest score, then the lowest loss; the first, a recipe's own, where all diverged.

    Example:
        >>> _best_decay({0.01: (0.9, -0.3), 0.0: (0.9, -0.2), 0.1: (math.nan, math.nan)})
        0.0
    """
    sound = {decay: got for decay, got in found.items() if all(map(math.isfinite, got))}
    return max(sound, key=lambda decay: sound[decay], default=next(iter(found)))
