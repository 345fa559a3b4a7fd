"""From described columns to the float matrix a network reads."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.data.columns import Cells, Tidied
from steepest.data.dataset import Column, Floats
from steepest.data.dates import waves


def encode(columns: Sequence[Column], tidied: Sequence[Tidied]) -> Floats:
    """Fill the inputs of every column.

    A number, boolean or date keeps its value, NaN where missing; sine and cosine of a date's parts follow. A
    category becomes one input per value (1 where the cell has it), all zero where missing. A value a category
    does not know counts as "other" if the column has such an input, else as none of its values. A code is 1
    for the first value, 2 for the second, … and 0 for any other or none.

    Args:
        columns: C descriptions; those left out fill nothing.
        tidied: the C columns, N cells each.

    Returns:
        float32 [N, D], D the number of all columns' inputs.

    Example:
        >>> from steepest.data.columns import describe, tidy
        >>> cells = tidy(pd.Series(["S", "L", "S", None]))
        >>> encode([describe("size", cells)], [cells]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    rows = len(tidied[0].cells) if tidied else 0
    x = np.zeros((rows, sum(len(column.inputs) for column in columns)), np.float32)
    start = 0
    for column, source in zip(columns, tidied, strict=True):
        block = x[:, start : start + len(column.inputs)]
        if column.kind == "code":
            block[:, 0] = places_of(column.values, source.cells) + 1
        elif column.kind == "category":
            _fill_category(block, column, source.cells)
        elif column.kind != "left out":
            block[:, 0] = source.cells
            for place, part in enumerate(column.parts):
                block[:, 2 * place + 1 : 2 * place + 3] = waves(source.cells.to_numpy(np.float64), part)
        if column.gaps:
            block[:, -1] = source.cells.isna()
        start += len(column.inputs)
    return x


def places_of(values: Sequence[str], cells: Cells) -> NDArray[np.intp]:
    """The place of each cell among `values`, -1 where it is not there.

    Example:
        >>> places_of(("a", "b"), pd.Series(["b", "c", None, "a"])).tolist()
        [1, -1, -1, 0]
    """
    codes, distinct = pd.factorize(cells)
    known = {value: place for place, value in enumerate(values)}
    return np.array([*(known.get(text, -1) for text in distinct), -1], np.intp)[codes]


def _fill_category(block: Floats, column: Column, cells: Cells) -> None:
    codes = places_of(column.values, cells)
    if column.other:
        codes = np.where((codes < 0) & cells.notna().to_numpy(), len(column.values), codes)
    known = np.flatnonzero(codes >= 0)
    block[known, codes[known]] = 1.0
