"""Training rows drawn for models that cannot take all."""

import numpy as np

from steepest.experiment.bars.rows import chosen, limited
from steepest.training.source import Source


def test_all_rows_where_they_are_few(images: Source) -> None:
    np.testing.assert_array_equal(chosen(images, 0, 100), images.folds[0].train)
    assert limited(images, 150) == ""


def test_a_draw_is_of_training_rows_and_the_same_each_time(images: Source) -> None:
    rows = chosen(images, 1, 40)
    assert len(set(rows.tolist())) == 40
    assert np.isin(rows, images.folds[1].train).all()
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, chosen(images, 1, 40))
    assert rows.max() > 100  # from everywhere, not from the front
    assert not np.array_equal(chosen(images, 0, 40), rows)


def test_no_class_is_lost(images: Source) -> None:
    images.y[:] = 0
    images.y[[17, 91]] = 1, 2
    for most in (3, 10):
        rows = chosen(images, 0, most)
        assert {17, 91} <= set(rows.tolist())
        assert len(rows) == most


def test_limits_are_named_as_they_are(images: Source) -> None:
    assert [limited(images, most) for most in (100, 101, 149, 150)] == [
        ", 100 rows", ", at most 101 rows", ", at most 149 rows", "",
    ]  # fmt: skip
