"""Our own search: wide waves through synchronous rungs, the later ones learning from the earlier.

A first wave of portfolio, prior and uniform recipes takes most of the budget; waves of a model's proposals,
mutations and fresh points follow until no more are affordable. `shares.py` says what goes where.
"""

import math
from collections.abc import Generator, Sequence
from itertools import pairwise

from steepest.base.seeds import derive
from steepest.search.crowding import best_first, by_fronts
from steepest.search.policy import Policy
from steepest.search.rungs import ETA, promote, rounds_of_wave, same_ranking
from steepest.search.shares import SHARES, Shares
from steepest.search.strategy import GoOn, Means, Order, Proposal, Report, Start, Tried
from steepest.search.trust import trust

MOST_FIRST, MOST_WAVE, LEAST_WAVE = 384, 48, 9
"""Members of the first wave and of a later one at most, and of any at least."""

PIONEERS = 8
"""Members of the first wave that are trained to the first rung before the others: what they cost says how
many others there can be. A wave of less than three times as many has none."""

INCUMBENTS = 5
LEADERS = 12
"""Members that are taken to the end where waves stopped short of it."""


def ranked(members: Sequence[Tried]) -> list[Tried]:
    """Those with a score: who came furthest first, then by score, or by fronts where there are costs.

    Ties go to the earlier member.
    """
    known = sorted((t for t in members if t.scores), key=lambda t: t.number)
    order = best_first([t.reached for t in known], [t.score for t in known], [t.costs for t in known])
    return [known[k] for k in order]


