"""Trainings that answer a question beside a study: members in, scores on their held-out rows out.

Comparisons, conflicts and the way to a winner train here. What they plan differs, how it is trained does not:
each recipe to its end, in the stacks that were measured to be fast, with progress and what must be said.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Progress
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
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


@dataclass(frozen=True, slots=True)
class End:
    """How a member ended: its score and loss, NaN where it diverged, and its share of its stack's seconds."""

    member: Member
    score: float
    loss: float
    seconds: float


class Trainings:
    """The trainings at work.

    Args:
        source: the rows and the splits that members name.
        pool, listener, clock: as ever; the pool has been served the source.
        objective: the score.
        seed, place: what the seeds of runs are derived from.
        budget: wall time of everything, None for no limit.

    Attributes:
        notes: decisions that the reader should know of.
        trainings, planned: done so far, and to be done.
    """

    def __init__(
        self,
        source: Source,
        pool: Workers,
        listener: Listener,
        clock: Clock,
        objective: str,
        *,
        seed: int,
        place: str,
        budget: Budget | None = None,
    ) -> None:
        self.source, self.pool, self.listener, self.clock = source, pool, listener, clock
        self.objective, self.seed, self.place, self.budget = objective, seed, place, budget
        self.notes: list[str] = []
        self.trainings, self.planned = 0, 0

    @cached_property
    def planner(self) -> Planner:
        """Chooses how the members of each network shape are trained."""
        return planner_for(self.source, self.pool)

    @property
    def limit(self) -> float:
        """Seconds of the budget; infinite without one."""
        return math.inf if self.budget is None or self.budget.seconds is None else self.budget.seconds

    @property
    def deadline(self) -> float:
        """The moment at which the budget ends, as jobs take it."""
        return time.monotonic() + self.limit - self.clock.elapsed()

    def say(self, sentence: str) -> None:
        """Tell the user now, and the page later."""
        self.notes.append(sentence)
        self.listener.say(sentence)

    @property
    def late(self) -> bool:
        """Whether further tuning would take more of the budget than it may."""
        return self.clock.elapsed() > LATE * self.limit

    def member_seed(self, run: int) -> int:
        """The seed of a run, the same for all that is held against each other."""
        return derive(self.seed, self.place, run) % 2**31

    def until(self, recipe: Recipe) -> int:
        """The round at which a recipe ends."""
        return self.source.total_rounds(recipe.epochs)

    def jobs(
        self,
        members: Iterable[Member],
        until: Callable[[Recipe], int] | None = None,
        points: int = 1,
        deadline: float = math.inf,
    ) -> list[Job]:
        """Members in stacks; those of one shape that train equally long share them. Long ones come first.

        Args:
            members: to be trained.
            until: the round to train a recipe to; its end if None.
            points: of a curve at most.
            deadline: as `Job` takes it.
        """
        teams: dict[int, list[Member]] = {}
        for member in members:
            teams.setdefault((until or self.until)(member.recipe), []).append(member)
        return [
            Job(
                group,
                end,
                _points(end, points),
                deadline=deadline,
                keep=False,
                way=self.planner.way(group[0].recipe),
            )
            for end, team in sorted(teams.items(), key=lambda item: -item[0])
            for group in chunks(team, self.source.ports, self.planner.way)
        ]

    def train(self, stage: str, jobs: Sequence[Job]) -> list[Done]:
        """Do jobs.

        Raises:
            BadInput: for a member that does not fit in memory.
        """
        self.progress(stage)

        def heard(done: Done) -> None:
            self.trainings += len(done.members)
            self.progress(stage)

        found = self.pool.run(jobs, heard)
        if any(done.starved or done.lost for done in found):
            remedy = "Take smaller networks or batches, or fewer workers."
            raise BadInput("networks", "must fit in memory", "more than there is", remedy)
        return found

    def ends(self, stage: str, members: Iterable[Member], defined: bool = False) -> Iterator[End]:
        """Train members to the end of their recipes.

        Args:
            stage: for the progress.
            members: to be trained.
            defined: whether a score without a value is refused; else it counts as a training that diverged.
        """
        found = self.train(stage, self.jobs(members))
        if defined:
            self.check_defined(found)
        for done in found:
            metrics = done.points[-1].metrics
            scores = score_of(metrics, self.objective)
            share = done.seconds / len(done.members)
            for k, member in enumerate(done.members):
                yield End(member, float(scores[k]), float(metrics["loss"][k]), share)

    def scores(self, stage: str, rows: Sequence[Sequence[Recipe]], runs: Sequence[int]) -> list[list[float]]:
        """What counts: every row's recipe of every run, on the run's own split.

        Args:
            stage: for the progress.
            rows: of recipes, one for each run.
            runs: places of their splits.

        Returns:
            A score for each row and run, NaN where one diverged.
        """
        members = [
            Member(v * len(runs) + i, recipe, self.member_seed(run), run)
            for v, row in enumerate(rows)
            for i, (recipe, run) in enumerate(zip(row, runs, strict=True))
        ]
        found = [[math.nan] * len(runs) for _ in rows]
        for end in self.ends(stage, members, defined=True):
            v, i = divmod(end.member.number, len(runs))
            found[v][i] = end.score
        return found

    def check_defined(self, parts: Iterable[Done]) -> None:
        """A score that is no number though the loss is one: the metric has no value on these rows.

        Raises:
            BadInput: where that is so.
        """
        for done in parts:
            last = done.points[-1].metrics
            undefined = ~np.isfinite(score_of(last, self.objective)) & np.isfinite(last["loss"])
            if undefined.any():
                constraint = "must have a value on the held-out rows of every fold"
                remedy = "Take fewer folds, or another metric."
                raise BadInput("objective", constraint, self.objective, remedy)

    def progress(self, stage: str) -> None:
        """Tell the listener how far it is."""
        elapsed = self.clock.elapsed()
        share = min(self.trainings / max(self.planned, 1), 1.0)
        left = None if math.isinf(self.limit) else max(self.limit - elapsed, 0.0)
        self.listener.progress(
            Progress(stage, elapsed, share, self.trainings, score_name=self.objective, seconds_left=left)
        )


def _points(until: int, most: int) -> tuple[int, ...]:
    """Rounds at which a curve is taken, the last one among them.

    Example:
        >>> _points(10, 3)
        (4, 7, 10)
    """
    count = min(until, most)
    return tuple(math.ceil(until * i / count) for i in range(1, count + 1))
