"""A date's place in the week, the year and the day."""

import numpy as np
import pandas as pd
import pytest

from steepest.data.columns import describe, tidy
from steepest.data.dataset import DataSet
from steepest.data.dates import parts_of, waves
from steepest.data.table import from_table


def days(*dates: str) -> np.ndarray:
    return tidy(pd.Series([pd.Timestamp(date) for date in dates])).cells.to_numpy()


def test_a_week_begins_on_a_monday() -> None:
    monday, thursday = days("2021-03-01 13:00", "2021-03-04")
    np.testing.assert_allclose(waves(np.array([monday]), "day of the week"), [[0, 1]], atol=1e-6)
    turn = 2 * np.pi * 3 / 7
    found = waves(np.array([thursday]), "day of the week")[0]
    np.testing.assert_allclose(found, [np.sin(turn), np.cos(turn)], atol=1e-6)


def test_a_year_ends_where_the_next_begins_also_in_leap_years() -> None:
    first = waves(days("2020-01-01", "2021-01-01", "1969-01-01"), "day of the year")
    np.testing.assert_allclose(first, [[0, 1]] * 3, atol=1e-6)
    np.testing.assert_allclose(waves(days("2020-07-02"), "day of the year"), [[0, -1]], atol=1e-6)


@pytest.mark.parametrize(
    ("dates", "parts"),
    [
        (pd.date_range("2021-01-04", periods=9, freq="7D"), ("day of the year",)),
        (pd.date_range("2021-01-04", periods=9), ("day of the week", "day of the year")),
        (pd.date_range("2021-01-04", periods=9, freq="h"), ("day of the year", "time of day")),
        (
            pd.date_range("2021-01-04", periods=2, freq="366h"),
            ("day of the week", "day of the year", "time of day"),
        ),
    ],
    ids=str,
)
def test_only_parts_that_vary_count(dates: pd.DatetimeIndex, parts: tuple[str, ...]) -> None:
    assert parts_of(tidy(pd.Series(dates)).cells.to_numpy()) == parts


def test_dates_fill_their_inputs_in_order() -> None:
    when = pd.Series(pd.date_range("2021-01-04", periods=40)).where(lambda each: each.dt.day != 9)
    frame = pd.DataFrame({"on": when, "ill": [0, 1] * 20})
    data: DataSet = from_table(frame, "ill", name="t", where="t")
    assert data.feature_names == (
        "on",
        "on: sine of the day of the week",
        "on: cosine of the day of the week",
        "on: sine of the day of the year",
        "on: cosine of the day of the year",
        "on is missing",
    )
    assert data.scaled.tolist() == [True] + [False] * 5
    assert np.isnan(data.x[5, 0])
    assert data.x[5, 1:].tolist() == [0, 0, 0, 0, 1]
    np.testing.assert_allclose(data.x[0, 1:3], [0, 1], atol=1e-6)
    assert describe("on", tidy(when)).parts == ("day of the week", "day of the year")
