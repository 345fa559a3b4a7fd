"""From a table of steps in time to windows and what follows them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.assemble import LEAST_ROWS
from steepest.data.columns import Tidied, describe, tidy
from steepest.data.dataset import Column, DataSet, Floats, Rows
from steepest.data.encode import encode
from steepest.data.seasonal import calendar, last_known, naive_forecast, season_of
from steepest.data.target import find_target
from steepest.data.timeline import Timeline, timeline
from steepest.data.windows import cut_windows, usual_window, whole_number

_LARGEST = float(np.finfo(np.float32).max)


def from_series(
    frame: pd.DataFrame,
    forecast: str | int,
    *,
    horizon: int = 1,
    window: int | None = None,
    name: str,
    where: str,
    sort: bool = False,
    notes: Sequence[str] = (),
) -> DataSet:
    """Windows of past steps, and the values of one column that follow.

    Inputs of a step are the forecast column itself, every other usable column (as in a table), sine and
    cosine of what the calendar says, and marks where something is missing. They stand in `columns`, in order.

    Args:
        frame: one row a step. The time is in its index, a column of dates, or columns year, month, …
            (see `timeline`); where it lacks steps, they are inserted as missing.
        forecast: name or place of the column to forecast.
        horizon: how many values to forecast at once, H.
        window: steps T to look back on; None takes `usual_window`.
        name: what to call the data set.
        where: the source, for errors.
        sort: put rows in the order of time first.
        notes: what has been said of the source so far.

    Returns:
        x float32 [N, T·F], NaN where missing; y float64 [N] if H is 1, else [N, H]. Windows whose targets
        are not all known are left out.

    Raises:
        BadInput: a horizon or window that is no whole number from 1.
        BadData: no such column, not numbers, never changing; too few steps; times out of order, twice there
            or uneven.

    Example:
        >>> days = pd.date_range("2020", periods=100)
        >>> frame = pd.DataFrame({"on": days, "sold": [1.0, 4.0, 2.0, 7.0] * 25})
        >>> data = from_series(frame, "sold", window=8, name="toy", where="the table")
        >>> data.summary
        "toy: forecasting of 'sold', 92 windows of 8 steps, 3 inputs a step"
        >>> data.naive_name, data.y[:3].tolist(), data.naive[:3].tolist()
        ('the value 7 days before', [1.0, 4.0, 2.0], [4.0, 2.0, 7.0])
    """
    horizon = whole_number("horizon", horizon)
    window = None if window is None else whole_number("window", window)
    frame = _with_index(frame)
    names = [str(column) for column in frame.columns]
    _check_table(names, len(frame), where)
    place, note = _find(names, forecast, where)
    tidied = [tidy(frame.iloc[:, number]) for number in range(len(names))]
    _check_target(tidied[place], names[place], where)
    line = timeline(names, tidied, place, where=where, sort=sort)
    values = line.spread(tidied[place]).cells.to_numpy(np.float64)
    season, reason = season_of(line.sampling, values)
    size = window or usual_window(line.steps, horizon, season)
    _check_length(line.steps, size, horizon, where)
    columns, features = _features(names, tidied, place, line)
    moments, targets, lost = _targets(values, size, horizon, where)
    naive, short = naive_forecast(values, moments, horizon, season)
    naive_name = f"the value {line.sampling.lasting(season)} before" if season > 1 else "the last known value"
    said = [
        *notes, *filter(None, [note]), *line.notes,
        _say_window(names[place], horizon, size, window is None, line),
        f"Season: {season:,} step{'s' * (season > 1)} ({reason}). The naive forecast is {naive_name}.",
    ]  # fmt: skip
    if short and season > 1:
        said.append(f"Windows with less than a season before them, whose naive forecast is the last known "
                    f"value: {short:,}.")  # fmt: skip
    return DataSet(
        name=name,
        task="forecasting",
        target=names[place],
        classes=(),
        x=cut_windows(features, moments, size, where),
        y=targets[:, 0] if horizon == 1 else targets,
        columns=columns,
        notes=(*said, *_say_columns(columns, lost)),
        groups=np.arange(len(moments), dtype=np.int64),
        form="series",
        shape=(size, features.shape[1]),
        moments=moments,
        reach=horizon,
        naive=naive[:, 0] if horizon == 1 else naive,
        naive_name=naive_name,
    )


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """A time that stands in the index becomes a column."""
    if not isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex):
        return frame.reset_index(drop=True)
    label = str(frame.index.name or "time")
    if label in map(str, frame.columns):
        return frame.reset_index(drop=True)
    index = frame.index.to_timestamp() if isinstance(frame.index, pd.PeriodIndex) else frame.index
    moved = frame.reset_index(drop=True)
    moved.insert(0, label, index)
    return moved


def _check_table(names: Sequence[str], rows: int, where: str) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise BadData(where, "must have column names that differ", f"{twice!r} twice", "Rename one of them.")
    if not rows:
        raise BadData(where, "must have rows", "none", "Check that it was written completely.")


def _find(names: Sequence[str], forecast: str | int, where: str) -> tuple[int, str]:
    try:
        place, note = find_target(names, forecast, where)
    except BadData as error:
        remedy = error.remedy.replace("--target", "--forecast")
        raise BadData("forecast", error.constraint, error.value, remedy) from None
    return place, note


def _check_target(tidied: Tidied, name: str, where: str) -> None:
    called = f"forecast {name!r} of {where}"
    if tidied.form != "number":
        found = {"text": "text", "date": "dates", "boolean": "yes and no"}.get(
            tidied.form, "lists or records"
        )
        if tidied.form == "text" and tidied.cells.notna().any():
            found = str(tidied.cells.dropna().iloc[0])
        raise BadData(called, "must be numbers", found, "Name a column of numbers.")
    known = tidied.cells.dropna()
    if not len(known):
        raise BadData(called, "must have values", "only missing cells", "Name another column.")
    if known.nunique() == 1:
        raise BadData(called, "must vary", f"only {known.iloc[0]:g}", "Name another column.")
    largest = float(known.abs().max())
    if largest > _LARGEST:
        raise BadData(called, "must fit float32 (up to 3.4e38)", f"{largest:g}", "Use a larger unit.")


def _check_length(steps: int, window: int, horizon: int, where: str) -> None:
    left = steps - window - horizon + 1
    if left >= 1:
        return
    need = f"must be longer than window and horizon together ({window} + {horizon} = {window + horizon:,})"
    remedy = "Give a smaller window or horizon, or more rows."
    raise BadData(where, need, f"{steps:,} steps", remedy)


def _features(
    names: Sequence[str], tidied: Sequence[Tidied], target: int, line: Timeline
) -> tuple[tuple[Column, ...], Floats]:
    """Columns that are inputs of a step, those left out after them, and the inputs [S, F]."""
    own = Column(names[target], "number", tidied[target].note, gaps=bool(tidied[target].cells.isna().any()))
    used = [(own, tidied[target])]
    idle: list[Column] = []
    for place, cells in enumerate(tidied):
        if place == target or place in line.used:
            continue
        column = _usable(describe(names[place], cells), cells)
        if column.kind == "left out":
            idle.append(column)
        else:
            used.append((column, cells))
    columns = [column for column, _ in used]
    blocks = [encode(columns, [line.spread(cells) for _, cells in used])]
    parts, waves = calendar(line.sampling, line.stamps)
    if parts:
        blocks.append(waves)
    if line.inserted.any():
        parts = (*parts, Column("the row is missing", "boolean"))
        blocks.append(line.inserted.astype(np.float32)[:, None])
    return (*columns, *parts, *idle), np.concatenate(blocks, axis=1)


def _usable(column: Column, cells: Tidied) -> Column:
    """Leave out what a step cannot hold: codes, which only tables embed, and numbers float32 cannot hold."""
    if column.kind == "code":
        return Column(column.name, "left out", "it has too many values for a series")
    if column.kind == "number" and cells.cells.abs().max() > _LARGEST:
        return Column(column.name, "left out", "its numbers are too large for float32")
    return column


def _targets(
    values: NDArray[np.float64], window: int, horizon: int, where: str
) -> tuple[Rows, NDArray[np.float64], int]:
    """The moments that can be forecast, the values from each on [N, H], and how many moments were lost."""
    moments = np.arange(window, len(values) - horizon + 1, dtype=np.int64)
    ahead: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(values, horizon)[moments]
    usable = ~np.isnan(ahead).any(axis=1) & (last_known(values)[moments - 1] >= 0)
    kept = int(usable.sum())
    if kept < LEAST_ROWS:
        limit = f"must make at least {LEAST_ROWS} windows whose targets are known"
        remedy = f"Give more rows, or a smaller window (now {window}) or horizon (now {horizon})."
        raise BadData(where, limit, kept, remedy)
    return moments[usable], ahead[usable], len(moments) - kept


def _say_window(target: str, horizon: int, window: int, usual: bool, line: Timeline) -> str:
    ahead = "next value" if horizon == 1 else f"next {horizon:,} values"
    unit = "" if line.sampling.kind == "rows" else f" ({line.sampling.lasting(window)})"
    chosen = ", a length chosen by default" if usual else ""
    return f"Forecasts are the {ahead} of {target!r} from the {window:,} steps before{unit}{chosen}."


def _say_columns(columns: Sequence[Column], lost: int) -> list[str]:
    inputs = [each for column in columns for each in column.inputs]
    more = f" and {len(inputs) - 12} more" if len(inputs) > 12 else ""
    said = [f"Inputs of a step: {', '.join(inputs[:12])}{more}."]
    if lost:
        said.append(f"Windows left out, since a value to forecast is missing: {lost:,}.")
    repaired = [f"{column.name!r} {column.note}" for column in columns if column.note and column.inputs]
    said += [f"Repaired: {each}." for each in repaired]
    gaps = [repr(column.name) for column in columns if column.gaps]
    if gaps:
        said.append(f"Missing cells filled with the training mean (or no category) and marked: "
                    f"{', '.join(gaps)}.")  # fmt: skip
    idle: dict[str, list[str]] = {}
    for column in columns:
        if not column.inputs:
            idle.setdefault(column.note, []).append(repr(column.name))
    said += [f"Left out: {', '.join(these)} ({reason})." for reason, these in idle.items()]
    return said
