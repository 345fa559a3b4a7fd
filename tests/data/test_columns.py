"""What a column is taken for, however its cells are written."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from steepest.data.columns import describe, tidy

N = 30


def kind(cells: object, name: str = "c") -> str:
    return describe(name, tidy(pd.Series(cells))).kind


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2, 5],
        [1.5, None, 2.5],
        ["1", " 2.5", "3e2 "],
        ["00012", "00110", "7"],
        [Decimal("1.5"), Decimal(2), Decimal(7)],
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([1.5, None, 3], dtype="Float64"),
        pd.array([1, 5, 3], dtype="int64[pyarrow]"),
        pd.to_timedelta([1, 2, 5], unit="h"),
        np.array([1, 2, 5], np.uint8),
    ],
    ids=str,
)
def test_numbers(cells: object) -> None:
    assert kind(cells) == "number"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ([True, False, True], [1, 0, 1]),
        (["yes", "NO", "Yes"], [1, 0, 1]),
        (["t", "f", "?"], [1, 0, np.nan]),
        ([True, None, False], [1, np.nan, 0]),
        (pd.array([True, None, False], dtype="boolean"), [1, np.nan, 0]),
    ],
    ids=str,
)
def test_booleans(cells: object, values: list[float]) -> None:
    assert kind(cells) == "boolean"
    np.testing.assert_array_equal(tidy(pd.Series(cells)).cells.to_numpy(), values)


@pytest.mark.parametrize(
    "cell", ["", "?", " ? ", "NA", "NaN", "nan", "null", "None", "N/A", None, pd.NA, pd.NaT, np.nan]
)
def test_missing_however_written(cell: object) -> None:
    numbers = tidy(pd.Series([1.5, cell, "2"], dtype="object"))
    assert numbers.cells.isna().tolist() == [False, True, False]
    assert numbers.form == "number"
    texts = tidy(pd.Series(["a", cell, "b"], dtype="object"))
    assert texts.cells.isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "12", "-1,234,567.5"], [1234.0, 12.0, -1234567.5]),
        (["1,5", "2", "-0,25"], [1.5, 2.0, -0.25]),
        (["50%", "7.5 %", "?"], [50.0, 7.5, np.nan]),
    ],
    ids=str,
)
def test_numbers_written_otherwise(cells: list[str], values: list[float]) -> None:
    np.testing.assert_array_equal(tidy(pd.Series(cells)).cells.to_numpy(), values)


def test_dates_count_days_from_1970_in_utc() -> None:
    assert tidy(pd.Series(["1970-01-02", "1970/01/03 12:00", ""])).cells.tolist()[:2] == [1.0, 2.5]
    assert tidy(pd.Series(pd.to_datetime(["1970-01-02", None]))).cells.tolist()[0] == 1.0
    zoned = pd.Series(pd.to_datetime(["1970-01-02 01:00"] * 2)).dt.tz_localize("Europe/Amsterdam")
    assert tidy(zoned).cells.tolist() == [1.0, 1.0]
    wrong = tidy(pd.Series(["2021-02-30", "2021-02-28", "2021-03-01"]))
    assert wrong.note == "has dates that do not exist (2021-02-30), taken as missing"
    assert wrong.cells.isna().tolist() == [True, False, False]


def test_stray_words_among_numbers_are_missing_only_if_rare() -> None:
    rare = tidy(pd.Series(["x", *map(str, range(199))]))
    assert rare.form == "number"
    assert rare.note == "has 1 cell that is no number ('x' in data row 1), taken as missing"
    assert tidy(pd.Series(["x", *map(str, range(50))])).form == "text"
    assert tidy(pd.Series(["x"] * 200)).form == "text"


def test_quotes_are_dropped_only_where_every_cell_has_them() -> None:
    assert tidy(pd.Series(["'a'", "'b'", "?"])).cells.tolist() == ["a", "b", None]
    assert tidy(pd.Series(["'a'", "b'"])).cells.tolist() == ["'a'", "b'"]
    assert tidy(pd.Series(["'"] * 3)).cells.tolist() == ["'"] * 3


def test_row_numbers_are_left_out_but_amounts_are_kept() -> None:
    assert kind(range(N)) == "left out"
    assert kind(np.arange(N) * 2) == "number"
    assert kind(np.arange(N)[::-1] * 3, name="customer_id") == "left out"
    assert kind(np.arange(N)[::-1] * 3, name="CustomerID") == "left out"
    assert kind(np.arange(N)[::-1] * 3, name="humid") == "number"
    assert kind([1.5, *range(1, N)]) == "number"


def test_text_with_few_values_is_a_category_and_names_are_not() -> None:
    assert kind(["a long label of many words", "another label of as many words"] * 15) == "category"
    assert kind([f"name{n}" for n in range(N)]) == "left out"
    assert kind([f"name{n}" for n in range(N)], name="id") == "left out"


def test_values_are_ordered_by_frequency_then_alphabet() -> None:
    column = describe("c", tidy(pd.Series(["b", "a", "c", "c", "b", "a", "c", None])))
    assert column.values == ("c", "a", "b")
    assert column.gaps


def test_a_value_and_gaps_is_no_constant() -> None:
    assert kind(["a", None] * 5) == "category"
    assert kind([3.0, None] * 5) == "number"


def test_nested_and_complex_cells_are_left_out() -> None:
    assert kind([[1, 2], [3]]) == "left out"
    assert kind([{"bytes": b""}, {"bytes": b""}]) == "left out"
    assert kind(np.array([1j, 2j])) == "left out"


def test_pandas_categories_are_categories() -> None:
    assert describe("c", tidy(pd.Series(["u", "v", "u"], dtype="category"))).values == ("u", "v")
