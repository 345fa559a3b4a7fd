"""The bar to clear: simple models, on the folds the networks are scored on."""

import math
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.later import load
from steepest.experiment.bars.kinds import kinds_of
from steepest.experiment.bars.models import LIBRARIES
from steepest.experiment.purse import writing_seconds
from steepest.experiment.study import Study
from steepest.training.metrics import score_of
from steepest.training.source import Source

FOLDS = 3
"""Folds beside the test fold, …"""

SHARE = 0.15
"""Of a budget of time: after so long no further baseline is begun."""

MUCH = 2**23
"""… of data with at most so many numbers, counted once per class; of more, one."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline's score on one fold, higher is better, and the seconds it took."""

    kind: str
    fold: int
    score: float
    seconds: float


def kinds_for(source: Source) -> tuple[str, ...]:
    """Names of the simple models that a data set is compared with, as the report shows them.

    Example:
        >>> kinds_for(Source.table(np.zeros((4, 1), np.float32), np.zeros(4), 0, ()))
        ('linear model', 'gradient-boosted trees')
    """
    return tuple(kinds_of(source))


def fit_all(source: Source, folds: Sequence[int], objective: str, until: float = math.inf) -> list[Baseline]:
    """Every baseline on every fold, one after the other, so that they take one worker and no more.

    Args:
        source, objective: what they are fitted to, and how they are scored.
        folds: the last comes first: it holds the test rows, and is the one that is shown in the end.
        until: the moment of `time.monotonic` after which none is begun.
    """
    load(*LIBRARIES)  # of which no fit's time is made
    wanted = ((kind, fold) for fold in [*folds[-1:], *folds[:-1]] for kind in kinds_for(source))
    return [fit(source, kind, fold, objective) for kind, fold in wanted if time.monotonic() < until]


def fit(source: Source, kind: str, fold: int, objective: str) -> Baseline:
    """Fit one baseline on a fold's training rows and score it on the held-out ones."""
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # slow convergence of the linear model is no news to the user
        metrics = kinds_of(source)[kind](source, fold)
    score = float(score_of({name: np.array([value]) for name, value in metrics.items()}, objective)[0])
    return Baseline(kind, fold, score, time.perf_counter() - started)


def folds_for(source: Source, test_fold: int) -> list[int]:
    """Folds to fit baselines on: a few, only one if there is much data, and the test fold."""
    times = source.classes if source.task == "classification" else 1
    most = FOLDS if source.x.size * max(times, 1) <= MUCH else 1
    return [*range(min(most, test_fold)), test_fold]


class Bar:
    """Baselines at work beside the study, from `begin` or the first look on.

    Args:
        study: whose workers do the fitting.
        test_fold: the fold that holds the test rows; its scores are kept back until the end.
    """

    def __init__(self, study: Study, test_fold: int) -> None:
        self._study, self._test_fold = study, test_fold
        self._work: Future[list[Baseline]] | None = None
        self._whole = 0
        self._written = False

    def begin(self) -> Future[list[Baseline]]:
        """Have them fitted, once."""
        if self._work is None:
            study = self._study
            assert study.source is not None
            folds = folds_for(study.source, self._test_fold)
            seconds = study.settings.budget.seconds
            until = math.inf if seconds is None else study.moment(study.clock.elapsed() + SHARE * seconds)
            self._whole = len(kinds_for(study.source)) * len(folds)
            self._work = study.workers.submit(fit_all, folds, study.objective, until)
        return self._work

    def look(self, wait: float | None = 0.0) -> None:
        """Note the baselines once they are there; `wait` so many seconds for them, None for as long as it
        takes."""
        if self._written or not self._is_there(wait):
            return
        self._written, work = True, self.begin()
        if work.exception() is not None:
            self._study.listener.say(f"The baselines could not be fitted: {work.exception()}.")
        elif len(work.result()) < self._whole:
            fewer = self._whole - len(work.result())
            self._study.missed.append(f"{fewer} of {self._whole} fits of simple models")
        rows = [_row(kind, found) for kind, found in self._by_kind(test=False).items()]
        self._study.bar = max((row["score"] for row in rows), default=None)
        self._study.note("baselines", {"rows": rows, "bar": self._study.bar})
        self._study.tell()

    def on_test(self) -> list[dict[str, Any]]:
        """The baselines' test scores: only for the end of a study. Those that a budget of time does not wait
        for are left out."""
        seconds, size = self._study.settings.budget.seconds, self._study.data.x.nbytes
        end = None if seconds is None else seconds - writing_seconds(size)
        self.look(None if end is None else max(end - self._study.clock.elapsed(), 0.0))
        if not self._written:
            self._study.missed.append("the simple models that are the bar to clear")
            return []
        return [_row(kind, found) for kind, found in self._by_kind(test=True).items()]

    def _is_there(self, wait: float | None) -> bool:
        work = self.begin()
        try:
            work.exception(wait)
        except FutureTimeout:
            return False
        return work.done()

    def _by_kind(self, test: bool) -> dict[str, list[Baseline]]:
        work = self.begin()
        found = [] if work.exception() else work.result()
        chosen = [b for b in found if (b.fold == self._test_fold) == test]
        kinds = dict.fromkeys(b.kind for b in chosen)
        return {kind: [b for b in chosen if b.kind == kind] for kind in kinds}


def _row(kind: str, found: list[Baseline]) -> dict[str, Any]:
    scores = [b.score for b in found]
    return {
        "name": kind,
        "score": float(np.mean(scores)),
        "sd": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        "n": len(scores),
        "seconds": round(sum(b.seconds for b in found), 3),
    }
