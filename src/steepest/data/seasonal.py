"""Seasons: how long one is, what the calendar says of a step, and the forecast that repeats the last one."""

import numpy as np
from numpy.typing import NDArray

from steepest.data.dataset import Column, Floats, Rows
from steepest.data.sampling import DAY, WEEK, Sampling, Stamps

YEAR = 365 * DAY
_CYCLES = ((DAY, "time of day"), (WEEK, "day of the week"), (YEAR, "day of the year"))
_LOOKED_AT = 0.6
"""Share of the series, from its start, in which a season is looked for: what is held out comes later."""

_LEAST_CORRELATION = 0.3
_MOST_LAG = 4096


def season_of(sampling: Sampling, values: NDArray[np.float64]) -> tuple[int, str]:
    """Steps in a season, and why: what the calendar suggests if the series holds two, else correlation.

    A day for steps shorter than one; a year, else a week, for days; a week for weekdays; a year for weeks,
    months and quarters. Otherwise the lag with the highest peak of the autocorrelation (r ≥ 0.3) in the first
    60 % of the series, its trend taken off; 1 if there is none.

    Args:
        sampling: how far steps are apart.
        values: [S], NaN where missing.

    Example:
        >>> season_of(Sampling("months"), np.arange(60.0))
        (12, 'a year')
        >>> season_of(Sampling("rows"), np.tile([0.0, 3.0, 1.0, 2.0, 9.0], 40))
        (5, 'the highest peak of the autocorrelation')
    """
    for length, what in _usual(sampling):
        if len(values) >= 2 * length:
            return length, what
    lag = _peak(values[: int(_LOOKED_AT * len(values))])
    if lag:
        return lag, "the highest peak of the autocorrelation"
    return 1, "no season found"


def _usual(sampling: Sampling) -> list[tuple[int, str]]:
    size = sampling.size
    if sampling.kind == "weekdays":
        return [(5, "a week")]
    if sampling.kind == "months":
        return [(12 // size, "a year")] if size < 12 and 12 % size == 0 else []
    if sampling.kind == "rows":
        return []
    if size < DAY:
        return [(DAY // size, "a day")] if DAY % size == 0 else []
    return {DAY: [(365, "a year"), (7, "a week")], WEEK: [(52, "a year")]}.get(size, [])


def _peak(values: NDArray[np.float64]) -> int:
    """The lag of the highest local maximum of the autocorrelation, or 0. Missing values count for nothing."""
    known = ~np.isnan(values)
    if known.sum() < 12:
        return 0
    steps = np.arange(len(values), dtype=np.float64)
    trend = np.polynomial.Polynomial.fit(steps[known], values[known], 1)
    rest = np.where(known, values - trend(steps), 0.0)
    if np.square(rest).sum() <= 1e-12 * np.square(values[known]).sum():
        return 0
    width = 2 * len(rest)
    power = np.abs(np.fft.rfft(rest, width)) ** 2
    pairs = np.fft.irfft(np.abs(np.fft.rfft(known.astype(np.float64), width)) ** 2, width)
    limit = min(len(rest) // 2, _MOST_LAG)
    mean = np.fft.irfft(power, width)[: limit + 1] / np.maximum(pairs[: limit + 1], 1.0)
    r = mean / mean[0]
    peaks = np.flatnonzero((r[1:-1] > r[:-2]) & (r[1:-1] >= r[2:])) + 1
    peaks = peaks[(r[peaks] >= _LEAST_CORRELATION) & (peaks > 1)]
    if not len(peaks):
        return 0
    best = peaks[r[peaks].argmax()]  # multiples of a season are as high, save for chance: take the first
    near = peaks[r[peaks] >= r[best] - 2.0 / np.sqrt(pairs[best])]
    return int(near[0])


def calendar(sampling: Sampling, stamps: Stamps | None) -> tuple[tuple[Column, ...], Floats]:
    """Sine and cosine of the place in the day, the week and the year, where steps tell it apart.

    A cycle counts if a step is shorter than it and the series holds two of them.

    Args:
        sampling: how far steps are apart.
        stamps: datetime64[us] [S], or None: then there is nothing to say.

    Returns:
        C columns and float32 [S, C].

    Example:
        >>> months = np.arange("2000", "2003", dtype="datetime64[M]").astype("datetime64[us]")
        >>> columns, parts = calendar(Sampling("months"), months)
        >>> [column.name for column in columns], parts[0].tolist()
        (['sine of the day of the year', 'cosine of the day of the year'], [0.0, 1.0])
    """
    if stamps is None:
        return (), np.empty((0, 0), np.float32)
    step = {"fixed": sampling.size, "weekdays": DAY, "months": 28 * DAY * sampling.size}[sampling.kind]
    names: list[str] = []
    parts: list[NDArray[np.float64]] = []
    span = int((stamps[-1] - stamps[0]).astype(np.int64)) + step
    for cycle, name in _CYCLES:
        if step >= cycle or span < 2 * cycle:
            continue
        turn = 2 * np.pi * _place(stamps, cycle)
        for wave, values in (("sine", np.sin(turn)), ("cosine", np.cos(turn))):
            if np.ptp(values) > 1e-6:
                names.append(f"{wave} of the {name}")
                parts.append(values)
    columns = tuple(Column(name, "number") for name in names)
    return columns, np.array(parts, np.float32).reshape(len(parts), len(stamps)).T


def _place(stamps: Stamps, cycle: int) -> NDArray[np.float64]:
    """How far into its cycle each moment is, from 0 to 1; weeks begin on a Monday."""
    if cycle == YEAR:
        years = stamps.astype("datetime64[Y]")
        start, end = (each.astype("datetime64[us]") for each in (years, years + 1))
        share: NDArray[np.float64] = (stamps - start) / (end - start)
        return share
    offset = 3 * DAY if cycle == WEEK else 0  # 1970-01-01 was a Thursday
    return (stamps.astype(np.int64) + offset) % cycle / cycle


def last_known(values: NDArray[np.float64]) -> Rows:
    """The step of the last known value up to each step, -1 before the first.

    Example:
        >>> last_known(np.array([np.nan, 4.0, np.nan, 5.0])).tolist()
        [-1, 1, 1, 3]
    """
    known: Rows = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return known


def naive_forecast(
    values: NDArray[np.float64], moments: Rows, horizon: int, season: int
) -> tuple[NDArray[np.float64], int]:
    """Repeat the last season: step m + h gets the value at m + h − k·season, k the least that lies before m.

    Where that value is missing, the last known one before it counts; where the series does not reach so far
    back, the last known value before m. Nothing from m on is ever read.

    Args:
        values: [S], NaN where missing; some value is known before every moment.
        moments: [N], the first step m of each forecast.
        horizon: steps H of a forecast.
        season: steps in a season.

    Returns:
        [N, H], and how many forecasts do not reach back a season.

    Example:
        >>> naive_forecast(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([1, 4]), 3, season=2)
        (array([[1., 1., 1.],
               [3., 4., 3.]]), 1)
    """
    known = last_known(values)
    ahead = np.arange(horizon)
    source = moments[:, None] + ahead - season * (ahead // season + 1)
    found = np.where(source >= 0, known[np.maximum(source, 0)], -1)
    short = found < 0
    found = np.where(short, known[moments - 1][:, None], found)
    return values[found], int(short.any(axis=1).sum())
