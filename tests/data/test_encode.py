"""The float matrix of a table, also of one whose values were never seen."""

import numpy as np
import pandas as pd

from steepest.data.columns import describe, tidy
from steepest.data.dataset import Column
from steepest.data.encode import encode


def test_every_kind_side_by_side() -> None:
    cells = [
        tidy(pd.Series([1.5, None, 2.5])),
        tidy(pd.Series(["yes", "no", "yes"])),
        tidy(pd.Series(["a", "b", None])),
        tidy(pd.Series([7, 7, 7])),
    ]
    columns = [describe(name, each) for name, each in zip("nbck", cells, strict=True)]
    x = encode(columns, cells)
    assert [name for column in columns for name in column.inputs] == [
        "n",
        "n is missing",
        "b",
        "c=a",
        "c=b",
        "c is missing",
    ]
    np.testing.assert_array_equal(
        x,
        np.array([[1.5, 0, 1, 1, 0, 0], [np.nan, 1, 0, 0, 1, 0], [2.5, 0, 1, 0, 0, 1]], np.float32),
    )
    assert x.dtype == np.float32


def test_unseen_values_are_other_or_nothing() -> None:
    cells = tidy(pd.Series(["a", "new", None]))
    assert encode([Column("c", "category", values=("a",), other=True)], [cells]).tolist() == [
        [1, 0],
        [0, 1],
        [0, 0],
    ]
    assert encode([Column("c", "category", values=("a",))], [cells]).tolist() == [[1], [0], [0]]


def test_no_columns_give_no_inputs() -> None:
    assert encode([], []).shape == (0, 0)
