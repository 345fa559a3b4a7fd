"""The search: waves of members, compared at rungs, until its share of the budget is spent."""

import math
from collections.abc import Sequence

from steepest.base.recipe import Recipe
from steepest.experiment.calibration import member_seed
from steepest.experiment.pace import Pace
from steepest.experiment.study import Study, Trained
from steepest.search.policy import Policy, Proposal
from steepest.search.rungs import ETA, promote, rung_epochs

MOST_FIRST = 512
FIRST_SHARE = 0.6
"""Share of the search's time for the first wave; the rest is for waves that learn from it."""

LEAST_WAVE = 9
MOST_WAVE = 48


class Search:
    """Waves of members over one study.

    Args:
        study, pace: what is searched, and what it costs.
        policy: who is tried.
        default: trial 0's recipe, which gives the horizon.
        noise: standard deviation of the default's score; ties are closer than √2 times that.
        folds: number of folds the search may use; members take turns on small data.
    """

    def __init__(
        self, study: Study, pace: Pace, policy: Policy, default: Recipe, noise: float, folds: int
    ) -> None:
        self.study, self.pace, self.policy = study, pace, policy
        self.rungs = rung_epochs(default.epochs)
        self._noise, self._folds, self._waves = math.sqrt(2) * noise, folds, 0
        self._typical = default
        self.members: list[Trained] = []

    def run(self, deadline: float) -> str:
        """Search until `deadline` on the study's clock or until the trials are used up; says why it ended."""
        self.study.enter("search")
        if self.study.interrupted:
            return "interrupted"
        trials = self.study.settings.budget.trials
        start = self.study.clock.elapsed()
        first_end = start + FIRST_SHARE * (deadline - start)
        count = self._affordable(first_end, MOST_FIRST if trials is None else math.ceil(trials * FIRST_SHARE))
        self._wave(self.policy.first_wave(count), deadline)
        while not self.study.interrupted:
            left = math.inf if trials is None else trials - len(self.members)
            count = self._affordable(deadline, int(min(MOST_WAVE, left)))
            if count < min(LEAST_WAVE, left) or count < 1:
                return "trials" if trials is not None and left < 1 else "budget"
            first = len(self.study.members)
            incumbents = [t.member.recipe for t in self.ranked()[:5]]
            self._wave(self.policy.model_wave(count, incumbents, first), deadline)
        return "interrupted"

    def ranked(self) -> list[Trained]:
        """Members that reached the last rung they could, best first; ties go to the earlier one."""
        known = [t for t in self.members if t.scores and not math.isnan(t.score)]
        return sorted(known, key=lambda t: (-max(t.scores), -t.score, t.member.number))

    def _affordable(self, deadline: float, most: int) -> int:
        """Members of a wave that should be through all its rungs by `deadline`."""
        if math.isinf(deadline):
            return most
        epochs, before, share = 0.0, 0, 1.0
        for rung in self.rungs:  # of each rung's members one in three goes on, and some ties
            epochs += share * (rung - before)
            before, share = rung, share / ETA * 1.15
        tried = [t.member.recipe for t in self.members[-200:]] or [self._typical]
        factor = 1.0 if self.members else 1.6  # the prior's networks cost more than the default's
        each = self.pace.seconds(tried, epochs) / len(tried) * factor
        return max(0, min(most, int((deadline - self.study.clock.elapsed()) / max(each, 1e-9))))

    def _wave(self, proposals: Sequence[Proposal], deadline: float) -> None:
        """Train a wave through the rungs."""
        epochs = self.rungs[-1]
        first = len(self.study.members)
        plans = [
            (
                p.recipe.replace(epochs=epochs),
                p.origin,
                member_seed(self.study, "search", first + i),
                self._fold(i),
                0,
            )
            for i, p in enumerate(proposals)
        ]
        wave = self.study.plan(plans, "search")
        self.members += wave
        living = wave
        for number, rung in enumerate(self.rungs):
            if not living:
                break
            self.study.train(living, rung, [rung], deadline, keep=rung != epochs)
            self.pace.measure()
            self._best()
            living = self._compare([t for t in living if t.fate == "training"], rung, first + number)
        self.study.settle(wave, "finished")
        self._tell_suggester(wave)
        self._waves += 1

    def _compare(self, living: list[Trained], rung: int, place: int) -> list[Trained]:
        """The rung's decision: those that stay; the others get their outcome."""
        last = rung == self.rungs[-1]
        if last or not living:
            return living
        decided = promote(
            [t.score for t in living], member_seed(self.study, "rung", place), noise=self._noise
        )
        staying = set(decided.staying)
        dropped = [t for k, t in enumerate(living) if k not in staying]
        self.study.settle(dropped, "dropped", f"not among the best at epoch {rung}")
        self.study.note(
            "rung",
            {
                "wave": self._waves,
                "epoch": rung,
                "compared": len(living),
                "earned": [living[k].member.number for k in decided.earned],
                "lucky": [living[k].member.number for k in decided.lucky],
            },
        )
        return [living[k] for k in sorted(staying)]

    def _fold(self, place: int) -> int:
        return place % self._folds if self._folds > 1 else 0

    def _best(self) -> None:
        ranked = self.ranked()
        if ranked:
            top = ranked[0].score
            self.study.best = top if self.study.best is None else max(self.study.best, top)

    def _tell_suggester(self, wave: Sequence[Trained]) -> None:
        for t in wave:
            scores = {e: s for e, s in t.scores.items() if not math.isnan(s)}
            self.policy.suggester.tell(
                t.member.number,
                t.member.recipe,
                scores,
                finished=self.rungs[-1] in scores,
                failed=t.fate in ("diverged", "out of memory"),
            )
