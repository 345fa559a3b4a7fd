"""What simple models read, against numpy and scikit-learn by hand."""

import dataclasses

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from steepest.data.standardise import Standardiser
from steepest.experiment.bars.inputs import (
    MOST_VALUES,
    bag_of_words,
    standardised,
    thumbnail,
    thumbnails,
    width_standardised,
)
from steepest.networks.ports import Ports
from steepest.training.source import Fold, Source

ROWS = np.arange(200)


def coded() -> Source:
    """Two numbers between two columns of codes, with 3 and 100 values."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 4)).astype(np.float32)
    x[:, 0], x[:, 3] = draw.integers(0, 4, 200), draw.integers(0, 101, 200)
    standard = Standardiser(np.zeros(4, np.float32), np.ones(4, np.float32), codes=(0, 3))
    fold = Fold(ROWS[:150], ROWS[150:], standard)
    ports = Ports("table", (4,), 2, codes=((0, 4), (3, 101)))
    return Source(x, (x[:, 3] % 2).astype(np.int64), 2, (fold,), ports, "classification")


def test_codes_become_one_input_per_frequent_value() -> None:
    source = coded()
    found = standardised(source, source.folds[0], ROWS)
    assert found.shape == (200, width_standardised(source.ports)) == (200, 2 + 3 + MOST_VALUES)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, :2], source.x[:, 1:3].clip(-5, 5))
    for row, short, long in zip(found, source.x[:, 0], source.x[:, 3], strict=True):
        assert np.flatnonzero(row[2:5]).tolist() == [int(short) - 1] * int(short > 0)
        assert np.flatnonzero(row[5:]).tolist() == [int(long) - 1] * int(0 < long <= MOST_VALUES)


def test_tables_without_codes_are_only_standardised(labels: Source) -> None:
    fold = labels.folds[0]
    np.testing.assert_array_equal(standardised(labels, fold, ROWS[:9]), fold.standard.x(labels.x[:9]))
    assert width_standardised(labels.ports) == 3


def test_a_thumbnail_is_the_mean_of_each_block(images: Source) -> None:
    assert thumbnail(images.ports) == (2, (10, 10))
    fold = images.folds[0]
    whole = fold.standard.x(images.x).reshape(200, 2, 10, 2, 10, 2)
    np.testing.assert_allclose(
        thumbnails(images, fold, ROWS), whole.mean((3, 5)).reshape(200, -1), rtol=1e-5, atol=1e-6
    )


def test_incomplete_blocks_count_what_they_have(images: Source) -> None:
    source = dataclasses.replace(images, ports=Ports("image", (8, 10, 10), 3))
    fold = source.folds[0]
    assert thumbnail(source.ports) == (2, (5, 5))
    odd = dataclasses.replace(images, ports=Ports("image", (2, 4, 100), 3))
    assert thumbnail(odd.ports) == (2, (2, 50))
    uneven = dataclasses.replace(images, ports=Ports("image", (16, 5, 10), 3))
    assert thumbnail(uneven.ports) == (2, (3, 5))
    found = thumbnails(uneven, fold, ROWS).reshape(200, 16, 3, 5)
    whole = fold.standard.x(images.x).reshape(200, 16, 5, 10)
    np.testing.assert_allclose(found[:, :, 2, 1], whole[:, :, 4:, 2:4].mean((2, 3)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[:, :, 0, 4], whole[:, :, :2, 8:].mean((2, 3)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "want"),
    [((1, 8, 8), (1, (8, 8))), ((1, 12, 12, 12), (2, (6, 6, 6))), ((300, 4, 4), (4, (1, 1)))],
)
def test_thumbnails_of_any_shape(shape: tuple[int, ...], want: tuple[int, tuple[int, ...]]) -> None:
    assert thumbnail(Ports("image", shape, 2)) == want


def test_words_weigh_as_in_scikit_learn(documents: Source) -> None:
    texts = [" ".join(f"w{code:02}" for code in row if code) for row in documents.x.tolist()]
    train, held = documents.folds[0].train, documents.folds[0].held_out
    theirs = TfidfVectorizer(sublinear_tf=True, vocabulary=[f"w{code:02}" for code in range(1, 40)])
    theirs.fit([texts[row] for row in train])
    found = bag_of_words(documents, train)(held).toarray()
    assert not found[:, 0].any()  # padding
    np.testing.assert_allclose(found[:, 1:], theirs.transform([texts[r] for r in held]).toarray(), rtol=1e-5)
