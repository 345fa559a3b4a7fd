"""Our own search: wide waves through synchronous rungs, the later ones learning from the earlier.

A first wave of portfolio, prior and uniform recipes takes most of the budget; waves of a model's proposals,
mutations and fresh points follow until no more are affordable.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.search.policy import Policy
from steepest.search.rungs import promote, rounds_of_wave
from steepest.search.strategy import GoOn, Means, Order, Proposal, Report, Start

MOST_FIRST, MOST_WAVE, LEAST_WAVE = 384, 48, 9
"""Members of the first wave and of a later one at most, and of any at least."""

FIRST_SHARE = 0.6
"""Share of the search's budget for the first wave; the rest is for waves that learn from it."""

INCUMBENTS = 5
TIES = math.sqrt(2)
"""Standard deviations of one score within which two are ties: that of their difference."""


@dataclass(slots=True)
class Tried:
    """What is known of a member: score by round, higher is better; none once it failed."""

    number: int
    recipe: Recipe
    scores: dict[int, float] = field(default_factory=dict)
    failed: bool = False

    @property
    def reached(self) -> int:
        """The last round that was scored, 0 if none was."""
        return max(self.scores, default=0)

    @property
    def score(self) -> float:
        """The latest score, NaN if there is none."""
        return self.scores[self.reached] if self.scores else math.nan

    def learn(self, report: Report, rung: int) -> bool:
        """Take in what a report says of it; returns whether it lives."""
        score = report.scores.get(self.number)
        if score is None:
            return False
        if math.isnan(score):
            self.failed = True
            self.scores.clear()
            return False
        self.scores[rung] = score
        return True


def ranked(members: Sequence[Tried]) -> list[Tried]:
    """Those with a score: who came furthest first, then by score; ties go to the earlier member."""
    return sorted((t for t in members if t.scores), key=lambda t: (-t.reached, -t.score, t.number))


class Stacked:
    """Waves of members through synchronous rungs.

    Args:
        policy: who is tried.
        seed: of the draws at rungs.
        trials: most members to begin; None where the budget is one of time or work.
    """

    def __init__(self, policy: Policy, seed: int, trials: int | None = None) -> None:
        self._policy, self._seed, self._trials = policy, seed, trials
        self._tried: list[Tried] = []
        self._begun = self._first = 0

    def learn(self, tried: Sequence[Tried], waves: int, last: int) -> None:
        """Begin where an earlier search ended.

        Args:
            tried: its members.
            waves: how many it had.
            last: the last rung.
        """
        self._first = waves
        self._policy.remember([Proposal(t.recipe, "user") for t in tried])
        self._take_in(tried, last)

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """Waves until the budget ("budget", "trials") or the space ("space") has no more.

        What is ordered is a function of (seed, reports and answers so far): nothing is drawn from a generator
        that an earlier question has moved, so proposals that are recalled need not be computed.
        """
        wave = self._first
        while True:
            proposals = means.recalled()
            if not proposals:
                count = self._affordable(means, wave)
                if count < 1:
                    return "budget" if self._left() else "trials"
                proposals = tuple(self._proposed(wave, count))
            if not proposals:
                return "space"
            self._policy.remember(proposals)
            self._begun += len(proposals)
            members = yield from self._wave(means, proposals, wave)
            self._take_in(members, means.rungs[-1])
            wave += 1

    def _take_in(self, members: Sequence[Tried], last: int) -> None:
        self._tried += members
        for t in members:
            if t.scores or t.failed:
                self._policy.suggester.tell(t.recipe, t.scores, finished=last in t.scores)

    def _left(self) -> float:
        return math.inf if self._trials is None else max(self._trials - self._begun, 0)

    def _affordable(self, means: Means, wave: int) -> int:
        """Members of the next wave; 0 where it is not worth beginning."""
        rounds, left = rounds_of_wave(means.rungs), self._left()
        if wave == 0:
            most = MOST_FIRST if self._trials is None else math.ceil(self._trials * FIRST_SHARE)
            count = means.affordable(rounds, FIRST_SHARE, most)
            return max(count, LEAST_WAVE if self._trials is None else 1)
        most = int(min(MOST_WAVE, left))
        count = means.affordable(rounds, 1.0, most) if most else 0
        return count if count >= min(LEAST_WAVE, left) else 0

    def _proposed(self, wave: int, count: int) -> list[Proposal]:
        if wave == 0:
            return self._policy.first_wave(count)
        incumbents = [t.recipe for t in ranked(self._tried)[:INCUMBENTS]]
        return self._policy.model_wave(count, incumbents, wave)

    def _wave(
        self, means: Means, proposals: tuple[Proposal, ...], wave: int
    ) -> Generator[Order, Report, list[Tried]]:
        """Take a wave through the rungs; returns its members."""
        rungs = means.rungs
        report = yield Start(proposals, rungs[0])
        members = [Tried(n, p.recipe) for n, p in zip(report.members, proposals, strict=True)]
        living = [t for t in members if t.learn(report, rungs[0])]
        for rung, to in pairwise(rungs):
            if not living:
                break
            decided = promote(
                [t.score for t in living],
                derive(self._seed, "rung", wave, rung),
                noise=TIES * means.noise,
            )
            staying = [living[k] for k in sorted(decided.staying)]
            lucky = tuple(living[k].number for k in decided.lucky)
            report = yield GoOn(tuple(t.number for t in staying), to, lucky)
            living = [t for t in staying if t.learn(report, to)]
        return members
