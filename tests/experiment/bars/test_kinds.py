"""Which models a data set gets, and that each of them is what its name says."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from steepest.data.standardise import Standardiser
from steepest.experiment.bars import kinds, rows
from steepest.experiment.bars.inputs import thumbnails
from steepest.experiment.bars.kinds import kinds_of
from steepest.networks.ports import Ports
from steepest.training.source import Fold, Source

MakeSeason = Callable[[int], Source]
NAIVE = "naive forecast: the value 6 steps before"
RIDGE, WINDOW_TREES = "ridge regression on the window", "gradient-boosted trees on the window"


@pytest.mark.parametrize("horizon", [1, 3])
def test_forecasts(make_season: MakeSeason, horizon: int) -> None:
    source = make_season(horizon)
    models = kinds_of(source)
    assert list(models) == [NAIVE, RIDGE, WINDOW_TREES]
    fold = source.folds[1]
    y, scaled = source.y, fold.standard.x(source.x)
    moments = 8 + fold.held_out
    values = np.concatenate([source.x[:, 0], source.x[-1, 2::2]])  # of the series, from its first step on
    error = y[fold.held_out].reshape(-1, horizon) - values[moments[:, None] + np.arange(horizon) - 6]
    assert models[NAIVE](source, 1)["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert models[NAIVE](source, 1)["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    guess = Ridge().fit(scaled[fold.train].astype(float), y[fold.train]).predict(scaled[fold.held_out])
    assert models[RIDGE](source, 1)["mae"] == pytest.approx(np.abs(guess - y[fold.held_out]).mean(), rel=1e-4)
    for name in (RIDGE, WINDOW_TREES):
        assert models[name](source, 1)["r2"] > 0.85, name


def test_trees_do_not_forecast_far(make_season: MakeSeason) -> None:
    assert list(kinds_of(make_season(4))) == [NAIVE, RIDGE]


def test_the_naive_forecast_reaches_workers(make_season: MakeSeason, tmp_path: Path) -> None:
    source = make_season(3)
    source.save(tmp_path)
    mapped = Source.load(tmp_path, **source.facts)
    assert kinds_of(mapped)[NAIVE](mapped, 0) == kinds_of(source)[NAIVE](source, 0)


def test_series_to_classify_are_read_as_tables(make_season: MakeSeason) -> None:
    forecast = make_season(1)
    late = (np.arange(len(forecast.y)) % 6 >= 3).astype(np.int64)
    source = dataclasses.replace(forecast, y=late, classes=2, task="classification", naive=None)
    models = kinds_of(source)
    assert list(models) == ["linear model", "gradient-boosted trees"]
    for name, model in models.items():
        assert model(source, 1)["accuracy"] > 0.9, name


def test_documents(documents: Source) -> None:
    models = kinds_of(documents)
    assert list(models) == ["logistic regression on words", "naive Bayes on words"]
    for name, model in models.items():
        assert model(documents, 1)["accuracy"] > 0.9, name


def test_documents_with_numbers(documents: Source) -> None:
    source = dataclasses.replace(documents, y=documents.y * 7.0 - 3, classes=0, task="regression")
    (model,) = kinds_of(source).values()
    assert list(kinds_of(source)) == ["ridge regression on words"]
    assert model(source, 1)["r2"] > 0.5


def test_images(images: Source) -> None:
    models = kinds_of(images)
    assert list(models) == ["linear model on 10×10 thumbnails", "gradient-boosted trees on 10×10 thumbnails"]
    for name, model in models.items():
        assert model(images, 1)["accuracy"] > 0.9, name
    small = dataclasses.replace(images, ports=Ports("image", (4, 8, 8), 3))
    assert list(kinds_of(small)) == ["linear model", "gradient-boosted trees"]


def test_images_are_kept_to_so_many_and_it_is_said(images: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "IMAGE_ROWS", 30)
    name, trees = kinds_of(images)
    assert (name, trees) == (
        "linear model on 10×10 thumbnails, 30 rows",
        "gradient-boosted trees on 10×10 thumbnails, 30 rows",
    )
    taken, held = rows.chosen(images, 1, 30), images.folds[1].held_out
    model = LogisticRegression(max_iter=300).fit(thumbnails(images, images.folds[1], taken), images.y[taken])
    want = model.score(thumbnails(images, images.folds[1], held), images.y[held])
    assert kinds_of(images)[name](images, 1)["accuracy"] == pytest.approx(want)


def test_images_of_many_classes_are_fewer(images: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LEAST_ROWS", 10)
    monkeypatch.setattr(kinds, "LINEAR_NUMBERS", 2 * 10 * 10 * 3 * 60)
    assert next(iter(kinds_of(images))) == "linear model on 10×10 thumbnails, 60 rows"
    more = dataclasses.replace(images, classes=6)
    assert next(iter(kinds_of(more))) == "linear model on 10×10 thumbnails, 30 rows"


def test_labels(labels: Source) -> None:
    for name, model in kinds_of(labels).items():
        found = model(labels, 1)
        assert found["accuracy"] > 0.85, name
        assert found["log_loss"] < 0.4, name
        assert found["macro_f1"] < 0.67, name  # a label that is never set counts as 0


def test_trees_are_left_out_where_they_would_be_too_many(labels: Source, images: Source) -> None:
    many = dataclasses.replace(labels, y=np.tile(labels.y, 4), classes=12)
    assert list(kinds_of(many)) == ["linear model"]
    for source, most in ((images, 30), (dataclasses.replace(images, ports=Ports.table(800, 3)), 30)):
        assert len(kinds_of(dataclasses.replace(source, classes=most))) == 2
        assert len(kinds_of(dataclasses.replace(source, classes=most + 1))) == 1


def test_tables_are_kept_to_so_many_numbers(labels: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    source = dataclasses.replace(labels, y=labels.y[:, 0].astype(np.int64), classes=2, task="classification")
    monkeypatch.setattr(rows, "LEAST_ROWS", 10)
    monkeypatch.setattr(kinds, "LINEAR_NUMBERS", 3 * 2 * 50)
    monkeypatch.setattr(kinds, "TREE_NUMBERS", 3 * 100)  # a single tree tells two classes apart
    assert list(kinds_of(source)) == ["linear model, 50 rows", "gradient-boosted trees, at most 100 rows"]
    for name, model in kinds_of(source).items():
        assert model(source, 1)["accuracy"] > 0.8, name


def test_held_out_rows_are_read_in_blocks(labels: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [model(labels, 1) for model in kinds_of(labels).values()]
    monkeypatch.setattr(kinds, "BLOCK_NUMBERS", 3 * 7)
    assert [model(labels, 1) for model in kinds_of(labels).values()] == [pytest.approx(m) for m in whole]


@pytest.mark.parametrize(
    ("codes", "linear", "trees"), [(60, 0.99, 0.99), (255, 0.65, 0.97), (300, 0.6, 0.75)]
)
def test_columns_of_codes(codes: int, linear: float, trees: float) -> None:
    """The parity of a category's code says the class: no threshold does, each value by itself does."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(6000, 2)).astype(np.float32)
    x[:, 1] = np.minimum(draw.geometric(2.5 / codes, 6000), codes - 1)
    standard = Standardiser(np.zeros(2, np.float32), np.ones(2, np.float32), codes=(1,))
    fold = Fold(np.arange(4000), np.arange(4000, 6000), standard)
    ports = Ports("table", (2,), 2, codes=((1, codes),))
    source = Source(x, (x[:, 1] % 2).astype(np.int64), 2, (fold,), ports, "classification")
    models = kinds_of(source)
    said = ", 64 values a category" if codes > 65 else ""
    assert list(models) == [f"linear model{said}", "gradient-boosted trees"]
    scores = [model(source, 0)["accuracy"] for model in models.values()]
    assert scores[0] > linear
    assert scores[1] > trees
    if codes > 255:
        assert max(scores) < 0.95  # rare values are not told apart, and trees read codes as numbers
