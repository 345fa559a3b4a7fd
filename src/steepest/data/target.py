"""What is to be predicted: which column, which task, which labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData, BadInput, closest
from steepest.data.columns import Cells, Tidied
from steepest.data.dataset import TASKS, Task

USUAL_NAMES = ("target", "label", "class", "y")
"""A column called so is the target where none is named."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A target coded for training.

    Args:
        task: "classification", "regression" or "multilabel".
        classes: labels by code; () for regression.
        y: int64 [M] codes, float64 [M], or float64 [M, C] of zeros and ones, of the rows in `known`.
        known: bool [N]: rows whose target is not missing; M of them.
        notes: decisions, one sentence each.
    """

    task: Task
    classes: tuple[str, ...]
    y: NDArray[np.int64] | NDArray[np.float64]
    known: NDArray[np.bool_]
    notes: tuple[str, ...]


def find_target(names: Sequence[str], target: str | int | None, where: str) -> tuple[int, str]:
    """Place of the target column and a note; a name wins over a place written as a number.

    Args:
        names: the table's column names.
        target: a name, a place (from 0, negative from the end), or None: then only a column called
            target, label, class or y is taken.
        where: the table, for errors.

    Example:
        >>> find_target(["a", "b", "c"], "b", "table")
        (1, '')
        >>> find_target(["a", "b", "c"], -1, "table")[0]
        2
    """
    shown = ", ".join(map(repr, names[:20])) + (", …" if len(names) > 20 else "")
    if target is None:
        usual = [place for place, name in enumerate(names) if name.lower() in USUAL_NAMES]
        if len(usual) == 1:
            return usual[0], f"The target is the column {names[usual[0]]!r}, by its name."
        raise BadData(
            "target",
            f"must name a column of {where}",
            target,
            f"Its columns are {shown}. Perhaps the last: --target {names[-1]}.",
        )
    if str(target) in names:
        return list(names).index(str(target)), ""
    try:
        place = int(target) if isinstance(target, str) else index(target)
    except (ValueError, TypeError):
        raise BadData(
            "target", f"must name a column of {where}", target, closest(str(target), names)
        ) from None
    if not -len(names) <= place < len(names):
        limit = f"must be a column of {where}, which has {len(names)} (numbered from 0)"
        raise BadData("target", limit, target, f"Its columns are {shown}.")
    place %= len(names)
    return place, f"The target is column {place} (counted from 0), {names[place]!r}."


def code_target(tidied: Tidied, target: str, task: str | None, where: str) -> Target:
    """Infer the task unless it is given, and code the labels.

    Text, booleans, two values, or few distinct whole numbers make a classification; anything else a
    regression. Rows without a target are left for the caller to drop.

    Raises:
        BadData: no value at all, one class only, labels that hardly repeat, text for a regression.

    Example:
        >>> from steepest.data.columns import tidy
        >>> code_target(tidy(pd.Series(["no", "yes", "no"])), "ill", None, "table").classes
        ('no', 'yes')
    """
    _check_task(task)
    if tidied.form == "nested":
        raise BadData(
            f"target {target!r} of {where}",
            "must hold one value per row",
            "lists or records",
            "Name another column.",
        )
    known = tidied.cells.notna().to_numpy()
    notes = [f"The target {target!r} {tidied.note}."] if tidied.note else []
    gone = int((~known).sum())
    if gone == len(known):
        raise BadData(
            f"target {target!r} of {where}", "must have values", "only missing cells", "Name another."
        )
    if gone:
        notes.append(f"Rows without a target, dropped: {gone:,}.")
    cells = tidied.cells[known]
    chosen, reason = _infer(cells, tidied)
    if task is None:
        notes.append(f"Taken as {chosen}: {reason}.")
    if (task or chosen) == "regression":
        if tidied.form == "text":
            raise BadData(
                f"target {target!r} of {where}",
                "must be numbers for a regression",
                cells.iloc[0],
                "Leave task open.",
            )
        if cells.nunique() == 1:
            raise BadData(
                f"target {target!r} of {where}", "must vary", f"only {cells.iloc[0]}", "Name another."
            )
        y: NDArray[np.float64] = cells.to_numpy(np.float64)
        return Target("regression", (), y, known, tuple(notes))
    classes, codes = _code(cells, tidied)
    notes += _check_classes(classes, codes, target, where)
    return Target("classification", classes, codes, known, tuple(notes))


def code_labels(y: NDArray[np.generic], names: Sequence[str], task: str | None, where: str) -> Target | None:
    """A matrix of zeros and ones as labels, any number of which a row may have; None for other matrices.

    A matrix with exactly one 1 in every row may be classes written one-hot, so it is taken for labels only if
    the task says so.

    Args:
        y: [N, C]; NaN makes a row's target unknown.
        names: C names of the labels, or none for "0", "1", ….
        task: "multilabel", or None to infer it.
        where: the source, for errors.

    Raises:
        BadData: labels that never change.

    Example:
        >>> code_labels(np.array([[0, 1], [1, 1], [0, 0]]), (), None, "the arrays").classes
        ('0', '1')
    """
    if y.dtype.kind not in "biuf" or task not in (None, "multilabel"):
        return None
    matrix = y.astype(np.float64)
    known = np.asarray(~np.isnan(matrix).any(axis=1), np.bool_)
    matrix = matrix[known]
    if not len(matrix) or not np.isin(matrix, (0.0, 1.0)).all():
        return None
    if task is None and (matrix.sum(axis=1) == 1).all():
        return None
    classes = tuple(map(str, names)) if len(names) == matrix.shape[1] else tuple(map(str, range(y.shape[1])))
    fixed = [label for label, column in zip(classes, matrix.T, strict=True) if (column == column[0]).all()]
    if len(fixed) == len(classes):
        found = f"{len(fixed)} labels that never change"
        raise BadData(f"y of {where}", "must have a label that varies", found, "Check y.")
    notes = ["Taken as multilabel: y is a matrix of zeros and ones."] if task is None else []
    if not known.all():
        notes.append(f"Rows without a target, dropped: {int((~known).sum()):,}.")
    if fixed:
        notes.append(
            f"Labels that never change: {', '.join(map(repr, fixed[:5]))}{', …' * (len(fixed) > 5)}."
        )
    return Target("multilabel", classes, matrix, known, tuple(notes))


def _check_task(task: str | None) -> None:
    """One column is classes or numbers; the other tasks need other data."""
    if task is not None and task not in TASKS:
        raise BadInput("task", "must be a known task", task, closest(task, TASKS))
    remedies = {
        "multilabel": "Give (X, y) with y a matrix of zeros and ones, one column a label.",
        "forecasting": "Name the column to forecast: --forecast COLUMN.",
        "next-token": "Give a text file.",
    }
    if task in remedies:
        raise BadInput("task", "must be classification or regression for one column", task, remedies[task])


def _infer(cells: Cells, tidied: Tidied) -> tuple[Task, str]:
    if tidied.form in ("text", "boolean"):
        return "classification", f"its values are {'text' if tidied.form == 'text' else 'yes or no'}"
    if tidied.form == "date":
        return "regression", "it is a date, counted in days since 1970-01-01"
    distinct, rows = cells.nunique(), len(cells)
    if distinct <= 2:
        return "classification", "it has two values"
    if tidied.whole and tidied.form == "number":
        low, high = float(cells.min()), float(cells.max())
        codes = low in (0, 1) and high - low + 1 == distinct and distinct <= 1000 and rows >= 20 * distinct
        if codes or (distinct <= 20 and rows >= 5 * distinct):
            return (
                "classification",
                f"it has {distinct} distinct whole numbers; if they are amounts, ask for regression",
            )
    return "regression", f"it is a number with {distinct:,} distinct values"


def _code(cells: Cells, tidied: Tidied) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Labels in order (numbers by size, text alphabetically) and each row's code."""
    codes, values = pd.factorize(cells, sort=True)
    if tidied.form == "boolean":
        labels = tuple(tidied.words[int(value)] for value in values)
    elif tidied.form == "text":
        labels = tuple(str(value) for value in values)
    else:
        labels = tuple(f"{value:.0f}" if tidied.whole else f"{value:g}" for value in values)
    return labels, codes.astype(np.int64)


def _check_classes(classes: tuple[str, ...], codes: NDArray[np.int64], target: str, where: str) -> list[str]:
    label = f"target {target!r} of {where}"
    if len(classes) == 1:
        raise BadData(label, "must have at least two classes", f"only {classes[0]!r}", "Name another column.")
    if len(classes) > max(len(codes) / 2, 2):
        remedy = "For amounts ask for regression; else name another column."
        raise BadData(
            label, "must have labels that repeat", f"{len(classes):,} in {len(codes):,} rows", remedy
        )
    single = [name for name, count in zip(classes, np.bincount(codes), strict=True) if count == 1]
    if not single:
        return []
    shown = ", ".join(map(repr, single[:5])) + (", …" if len(single) > 5 else "")
    return [f"Classes with a single row, which is trained on and never tested: {shown}."]
