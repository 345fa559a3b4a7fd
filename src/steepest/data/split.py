"""Set rows aside: stratified by class, groups on one side, a function of the seed alone; or by time."""

from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData, BadInput
from steepest.base.seeds import generator
from steepest.data.dataset import DataSet, Rows
from steepest.data.split_time import expanding_rows, last_rows, rolling_rows, rows_before

ORIGINS = 5
"""Blocks of time that inner splits hold out in turn: the later half of the development rows in fifths."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Two disjoint sets of row numbers.

    Args:
        train: int64, ascending.
        held_out: int64, ascending.
    """

    train: Rows
    held_out: Rows


def outer_split(data: DataSet, seed: int, share: float = 0.2) -> Split:
    """Development rows and the test rows, which nothing may look at before the end.

    Test rows that the source sets aside are taken as they are. Where rows have moments, the last ones are
    held out, and training rows whose targets overlap or follow the first of theirs are left out.

    Args:
        data: N rows.
        seed: the study's seed; moments leave nothing to it.
        share: of the N rows, to hold out.

    Raises:
        BadData: all rows equal, or no row far enough before those held out.

    Example:
        >>> from steepest.data.read import read
        >>> split = outer_split(read("iris"), seed=0)
        >>> len(split.train), len(split.held_out)
        (120, 30)
    """
    _check_share(share)
    rows = np.arange(data.rows, dtype=np.int64)
    if data.test_rows is not None:
        train, held = np.setdiff1d(rows, data.test_rows), np.sort(data.test_rows)
        return Split(train if data.moments is None else rows_before(data, train, held), held)
    if data.moments is not None:
        return Split(*last_rows(data, rows, share))
    return _divide(data, rows, share, generator(seed, "outer split"))


def inner_split(data: DataSet, rows: Rows, seed: int, index: int, share: float = 0.2) -> Split:
    """The index-th fresh split of the development rows into training and validation rows.

    Where rows have moments, the later half is cut into `ORIGINS` blocks; split 0 holds out the last of them,
    split 1 the one before, and so on round and round. It trains on what lies before its block.

    Args:
        data: N rows.
        rows: the development rows, in any order; the result does not depend on it.
        seed: the study's seed; moments leave nothing to it.
        index: which split, from 0; each is drawn independently of the others.
        share: of `rows`, to hold out; moments hold out a tenth.

    Raises:
        BadData: all rows equal, or no row far enough before those held out.

    Example:
        >>> from steepest.data.read import read
        >>> data = read("iris")
        >>> split = inner_split(data, outer_split(data, seed=0).train, seed=0, index=3)
        >>> len(split.train), len(split.held_out)
        (96, 24)
    """
    _check_share(share)
    rows = np.unique(rows).astype(np.int64)
    if data.moments is not None:
        return Split(*rolling_rows(data, rows, ORIGINS - 1 - index % ORIGINS, ORIGINS))
    return _divide(data, rows, share, generator(seed, "inner split", index))


def fold_split(data: DataSet, rows: Rows, seed: int, folds: int, index: int) -> Split:
    """The index-th of `folds` folds: each row is held out by exactly one of them.

    Folds are of equal size, class by class, as far as whole groups allow. Where rows have moments, they are
    cut into folds + 1 blocks of time; fold i holds out block i + 1 and trains on what lies before it, so the
    first block is never held out.

    Args:
        data: N rows.
        rows: the rows to divide, in any order; the result does not depend on it.
        seed: fixes the division.
        folds: at least 2.
        index: which fold, from 0.

    Raises:
        BadInput: fewer than two folds, more folds than groups of rows, no such fold.

    Example:
        >>> from steepest.data.read import read
        >>> data = read("iris")
        >>> split = fold_split(data, np.arange(150), seed=0, folds=5, index=0)
        >>> np.bincount(data.y[split.held_out]).tolist()
        [10, 10, 10]
    """
    rows = np.unique(rows).astype(np.int64)
    if data.moments is not None:
        _check_folds(folds, index, len(np.unique(data.moments[rows])) - 1, "moments after the first")
        return Split(*expanding_rows(data, rows, folds, index))
    _, first, group = np.unique(data.groups[rows], return_index=True, return_inverse=True)
    _check_folds(folds, index, len(first), "different rows or groups")
    sizes = np.bincount(group)
    draw = generator(seed, "folds", folds)
    fold = _dealt(_labels(data, rows[first]), sizes, folds, draw)
    held = fold[group] == index
    return Split(rows[~held], rows[held])