class Stacked:
    """Waves of members through synchronous rungs.

    Args:
        policy: who is tried.
        seed: of the draws at rungs.
        trials: most members to begin; None where the budget is one of time or work.
        shares: of the budget, and of the slots at rungs.
    """

    def __init__(self, policy: Policy, seed: int, trials: int | None = None, shares: Shares = SHARES) -> None:
        self._policy, self._seed, self._trials, self._shares = policy, seed, trials, shares
        self._tried: list[Tried] = []
        self._waiting: list[Tried] = []
        self._bests: list[float] = []
        self._begun = self._first = 0
        self._dry = False

    def learn(self, tried: Sequence[Tried], waves: int, last: int) -> None:
        """What an earlier part of the study tried; its waves go on counting.

        Args:
            tried: members that are done with.
            waves: how many there were.
            last: the round at which a training ended.
        """
        self._first = waves
        self._policy.remember([Proposal(t.recipe, "user") for t in tried])
        self._take_in(tried, last)

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """Waves until the budget ("budget", "trials") or the space ("space") has no more, or noise stops it.

        What is ordered is a function of (seed, reports and answers so far): nothing is drawn from a generator
        that an earlier question has moved, so proposals that are recalled need not be computed.
        """
        wave = self._first
        while True:
            members = yield from (self._first_wave(means) if wave == 0 else self._later_wave(means, wave))
            if not members:
                reason = "space" if self._dry else "budget" if self._left() else "trials"
                break
            yield from self._climb(means, members, wave)
            self._file(members, means)
            wave += 1
            if self._settled(means):
                reason = "noise"
                break
        yield from self._finish(means)
        return reason

    def _left(self) -> float:
        return math.inf if self._trials is None else max(self._trials - self._begun, 0)

    def _first_wave(self, means: Means) -> Generator[Order, Report, list[Tried]]:
        """Begin the first wave: pioneers, then as many others as can be paid for at the pioneers' price.

        Nothing of it is recalled: all of it follows from the answers that are told again.
        """
        rounds = self._rounds(means)
        least = LEAST_WAVE if self._trials is None else 1
        most = MOST_FIRST if self._trials is None else math.ceil(self._trials * self._shares.first)
        count = max(means.affordable(rounds, self._shares.first, most), least)
        if count < 3 * PIONEERS:
            proposals = self._policy.first_wave(count)
            self._dry = not proposals
            return (yield from self._started(means, proposals))
        pioneers = yield from self._started(means, self._policy.pioneers(PIONEERS))
        known = len(pioneers)
        due = math.ceil(known * (rounds - means.rungs[0]) / rounds)  # what pioneers still take, in members
        count = means.affordable(rounds, self._shares.first, most - known + due) - due
        others = self._policy.first_wave(max(count, least - known))
        members = pioneers + (yield from self._started(means, others, joins=bool(pioneers)))
        self._dry = not members
        return members

    def _later_wave(self, means: Means, wave: int) -> Generator[Order, Report, list[Tried]]:
        """Begin another wave; nobody where there is nothing to begin it with."""
        proposals: Sequence[Proposal] = means.recalled()
        if not proposals:
            count = self._affordable(means)
            proposals = self._proposed(wave, count) if count else ()
            self._dry = bool(count) and not proposals
        return (yield from self._started(means, proposals))

    def _started(
        self, means: Means, proposals: Sequence[Proposal], joins: bool = False
    ) -> Generator[Order, Report, list[Tried]]:
        """Train new members to the first rung."""
        if not proposals:
            return []
        self._policy.remember(proposals)
        self._begun += len(proposals)
        report = yield Start(tuple(proposals), means.rungs[0], joins)
        members = [Tried(n, p.recipe) for n, p in zip(report.members, proposals, strict=True)]
        for t in members:
            t.learn(report, means.rungs[0])
        return members

    def _rounds(self, means: Means) -> float:
        """Mean rounds of a wave's members."""
        rungs = means.rungs
        return rounds_of_wave(rungs[:-1] if self._shares.sparing and len(rungs) > 2 else rungs)

    def _affordable(self, means: Means) -> int:
        """Members of another wave; 0 where it is not worth beginning."""
        left, rungs, rounds = self._left(), means.rungs, self._rounds(means)
        most = int(min(MOST_WAVE, left))
        kept = math.ceil(len(self._leaders()) * (rungs[-1] - rungs[-2]) / rounds) if self._waiting else 0
        count = means.affordable(rounds, 1.0, most + kept) - kept if most else 0
        return count if count >= min(LEAST_WAVE, left) else 0

    def _proposed(self, wave: int, count: int) -> list[Proposal]:
        best = ranked(self._tried)
        furthest = [t.recipe for t in best if t.reached == best[0].reached]
        top = furthest[: max(2, len(furthest) // ETA)]
        prior = trust(self._policy.space, top, top[0]) if top else 1.0
        return self._policy.model_wave(count, [t.recipe for t in best[:INCUMBENTS]], wave, prior)

    def _climb(self, means: Means, members: Sequence[Tried], wave: int) -> Generator[Order, Report, None]:
        """Take a wave on from the first rung."""
        rungs, living = means.rungs, [t for t in members if t.scores]
        for rung, to in pairwise(rungs):
            if not living:
                break
            if to == rungs[-1] and self._agreed(means, living):
                self._waiting += living
                break
            staying, lucky = self._promoted(means, living, wave, rung)
            report = yield GoOn(tuple(t.number for t in staying), to, lucky)
            living = [t for t in staying if t.learn(report, to)]

    def _promoted(
        self, means: Means, living: list[Tried], wave: int, rung: int
    ) -> tuple[list[Tried], tuple[int, ...]]:
        scores, noise = [t.score for t in living], self._shares.ties * means.noise
        costs = [means.costs(t.recipe) for t in living]
        if any(costs):  # several aims: fronts rank, and places among them take the scores' part
            places = by_fronts(scores, costs)
            scores, noise = [-float(places.index(k)) for k in range(len(living))], 0.0
        seed = derive(self._seed, "rung", wave, rung)
        decided = promote(scores, seed, noise=noise, luck=self._shares.luck)
        lucky = tuple(living[k].number for k in decided.lucky)
        return [living[k] for k in sorted(decided.staying)], lucky

    def _agreed(self, means: Means, living: list[Tried]) -> bool:
        """Whether the two rungs before the last rank the members alike, ties aside."""
        rungs = means.rungs
        if not self._shares.sparing or len(rungs) < 3:
            return False
        pairs = [(t.scores[rungs[-3]], t.scores[rungs[-2]]) for t in living]
        return same_ranking(pairs, self._shares.ties * means.noise)

    def _file(self, members: list[Tried], means: Means) -> None:
        """Let the model know a wave."""
        for t in members:
            t.costs = means.costs(t.recipe) if t.scores else ()
        self._take_in(members, means.rungs[-1])
        self._bests.append(max((t.score for t in self._tried if t.scores), default=-math.inf))

    def _take_in(self, members: Sequence[Tried], last: int) -> None:
        self._tried += members
        for t in members:
            if t.scores or t.failed:
                self._policy.suggester.tell(t.recipe, t.scores, finished=last in t.scores, costs=t.costs)

    def _settled(self, means: Means) -> bool:
        """Whether two waves have not improved the best by the noise of one score."""
        if self._shares.patient or self._trials is not None or len(self._bests) < 3:
            return False
        return self._bests[-1] - self._bests[-3] < means.noise

    def _leaders(self) -> list[Tried]:
        return ranked(self._waiting)[:LEADERS]

    def _finish(self, means: Means) -> Generator[Order, Report, None]:
        """Take the leaders of waves that stopped short to the end."""
        leaders = self._leaders()
        if leaders:
            report = yield GoOn(tuple(sorted(t.number for t in leaders)), means.rungs[-1])
            for t in leaders:
                t.learn(report, means.rungs[-1])
