"""Photographs may be mirrored, digits may not, and what cannot be told is not."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from steepest.data import orientation
from steepest.data.images import read_images
from steepest.data.orientation import oriented

CIFAR = Path(__file__).parents[2].parent / "shared" / "data" / "cifar10-test.parquet"


def shapes(n: int, *, lean: bool, side: int = 12, strength: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bar: at the top or the bottom, or to the left or the right."""
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, n)
    x = draw.normal(100, 30, (n, side, side))
    half = side // 2
    for image, label in zip(x, y, strict=True):
        bar = slice(0, half) if label else slice(half, side)
        image[(slice(None), bar) if lean else (bar, slice(None))] += strength
    return np.clip(x, 0, 255).astype(np.uint8).reshape(n, -1), y


def test_digits_are_oriented_by_name_and_by_their_pixels():
    x, y = load_digits(return_X_y=True)
    names = [str(digit) for digit in range(10)]
    assert oriented(x.astype(np.uint8), y, (1, 8, 8), names) == (
        True,
        "Classes are single letters or digits, whose mirror images differ, so images are not flipped.",
    )
    found, note = oriented(x.astype(np.float32), y, (1, 8, 8), ())
    assert found
    assert note.startswith("Left and right matter to the label (a linear model is right on 9")


@pytest.mark.parametrize("side", [12, 33])
@pytest.mark.parametrize("lean", [False, True])
def test_left_and_right_matter_where_they_make_the_class(lean, side):
    x, y = shapes(400, lean=lean, side=side)
    assert oriented(x, y, (1, side, side), ("day", "night"))[0] is lean


def test_a_slight_habit_of_one_class_is_no_reason_against_mirroring(monkeypatch):
    x, y = shapes(4000, lean=False, side=8, strength=8)
    images = x.reshape(-1, 8, 8).astype(np.int64)
    images[y == 1, :, :4] += 6
    x = np.clip(images, 0, 255).astype(np.uint8).reshape(4000, -1)
    assert not oriented(x, y, (1, 8, 8), ())[0]
    monkeypatch.setattr(orientation, "LEAST_LOSS", 0.0)  # it is no chance, but it is slight
    assert oriented(x, y, (1, 8, 8), ())[0]


def test_volumes_are_mirrored_along_their_width():
    x, y = shapes(400, lean=True)
    deep = np.repeat(x.reshape(-1, 1, 12, 12), 3, axis=1).reshape(400, -1)
    assert oriented(deep, y, (1, 3, 12, 12), ())[0]
    upright = np.repeat(x.reshape(-1, 12, 12, 1), 3, axis=3).reshape(400, -1)  # the bar lies along the height
    assert not oriented(upright, y, (1, 12, 12, 3), ())[0]


def test_what_cannot_be_told_counts_as_oriented():
    draw = np.random.default_rng(0)
    noise = draw.integers(0, 256, (400, 64), dtype=np.uint8)
    found, note = oriented(noise, draw.integers(0, 2, 400), (1, 8, 8), ())
    assert found
    assert "cannot be told" in note
    assert oriented(noise, draw.normal(size=400), (1, 8, 8), ())[1].startswith("Whether mirror images keep a")
    assert oriented(noise[:30], np.arange(30) % 2, (1, 8, 8), ())[1].startswith("Too few images")


def test_only_the_rows_that_are_named_are_looked_at():
    x, y = shapes(800, lean=True)
    x[400:], y[400:] = shapes(400, lean=False)
    assert oriented(x, y, (1, 12, 12), (), np.arange(400))[0]
    assert not oriented(x, y, (1, 12, 12), (), np.arange(400, 800))[0]


@pytest.mark.skipif(not CIFAR.is_file(), reason="needs shared/data/cifar10-test.parquet")
def test_photographs_may_be_mirrored(monkeypatch, tmp_path):
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path))
    data = read_images(CIFAR, None, name=None, size=None, task=None)
    assert not data.oriented
    assert any(note.startswith("Mirror images keep their labels") for note in data.notes)
