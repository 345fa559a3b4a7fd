"""When each row was: time columns of every kind, samplings, gaps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData
from steepest.data.columns import tidy
from steepest.data.sampling import HOUR, MINUTE, Sampling
from steepest.data.timeline import Timeline, timeline

ROWS = 40


def line(sort: bool = False, **columns: object) -> Timeline:
    """The timeline of a table whose last column, of numbers, is to be forecast."""
    rows = len(next(iter(columns.values()))) if columns else ROWS  # type: ignore[arg-type]
    frame = pd.DataFrame({**columns, "value": np.arange(float(rows)) % 7})
    tidied = [tidy(frame[name]) for name in frame]
    return timeline(list(frame), tidied, len(tidied) - 1, where="the table", sort=sort)


def dates(freq: str, rows: int = ROWS, start: str = "2020-01-31") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=rows, freq=freq)


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (dates("D"), "one row a day"),
        (dates("h"), "one row an hour"),
        (dates("10min"), "one row every 10 minutes"),
        (dates("s"), "one row a second"),
        (dates("7D"), "one row a week"),
        (dates("B"), "one row a weekday"),
        (dates("MS"), "one row a month"),
        (dates("ME"), "one row a month"),
        (dates("QS"), "one row every 3 months"),
        (dates("QE"), "one row every 3 months"),
        (dates("YS"), "one row a year"),
        (dates("YE"), "one row a year"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sampling_and_grid(stamps: pd.DatetimeIndex, words: str) -> None:
    """Without a row in the middle it is the same grid, with one step missing."""
    whole = line(on=stamps)
    assert whole.sampling.words == words
    assert whole.stamps is not None
    np.testing.assert_array_equal(whole.stamps, stamps.to_numpy("datetime64[us]"))
    assert not whole.inserted.any()
    lacking = line(on=stamps.delete(20))
    np.testing.assert_array_equal(lacking.stamps, whole.stamps)
    assert np.flatnonzero(lacking.inserted).tolist() == [20]
    assert "inserted as missing: 1" in lacking.notes[-1]


def texts(stamps: pd.DatetimeIndex, form: str) -> list[str]:
    return [str(text) for text in stamps.strftime(form)]


def parts(stamps: pd.DatetimeIndex, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(stamps, name.lower()) for name in names}


@pytest.mark.parametrize(
    ("columns", "stamps", "used"),
    [
        ({"t": texts(dates("D"), "%Y-%m-%d")}, dates("D"), 1),
        ({"t": texts(dates("h"), "%Y/%m/%d %H:%M")}, dates("h"), 1),
        ({"t": texts(dates("MS"), "%Y-%m")}, dates("MS"), 1),
        ({"t": texts(dates("D"), "%d/%m/%Y")}, dates("D"), 1),
        ({"t": texts(dates("D"), "%m/%d/%Y")}, dates("D"), 1),
        ({"t": texts(dates("h"), "%d.%m.%Y %H:%M:%S")}, dates("h"), 1),
        ({"t": dates("h").tz_localize("UTC")}, dates("h"), 1),
        (parts(dates("h"), ["year", "month", "day", "hour"]), dates("h"), 4),
        (parts(dates("MS"), ["Year", "Month"]), dates("MS"), 2),
        (parts(dates("YS"), ["year"]), dates("YS"), 1),
        ({"dteday": texts(dates("h"), "%Y-%m-%d"), "hr": dates("h").hour}, dates("h"), 2),
        ({"x": np.arange(ROWS) % 3}, None, 0),
        ({"t": ["01/02/2020"] * ROWS}, None, 0),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_time_columns(columns: dict[str, object], stamps: pd.DatetimeIndex | None, used: int) -> None:
    found = line(**columns)
    assert len(found.used) == used
    if stamps is None:
        assert found.stamps is None
        assert found.notes == ("No column says the time: rows are taken as evenly spaced steps, in order.",)
    else:
        np.testing.assert_array_equal(found.stamps, stamps.to_numpy("datetime64[us]"))


def test_order_of_day_and_month_is_said() -> None:
    assert line(t=texts(dates("D"), "%d/%m/%Y")).notes[0] == (
        "Dates of 't' are read as day/month/year: no other order fits all of them."
    )


def test_the_first_column_of_dates_that_rises_is_the_time() -> None:
    born = pd.Series(dates("D")[::-1])
    assert line(born=born, seen=dates("D")).notes[0].startswith("Time is 'seen'")


def test_times_that_waver_are_put_on_the_grid() -> None:
    late = dates("10min") + pd.to_timedelta([0, 9, 4, 21] * 10, unit="s")
    found = line(on=late.delete(30))
    assert found.sampling == Sampling("fixed", 10 * MINUTE)
    assert np.flatnonzero(found.inserted).tolist() == [30]
    assert "Times waver by up to 21 seconds; each row is taken to be at its step." in found.notes
    with pytest.raises(BadData, match="must be evenly spaced"):
        line(on=dates("10min") + pd.to_timedelta([0, 90, 4, 21] * 10, unit="s"))


def test_sorting_moves_every_column() -> None:
    shuffled = np.random.default_rng(0).permutation(ROWS)
    stamps = dates("h")[shuffled]
    found = line(sort=True, on=stamps)
    assert found.sampling == Sampling("fixed", HOUR)
    assert "Rows are sorted by 'on'." in found.notes
    spread = found.spread(tidy(pd.Series(shuffled.astype(float))))
    assert spread.cells.tolist() == list(range(ROWS))
    letters = found.spread(tidy(pd.Series([f"w{n}" for n in shuffled])))
    assert letters.cells.tolist() == [f"w{n}" for n in range(ROWS)]


def test_spread_leaves_inserted_steps_missing() -> None:
    found = line(on=dates("D").delete([5, 6]))
    assert np.flatnonzero(found.spread(tidy(pd.Series(np.arange(38.0)))).cells.isna()).tolist() == [5, 6]
    assert found.spread(tidy(pd.Series(["a", "b"] * 19))).cells[5] is None


DAYS = texts(dates("D"), "%Y-%m-%d")

REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "out of order": (
        {"on": [*DAYS[:9], DAYS[10], DAYS[9], *DAYS[11:]]},
        "'on' of the table must rise .* '2020-02-09 in data row 11 after 2020-02-10'. Sort .* --sort",
    ),
    "newest first": ({"on": DAYS[::-1]}, "'2020-03-09 in data row 2 after 2020-03-10'"),
    "twice": (
        {"on": [*DAYS[:9], DAYS[8], *DAYS[10:]]},
        "must have each time once, but got '2020-02-08 in data rows 9 and 10'. Keep .* one series at a time",
    ),
    "no time": ({"on": [*DAYS[:9], None, *DAYS[10:]]}, "a time in every row, but got '.* in data row 10'"),
    "a footer": ({"on": [*DAYS[:-1], "end of file"]}, "a time in every row, .*end of file in data row 40"),
    "no such day": (
        {"on": [*DAYS[:30], "2020-02-30", *DAYS[31:]]},
        "must be a time in every row.*in data row 31'",
    ),
    "gaps": (
        {"on": [*DAYS[:5], *DAYS[10:]]},
        r"may lack at most 10% of its steps \(one row a day\), but got '12.5% of them: after 2020-02-04 the "
        "next is 2020-02-10'. Resample",
    ),
    "a great gap": ({"on": [*DAYS[:-1], "2220-01-01"]}, "may lack at most 10% .* next is 2220-01-01"),
    "uneven": (
        {"on": [DAYS[0], *texts(dates("D") + pd.Timedelta("9h"), "%Y-%m-%d %H:%M")]},
        "must be evenly spaced, but got 'steps as far apart as 9 hours and 1 day'. Resample",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_refused(wrong: str) -> None:
    columns, pattern = REFUSED[wrong]
    with pytest.raises(BadData, match=pattern):
        line(**columns)


def test_nothing_to_sort_by() -> None:
    with pytest.raises(BadData, match="must have a time column to sort by"):
        line(sort=True)
