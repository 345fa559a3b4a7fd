"""Arrays of several targets at once."""

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.arrays import from_arrays
from steepest.data.target import code_labels

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.random.default_rng(1).integers(0, 2, (30, 4))


def make(y: object, task: str | None = None, **options: object) -> object:
    return from_arrays(X, y, name="toy", where="the arrays", task=task, **options)


def test_a_matrix_of_zeros_and_ones_is_labels() -> None:
    data = make(Y)
    assert (data.task, data.classes, data.outputs) == ("multilabel", ("0", "1", "2", "3"), 4)
    assert data.y.dtype == np.float64
    np.testing.assert_array_equal(data.y, Y)
    assert "Taken as multilabel: y is a matrix of zeros and ones." in data.notes
    assert make(Y.astype(bool)).fingerprint == data.fingerprint


def test_labels_have_the_names_of_columns_or_those_given() -> None:
    assert make(pd.DataFrame(Y, columns=list("abcd"))).classes == ("a", "b", "c", "d")
    assert make(Y, labels=["w", "x", "y", "z"]).classes == ("w", "x", "y", "z")


def test_one_hot_targets_are_labels_only_if_asked_for() -> None:
    hot = np.eye(3)[np.arange(30) % 3]
    with pytest.raises(BadData, match=r"one value per row.*argmax\(1\)"):
        make(hot)
    assert make(hot, "multilabel").task == "multilabel"
    assert make(Y[:, :1], "multilabel").classes == ("0",)


def test_rows_without_all_labels_are_dropped() -> None:
    gaps = Y.astype(float)
    gaps[3, 1] = np.nan
    data = make(gaps)
    assert data.rows == 29
    assert "Rows without a target, dropped: 1." in data.notes


def test_labels_that_never_change_are_said_or_refused() -> None:
    fixed = np.c_[Y, np.ones(30, int)]
    assert "Labels that never change: '4'." in make(fixed).notes
    with pytest.raises(BadData, match="must have a label that varies"):
        make(np.ones((30, 2)))


@pytest.mark.parametrize("task", [None, "multilabel", "regression", "forecasting"])
def test_other_matrices_are_refused_with_what_to_give_instead(task: str | None) -> None:
    with pytest.raises(BadData, match=r"shape \(30, 3\).*--forecast") as caught:
        make(X, task)
    assert caught.value.remedy
    assert code_labels(X, (), task, "the arrays") is None


@pytest.mark.parametrize(
    ("task", "match"),
    [
        ("multilabel", "matrix of zeros and ones"),
        ("forecasting", "--forecast COLUMN"),
        ("next-token", "text file"),
    ],
)
def test_a_task_that_one_column_cannot_be_says_what_to_give(task: str, match: str) -> None:
    with pytest.raises(BadInput, match=match):
        make(Y[:, 0], task)
