"""When each row of a series was: its time column, however it is written, and the order of the rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.columns import Cells, Tidied
from steepest.data.dataset import Rows
from steepest.data.sampling import DAY, HOUR, MINUTE, SECOND, Sampling, Stamps, even_grid, shown

_PARTS = ("year", "month", "day", "hour", "minute", "second")
_HOURS = ("hour", "hr")
_UNCLEAR = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})((?:[ T]\d{1,2}:\d{2}.*)?)")
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?((?:[ T]\d{1,2}:\d{2}.*)?)")
_MOSTLY = 0.9  # a column of text in which this share are dates is a time column with faults


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The steps of a series.

    Args:
        used: places of the columns that say the time.
        order: int64 [R], the rows in the order of time.
        places: int64 [R], the step of each of these, rising.
        steps: S, how many steps there are, those without a row included.
        stamps: datetime64[us] [S], or None where nothing says the time.
        sampling: how far steps are apart.
        notes: decisions, one sentence each.
    """

    used: tuple[int, ...]
    order: Rows
    places: Rows
    steps: int
    stamps: Stamps | None
    sampling: Sampling
    notes: tuple[str, ...]

    @property
    def inserted(self) -> NDArray[np.bool_]:
        """bool [S]: steps that have no row."""
        missing = np.ones(self.steps, np.bool_)
        missing[self.places] = False
        return missing

    def spread(self, tidied: Tidied) -> Tidied:
        """A column with one cell per step, missing where a step has no row."""
        if tidied.cells.dtype == np.float64:
            values = np.full(self.steps, np.nan)
            values[self.places] = tidied.cells.to_numpy(np.float64)[self.order]
            return replace(tidied, cells=pd.Series(values))
        words = np.full(self.steps, None, dtype="object")
        words[self.places] = tidied.cells.to_numpy("object")[self.order]
        return replace(tidied, cells=pd.Series(words, dtype="object"))


def timeline(
    names: Sequence[str], tidied: Sequence[Tidied], forecast: int, *, where: str, sort: bool = False
) -> Timeline:
    """Find the time column and put the rows on an even grid.

    The time is a column of dates (years and months are enough; a column `hour` is added where days repeat);
    else columns called year, month, day, hour, …; else the order of the rows.

    Args:
        names: names of the columns.
        tidied: the columns, R rows each.
        forecast: place of the column to forecast, which is never the time.
        where: the source, for errors.
        sort: put rows in the order of time; without it, rows out of order are refused.

    Raises:
        BadData: times that are missing, out of order, twice there or not evenly spaced; more than a tenth of
            the steps without a row.

    Example:
        >>> from steepest.data.columns import tidy
        >>> days = tidy(pd.Series(["2020-01-01", "2020-01-02", "2020-01-03"]))
        >>> timeline(["on", "sold"], [days, tidy(pd.Series([1.0, 2.0, 3.0]))], 1, where="t").notes
        ("Time is 'on': one row a day, 2020-01-01 to 2020-01-03.",)
    """
    rows = len(tidied[forecast].cells)
    found = _dates(names, tidied, forecast) or _parts(names, tidied, forecast)
    everyone = np.arange(rows, dtype=np.int64)
    if found is None:
        if sort:
            raise BadData(where, "must have a time column to sort by", "none", "Leave sort out.")
        note = "No column says the time: rows are taken as evenly spaced steps, in order."
        return Timeline((), everyone, everyone, rows, None, Sampling("rows"), (note,))
    used, stamps, said = found
    called = ", ".join(repr(names[place]) for place in used)
    order = _ordered(stamps, f"{called} of {where}", sort, [tidied[place].cells for place in used])
    notes = [said] if said else []
    if (order != everyone).any():
        notes.append(f"Rows are sorted by {called}.")
    stamps = stamps[order]
    sampling, places, grid = even_grid(stamps, f"{called} of {where}")
    span = f"{shown(grid[0])} to {shown(grid[-1])}"
    notes.append(f"Time is {called}: {sampling.words}, {span}.")
    off = np.abs(stamps - grid[places]).max().astype(np.int64)
    if off:
        waver = Sampling("fixed", int(off)).lasting(1)
        notes.append(f"Times waver by up to {waver}; each row is taken to be at its step.")
    missing = len(grid) - rows
    if missing:
        first = shown(grid[np.setdiff1d(np.arange(len(grid)), places)[0]])
        notes.append(f"Steps without a row, inserted as missing: {missing:,} (the first is {first}).")
    return Timeline(used, order, places, len(grid), grid, sampling, tuple(notes))


