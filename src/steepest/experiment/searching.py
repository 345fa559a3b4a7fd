"""The search: waves of members, compared at rungs, until its share of the budget is spent."""

import math
from collections.abc import Sequence

from steepest.base.recipe import Recipe
from steepest.experiment.calibration import member_seed
from steepest.experiment.confirmation import distinct
from steepest.experiment.pace import Pace
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.search.policy import Policy
from steepest.search.rungs import ETA, promote, rung_rounds
from steepest.search.strategy import Proposal

LEAST_CLOSING, MOST_CLOSING = 0.2, 0.5
"""Shares of the budget that confirmation, test and writing get at least and at most."""

PLAYOFF_SHARE, PLAYOFF_MEMBERS, PLAYOFF_ROUNDS = 0.2, 12, 3
"""Share of the search's time, leaders and replicates of the play-off that ranks the leaders."""

MOST_FIRST = 384
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
        folds: number of folds the search may use; members take turns.
    """

    def __init__(
        self, study: Study, pace: Pace, policy: Policy, default: Recipe, noise: float, folds: int
    ) -> None:
        self.study, self.pace, self.policy = study, pace, policy
        self.rungs = rung_rounds(study.until(default))
        self._noise, self._folds, self._waves = math.sqrt(2) * noise, folds, 0
        self._default = default
        self.members: list[Trained] = []
        self._playoff: dict[int, float] = {}
        self._started = 0.0

    def run(self) -> str:
        """Search until its share of the budget is spent; says why it ended."""
        self.study.enter("search")
        if self.study.interrupted:
            return "interrupted"
        trials = self.study.settings.budget.trials
        self._started = start = self.study.clock.elapsed()
        first_end = start + FIRST_SHARE * (self._waves_end() - start)
        count = self._affordable(first_end, MOST_FIRST if trials is None else math.ceil(trials * FIRST_SHARE))
        self._wave(self.policy.first_wave(max(count, LEAST_WAVE if trials is None else 1)))
        while not self.study.interrupted:
            left = math.inf if trials is None else trials - len(self.members)
            count = self._affordable(self._waves_end(), int(min(MOST_WAVE, left)))
            if count < min(LEAST_WAVE, left) or count < 1:
                self._play_off()
                return "trials" if trials is not None and left < 1 else "budget"
            first = len(self.study.members)
            incumbents = [t.member.recipe for t in self.ranked()[:5]]
            proposals = self.policy.model_wave(count, incumbents, first)
            if not proposals:
                self._play_off()
                return "space"
            self._wave(proposals)
        return "interrupted"

    def deadline(self) -> float:
        """When the search must end, on the study's clock, for the rest to fit.

        What follows keeps a fifth of the budget at least, half of it at most, and between these what
        confirming the present leader would cost: a search that favours dear networks has to stop sooner.
        """
        limit = self.study.settings.budget.seconds
        if limit is None:
            return math.inf
        leader = next((t.member.recipe for t in self.ranked()), self._default)
        need = 1.1 * self.pace.closing([leader, self._default], self.pace.extent.looks[-1])
        return limit - min(max(need, LEAST_CLOSING * limit), MOST_CLOSING * limit)

    def _waves_end(self) -> float:
        """When waves must end for the play-off to fit before the deadline."""
        deadline = self.deadline()
        return deadline if math.isinf(deadline) else deadline - PLAYOFF_SHARE * (deadline - self._started)

    def ranked(self) -> list[Trained]:
        """Members that came furthest, best first: by their play-off where they were in it, then by score.

        Ties go to the earlier member.
        """
        known = [t for t in self.members if t.scores and not math.isnan(t.score)]
        return sorted(
            known,
            key=lambda t: (
                -max(t.scores),
                -self._playoff.get(t.member.number, -math.inf),
                -t.score,
                t.member.number,
            ),
        )

    def _play_off(self) -> None:
        """Retrain the leaders on fresh seeds and the same splits for all, and rank them by the mean.

        One score on one split says little about which of the best is best: much of it is luck.
        """
        leaders = distinct([t for t in self.ranked() if max(t.scores) == self.rungs[-1]], PLAYOFF_MEMBERS)
        if len(leaders) < 2 or (self.study.settings.budget.trials is not None and len(leaders) < 3):
            return
        until, totals = self.rungs[-1], [0.0] * len(leaders)
        for r in range(PLAYOFF_ROUNDS):
            left = self.deadline() - self.study.clock.elapsed()
            if self.pace.seconds([t.member.recipe for t in leaders], until) > left or self.study.interrupted:
                break
            seed, fold = member_seed(self.study, "play-off", r), (r + self._waves) % self._folds
            plans = [(t.member.recipe, "play-off", seed, fold, r) for t in leaders]
            again = self.study.plan(plans, "search", ["play-off"] * len(plans))
            self.study.train(again, until, self.rungs, self.deadline(), keep=False)
            self.study.settle(again, "finished")
            if any(t.fate == "interrupted" for t in again):
                break
            totals = [
                s + (-math.inf if math.isnan(t.score) else t.score)
                for s, t in zip(totals, again, strict=True)
            ]
            self._playoff = {t.member.number: s / (r + 1) for t, s in zip(leaders, totals, strict=True)}

    def _affordable(self, deadline: float, most: int) -> int:
        """Members of a wave that should be through all its rungs by `deadline`."""
        if math.isinf(deadline):
            return most
        rounds, before, share = 0.0, 0, 1.0
        for rung in self.rungs:  # of each rung's members one in three goes on, and some ties
            rounds += share * (rung - before)
            before, share = rung, share / ETA * 1.2
        tried = [t.member.recipe for t in self.members[-200:]] or self.policy.typical(64)
        each = self.pace.seconds(tried, rounds) / len(tried)
        return max(0, min(most, int((deadline - self.study.clock.elapsed()) / max(each, 1e-9))))

    def _wave(self, proposals: Sequence[Proposal]) -> None:
        """Train a wave through the rungs."""
        last = self.rungs[-1]
        first = len(self.study.members)
        plans = [
            (
                p.recipe.replace(epochs=self._default.epochs),
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
            living = self._within_reach(living, rung)
            if not living:
                break
            self.study.train(living, rung, [rung], self.deadline(), keep=rung != last)
            self.pace.measure()
            self._best()
            living = self._compare([t for t in living if t.fate == "training"], rung, first + number)
        self.study.settle(wave, "finished")
        self._tell_suggester(wave)
        self._waves += 1

    def _within_reach(self, living: list[Trained], rung: int) -> list[Trained]:
        """Those that can be trained to the rung in time, best first; the others leave now."""
        deadline = self.deadline()
        if math.isinf(deadline):
            return living
        rungs_left = sum(r >= rung for r in self.rungs)  # each costs about as much as the next
        left = min(1.0, 1.5 / rungs_left) * (deadline - self.study.clock.elapsed())
        reach: list[Trained] = []
        for t in sorted(living, key=lambda t: (-t.score if t.scores else 0.0, t.member.number)):
            left -= self.pace.seconds([t.member.recipe], rung - max(t.scores, default=0))
            if left >= 0 or not reach:
                reach.append(t)
        beyond = [t for t in living if t not in reach]
        self.study.settle(beyond, "dropped", f"no time left to reach epoch {self.study.epochs(rung):g}")
        return [t for t in living if t in reach]

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
        self.study.settle(dropped, "dropped", f"not among the best at epoch {self.study.epochs(rung):g}")
        self.study.compact([living[k] for k in staying])
        self.study.note(
            "rung",
            {
                "wave": self._waves,
                "epoch": self.study.epochs(rung),
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
            failed = t.fate in ("diverged", "out of memory", "lost")
            self.policy.suggester.tell(
                t.member.recipe, {} if failed else scores, finished=self.rungs[-1] in scores
            )
