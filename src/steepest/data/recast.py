"""Take a data set for something else than its shape says: a table of pixels for images, or the reverse."""

import dataclasses
from collections.abc import Callable
from math import isqrt

import numpy as np

from steepest.base.errors import BadInput, closest
from steepest.data.columns import NEVER_CHANGES
from steepest.data.dataset import FORMS, Column, DataSet, Floats, Form

_PIXELS = "Give a table of s×s or 3×s×s numbers, row by row, or an array [N, …]."


def recast(data: DataSet, kind: str) -> DataSet:
    """The same rows and targets with examples of another form.

    A table of s² numbers becomes images (1, s, s), one of 3s² images (3, s, s), channel after channel, row by
    row; a table of T numbers becomes series (T, 1), a column a step; images become a table, a pixel a column.
    Columns that never change are part of it.

    Args:
        data: a data set.
        kind: "image", "series" or "table"; the form it has leaves it as it is.

    Raises:
        BadInput: a column that is no number, a number of columns that makes no square, other forms.

    Example:
        >>> from steepest.data.read import read
        >>> recast(read("digits"), "image").shape, recast(read("iris"), "series").shape
        ((1, 8, 8), (4, 1))
    """
    if kind not in FORMS:
        raise BadInput("kind", "must be a known kind", kind, closest(kind, FORMS))
    if data.form == kind:
        return data
    change = _CHANGES.get((data.form, kind))
    if change is None:
        known = "; ".join(f"{old} as {new}" for old, new in _CHANGES)
        raise BadInput(
            "kind", f"must be what {data.name}, of {data.form}, can be taken for", kind, f"Can be: {known}."
        )
    return change(data)


def _image(data: DataSet) -> DataSet:
    x, columns = _numbers(data, "image")
    width = x.shape[1]
    channels = next(
        (each for each in (1, 3) if width % each == 0 and isqrt(width // each) ** 2 == width // each), 0
    )
    side = isqrt(width // channels) if channels else 0
    if side < 2:
        need = f"must not be image where {data.name} has no square of numbers"
        raise BadInput("kind", need, f"{width} columns", _PIXELS)
    said = f"Its {width} columns are taken as the pixels of an image of {channels}×{side}×{side}, row by row."
    return _formed(data, x, columns, "image", (channels, side, side), said)


def _series(data: DataSet) -> DataSet:
    x, columns = _numbers(data, "series")
    said = f"Its {x.shape[1]} columns are taken as the steps of a series, in order."
    return _formed(data, x, columns, "series", (x.shape[1], 1), said)


def _table(data: DataSet) -> DataSet:
    names = [",".join(map(str, place)) for place in np.ndindex(*data.shape)]
    said = f"Each image's {'×'.join(map(str, data.shape))} numbers are taken as {len(names)} columns."
    columns = tuple(Column(name, "number") for name in names)
    return dataclasses.replace(
        data, x=np.asarray(data.x, np.float32), columns=columns, feature_names=tuple(names),
        scaled=np.ones(len(names), np.bool_), form="table", shape=(len(names),), fingerprint="",
        notes=(*data.notes, said),
    )  # fmt: skip


def _formed(
    data: DataSet, x: Floats, columns: tuple[Column, ...], form: Form, shape: tuple[int, ...], said: str
) -> DataSet:
    return dataclasses.replace(
        data, x=x, columns=columns, feature_names=tuple(column.name for column in columns),
        scaled=np.empty(0, np.bool_), form=form, shape=shape, fingerprint="", notes=(*data.notes, said),
    )  # fmt: skip


def _numbers(data: DataSet, kind: str) -> tuple[Floats, tuple[Column, ...]]:
    """One input per column, in order; a column that was left out since it never changes comes back."""
    starts = np.cumsum([0, *(len(column.inputs) for column in data.columns)])
    marks_last = data.feature_names != tuple(each for column in data.columns for each in column.inputs)
    x = np.empty((data.rows, len(data.columns)), np.float32)
    for place, column in enumerate(data.columns):
        constant = _constant(column)
        if column.kind != "number" and constant is None:
            reason = f" ({column.note})" if column.kind == "left out" else ""
            need = f"must not be {kind} where column {column.name!r} of {data.name} holds no plain numbers"
            remedy = f"Remove the column, or make it one: --column {column.name}=number."
            raise BadInput("kind", need, f"{column.kind}{reason}", remedy)
        x[:, place] = constant if constant is not None else data.x[:, place if marks_last else starts[place]]
    return x, tuple(
        Column(column.name, "number", column.note if column.inputs else "") for column in data.columns
    )


def _constant(column: Column) -> float | None:
    if column.kind != "left out" or column.note != NEVER_CHANGES or not column.values:
        return None
    try:
        return float(column.values[0])
    except ValueError:
        return None


_CHANGES: dict[tuple[str, str], Callable[[DataSet], DataSet]] = {
    ("table", "image"): _image,
    ("table", "series"): _series,
    ("image", "table"): _table,
}