def _dates(
    names: Sequence[str], tidied: Sequence[Tidied], forecast: int
) -> tuple[tuple[int, ...], Stamps, str] | None:
    """The first column of dates that never falls or repeats, else the first."""
    candidates = []
    for place, column in enumerate(tidied):
        stamps, note = _stamps(names[place], column)
        if stamps is not None and place != forecast:
            candidates.append((place, stamps, note))
    if not candidates:
        return None
    rising = [each for each in candidates if (np.diff(each[1]) > np.timedelta64(0, "us")).all()]
    place, stamps, note = (rising or candidates)[0]
    hour = next((j for j, name in enumerate(names) if name.lower() in _HOURS and j != forecast), None)
    if hour is not None and len(np.unique(stamps)) < len(stamps) and _whole(tidied[hour], 0, 24):
        hours = tidied[hour].cells.to_numpy(np.float64).astype("timedelta64[h]")
        return (place, hour), stamps + hours, note
    return (place,), stamps, note


def _stamps(name: str, column: Tidied) -> tuple[Stamps | None, str]:
    if column.form == "date":
        return _from_days(column.cells), ""
    if column.form != "text":
        return None, ""
    texts = column.cells.astype("string").str.strip()
    parts = texts.str.extract(f"^{_ISO.pattern}$")
    if parts[0].notna().mean() >= _MOSTLY:
        return _joined(parts[0], parts[1], parts[2].fillna("1"), parts[3]), ""
    parts = texts.str.extract(f"^{_UNCLEAR.pattern}$")
    if parts[0].notna().mean() < _MOSTLY:
        return None, ""
    first, second = (pd.to_numeric(parts[j]).max() > 12 for j in (0, 1))
    if first == second:  # nothing tells, or no order fits
        return None, ""
    day, month = (0, 1) if first else (1, 0)
    order = "day/month/year" if first else "month/day/year"
    note = f"Dates of {name!r} are read as {order}: no other order fits all of them."
    return _joined(parts[2], parts[month], parts[day], parts[3]), note


def _joined(year: Cells, month: Cells, day: Cells, rest: Cells) -> Stamps:
    text = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + rest.fillna("").str.replace("T", " ")
    dates = pd.to_datetime(text.astype("object"), errors="coerce", format="mixed", utc=True)
    return dates.dt.tz_localize(None).to_numpy("datetime64[us]")


def _from_days(cells: Cells) -> Stamps:
    """Whole microseconds from days: double precision tells them apart for ten thousand years."""
    days = cells.to_numpy(np.float64)
    stamps = np.full(len(days), np.datetime64("NaT", "us"))
    known = ~np.isnan(days)
    stamps[known] = np.round(days[known] * DAY).astype(np.int64).astype("datetime64[us]")
    return stamps


def _parts(
    names: Sequence[str], tidied: Sequence[Tidied], forecast: int
) -> tuple[tuple[int, ...], Stamps, str] | None:
    """Columns year, month, day, hour, … as far as they go."""
    at = {name.lower(): place for place, name in reversed(list(enumerate(names))) if place != forecast}
    chain: list[int] = []
    for part in _PARTS:
        limits = {"year": (1600, 2300), "month": (1, 12), "day": (1, 31)}.get(part, (0, 60))
        if part not in at or not _whole(tidied[at[part]], *limits):
            break
        chain.append(at[part])
    if not chain:
        return None
    numbers = [tidied[place].cells.to_numpy(np.float64).astype(np.int64) for place in chain]
    start = (numbers[0] - 1970).astype("datetime64[Y]")
    months = numbers[1] - 1 if len(numbers) > 1 else np.zeros_like(numbers[0])
    stamps = (start.astype("datetime64[M]") + months).astype("datetime64[us]")
    for number, length in zip(numbers[2:], (DAY, HOUR, MINUTE, SECOND), strict=False):
        stamps = stamps + (number - (length == DAY)) * np.timedelta64(length, "us")
    return tuple(chain), stamps, ""


def _whole(column: Tidied, low: int, high: int) -> bool:
    cells = column.cells
    return column.form == "number" and column.whole and bool(cells.between(low, high).all())


def _ordered(stamps: Stamps, called: str, sort: bool, cells: Sequence[Cells]) -> Rows:
    """The order of time; says which row is without a time, out of order or twice there."""
    gone = np.flatnonzero(np.isnat(stamps))
    if len(gone):
        given = " ".join(str(each.iloc[gone[0]]) for each in cells)
        remedy = "Correct or remove the row."
        raise BadData(called, "must be a time in every row", f"{given} in data row {gone[0] + 1}", remedy)
    order = np.argsort(stamps, kind="stable").astype(np.int64)
    falls = np.flatnonzero(np.diff(stamps) < np.timedelta64(0, "us"))
    if len(falls) and not sort:
        row = int(falls[0]) + 1
        found = f"{shown(stamps[row])} in data row {row + 1} after {shown(stamps[row - 1])}"
        remedy = "Sort the rows by time, or add --sort; of several series in one table, keep one."
        raise BadData(called, "must rise from row to row", found, remedy)
    same = np.flatnonzero(np.diff(stamps[order]) == np.timedelta64(0, "us"))
    if len(same):
        row, before = int(order[same[0] + 1]), int(order[same[0]])
        found = f"{shown(stamps[row])} in data rows {before + 1} and {row + 1}"
        remedy = "Keep or average one row a moment, one series at a time; if clocks went back, write UTC."
        raise BadData(called, "must have each time once", found, remedy)
    return order
