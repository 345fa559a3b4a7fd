"""Set rows aside: stratified by class, equal rows on one side, a function of the seed alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData, BadInput
from steepest.base.seeds import generator
from steepest.data.dataset import DataSet, Rows


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

    Test rows that the source sets aside are taken as they are.

    Args:
        data: N rows.
        seed: the study's seed.
        share: of the N rows, to hold out.

    Example:
        >>> from steepest.data.read import read
        >>> split = outer_split(read("iris"), seed=0)
        >>> len(split.train), len(split.held_out)
        (120, 30)
    """
    rows = np.arange(data.rows, dtype=np.int64)
    if data.test_rows is not None:
        return Split(np.setdiff1d(rows, data.test_rows), np.sort(data.test_rows))
    return _divide(data, rows, share, generator(seed, "outer split"))


def inner_split(data: DataSet, rows: Rows, seed: int, index: int, share: float = 0.2) -> Split:
    """The index-th fresh split of the development rows into training and validation rows.

    Args:
        data: N rows.
        rows: the development rows, in any order; the result does not depend on it.
        seed: the study's seed.
        index: which split, from 0; each is drawn independently of the others.
        share: of `rows`, to hold out.

    Example:
        >>> from steepest.data.read import read
        >>> data = read("iris")
        >>> split = inner_split(data, outer_split(data, seed=0).train, seed=0, index=3)
        >>> len(split.train), len(split.held_out)
        (96, 24)
    """
    return _divide(data, np.unique(rows).astype(np.int64), share, generator(seed, "inner split", index))


def _divide(data: DataSet, rows: Rows, share: float, draw: np.random.Generator) -> Split:
    """Hold out whole groups, class by class, until each class has given its share.

    A group counts for the class of its first row. Shares are rounded so that the total fits; every class
    keeps at least one group for training.
    """
    if not 0.0 < share < 1.0:
        raise BadInput("share", "must lie between 0 and 1", share, "0.2 is usual.")
    _, first, group = np.unique(data.groups[rows], return_index=True, return_inverse=True)
    if len(first) < 2:
        raise BadData(data.name, "must have two different rows to split", len(first), "All rows are equal.")
    sizes = np.bincount(group)
    labels = data.y[rows[first]] if data.task == "classification" else np.zeros(len(first), np.int64)
    _, label = np.unique(labels, return_inverse=True)
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
