"""From a data frame to a data set."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import pandas as pd

from steepest.base.errors import BadData
from steepest.data.assemble import assemble
from steepest.data.columns import MOST_VALUES, Tidied, describe, tidy
from steepest.data.dataset import Column, DataSet
from steepest.data.encode import encode
from steepest.data.target import code_target, find_target

_FLOAT32_WHOLE = 2.0**24  # above this float32 cannot tell neighbouring whole numbers apart


def from_table(
    frame: pd.DataFrame,
    target: str | int | None,
    *,
    name: str,
    where: str,
    task: str | None = None,
    notes: Sequence[str] = (),
) -> DataSet:
    """Describe and encode every column of a frame.

    Args:
        frame: N rows; its index is ignored.
        target: name or place of the column to predict.
        name: what to call the data set.
        where: the source, for errors: "people.csv", "the table".
        task: "classification", "regression", or None to infer it.
        notes: what has been said of the source so far.

    Raises:
        BadData: equal column names, no or wrong target, nothing to learn from; see `assemble`.

    Example:
        >>> frame = pd.DataFrame({"size": range(40), "sex": ["f", "m"] * 20, "ill": [0, 1, 1, 0] * 10})
        >>> data = from_table(frame, "ill", name="toy", where="the table")
        >>> data.feature_names, data.notes[0]
        (('sex=f', 'sex=m'), "Left out: 'size' (it only numbers the rows).")
    """
    names = [str(column) for column in frame.columns]
    _refuse_equal(names, where)
    if not len(frame):
        raise BadData(where, "must have rows", "none", "Check that it was written completely.")
    place, note = find_target(names, target, where)
    coded = code_target(tidy(frame.iloc[:, place]), names[place], task, where)
    others = [number for number in range(len(names)) if number != place]
    tidied = [tidy(frame.iloc[:, number]) for number in others]
    columns = tuple(describe(names[number], cells) for number, cells in zip(others, tidied, strict=True))
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
    )


def _refuse_equal(names: Sequence[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadData(
                where, "must have column names that differ", f"{name!r} twice", "Rename one of them."
            )
        seen.add(name)


def _say(columns: Sequence[Column], tidied: Sequence[Tidied]) -> list[str]:
    """One sentence per kind of decision, not per column: a table may have thousands."""
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for column, cells in zip(columns, tidied, strict=True):
        for before, after in _decisions(column, cells):
            said[before, after].append(column.name)
    return [f"{before}: {_listed(names)}{after}." for (before, after), names in said.items()]


def _decisions(column: Column, cells: Tidied) -> Iterator[tuple[str, str]]:
    """What is said before and after the column's name."""
    if column.kind == "left out":
        yield "Left out", f" ({column.note})"
        return
    if column.note:
        yield "Repaired", f" {column.note}"
    if column.kind == "date":
        yield "Dates counted in days", ""
    if column.other:
        yield f"Only the {MOST_VALUES} most frequent values keep an input, the rest share one", ""
    if column.gaps:
        yield "Missing cells filled with the training mean (or no category) and marked", ""
    if cells.form in ("number", "date") and _loses_digits(cells):
        yield "Rounded to seven digits (float32), which merges values", ""


def _loses_digits(cells: Tidied) -> bool:
    values = pd.Series(cells.cells, dtype="float64").dropna()
    if values.abs().max() < _FLOAT32_WHOLE:
        return False
    return values.astype("float32").nunique() < values.nunique()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:8]))
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
