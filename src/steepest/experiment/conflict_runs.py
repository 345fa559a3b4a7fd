"""The trainings behind conflicts: all settings of all combinations in one list of jobs, on the same folds.

Each setting and run finds its own learning rate, then its own weight decay, on ladders that see the training
rows of the run's fold only. Then it trains once on all of them, and meets the held-out rows.
"""

from collections.abc import Callable, Sequence

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.experiment.conflict_scope import Extent
from steepest.experiment.corners import Corner
from steepest.experiment.ladder import Ladder
from steepest.experiment.trainings import Trainings
from steepest.experiment.workers import Workers
from steepest.training.member import Member
from steepest.training.source import Source

STARTING_DECAY, DECAY_STEP = 1e-2, 10.0
"""Where decays are tried if the recipe has none; the factor between neighbours."""

TIMING = 0.15
"""Share of a budget after which no further combination is timed: there would be no time to train it."""

TIMED = 8
"""Runs of each setting that are timed, at most: about as many as share a stack later."""

Keys = list[tuple[int, int, float]]  # setting, run, value


class Runs(Trainings):
    """The trainings at work.

    Args:
        corners: the settings, each once.
        folds, seeds: as asked.
        source: its folds are those that count, one seed after the other, then, for ladders, a division of
            each one's training rows.
        pool, listener, clock, objective, seed, budget: as for `Trainings`.
    """

    def __init__(
        self,
        corners: Sequence[Corner],
        folds: int,
        seeds: int,
        source: Source,
        pool: Workers,
        listener: Listener,
        clock: Clock,
        objective: str,
        seed: int,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(
            source, pool, listener, clock, objective, seed=seed, place="conflicts", budget=budget
        )
        self.corners, self.folds, self.seeds = corners, folds, seeds

    def pace(self, budget: Budget, brought: Sequence[Sequence[int]]) -> list[float]:
        """Seconds of one whole training of each setting, combination by combination.

        Args:
            budget: for the message.
            brought: of each combination, the settings that it brings and those before it do not.

        Returns:
            One for each setting of the first combinations; those that there was no time to time are left out.

        Raises:
            BadBudget: if there is no time for the first.
        """
        paces: list[float] = []
        self.progress("time")
        for row in brought:
            if row and paces and self.clock.elapsed() > TIMING * self.limit:
                break
            if row:
                paces += self._paced([self.corners[v] for v in row], budget, warm=bool(paces))
        return paces

    def _paced(self, corners: Sequence[Corner], budget: Budget, warm: bool) -> list[float]:
        """What it takes to begin, and as many further rounds, from one round and three of a few runs of each.

        Every process warms up first.
        """
        self.planner.learn(corner.recipe for corner in corners)
        few = min(self.folds, TIMED)
        members = [
            Member(v * few + i, corner.recipe, self.member_seed(i), i)
            for v, corner in enumerate(corners)
            for i in range(few)
        ]
        lengths = (1, 3) if warm else (1, 1, 3)
        *_, short, long = (self._timed(members, few, rounds, budget) for rounds in lengths)
        paces = []
        for corner, one, three in zip(corners, short, long, strict=True):
            each = max((three - one) / 2, three / 6)
            paces.append(one + each * (self.until(corner.recipe) - 1))
        return paces

    def _timed(self, members: Sequence[Member], few: int, rounds: int, budget: Budget) -> list[float]:
        """Seconds of so many rounds of one run of each setting, as a share of its stack."""
        spent = [0.0] * (len(members) // few)
        for done in self.pool.run(self.jobs(members, lambda _: rounds, deadline=self.deadline)):
            if done.interrupted or done.starved or done.lost:
                constraint = "must allow a few rounds of training for every setting"
                raise BadBudget("budget", constraint, budget.text, "Give it more time, or name fewer pairs.")
            for member in done.members:
                spent[member.number // few] += done.seconds / len(done.members) / few
        return spent

    def tuned(self, extent: Extent) -> list[list[Recipe]]:
        """The recipe of every setting for every run, at the best rate and decay of its ladders."""
        self.planner.learn(corner.recipe for corner in self.corners)
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
            Member(number, recipe(v, i, value), self.member_seed(i), first + i)
            for number, (v, i, value) in enumerate(keys)
        ]
        for end in self.ends(stage, members):
            v, i, value = keys[end.member.number]
            ladders[v][i].add(value, end.score, end.loss)

    def _late(self) -> bool:
        """Whether tuning ends here, which is said once."""
        late = self.late
        sentence = "For want of time no ladder was lengthened further, and no decay tuned after it."
        if late and sentence not in self.notes:
            self.say(sentence)
        return late
