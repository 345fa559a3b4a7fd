"""Which training rows a simple model gets: all, or as many as it can take, and then its name says so."""

import numpy as np
from numpy.typing import NDArray

from steepest.base.seeds import generator
from steepest.training.source import Source

LEAST_ROWS = 1000
"""However wide the rows are, a model gets this many of them if they are there."""


def rows_for(numbers: int, each: int) -> int:
    """How many rows make so many numbers, but at least `LEAST_ROWS`.

    Args:
        numbers: in all.
        each: numbers of one row, or what one row costs.

    Example:
        >>> rows_for(2**20, 100), rows_for(2**20, 10**6)
        (10485, 1000)
    """
    return max(LEAST_ROWS, numbers // max(each, 1))


def chosen(source: Source, fold: int, most: int) -> NDArray[np.int64]:
    """Training rows of a fold, ascending: all, or `most` drawn at random, with every class among them.

    The draw depends on the fold's number alone, so that all models of one limit see the same rows.
    """
    rows = source.folds[fold].train
    if len(rows) <= most:
        return rows
    mixed = generator(0, "rows of simple models", fold).permutation(rows)
    first = np.zeros(len(mixed), np.bool_)
    if source.task == "classification":
        first[np.unique(source.y[mixed], return_index=True)[1]] = True
    drawn = np.concatenate([mixed[first], mixed[~first]])[:most]
    return np.sort(drawn)


def limited(source: Source, most: int) -> str:
    """What a model's name says of the limit: "", ", 5,000 rows", or ", at most 5,000 rows".

    The last is for folds some of which have fewer.
    """
    sizes = [len(fold.train) for fold in source.folds]
    if max(sizes, default=0) <= most:
        return ""
    return f", {most:,} rows" if min(sizes) >= most else f", at most {most:,} rows"
