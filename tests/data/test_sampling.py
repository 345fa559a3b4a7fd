"""The grid that stamps stand on, and how spans of it are worded."""

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData
from steepest.data.sampling import DAY, HOUR, MINUTE, WEEK, Sampling, even_grid, shown


@pytest.mark.parametrize(
    ("sampling", "words", "steps", "lasting"),
    [
        (Sampling("fixed", DAY), "one row a day", 365, "365 days"),
        (Sampling("fixed", HOUR), "one row an hour", 24, "24 hours"),
        (Sampling("fixed", 15 * MINUTE), "one row every 15 minutes", 5, "75 minutes"),
        (Sampling("fixed", 15 * MINUTE), "one row every 15 minutes", 96, "1 day"),
        (Sampling("fixed", 2 * WEEK), "one row every 2 weeks", 1, "2 weeks"),
        (Sampling("fixed", 250_000), "one row every 250 milliseconds", 4, "1 second"),
        (Sampling("months", 1), "one row a month", 12, "12 months"),
        (Sampling("months", 3), "one row every 3 months", 4, "12 months"),
        (Sampling("months", 12), "one row a year", 1, "1 year"),
        (Sampling("weekdays"), "one row a weekday", 5, "5 weekdays"),
        (Sampling("rows"), "one row a step", 1000, "1,000 rows"),
    ],
)
def test_words(sampling: Sampling, words: str, steps: int, lasting: str) -> None:
    assert (sampling.words, sampling.lasting(steps)) == (words, lasting)


@pytest.mark.parametrize("freq", ["D", "h", "7min", "B", "MS", "ME", "QE", "YS", "2W"])
def test_the_grid_of_a_gap_is_the_grid_without_it(freq: str) -> None:
    stamps = pd.date_range("2019-11-29", periods=60, freq=freq).to_numpy("datetime64[us]")
    whole, _, grid = even_grid(stamps, "t")
    np.testing.assert_array_equal(grid, stamps)
    kept = np.setdiff1d(np.arange(60), [7, 8, 30])
    found, places, same = even_grid(stamps[kept], "t")
    assert found == whole
    np.testing.assert_array_equal(places, kept)
    np.testing.assert_array_equal(same, stamps)


def test_a_tenth_may_be_missing_and_no_more() -> None:
    stamps = pd.date_range("2020", periods=100, freq="h").to_numpy("datetime64[us]")
    assert len(even_grid(np.delete(stamps, range(40, 50)), "t")[2]) == 100
    with pytest.raises(BadData, match=r"11.0% of them: after 2020-01-02 15:00 the next is 2020-01-03 03:00"):
        even_grid(np.delete(stamps, range(40, 51)), "t")


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:05", "2020-01-01 00:00:05"),
        ("2020-10-10T10:00", "2020-10-10 10:00"),
        ("2020-01-01T07:30:00.250000", "2020-01-01 07:30:00.250000"),
        ("NaT", "no time"),
    ],
)
def test_shown(stamp: str, text: str) -> None:
    assert shown(np.datetime64(stamp)) == text
