"""How often a series was sampled: the even grid its rows stand on, and what is missing in between."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.dataset import Rows

Stamps: TypeAlias = NDArray[np.datetime64]
"""datetime64[us]"""

MOST_INSERTED = 0.1
"""A series in which more than this share of the steps has no row is refused."""

SECOND, MINUTE, HOUR, DAY, WEEK = 10**6, 60 * 10**6, 3600 * 10**6, 86400 * 10**6, 7 * 86400 * 10**6
_UNITS = (
    (WEEK, "week"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"),
    (1000, "millisecond"), (1, "microsecond"),
)  # fmt: skip
_JITTER = 0.1  # share of a step by which a stamp may be off its place


@dataclass(frozen=True, slots=True)
class Sampling:
    """How far two neighbouring steps are apart.

    Args:
        kind: "fixed" (so many microseconds), "months", "weekdays" (Monday to Friday) or "rows" (no time).
        size: microseconds, months, or 1.

    Example:
        >>> Sampling("fixed", 10 * MINUTE).words, Sampling("fixed", 10 * MINUTE).lasting(144)
        ('one row every 10 minutes', '1 day')
        >>> Sampling("months", 1).words, Sampling("fixed", HOUR).lasting(24)
        ('one row a month', '24 hours')
    """

    kind: Literal["fixed", "months", "weekdays", "rows"]
    size: int = 1

    @property
    def _unit(self) -> tuple[int, str]:
        if self.kind == "fixed":
            length, unit = next((length, unit) for length, unit in _UNITS if self.size % length == 0)
            return self.size // length, unit
        if self.kind == "months":
            length, unit = next(
                (length, unit) for length, unit in ((12, "year"), (1, "month")) if self.size % length == 0
            )
            return self.size // length, unit
        return 1, "weekday" if self.kind == "weekdays" else "row"

    @property
    def words(self) -> str:
        """It as a clause: "one row an hour"."""
        count, unit = self._unit
        if self.kind == "rows":
            return "one row a step"
        if count == 1:
            return f"one row a{'n' * (unit == 'hour')} {unit}"
        return f"one row every {count} {unit}s"

    def lasting(self, steps: int) -> str:
        """How long so many steps are: "24 hours"."""
        count, unit = self._unit
        if self.kind == "fixed" and count > 1:
            count, unit = Sampling("fixed", self.size * steps)._unit
        else:
            count *= steps
        return f"{count:,} {unit}{'s' * (count != 1)}"


def shown(stamp: np.datetime64) -> str:
    """A moment without the parts that are zero.

    Example:
        >>> shown(np.datetime64("2020-01-01T00:00:00.000000")), shown(np.datetime64("2020-01-01T07:30"))
        ('2020-01-01', '2020-01-01 07:30')
    """
    if np.isnat(stamp):
        return "no time"
    text = str(stamp.astype("datetime64[us]")).replace("T", " ")
    for zeros in (".000000", ":00", " 00:00"):
        text = text.removesuffix(zeros)
    return text


def even_grid(stamps: Stamps, called: str) -> tuple[Sampling, Rows, Stamps]:
    """The sampling, the step of each stamp and the stamps of all steps.

    Args:
        stamps: datetime64[us] [R], rising.
        called: what they are, for errors.

    Returns:
        The sampling; int64 [R]; datetime64[us] [S].

    Raises:
        BadData: no even grid fits, or more than a tenth of its steps have no stamp.

    Example:
        >>> days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "datetime64[us]")
        >>> sampling, places, _ = even_grid(days, "the days")
        >>> sampling.words, places.tolist()
        ('one row a day', [0, 1, 2])
    """
    for fit in (_months, _weekdays, _fixed):
        found = fit(stamps)
        if found is not None:
            break
    else:
        at = int(np.argmax(np.diff(stamps)))
        odd = f"steps as far apart as {_gap(np.diff(stamps).min())} and {_gap(np.diff(stamps)[at])}"
        remedy = "Resample it first, as in frame.resample('1h').mean(), or remove the time column."
        raise BadData(called, "must be evenly spaced", odd, remedy)
    sampling, places, grid = found
    missing = len(grid) - len(places)
    if missing > MOST_INSERTED * len(grid):
        before = int(np.argmax(np.diff(places)))
        gap = f"after {shown(stamps[before])} the next is {shown(stamps[before + 1])}"
        lacking = f"{missing / len(grid):.1%} of them: {gap}"
        remedy = "Resample it to longer steps, or keep a stretch without gaps."
        limit = f"may lack at most {MOST_INSERTED:.0%} of its steps ({sampling.words})"
        raise BadData(called, limit, lacking, remedy)
    return found


def _gap(gap: np.timedelta64) -> str:
    return Sampling("fixed", int(gap / np.timedelta64(1, "us"))).lasting(1)


def _months(stamps: Stamps) -> tuple[Sampling, Rows, Stamps] | None:
    """First, last or any same day of every month, quarter or year."""
    months = stamps.astype("datetime64[M]")
    into = stamps - months
    last = (stamps + np.timedelta64(DAY, "us")).astype("datetime64[M]") != months
    ends = last.all() and len(np.unique(stamps - stamps.astype("datetime64[D]"))) == 1
    if len(stamps) < 3 or not ((into == into[0]).all() or ends):
        return None
    gaps = np.diff(months).astype(np.int64)
    if gaps.min() < 1:
        return None
    size = int(np.bincount(gaps).argmax())
    places = (months - months[0]).astype(np.int64)
    if (places % size).any():
        return None
    places //= size
    starts = months[0] + np.arange(places[-1] + 1) * np.timedelta64(size, "M")
    if ends:
        time = stamps[0] - stamps[0].astype("datetime64[D]")
        grid = (starts + 1).astype("datetime64[us]") - np.timedelta64(DAY, "us") + time
    else:
        grid = starts.astype("datetime64[us]") + into[0]
    return Sampling("months", size), places, grid


def _weekdays(stamps: Stamps) -> tuple[Sampling, Rows, Stamps] | None:
    """One row a day, but none on a Saturday or a Sunday in all of it."""
    days = stamps.astype("datetime64[D]")
    time = stamps - days
    if len(days) < 10 or not (time == time[0]).all() or not np.is_busday(days).all():
        return None
    places = np.busday_count(days[0], days).astype(np.int64)
    if np.median(np.diff(places)) != 1:
        return None
    grid = np.busday_offset(days[0], np.arange(places[-1] + 1)).astype("datetime64[us]") + time[0]
    return Sampling("weekdays"), places, grid


def _fixed(stamps: Stamps) -> tuple[Sampling, Rows, Stamps] | None:
    """Multiples of the usual gap, give or take a tenth of it."""
    if len(stamps) < 2:
        return None
    since = (stamps - stamps[0]).astype(np.int64)
    for size in _usual_gaps(np.diff(since)):
        places = np.round(since / size).astype(np.int64)
        if np.abs(since - places * size).max() > _JITTER * size or np.diff(places).min() < 1:
            continue
        if places[-1] > 10 * len(places):  # far too many gaps to lay the grid out
            return Sampling("fixed", size), places, np.broadcast_to(stamps[0], places[-1] + 1)
        grid = stamps[0] + np.arange(places[-1] + 1) * np.timedelta64(size, "us")
        return Sampling("fixed", size), places, grid
    return None


def _usual_gaps(gaps: Rows) -> list[int]:
    """The most frequent gap; then, for clocks that waver, the mean one in whole hours, minutes or seconds."""
    sizes, counts = np.unique(gaps, return_counts=True)
    usual = np.median(gaps)
    mean = gaps.sum() / np.maximum(np.round(gaps / usual), 1).sum()
    round_ones = [round(mean / unit) * unit for unit in (HOUR, MINUTE, SECOND)]
    return [int(sizes[counts.argmax()]), *(size for size in round_ones if abs(size - mean) < 0.01 * mean)]