def _check_share(share: float) -> None:
    if not 0.0 < share < 1.0:
        raise BadInput("share", "must lie between 0 and 1", share, "0.2 is usual.")


def _check_folds(folds: int, index: int, most: int, what: str) -> None:
    if not 2 <= folds <= most:
        limit = f"must lie between 2 and {most:,}, the number of {what}"
        raise BadInput("folds", limit, folds, "5 or 10 are usual.")
    if not 0 <= index < folds:
        raise BadInput("index", f"must lie between 0 and {folds - 1}", index, "Folds are counted from 0.")


def _labels(data: DataSet, rows: Rows) -> Rows:
    """What splits are stratified by: classes, where a row has one."""
    if data.task != "classification":
        return np.zeros(len(rows), np.int64)
    return np.unique(data.y[rows], return_inverse=True)[1].astype(np.int64)


def _dealt(label: Rows, sizes: Rows, folds: int, draw: np.random.Generator) -> Rows:
    """The fold of each group: class by class, the largest first, to the fold with fewest rows of the class.

    Folds that are even in this get it in the order of their rows so far, then by lot.
    """
    order = draw.permutation(len(label))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold, total, lots = np.empty(len(label), np.int64), [0] * folds, draw.permutation(folds).tolist()
    for number in range(int(label.max()) + 1):
        queue = [(0, total[place], lots[place], place) for place in range(folds)]
        heapify(queue)
        for group in order[label[order] == number].tolist():
            count, _, lot, place = queue[0]
            fold[group] = place
            total[place] += int(sizes[group])
            heapreplace(queue, (count + int(sizes[group]), total[place], lot, place))
    return fold


def _divide(data: DataSet, rows: Rows, share: float, draw: np.random.Generator) -> Split:
    """Hold out whole groups, class by class, until each class has given its share.

    A group counts for the class of its first row. Shares are rounded so that the total fits; every class
    keeps at least one group for training.
    """
    _, first, group = np.unique(data.groups[rows], return_index=True, return_inverse=True)
    if len(first) < 2:
        raise BadData(data.name, "must have two different rows to split", len(first), "All rows are equal.")
    sizes = np.bincount(group)
    label = _labels(data, rows[first])
    weights = np.bincount(label, weights=sizes).astype(np.int64)
    order = draw.permutation(len(first))
    held = np.zeros(len(first), np.bool_)
    for number, quota in enumerate(_quotas(weights, share, draw)):
        held[_fill(order[label[order] == number], sizes, int(quota))] = True
    if not held.any():  # equal rows come in lumps larger than the share: hold out the smallest lump
        held[order[np.argmin(sizes[order])]] = True
    _keep_every_class(data, rows, group, held)
    return Split(rows[~held[group]], rows[held[group]])


def _quotas(weights: Rows, share: float, draw: np.random.Generator) -> Rows:
    """Rows each class gives, by largest remainder; ties between remainders fall at random."""
    exact = weights * share
    quotas = np.floor(exact).astype(np.int64)
    left = round(weights.sum() * share) - int(quotas.sum())
    ranked = np.lexsort((draw.random(len(weights)), -(exact - quotas).round(9)))
    quotas[ranked[: max(left, 0)]] += 1
    limited: Rows = np.minimum(quotas, weights - 1)
    return limited


def _fill(groups: Rows, sizes: Rows, quota: int) -> list[int]:
    """Take groups in order as long as they fit; the last group of a class is never taken."""
    taken: list[int] = []
    for group in groups[:-1].tolist():
        if quota <= 0:
            break
        if sizes[group] <= quota:
            taken.append(group)
            quota -= int(sizes[group])
    return taken


def _keep_every_class(data: DataSet, rows: Rows, group: Rows, held: NDArray[np.bool_]) -> None:
    """Return groups to training where a class would otherwise be met only among held-out rows.

    That happens where equal rows have different labels, since a group moves as a whole.
    """
    if data.task != "classification":
        return
    for code in np.setdiff1d(data.y[rows], data.y[rows[~held[group]]]):
        back = np.unique(group[data.y[rows] == code])
        if held.sum() > 1:
            held[back[0]] = False
