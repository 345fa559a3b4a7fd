"""From a data frame to a data set."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from steepest.base.errors import BadData
from steepest.data.assemble import assemble
from steepest.data.columns import MOST_VALUES, Cells, Tidied, describe, tidy
from steepest.data.dataset import Column, DataSet, Rows
from steepest.data.encode import encode
from steepest.data.grouping import group_labels
from steepest.data.naming import listed, refuse_equal_names
from steepest.data.overrides import described_as, kinds_by_place
from steepest.data.target import code_target, find_target

_FLOAT32_WHOLE = 2.0**24  # above this float32 cannot tell neighbouring whole numbers apart


def from_table(
    frame: pd.DataFrame,
    target: str | int | None,
    *,
    name: str,
    where: str,
    task: str | None = None,
    kinds: Mapping[Any, str] | None = None,
    group: str | int | None = None,
    test_rows: Rows | None = None,
    notes: Sequence[str] = (),
) -> DataSet:
    """Describe and encode every column of a frame.

    Args:
        frame: N rows; its index is ignored.
        target: name or place of the column to predict.
        name: what to call the data set.
        where: the source, for errors: "people.csv", "the table".
        task: "classification", "regression", or None to infer it.
        kinds: kinds of columns by name or place, where they are not to be inferred: "number", "boolean",
            "date", "category", "code" (embedded) or "drop".
        group: name or place of a column whose equal values stay on one side of every split; no input.
        test_rows: rows that the source sets aside for the test.
        notes: what has been said of the source so far.

    Raises:
        BadData: equal column names, no or wrong target, cells that are not of the kind asked for, nothing to
            learn from; see `assemble`.

    Example:
        >>> frame = pd.DataFrame({"size": range(40), "sex": ["f", "m"] * 20, "ill": [0, 1, 1, 0] * 10})
        >>> data = from_table(frame, "ill", name="toy", where="the table")
        >>> data.feature_names, data.notes[0]
        (('sex=f', 'sex=m'), "Left out: 'size' (it only numbers the rows).")
    """
    names = [str(column) for column in frame.columns]
    refuse_equal_names(names, where)
    if not len(frame):
        raise BadData(where, "must have rows", "none", "Check that it was written completely.")
    place, note = find_target(names, target, where)
    asked = kinds_by_place(kinds or {}, names, where)
    if place in asked:
        raise BadData(
            f"kind of {names[place]!r}", "must be an input's", "the target's", "Use --task instead."
        )
    coded = code_target(tidy(frame.iloc[:, place]), names[place], task, where)
    labels, key = None, None
    if group is not None:
        key, labels = group_labels(frame, group, place, where)
    others = [number for number in range(len(names)) if number != place]
    described = [
        _grouping(names[number], frame.iloc[:, number])
        if number == key
        else _described(names[number], frame.iloc[:, number], asked.get(number), where)
        for number in others
    ]
    columns = tuple(column for column, _ in described)
    tidied = [cells for _, cells in described]
    return assemble(
        name=name,
        where=where,
        target_name=names[place],
        target=coded,
        x=encode(columns, tidied),
        columns=columns,
        feature_names=tuple(each for column in columns for each in column.inputs),
        scaled=tuple(each for column in columns for each in column.scaled),
        notes=[*notes, *filter(None, [note]), *_say(columns, tidied)],
        test_rows=test_rows,
        labels=labels,
        group="" if key is None else names[key],
    )


def _described(name: str, cells: Cells, kind: str | None, where: str) -> tuple[Column, Tidied]:
    if kind is not None:
        return described_as(name, cells, kind, where)
    tidied = tidy(cells)
    return describe(name, tidied), tidied


def _grouping(name: str, cells: Cells) -> tuple[Column, Tidied]:
    return Column(name, "left out", "it says which rows stay together"), Tidied(cells, "nested")


def _say(columns: Sequence[Column], tidied: Sequence[Tidied]) -> list[str]:
    """One sentence per kind of decision, not per column: a table may have thousands."""
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for column, cells in zip(columns, tidied, strict=True):
        for before, after in _decisions(column, cells):
            said[before, after].append(column.name)
    return [f"{before}: {listed(names)}{after}." for (before, after), names in said.items()]


def _decisions(column: Column, cells: Tidied) -> Iterator[tuple[str, str]]:
    """What is said before and after the column's name."""
    if column.kind == "left out":
        yield "Left out", f" ({column.note})"
        return
    if column.note:
        yield "Repaired", f" {column.note}"
    if column.kind == "date":
        yield "Dates counted in days", f", with {' and '.join(column.parts)}" if column.parts else ""
    if column.kind == "code":
        yield (
            f"More than {MOST_VALUES} values, each a code that is embedded; rare and missing ones share 0",
            "",
        )
    if column.other:
        yield f"Only the {MOST_VALUES} most frequent values keep an input, the rest share one", ""
    if column.gaps:
        yield "Missing cells filled with the training mean (or no category) and marked", ""
    if cells.form in ("number", "date") and _loses_digits(cells):
        yield "Rounded to seven digits (float32), which merges values", ""


def _loses_digits(cells: Tidied) -> bool:
    values = cells.cells.to_numpy(np.float64)
    values = values[np.abs(values) >= _FLOAT32_WHOLE]
    return len(np.unique(values.astype(np.float32))) < len(np.unique(values))
