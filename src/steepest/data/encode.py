"""From described columns to the float matrix a network reads."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.data.columns import Cells, Tidied
from steepest.data.dataset import Column, Floats


def encode(columns: Sequence[Column], tidied: Sequence[Tidied]) -> Floats:
    """Fill the inputs of every column.

    A number, boolean or date keeps its value, NaN where missing; a category becomes one input per value
    (1 where the cell has it), all zero where missing. A value a category does not know counts as "other"
    if the column has such an input, else as none of its values.

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
        if column.kind == "category":
            _fill_category(block, column, source.cells)
        elif column.kind != "left out":
            block[:, 0] = source.cells
        if column.gaps:
            block[:, -1] = source.cells.isna()
        start += len(column.inputs)
    return x


def _fill_category(block: Floats, column: Column, cells: Cells) -> None:
    codes: NDArray[np.intp] = pd.Index(column.values).get_indexer(pd.Index(cells))
    if column.other:
        codes = np.where((codes < 0) & cells.notna().to_numpy(), len(column.values), codes)
    known = np.flatnonzero(codes >= 0)
    block[known, codes[known]] = 1.0
