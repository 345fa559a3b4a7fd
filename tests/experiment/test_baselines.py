"""Baselines against scikit-learn used by hand."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.experiment import baselines
from steepest.experiment.baselines import Bar, fit, fit_all, folds_for, kinds_for
from steepest.experiment.processes import WorkerLost
from steepest.experiment.study import Study
from steepest.training.source import Source

KINDS = ("linear model", "gradient-boosted trees")


def source_of(name: str) -> Source:
    data = read(name)
    return Source.of(data, [outer_split(data, 0)])


@pytest.mark.parametrize("objective", ["accuracy", "balanced_accuracy", "log_loss"])
def test_classification(objective: str) -> None:
    source = source_of("wine")
    fold = source.folds[0]
    scaled = StandardScaler().fit(source.x[fold.train]).transform(source.x).clip(-5, 5)
    y, held = source.y, fold.held_out
    by_hand = {
        "linear model": (LogisticRegression(max_iter=300), scaled),
        "gradient-boosted trees": (HistGradientBoostingClassifier(random_state=0), source.x),
    }
    for kind in KINDS:
        model, x = by_hand[kind]
        model.fit(x[fold.train], y[fold.train])
        guess, chances = model.predict(x[held]), model.predict_proba(x[held])
        want = {
            "accuracy": metrics.accuracy_score(y[held], guess),
            "balanced_accuracy": metrics.balanced_accuracy_score(y[held], guess),
            "log_loss": -metrics.log_loss(y[held], chances),
        }
        found = fit(source, kind, 0, objective)
        assert found.score == pytest.approx(want[objective], rel=1e-3, abs=1e-4), kind
        assert (found.kind, found.fold) == (kind, 0)
        assert found.seconds > 0


@pytest.mark.parametrize("objective", ["r2", "rmse", "mae"])
def test_regression(objective: str) -> None:
    source = source_of("diabetes")
    fold = source.folds[0]
    scaled = StandardScaler().fit(source.x[fold.train]).transform(source.x).clip(-5, 5)
    y, held = source.y, fold.held_out
    by_hand = {
        "linear model": (Ridge(), scaled),
        "gradient-boosted trees": (HistGradientBoostingRegressor(random_state=0), source.x),
    }
    for kind in KINDS:
        model, x = by_hand[kind]
        guess = model.fit(x[fold.train], y[fold.train]).predict(x[held])
        want = {
            "r2": metrics.r2_score(y[held], guess),
            "rmse": -metrics.root_mean_squared_error(y[held], guess),
            "mae": -metrics.mean_absolute_error(y[held], guess),
        }
        assert fit(source, kind, 0, objective).score == pytest.approx(want[objective], rel=1e-4), kind


def test_much_data_gets_one_fold_beside_the_test_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of("iris")
    assert folds_for(source, 5) == [0, 1, 2, 5]
    assert folds_for(source, 2) == [0, 1, 2]
    monkeypatch.setattr(baselines, "MUCH", 150 * 4 * 3)
    assert folds_for(source, 5) == [0, 1, 2, 5]
    monkeypatch.setattr(baselines, "MUCH", 150 * 4 * 3 - 1)
    assert folds_for(source, 5) == [0, 5]


def test_tables_have_two_models() -> None:
    assert kinds_for(source_of("wine")) == kinds_for(source_of("diabetes")) == KINDS


def test_gaps_are_read_by_both() -> None:
    source = source_of("iris")
    source.x[np.random.default_rng(0).random(source.x.shape) < 0.2] = np.nan
    for found in fit_all(source, [0], "accuracy"):
        assert found.score > 0.7, found.kind


def test_the_bar_is_the_better_baseline_off_the_test_rows(
    make_study: Callable[..., Study],
) -> None:
    study: Study = make_study(budget="9trials")
    assert study.source is not None
    bar = Bar(study, test_fold=3)
    bar.look(wait=None)
    bar.look(wait=None)  # written once
    (document,) = study.journal.documents("baselines")
    want = {kind: [fit(study.source, kind, f, "accuracy").score for f in range(3)] for kind in KINDS}
    for row in document.body["rows"]:
        scores = want[row["name"]]
        assert row["n"] == 3
        assert row["score"] == pytest.approx(np.mean(scores))
        assert row["sd"] == pytest.approx(np.std(scores, ddof=1))
    assert document.body["bar"] == study.bar == pytest.approx(max(map(np.mean, want.values())))
    for row in bar.on_test():
        assert row["n"] == 1
        assert row["score"] == pytest.approx(fit(study.source, row["name"], 3, "accuracy").score)


def test_a_study_goes_on_without_baselines_that_every_worker_died_over(
    make_study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    study: Study = make_study(budget="9trials")
    lost, said = Future[Any](), list[str]()
    lost.set_exception(WorkerLost("its process was ended by SIGKILL"))
    monkeypatch.setattr(study.workers, "submit", lambda *_: lost)
    monkeypatch.setattr(study.listener, "say", said.append)
    bar = Bar(study, test_fold=3)
    bar.look()
    assert said == ["The baselines could not be fitted: its process was ended by SIGKILL."]
    assert bar.on_test() == []
    assert study.bar is None
