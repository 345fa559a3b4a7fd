"""Splits by time: train on what lies before, hold out what comes after, let no target be in both."""

import numpy as np

from steepest.base.errors import BadData
from steepest.data.dataset import DataSet, Rows


def rows_before(data: DataSet, rows: Rows, held_out: Rows) -> Rows:
    """The rows whose targets end before the first target of those held out begins.

        moment + reach ≤ min moment of `held_out`

    Args:
        data: with moments.
        rows: int64, to choose from.
        held_out: int64, at least one.

    Raises:
        BadData: no such row.

    Example:
        >>> from types import SimpleNamespace
        >>> data = SimpleNamespace(name="toy", moments=np.arange(10), reach=3)
        >>> rows_before(data, np.arange(8), np.array([8, 9])).tolist()
        [0, 1, 2, 3, 4, 5]
    """
    return _before(data, rows, int(_moments(data)[held_out].min()))


def last_rows(data: DataSet, rows: Rows, share: float) -> tuple[Rows, Rows]:
    """The last rows in time, `share` of all, and the rows before them.

    Args:
        data: with moments.
        rows: int64, ascending.
        share: of `rows`, to hold out; rows of one moment stay together.

    Returns:
        Training rows and rows held out.
    """
    ordered = np.sort(_moments(data)[rows])
    held = min(max(1, round(share * len(rows))), len(rows) - 1)
    return _parted(data, rows, int(ordered[len(rows) - held]), None)


def rolling_rows(data: DataSet, rows: Rows, origin: int, origins: int) -> tuple[Rows, Rows]:
    """One of the blocks into which the later half of the rows is cut, and the rows before it.

    Args:
        data: with moments.
        rows: int64, ascending.
        origin: which block, from 0, in the order of time.
        origins: how many blocks; they share no row unless there are fewer moments than blocks.

    Returns:
        Training rows and rows held out.
    """
    return _block(data, rows, len(rows) // 2, origin, origins)


def expanding_rows(data: DataSet, rows: Rows, folds: int, index: int) -> tuple[Rows, Rows]:
    """Block index + 1 of folds + 1 equal blocks of time, and the rows before it.

    Args:
        data: with moments.
        rows: int64, ascending.
        folds: blocks that are held out in turn.
        index: which, from 0.

    Returns:
        Training rows and rows held out.
    """
    return _block(data, rows, len(rows) // (folds + 1), index, folds)


def _block(data: DataSet, rows: Rows, first: int, number: int, blocks: int) -> tuple[Rows, Rows]:
    """The number-th of so many blocks of the rows that come `first` or later in time."""
    ordered = np.sort(_moments(data)[rows])
    edges = first + (len(rows) - first) * np.arange(blocks + 1) // blocks
    start = int(ordered[min(edges[number], len(rows) - 1)])
    end = int(ordered[edges[number + 1]]) if edges[number + 1] < len(rows) else None
    if end is not None and end <= start:  # fewer moments than blocks: hold out one
        end = start + 1
    return _parted(data, rows, start, end)


def _parted(data: DataSet, rows: Rows, start: int, end: int | None) -> tuple[Rows, Rows]:
    moments = _moments(data)[rows]
    held = (moments >= start) & (moments < end) if end is not None else moments >= start
    return _before(data, rows, start), rows[held]


def _before(data: DataSet, rows: Rows, start: int) -> Rows:
    kept = rows[_moments(data)[rows] + data.reach <= start]
    if not len(kept):
        need = f"must have rows that end before step {start:,}, where what is held out begins"
        remedy = "Give more rows or a smaller horizon, or test rows that come later."
        raise BadData(data.name, need, "none", remedy)
    return kept


def _moments(data: DataSet) -> Rows:
    assert data.moments is not None, "rows without moments are not split by time"
    return data.moments
