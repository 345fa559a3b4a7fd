"""Other ways to search, under the same contract: what ours is measured against, for anybody to check.

They draw from the same space, train on the same engine and are confirmed in the same way.
"""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import pairwise

import optuna

from steepest.base.seeds import derive
from steepest.search.policy import Policy
from steepest.search.rungs import ETA, rounds_of_wave
from steepest.search.silence import quiet
from steepest.search.stacked import Stacked
from steepest.search.strategy import GoOn, Means, Order, Proposal, Report, Start, Strategy, Tried
from steepest.search.suggest import recipe_of

Make = Callable[[Policy, int, int | None, int], Strategy]
"""A strategy from a policy, a seed, the most members to begin, and the workers it may keep busy."""

MOST_AT_ONCE = 48
KEPT = 9
"""Of so many members that trained to the first rung, "top-k" finishes one."""


class _Rival:
    def __init__(self, policy: Policy, seed: int, trials: int | None = None, workers: int = 1) -> None:
        self._policy, self._seed, self._trials, self._workers = policy, seed, trials, workers
        self._begun = self._first = 0

    def learn(self, tried: Sequence[Tried], waves: int, last: int) -> None:  # noqa: ARG002
        self._first = waves
        self._policy.remember([Proposal(t.recipe, "user") for t in tried])

    def _affordable(self, means: Means, rounds: float, share: float = 1.0, most: float = math.inf) -> int:
        left = math.inf if self._trials is None else self._trials - self._begun
        most = min(most, left, 100_000)
        return means.affordable(rounds, share, int(most)) if most >= 1 else 0

    def _why(self) -> str:
        return "trials" if self._trials is not None and self._begun >= self._trials else "budget"

    def _chance(self, means: Means, count: int, wave: int) -> tuple[Proposal, ...]:
        """Uniform points of the space, or those recalled."""
        proposals = means.recalled() or tuple(self._policy.points(count, "uniform", wave))
        self._policy.remember(proposals)
        self._begun += len(proposals)
        return proposals


class AtRandom(_Rival):
    """Random search: every member trains to the end (Bergstra & Bengio 2012, JMLR 13)."""

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """Uniform recipes to the end, some dozens at a time."""
        wave = self._first
        while count := self._affordable(means, means.rungs[-1], most=MOST_AT_ONCE):
            proposals = self._chance(means, count, wave)
            if not proposals:
                return "space"
            yield Start(proposals, means.rungs[-1])
            wave += 1
        return self._why()


class TopK(_Rival):
    """Train all to the first rung, keep the top K, finish those (Bohdal et al. 2023, arXiv 2307.15422)."""

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """One wide wave and its end."""
        first, last = means.rungs[0], means.rungs[-1]
        count = self._affordable(means, first + (last - first) / KEPT)
        proposals = self._chance(means, max(count, 1), 0)
        report = yield Start(proposals, first)
        best = _best(report)
        if last > first and best:
            yield GoOn(tuple(best[: max(1, len(proposals) // KEPT)]), last)
        return self._why()


class Halving(_Rival):
    """Synchronous successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943), again while it fits."""

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """Brackets of uniform recipes; of each rung's members one in η goes on."""
        wave, least = 0, ETA ** (len(means.rungs) - 1)
        while count := self._affordable(means, rounds_of_wave(means.rungs, ties=0.0)):
            if wave and count < least:
                break
            proposals = self._chance(means, count, wave)
            if not proposals:
                return "space"
            report = yield Start(proposals, means.rungs[0])
            for to in means.rungs[1:]:
                best = _best(report)
                if best:
                    report = yield GoOn(tuple(best[: max(1, len(report.members) // ETA)]), to)
            wave += 1
        return self._why()


class TpeHyperband(_Rival):
    """Optuna's TPE with its HyperbandPruner (Li et al. 2018, JMLR 18), as many side by side as workers.

    Members of one batch are asked for one after the other and go on while Optuna does not prune them. A study
    that goes on asks Optuna again: the answers hang on the seed and the reports alone.
    """

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """Batches, one member per worker."""
        rungs = means.rungs
        pruner = optuna.pruners.HyperbandPruner(rungs[0], rungs[-1], ETA)
        with quiet():
            sampler = optuna.samplers.TPESampler(seed=derive(self._seed, "hyperband") % 2**32)
            study = optuna.create_study(
                study_name="steepest", direction="maximize", sampler=sampler, pruner=pruner
            )
        while count := self._affordable(means, _expected(rungs), most=max(self._workers, 1)):
            with quiet():
                trials = [study.ask() for _ in range(count)]
                asked = tuple(Proposal(recipe_of(self._policy.space, t), "tpe") for t in trials)
            proposals = means.recalled() or asked
            self._begun += len(proposals)
            report = yield Start(proposals, rungs[0])
            running = dict(zip(report.members, trials, strict=True))
            for rung, to in pairwise((*rungs, rungs[-1])):
                for number, trial in list(running.items()):
                    score = report.scores.get(number, math.nan)
                    if not _goes_on(study, trial, rung, score, last=rung == rungs[-1]):
                        del running[number]
                if running:
                    report = yield GoOn(tuple(running), to)
        return self._why()


def _goes_on(study: optuna.Study, trial: optuna.Trial, rung: int, score: float, last: bool) -> bool:
    """Report a rung's score to Optuna; whether the member goes on."""
    with quiet():
        if math.isnan(score):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return False
        trial.report(score, rung)
        if last:
            study.tell(trial, score)
            return False
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return False
    return True


def _expected(rungs: Sequence[int]) -> float:
    """Mean rounds of a member over Hyperband's brackets: each bracket costs about as much as the next."""
    starts = [rounds_of_wave(rungs[i:], ties=0.0) for i in range(len(rungs))]
    weights = [float(ETA ** (len(rungs) - 1 - i)) * len(rungs) / (len(rungs) - i) for i in range(len(rungs))]
    return sum(w * s for w, s in zip(weights, starts, strict=True)) / sum(weights)


def _best(report: Report) -> list[int]:
    """Members with a score, best first."""
    scored = [n for n in report.members if not math.isnan(report.scores.get(n, math.nan))]
    return sorted(scored, key=lambda n: (-report.scores[n], n))


def _stacked(policy: Policy, seed: int, trials: int | None, workers: int) -> Strategy:  # noqa: ARG001
    return Stacked(policy, seed, trials)


STRATEGIES: Mapping[str, Make] = {
    "steepest": _stacked,
    "random": AtRandom,
    "top-k": TopK,
    "halving": Halving,
    "tpe-hyperband": TpeHyperband,
}
"""Every strategy by name."""
