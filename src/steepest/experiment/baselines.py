"""The bar to clear: a linear model and gradient-boosted trees, on the folds the networks are scored on."""

import time
import warnings
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, log_loss

from steepest.experiment.study import Study
from steepest.training.metrics import score_of
from steepest.training.source import Source

KINDS = ("linear model", "gradient-boosted trees")
FOLDS = 3


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline's score on one fold, higher is better, and the seconds it took."""

    kind: str
    fold: int
    score: float
    seconds: float


def fit_all(source: Source, folds: Sequence[int], objective: str) -> list[Baseline]:
    """Every baseline on every fold, one after the other, so that they take one worker and no more."""
    return [fit(source, kind, fold, objective) for kind in KINDS for fold in folds]


def fit(source: Source, kind: str, fold: int, objective: str) -> Baseline:
    """Fit one baseline on a fold's training rows and score it on the held-out ones.

    The linear model reads standardised inputs, as the networks do; trees read them raw, gaps included.
    """
    started = time.perf_counter()
    f = source.folds[fold]
    x = f.standard.x(source.x) if kind == "linear model" else source.x
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # slow convergence of the linear model is no news to the user
        model = _model(kind, source.classes).fit(x[f.train], source.y[f.train])
        metrics = _metrics(model, x[f.held_out], source.y[f.held_out], source.classes)
    score = float(score_of(metrics, objective)[0])
    return Baseline(kind, fold, score, time.perf_counter() - started)


def _model(kind: str, classes: int) -> Any:
    if kind == "linear model":
        return LogisticRegression(max_iter=300) if classes else Ridge()
    return (
        HistGradientBoostingClassifier(random_state=0)
        if classes
        else HistGradientBoostingRegressor(random_state=0)
    )


def _metrics(model: Any, x: np.ndarray, y: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    if classes:
        chances = np.zeros((len(x), classes))
        chances[:, model.classes_] = model.predict_proba(x)
        guess = chances.argmax(1)
        found = {
            "accuracy": float((guess == y).mean()),
            "balanced_accuracy": float(balanced_accuracy_score(y, guess)),
            "log_loss": float(log_loss(y, chances.clip(1e-15), labels=range(classes))),
        }
    else:
        error = model.predict(x) - y
        mse = float(np.mean(error**2))
        found = {
            "r2": 1 - mse / max(float(np.var(y)), 1e-300),
            "rmse": mse**0.5,
            "mae": float(np.abs(error).mean()),
        }
    return {name: np.array([value]) for name, value in found.items()}


class Bar:
    """Baselines at work beside the study.

    Args:
        study: whose workers do the fitting.
        test_fold: the fold that holds the test rows; its scores are kept back until the end.
    """

    def __init__(self, study: Study, test_fold: int) -> None:
        self._study, self._test_fold = study, test_fold
        self._work = self._begin()
        self._written = False

    def _begin(self) -> "Future[list[Baseline]]":
        folds = [*range(min(FOLDS, self._test_fold)), self._test_fold]
        return self._study.workers.submit(fit_all, folds, self._study.objective)

    def look(self, wait: bool = False) -> None:
        """Note the baselines once they are there; `wait` for them if need be."""
        if self._written or not (wait or self._work.done()):
            return
        if isinstance(self._work.exception(), BrokenExecutor):  # a worker died, and all that waited with it
            self._work = self._begin()
            if not wait:
                return
        self._written = True
        if self._work.exception() is not None:
            self._study.listener.say(f"The baselines could not be fitted: {self._work.exception()}.")
        rows = [_row(kind, found) for kind, found in self._by_kind(test=False).items()]
        self._study.bar = max((row["score"] for row in rows), default=None)
        self._study.note("baselines", {"rows": rows, "bar": self._study.bar})
        self._study.tell()

    def on_test(self) -> list[dict[str, Any]]:
        """The baselines' test scores: only for the end of a study."""
        self.look(wait=True)
        return [_row(kind, found) for kind, found in self._by_kind(test=True).items()]

    def _by_kind(self, test: bool) -> dict[str, list[Baseline]]:
        found = [] if self._work.exception() else self._work.result()
        chosen = [b for b in found if (b.fold == self._test_fold) == test]
        by_kind = {kind: [b for b in chosen if b.kind == kind] for kind in KINDS}
        return {kind: rows for kind, rows in by_kind.items() if rows}


def _row(kind: str, found: list[Baseline]) -> dict[str, Any]:
    scores = [b.score for b in found]
    return {
        "name": kind,
        "score": float(np.mean(scores)),
        "sd": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        "n": len(scores),
        "seconds": round(sum(b.seconds for b in found), 3),
    }
