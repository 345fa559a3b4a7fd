"""The trainings behind conflicts: all settings of all combinations in one list of jobs, on the same folds.

Each setting and run finds its own learning rate, then its own weight decay, on ladders that see the training
rows of the run's fold only. Then it trains once on all of them, and meets the held-out rows.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Listener, Progress
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.experiment.conflict_scope import Extent
from steepest.experiment.corners import Corner
from steepest.experiment.ladder import Ladder
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.planner import Planner
from steepest.training.planning import chunks
from steepest.training.source import Source

LATE = 0.8
"""Share of a budget after which nothing further is tuned."""

STARTING_DECAY, DECAY_STEP = 1e-2, 10.0
"""Where decays are tried if the recipe has none; the factor between neighbours."""

TIMED = 8
"""Runs of each setting that are timed, at most: about as many as share a stack later."""

Keys = list[tuple[int, int, float]]  # setting, run, value


@dataclass
class Runs:
    """The trainings at work.

    Args:
        corners: the settings, each once.
        source: its folds are those that count, one seed after the other, then, for ladders, a division of
            each one's training rows.
        pool, listener, clock: as ever.
        objective: the score.
        seed, folds, seeds, budget: as asked.
        notes: decisions that the reader should know of.
        trainings, planned: done so far, and to be done.
    """

    corners: Sequence[Corner]
    source: Source
    pool: Workers
    listener: Listener
    clock: Clock
    objective: str
    seed: int
    folds: int
    seeds: int
    budget: Budget | None = None
    notes: list[str] = field(default_factory=list)
    trainings: int = 0
    planned: int = 0

    @cached_property
    def _planner(self) -> Planner:
        """Chooses how the members of each network shape are trained."""
        planner = planner_for(self.source, self.pool)
        planner.learn(corner.recipe for corner in self.corners)
        return planner

    def say(self, sentence: str) -> None:
        """Tell the user now, and the page later."""
        self.notes.append(sentence)
        self.listener.say(sentence)

    def pace(self, budget: Budget) -> list[float]:
        """Seconds of one whole training of each setting: what it takes to begin, and as many further rounds.

        One round and three of all settings, a few runs of each, once every process has warmed up.
        """
        assert budget.seconds is not None
        few = min(self.folds, TIMED)
        members = [
            Member(v * few + i, corner.recipe, self._member_seed(i), i)
            for v, corner in enumerate(self.corners)
            for i in range(few)
        ]
        self._progress("time")
        _, short, long = (self._timed(members, few, rounds, budget) for rounds in (1, 1, 3))
        paces = []
        for corner, one, three in zip(self.corners, short, long, strict=True):
            each = max((three - one) / 2, three / 6)
            paces.append(one + each * (self._until(corner.recipe) - 1))
        return paces

    def _timed(self, members: Sequence[Member], few: int, rounds: int, budget: Budget) -> list[float]:
        """Seconds of so many rounds of one run of each setting, as a share of its stack."""
        moment = time.monotonic() + (budget.seconds or math.inf) - self.clock.elapsed()
        spent = [0.0] * len(self.corners)
        for done in self.pool.run(self._jobs(members, lambda _: rounds, deadline=moment)):
            if done.interrupted or done.starved or done.lost:
                constraint = "must allow a few rounds of training for every setting"
                raise BadBudget("budget", constraint, budget.text, "Give it more time, or name fewer pairs.")
            for member in done.members:
                spent[member.number // few] += done.seconds / len(done.members) / few
        return spent

    def tuned(self, extent: Extent) -> list[list[Recipe]]:
        """The recipe of every setting for every run, at the best rate and decay of its ladders."""
        runs = range(extent.seeds * self.folds)
        chosen = [[corner.recipe for _ in runs] for corner in self.corners]
        weights = sum(extent.rungs * c.rate + extent.decays * c.decay + 1 for c in self.corners)
        self.planned = weights * len(runs)
        if extent.rungs:
            rates = self._rates(extent)
            for v, row in rates.items():
                chosen[v] = [c.replace(lr=ladder.best) for c, ladder in zip(chosen[v], row, strict=True)]
            if extent.decays and not self._late():
                for v, row in self._decays(rates, chosen).items():
                    best = (ladder.best for ladder in row)
                    chosen[v] = [c.replace(weight_decay=b) for c, b in zip(chosen[v], best, strict=True)]
        return chosen

    def scores(self, chosen: Sequence[Sequence[Recipe]]) -> list[list[float]]:
        """Train what counts; scores of each setting and run, NaN where one diverged."""
        runs = len(chosen[0])
        members = [
            Member(v * runs + i, recipe, self._member_seed(i), i)
            for v, row in enumerate(chosen)
            for i, recipe in enumerate(row)
        ]
        found = [[math.nan] * runs for _ in chosen]
        for number, score, _ in self._train("folds", members):
            found[number // runs][number % runs] = score
        return found

    def _rates(self, extent: Extent) -> dict[int, list[Ladder]]:
        """Ladders of rates of the settings that tune theirs, one per run."""
        runs = range(extent.seeds * self.folds)
        ladders = {
            v: [Ladder.around(corner.recipe.lr, extent.rungs) for _ in runs]
            for v, corner in enumerate(self.corners)
            if corner.rate
        }
        while keys := [(v, i, rate) for v, row in ladders.items() for i in runs for rate in row[i].waiting]:
            self._climb("rates", ladders, keys, lambda v, _, rate: self.corners[v].recipe.replace(lr=rate))
            if self._late():
                break
            self.planned += sum(len(each.waiting) for row in ladders.values() for each in row if each.grow())
        ended = sum(each.at_end for row in ladders.values() for each in row)
        if ended:
            count = sum(map(len, ladders.values()))
            self.say(
                f"The best rate is at an end of {ended} of {count} ladders: a better one may lie beyond."
            )
        return ladders

    def _decays(
        self, rates: dict[int, list[Ladder]], chosen: Sequence[Sequence[Recipe]]
    ) -> dict[int, list[Ladder]]:
        """The same for decays, at the best rate: none, a tenth of, and ten times the recipe's.

        A recipe without decay tries a tenth of, ten times, and the usual one instead.
        """
        ladders = {}
        for v, row in rates.items():
            if not self.corners[v].decay:
                continue
            start = self.corners[v].recipe.weight_decay
            usual = start or STARTING_DECAY
            tried = sorted({0.0, usual / DECAY_STEP, usual, usual * DECAY_STEP} - {start})
            ladders[v] = [
                Ladder(DECAY_STEP, list(tried), found={start: each.found[each.best]}) for each in row
            ]
        keys = [(v, i, d) for v, row in ladders.items() for i, each in enumerate(row) for d in each.waiting]
        self._climb("decays", ladders, keys, lambda v, i, d: chosen[v][i].replace(weight_decay=d))
        return ladders

    def _climb(
        self,
        stage: str,
        ladders: dict[int, list[Ladder]],
        keys: Keys,
        recipe: Callable[[int, int, float], Recipe],
    ) -> None:
        """Train what ladders wait for, each on its run's division of the training rows."""
        first = self.folds * self.seeds
        members = [
            Member(number, recipe(v, i, value), self._member_seed(i), first + i)
            for number, (v, i, value) in enumerate(keys)
        ]
        for number, score, loss in self._train(stage, members):
            v, i, value = keys[number]
            ladders[v][i].add(value, score, loss)

    def _train(self, stage: str, members: Sequence[Member]) -> list[tuple[int, float, float]]:
        """Train members to the end of their recipes: (number, score, loss) of each."""
        self._progress(stage)

        def heard(done: Done) -> None:
            self.trainings += len(done.members)
            self._progress(stage)

        ended = []
        for done in self.pool.run(self._jobs(members, self._until), heard):
            if done.starved or done.lost:
                remedy = "Take smaller networks or batches."
                raise BadInput("conflicts", "must fit in memory", "more than there is", remedy)
            point = done.points[-1]
            scores = score_of(point.metrics, self.objective)
            for k, member in enumerate(done.members):
                ended.append((member.number, float(scores[k]), float(point.metrics["loss"][k])))
        return ended

    def _jobs(
        self, members: Sequence[Member], until: Callable[[Recipe], int], deadline: float = math.inf
    ) -> list[Job]:
        """Members in stacks; those that train equally long share them, whatever pair they belong to."""
        teams: dict[int, list[Member]] = {}
        for member in members:
            teams.setdefault(until(member.recipe), []).append(member)
        return [
            Job(group, end, (end,), keep=False, deadline=deadline, way=self._planner.way(group[0].recipe))
            for end, team in sorted(teams.items(), reverse=True)  # long ones first
            for group in chunks(team, self.source.ports, self._planner.way)
        ]

    def _until(self, recipe: Recipe) -> int:
        return self.source.total_rounds(recipe.epochs)

    def _member_seed(self, run: int) -> int:
        """The seed of a run, the same for all settings."""
        return derive(self.seed, "conflicts", run) % 2**31

    def _late(self) -> bool:
        """Whether further tuning would take more of the budget than it may."""
        late = self.budget is not None and self.clock.elapsed() > LATE * (self.budget.seconds or math.inf)
        if late:
            sentence = "For want of time no ladder was lengthened further, and no decay tuned after it."
            if sentence not in self.notes:
                self.say(sentence)
        return late

    def _progress(self, stage: str) -> None:
        limit = self.budget.seconds if self.budget is not None else None
        elapsed = self.clock.elapsed()
        share = min(self.trainings / max(self.planned, 1), 1.0)
        left = None if limit is None else max(limit - elapsed, 0.0)
        self.listener.progress(
            Progress(stage, elapsed, share, self.trainings, score_name=self.objective, seconds_left=left)
        )
