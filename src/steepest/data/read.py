"""Read a data set from whatever the user has: a name, a path, a data frame, arrays."""

import os
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd

from steepest.base.errors import BadData, BadInput, closest
from steepest.data import builtin
from steepest.data.arrays import from_arrays
from steepest.data.dataset import DataSet
from steepest.data.files import SUFFIXES, near_files, read_file
from steepest.data.table import from_table


def read(
    source: Any,
    target: str | int | None = None,
    *,
    name: str | None = None,
    header: bool | None = None,
    task: str | None = None,
) -> DataSet:
    """A checked and encoded data set; `notes` says every decision and repair.

    Args:
        source: a built-in name (`steepest.data.builtin.NAMES`); a path to .csv, .tsv, .txt, .parquet or
            .npz; a pandas data frame, or one that has `to_pandas()`; a pair (X, y); or a `DataSet`, which
            is returned as it is.
        target: the column to predict, by name or by place from 0; needed for tables. Arrays and
            built-in sets bring their own.
        name: what to call the data set; by default the file's stem or what the source is.
        header: whether the first row of a text file holds names; None infers it.
        task: "classification" or "regression"; None infers it from the target.

    Raises:
        BadData: anything the data prevents; names the file, the line, the column and the remedy.

    Example:
        >>> frame = pd.DataFrame({"dose": [0.1, 0.7, 0.4, 0.9] * 10, "cured": ["no", "yes"] * 20})
        >>> data = read(frame, "cured")
        >>> data.summary
        "table: classification of 'cured' (no 50.0%, yes 50.0%), 40 rows, 1 input"
        >>> data.notes[0]
        'Taken as classification: its values are yes or no.'
    """
    if isinstance(source, DataSet):
        return source
    if isinstance(source, str | os.PathLike):
        return _read_named(os.fspath(source), target, name, header, task)
    if isinstance(source, tuple | list) and len(source) == 2:
        return _read_pair(source[0], source[1], target, name, task)
    frame = _frame(source)
    if frame is None:
        forms = "Give a name, a path, a data frame or a pair (X, y)."
        raise BadInput("data", "must be a data set", type(source).__name__, forms)
    return from_table(frame, target, name=name or "table", where="the table", task=task)


def _read_named(
    source: str, target: str | int | None, name: str | None, header: bool | None, task: str | None
) -> DataSet:
    path = Path(source).expanduser()
    if source in builtin.NAMES and not path.is_file():
        if target is not None:
            raise BadInput("target", f"must not be given for {source}", target, "It brings its own.")
        return builtin.read_builtin(source, task)
    if source.strip() and (path.exists() or path.suffix.lower() in SUFFIXES or path.parent != Path()):
        return read_file(path, target, name=name, header=header, task=task)
    options = [*builtin.NAMES, *near_files(path)]
    raise BadData("data", "must be a known name or a file that exists", source, closest(source, options))


def _read_pair(x: Any, y: Any, target: str | int | None, name: str | None, task: str | None) -> DataSet:
    frame = _frame(x)
    given = target if target is not None else getattr(y, "name", None)
    label = str(given if given is not None else "y")
    if frame is None:
        return from_arrays(x, y, name=name or "arrays", where="the arrays", task=task, target=label)
    targets = pd.Series(y).reset_index(drop=True)
    if len(targets) != len(frame):
        remedy = "Each row of X needs its target."
        raise BadData("y", f"must have as many rows as X ({len(frame):,})", len(targets), remedy)
    if label in map(str, frame.columns):
        raise BadData("X", "must not have a column called like y", label, "Drop it, or name y otherwise.")
    joined = frame.reset_index(drop=True).assign(**{label: targets})
    return from_table(joined, label, name=name or "table", where="the table", task=task)


def _frame(source: Any) -> pd.DataFrame | None:
    if isinstance(source, pd.DataFrame):
        return source
    return source.to_pandas() if hasattr(source, "to_pandas") else None


class Reading(TypedDict, total=False):
    """Placeholder until the readers land."""

    target: str | int | None
    name: str | None
    header: bool | None
    task: str | None
