"""Rows that stay on one side of every split: rows of one group, and rows that are equal."""

import numpy as np
import pandas as pd

from steepest.base.errors import BadData, BadInput, closest
from steepest.data.columns import Cells
from steepest.data.dataset import Rows
from steepest.data.fitting import as_texts
from steepest.data.target import find_target

LEAST_GROUPS = 3
"""Training, validation and test each need one."""


def group_labels(frame: pd.DataFrame, group: str | int, target: int, where: str) -> tuple[int, Rows]:
    """The place of the group column and each row's group.

    Args:
        frame: N rows.
        group: name or place of the column.
        target: place of the target.
        where: the table, for errors.

    Returns:
        The place, and int64 [N]; -1 where the cell is missing.

    Raises:
        BadData: no such column, the target, fewer than three groups.

    Example:
        >>> frame = pd.DataFrame({"ward": ["a", "b", "a", "c"], "ill": [0, 1, 0, 1]})
        >>> group_labels(frame, "ward", 1, "the table")[1].tolist()
        [0, 1, 0, 2]
    """
    names = [str(column) for column in frame.columns]
    try:
        place, _ = find_target(names, group, where)
    except BadInput:
        raise BadData("group", f"must be a column of {where}", group, closest(str(group), names)) from None
    called = f"group {names[place]!r} of {where}"
    if place == target:
        raise BadData(called, "must not be the target", names[place], "Name another column.")
    labels = _labels(frame.iloc[:, place], called)
    groups = int(labels.max()) + 1
    if groups < LEAST_GROUPS:
        need = f"must have at least {LEAST_GROUPS} groups, for training, validation and test"
        raise BadData(called, need, groups, "Name another column, or leave group out.")
    return place, labels


def _labels(cells: Cells, called: str) -> Rows:
    fitted = as_texts(cells)
    fitted.check(cells, called, "must hold one value per cell", "Name another column.")
    codes, _ = pd.factorize(fitted.cells)
    return codes.astype(np.int64)


def merged(first: Rows, second: Rows) -> Rows:
    """Join rows that share a number in either: chains of such rows get one number.

    Args:
        first: int64 [N].
        second: int64 [N]; -1 joins nothing.

    Returns:
        int64 [N]; numbers count up in order of first appearance.

    Example:
        >>> merged(np.array([0, 1, 1, 2]), np.array([5, 5, 6, -1])).tolist()
        [0, 0, 0, 1]
    """
    _, own = np.unique(first, return_inverse=True)
    joint = second >= 0
    _, other = np.unique(second[joint], return_inverse=True)
    offset = int(own.max()) + 1
    parent = list(range(offset + (int(other.max()) + 1 if len(other) else 0)))
    for left, right in np.unique(np.stack([own[joint], other + offset], axis=1), axis=0).tolist():
        parent[_root(parent, right)] = _root(parent, left)
    roots = np.array([_root(parent, number) for number in range(offset)])[own]
    return pd.factorize(roots)[0].astype(np.int64)


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number
