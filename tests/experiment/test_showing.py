"""The "examples" document: what is shown of every form of data, and what the network got wrong."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from steepest.base.budget import Budget, Clock
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import outer_split
from steepest.experiment.settings import Settings
from steepest.experiment.showing import COPIES, EXAMPLES, WRONG, note_examples, picture, strengths_of
from steepest.experiment.study import Study
from steepest.experiment.workers import Workers
from steepest.store.opening import open_journal
from steepest.training.source import Source

DRAW = np.random.default_rng(0)


def _images():
    x = DRAW.integers(0, 256, (60, 3 * 6 * 6)).astype(np.uint8)
    y = np.arange(60) % 3
    return DataSet("pictures", "classification", "kind", ("a", "b", "c"), x, y, form="image", shape=(3, 6, 6))


def _series():
    x = DRAW.normal(size=(60, 12 * 2)).astype(np.float32)
    y, naive = DRAW.normal(size=(60, 3)), DRAW.normal(size=(60, 3))
    return DataSet(
        "load", "forecasting", "load", (), x, y, form="series", shape=(12, 2), naive=naive, naive_name="now",
        moments=np.arange(60), reach=3,
    )  # fmt: skip


def _texts():
    x = DRAW.integers(2, 6, (60, 5)).astype(np.int32)
    x[:, 4] = 0
    words = ("(padding)", "(unknown)", "good", "bad", "film", "plot")
    return DataSet("films", "classification", "tone", ("no", "yes"), x, np.arange(60) % 2, form="text",
                   shape=(5,), vocabulary=words)  # fmt: skip


class Constant(nn.Module):
    """Says the same of everything."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = torch.tensor(outputs)

    def forward(self, x):
        return self.outputs.expand(len(x), -1)


@pytest.fixture
def examples(tmp_path):
    """The document that is written for a data set, a recipe and what the network says."""

    def make(data, recipe, outputs):
        outer = outer_split(data, 0)
        with open_journal(tmp_path / "study.db", create=True) as journal, Workers(0) as workers:
            settings = Settings(Budget.parse("60s"), 0, tmp_path, start=recipe)
            study = Study(settings, data, outer, "", journal, workers, Silent(), Clock())
            study.serve(Source.of(data, [outer]))
            note_examples(study, recipe, Constant(outputs), 0)
            return journal.document("examples").body, outer

    return make


def _pixels(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_images_are_shown_as_they_were_read_and_augmented(examples):
    data = _images()
    body, outer = examples(data, Recipe(network="cnn", width=4, depth=1, flip=1.0), [1.0, 0.0, 0.0])
    assert body["strengths"] == {"flip": 1.0}
    assert [row["label"] for row in body["shown"][:4]] == ["a", "b", "c", "a"]
    assert len(body["changed"]) == EXAMPLES
    row = body["changed"][0]
    before = _pixels(row["original"])
    assert any(np.array_equal(before, data.x[r].reshape(3, 6, 6).transpose(1, 2, 0)) for r in outer.train)
    assert len(row["copies"]) == COPIES
    assert all(np.abs(_pixels(copy) - before[:, ::-1].astype(int)).max() <= 1 for copy in row["copies"])


def test_errors_name_both_classes(examples):
    data = _images()
    body, outer = examples(data, Recipe(network="cnn", width=4, depth=1), [1.0, 0.0, 0.0])
    assert "changed" not in body
    missed = int((data.y[outer.held_out] != 0).sum())
    assert len(body["wrong"]) == min(WRONG, missed) > 0
    assert {row["predicted"] for row in body["wrong"]} == {"a"}
    assert {row["label"] for row in body["wrong"]} <= {"b", "c"}


def test_forecasts_stand_beside_what_came(examples):
    data = _series()
    body, outer = examples(data, Recipe(network="rnn", width=4, time_shift=0.2), [0.0, 0.0, 0.0])
    assert body["strengths"] == {"time_shift": 0.2}
    lines = body["shown"][0]["example"]
    assert {name: len(line) for name, line in lines.items()} == {
        "past": 12, "truth": 3, "forecast": 3, "naive": 3,
    }  # fmt: skip
    middle = float(data.y[outer.train].mean())
    assert lines["forecast"] == pytest.approx([middle] * 3, rel=1e-3)
    assert len(body["changed"][0]["copies"][0]) == 12


def test_dropped_words_are_marked(examples):
    body, _ = examples(_texts(), Recipe(network="rnn", width=4, token_dropout=0.5), [0.0, 1.0])
    row = body["changed"][0]
    assert len(row["original"]) == 4  # without padding
    for copy in row["copies"]:
        assert len(copy) == 4
        assert all(word is None or word == before for word, before in zip(copy, row["original"], strict=True))
    assert any(word is None for copy in row["copies"] for word in copy)
    assert {row["predicted"] for row in body["wrong"]} == {"yes"}


def test_a_table_shows_its_numbers(make_study):
    study = make_study("iris")
    recipe = study.settings.start.replace(input_noise=0.5)
    note_examples(study, recipe, Constant([0.0, 0.0, 1.0]), 3)
    body = study.journal.document("examples").body
    assert len(body["names"]) == len(body["changed"][0]["original"]) == 4
    assert body["changed"][0]["copies"][0] != body["changed"][0]["original"]
    assert strengths_of(recipe.replace(flip=0.5), study.data) == {"input_noise": 0.5}


def test_large_pictures_are_made_small():
    assert _pixels(picture(np.zeros((1, 300, 150)), 0, 1)).shape == (72, 36)
    assert _pixels(picture(np.full((3, 2, 4, 4), np.nan), 0, 1)).max() == 0
