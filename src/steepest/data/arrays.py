"""From arrays to a data set. An array's columns have fixed places, so none is ever left out."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.assemble import assemble
from steepest.data.columns import tidy
from steepest.data.dataset import Column, DataSet, Floats, Rows
from steepest.data.target import Target, code_labels, code_target


def from_arrays(
    x: object,
    y: object,
    *,
    name: str,
    where: str,
    task: str | None = None,
    target: str = "y",
    names: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    test_rows: Rows | None = None,
) -> DataSet:
    """Check a matrix of numbers and its targets.

    Column j of `x` is input j; columns that say where values are missing follow at the end. Constant
    columns stay in place and count for nothing.

    Args:
        x: [N, …] numbers; more than two axes are flattened to [N, D].
        y: [N] targets: numbers, booleans or text; or [N, C] zeros and ones, one column a label.
        name, where, task: see `from_table`.
        target: what to call `y`.
        names: D names, or None for "0", "1", ….
        labels: names of the classes whose codes in `y` are 0, 1, …, or of the C labels.
        test_rows: rows set aside for the test.

    Example:
        >>> x = np.arange(60.0).reshape(20, 3); x[0, 1] = np.nan
        >>> from_arrays(x, [0, 1] * 10, name="toy", where="the arrays").feature_names
        ('0', '1', '2', '1 is missing')
    """
    matrix, notes = _matrix(x, where)
    coded = _coded(y, len(matrix), where, task, target, labels)
    gaps = np.isnan(matrix).sum(axis=0) > 0
    names = [str(each) for each in names] if names is not None else [str(j) for j in range(matrix.shape[1])]
    columns = tuple(Column(each, "number", gaps=bool(gap)) for each, gap in zip(names, gaps, strict=True))
    marks = np.isnan(matrix[:, gaps]).astype(np.float32)
    constant = int(((matrix == matrix[:1]).all(axis=0) | np.isnan(matrix).all(axis=0)).sum())
    if constant == matrix.shape[1] > 0:
        raise BadData(f"x of {where}", "must vary in some column", f"{constant} constant columns", "Check x.")
    if constant:
        notes.append(f"Columns that never change, kept in place as zeros: {constant} of {matrix.shape[1]}.")
    if gaps.any():
        notes.append(f"Columns with missing cells, filled with the training mean and marked: {gaps.sum()}.")
    return assemble(
        name=name,
        where=where,
        target_name=target,
        target=coded,
        x=np.concatenate([matrix, marks], axis=1) if gaps.any() else matrix,
        columns=columns,
        feature_names=(*names, *(f"{names[j]} is missing" for j in np.flatnonzero(gaps))),
        scaled=(*(True for _ in names), *(False for _ in range(int(gaps.sum())))),
        notes=notes,
        test_rows=test_rows,
    )


def _matrix(x: object, where: str) -> tuple[Floats, list[str]]:
    notes: list[str] = []
    try:
        matrix = np.asarray(x)
        if matrix.dtype.kind not in "biuf":
            matrix = matrix.astype(np.float64)
    except (ValueError, TypeError):
        remedy = "Give numbers of one shape per row, or a DataFrame where columns are text."
        raise BadData(f"x of {where}", "must be a matrix of numbers", type(x).__name__, remedy) from None
    if matrix.ndim < 2:
        remedy = "For a single column: x.reshape(-1, 1)."
        raise BadData(f"x of {where}", "must have rows and columns", f"shape {matrix.shape}", remedy)
    if matrix.ndim > 2:
        shape = "×".join(map(str, matrix.shape[1:]))
        matrix = matrix.reshape(len(matrix), -1)
        notes.append(f"Each row's {shape} numbers are laid out as {matrix.shape[1]} columns.")
    with np.errstate(over="ignore"):
        matrix = np.array(matrix, dtype=np.float32, order="C")
    infinite = np.isinf(matrix)
    if infinite.any():
        matrix[infinite] = np.nan
        notes.append(f"Infinite cells, taken as missing: {infinite.sum():,}.")
    return matrix, notes


def _coded(
    y: object, rows: int, where: str, task: str | None, target: str, labels: Sequence[str] | None
) -> Target:
    values: NDArray[np.generic] = np.asarray(y)
    if values.ndim and len(values) != rows:
        remedy = "Each row of x needs its target."
        raise BadData(f"y of {where}", f"must have as many rows as x ({rows:,})", len(values), remedy)
    if values.ndim == 2 and values.shape[1] == 1 and task != "multilabel":
        values = values[:, 0]
    if values.ndim == 2:
        names = labels if labels is not None else list(getattr(y, "columns", ()))
        coded = code_labels(values, [str(name) for name in names], task, where)
        if coded is not None:
            return coded
    if values.ndim != 1:
        remedy = (
            "Give one column, or a series with --forecast. For one-hot targets: y.argmax(1). For labels, any "
            "number of which a row may have: zeros and ones, and the task multilabel."
        )
        raise BadData(f"y of {where}", "must hold one value per row", f"shape {values.shape}", remedy)
    coded = code_target(tidy(pd.Series(values)), target, task, where)
    if labels is not None and coded.classes == tuple(str(code) for code in range(len(labels))):
        coded = dataclasses.replace(coded, classes=tuple(labels))
    return coded
