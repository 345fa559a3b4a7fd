"""Cells read as a kind that is known: what fits, and which row is the first that does not."""

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData
from steepest.data.fitting import as_booleans, as_dates, as_numbers, as_texts

NAN = np.nan


@pytest.mark.parametrize(
    ("fitted", "cells", "misfits"),
    [
        (as_numbers(pd.Series(["1", "x", None, "inf"])), [1, NAN, NAN, NAN], [1]),
        (as_numbers(pd.Series([1, 2], dtype="Int64")), [1, 2], []),
        (as_numbers(pd.Series(["1,5", "2"]), "decimal commas"), [1.5, 2], []),
        (as_numbers(pd.Series(["1,5", "2"])), [NAN, 2], [0]),
        (as_numbers(pd.Series(["50%", "x%"]), "percent signs"), [50, NAN], [1]),
        (as_numbers(pd.Series(pd.to_datetime(["2020-01-01", None]))), [18262, NAN], [0]),
        (as_numbers(pd.Series([[1], None])), [NAN, NAN], [0]),
        (as_booleans(pd.Series(["yes"])), [1], []),
        (as_booleans(pd.Series(["Weiblich", "maybe", "1"]), ("männlich", "weiblich")), [1, NAN, 1], [1]),
        (as_booleans(pd.Series([1.0, 0.0, 2.0, NAN])), [1, 0, NAN, NAN], [2]),
        (as_booleans(pd.Series([True, False])), [1, 0], []),
        (as_dates(pd.Series(["1970-01-03", "3", "?"])), [2, NAN, NAN], [1]),
        (as_dates(pd.Series([19700103])), [2], []),
        (as_dates(pd.Series(["1970-02-30"])), [NAN], [0]),
        (as_dates(pd.Series(["01/03/1970 12:00"]), "month/day/year"), [2.5], []),
    ],
)
def test_cells_and_misfits(fitted: object, cells: list[float], misfits: list[int]) -> None:
    np.testing.assert_array_equal(fitted.cells.to_numpy(float), cells)
    assert fitted.misfits.tolist() == misfits


def test_texts_are_what_is_written() -> None:
    cells = as_texts(pd.Series(["007", 7, 7.0, 0.5, True, None, " NA "])).cells
    assert cells.tolist() == ["007", "7", "7", "0.5", "True", None, None]
    assert as_texts(pd.Series([7, 8])).cells.tolist() == ["7", "8"]
    assert as_texts(pd.Series(["'a'", "'b'"])).cells.tolist() == ["a", "b"]


def test_the_first_misfit_is_named() -> None:
    column = pd.Series(["1", "2", "x", "y"])
    with pytest.raises(
        BadData, match=r"column 'c' must hold numbers, but got 'x in data row 3'. Correct it."
    ):
        as_numbers(column).check(column, "column 'c'", "must hold numbers", "Correct it.")
    as_numbers(column[:2]).check(column, "column 'c'", "must hold numbers", "Correct it.")
