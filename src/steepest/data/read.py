"""Read a data set from whatever the user has: a name, a path, a data frame, arrays, a torch data set."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from steepest.base.errors import BadData, BadInput, closest
from steepest.data import builtin
from steepest.data.arrays import from_arrays
from steepest.data.class_folders import is_archive
from steepest.data.dataset import FORMS, DataSet
from steepest.data.files import SUFFIXES, labelled_texts, near_files, read_file
from steepest.data.image_arrays import images_from_arrays
from steepest.data.objects import from_object
from steepest.data.recast import recast
from steepest.data.series import from_series
from steepest.data.table import from_table

MOST_TABLE_AXES = 2
"""Arrays of more axes than this are images, or volumes, unless they are said to be series."""


class Options(TypedDict, total=False):
    """How data is read; every key may be left out.

    Keys:
        name: what to call the data set; by default the file's stem or what the source is.
        header: whether the first row of a text file holds names; inferred if not given.
        task: "classification" or "regression"; inferred from the target if not given.
        kind: "table", "image", "series" or "text", where the data does not say what it is.
        test: path of a second file whose rows are the test set.
        columns: what columns hold: {"age": "number"}; see `steepest.data.overrides`.
        group: a column: rows with equal values there stay on one side of every split.
        forecast: forecast this column of a table whose rows follow in time.
        horizon: how many steps ahead; 1 if not given.
        window: how many steps, characters or words a network reads; chosen if not given.
        sort: put the rows of a series in order of time first.
        size: bring images to this side, in pixels.
        oriented: whether a mirror image means something else; found out if not given.
    """

    name: str | None
    header: bool | None
    task: str | None
    kind: str | None
    test: str | Path | None
    columns: Mapping[str, str]
    group: str | int | None
    forecast: str | int | None
    horizon: int
    window: int | None
    sort: bool
    size: int | None
    oriented: bool | None


class Reading(Options, total=False):
    """The same, with the target.

    Keys:
        target: the column to predict, by name or by place from 0; tables need it. Arrays, folders and
            built-in sets bring their own.
    """

    target: str | int | None


def read(source: Any, target: str | int | None = None, **options: Unpack[Options]) -> DataSet:
    """A checked and encoded data set; `notes` says every decision and repair.

    Args:
        source: a built-in name (`steepest.data.builtin.NAMES`); a path (a table, images, texts, arrays; see
            `steepest.data.files`); a pandas data frame, or one that has `to_pandas()`; a pair (X, y); a torch
            data set or loader; a Hugging Face data set; or a `DataSet`, which is returned as it is.
        target: the column to predict.
        options: see `Options`.

    Raises:
        BadInput: an unknown option, or one that does not suit the source.
        BadData: anything the data prevents; names the file, the line, the column and the remedy.

    Example:
        >>> frame = pd.DataFrame({"dose": [0.1, 0.7, 0.4, 0.9] * 10, "cured": ["no", "yes"] * 20})
        >>> data = read(frame, "cured")
        >>> data.summary
        "table: classification of 'cured' (no 50.0%, yes 50.0%), 40 rows, 1 input"
        >>> data.notes[0]
        'Taken as classification: its values are yes or no.'
    """
    how: Reading = {"target": target, **options}
    _check(how)
    data = _read(source, how)
    kind = how.get("kind")
    if kind is not None and kind != data.form:
        data = recast(data, kind)
    oriented = how.get("oriented")
    if oriented is not None and data.form == "image":
        data = dataclasses.replace(data, oriented=oriented)
    return data


def _check(how: Reading) -> None:
    known = Reading.__annotations__
    for name, value in how.items():
        if name not in known:
            raise BadInput(f"option {name!r}", "must be a known option", value, closest(name, known))
    kind = how.get("kind")
    if kind is not None and kind not in FORMS:
        raise BadInput("kind", "must be a known kind", kind, closest(kind, FORMS))
    if how.get("forecast") is not None and how.get("target") is not None:
        remedy = "To forecast a column give forecast alone; for a table without time give target alone."
        raise BadInput("forecast", "must not be given together with target", how["forecast"], remedy)
    for needs in ("horizon", "sort"):
        if how.get(needs) and how.get("forecast") is None:
            raise BadInput(needs, "must go with forecast", how.get(needs), "Name the column to forecast.")


def _read(source: Any, how: Reading) -> DataSet:
    if isinstance(source, DataSet):
        return source
    if isinstance(source, str | os.PathLike):
        return _read_named(os.fspath(source), how)
    if isinstance(source, tuple | list) and len(source) == 2:
        return _read_pair(source[0], source[1], how)
    if isinstance(source, pd.DataFrame):
        return _read_frame(source, how)
    found = from_object(
        source, how.get("target"), name=how.get("name"), task=how.get("task"),
        kinds=how.get("columns"), group=how.get("group"),
    )  # fmt: skip
    if found is not None:
        return found
    frame = _frame(source)
    if frame is None:
        forms = "Give a name, a path, a data frame, a pair (X, y) or a torch data set."
        raise BadInput("data", "must be a data set", type(source).__name__, forms)
    return _read_frame(frame, how)


def _read_named(source: str, how: Reading) -> DataSet:
    path = Path(source).expanduser()
    if source in builtin.NAMES and not path.exists():
        if how.get("target") is not None:
            raise BadInput("target", f"must not be given for {source}", how["target"], "It brings its own.")
        return builtin.read_builtin(source, how.get("task"))
    named = path.exists() or path.suffix.lower() in SUFFIXES or is_archive(path) or path.parent != Path()
    if source.strip() and named:
        return read_file(path, how)
    options = [*builtin.NAMES, *near_files(path)]
    raise BadData("data", "must be a known name or a file that exists", source, closest(source, options))


def _read_frame(frame: pd.DataFrame, how: Reading) -> DataSet:
    name = how.get("name") or "table"
    forecast = how.get("forecast")
    if forecast is not None:
        return from_series(
            frame, forecast, horizon=how.get("horizon") or 1, window=how.get("window"), name=name,
            where="the table", sort=how.get("sort", False),
        )  # fmt: skip
    if how.get("kind") == "text":
        return labelled_texts(frame, "the table", name, how)
    return from_table(
        frame, how.get("target"), name=name, where="the table", task=how.get("task"),
        kinds=how.get("columns") or {}, group=how.get("group"),
    )  # fmt: skip


def _read_pair(x: Any, y: Any, how: Reading) -> DataSet:
    frame = _frame(x)
    given = how.get("target")
    label = str(given if given is not None else getattr(y, "name", None) or "y")
    name, task = how.get("name"), how.get("task")
    if frame is None:
        axes = _axes(x)
        if axes > MOST_TABLE_AXES and how.get("kind") != "table":
            return images_from_arrays(x, y, name=name or "arrays", where="the arrays", task=task)
        return from_arrays(x, y, name=name or "arrays", where="the arrays", task=task, target=label)
    targets = pd.Series(y).reset_index(drop=True)
    if len(targets) != len(frame):
        remedy = "Each row of X needs its target."
        raise BadData("y", f"must have as many rows as X ({len(frame):,})", len(targets), remedy)
    if label in map(str, frame.columns):
        raise BadData("X", "must not have a column called like y", label, "Drop it, or name y otherwise.")
    joined = frame.reset_index(drop=True).assign(**{label: targets})
    return _read_frame(joined, {**how, "target": label})


def _axes(x: Any) -> int:
    """Axes of an array or of nested lists; 0 where rows are of unequal length."""
    try:
        return int(getattr(x, "ndim", None) or np.ndim(x))
    except ValueError:
        return 0


def _frame(source: Any) -> pd.DataFrame | None:
    if isinstance(source, pd.DataFrame):
        return source
    return source.to_pandas() if hasattr(source, "to_pandas") else None
