"""The last step of every reader: drop rows without a target, check what is left, count duplicates."""

from collections.abc import Iterable

import numpy as np

from steepest.base.errors import BadData
from steepest.data.dataset import Column, DataSet, Floats, Rows, equal_rows
from steepest.data.grouping import merged
from steepest.data.target import Target

MOST_REPEATED = 0.5
"""Where more than this share of rows repeats another, equality says little: equal rows may be parted."""

LEAST_ROWS = 20
"""Fewer rows than this cannot be split three ways and tell anything."""


def assemble(
    *,
    name: str,
    where: str,
    target_name: str,
    target: Target,
    x: Floats,
    columns: tuple[Column, ...],
    feature_names: tuple[str, ...],
    scaled: tuple[bool, ...],
    notes: Iterable[str],
    test_rows: Rows | None = None,
    labels: Rows | None = None,
    group: str = "",
) -> DataSet:
    """Join inputs and target into a data set.

    Args:
        name: what to call it.
        where: the source, for errors.
        target_name, target: the coded target.
        x: float32 [N, D], all rows.
        columns, feature_names, scaled: see `DataSet`.
        notes: what the reader decided; more are added here.
        test_rows: places in N set aside by the source.
        labels: int64 [N]: rows of one number stay together, -1 alone; None where nothing groups them.
        group: name of the column these come from.

    Raises:
        BadData: fewer than 20 rows with a target, or no inputs; a class that only test rows have.
    """
    rows = int(target.known.sum())
    _check(where, rows, feature_names, columns)
    said = [*notes, *target.notes]
    if rows < len(x):
        x = x[target.known]
        if test_rows is not None:
            place = np.cumsum(target.known) - 1
            test_rows = place[test_rows[target.known[test_rows]]].astype(np.int64)
        labels = labels[target.known] if labels is not None else None
    _check_test(target, test_rows, f"target {target_name!r} of {where}")
    groups = equal_rows(x)
    repeated = rows - int(groups.max()) - 1
    coarse = repeated > MOST_REPEATED * rows
    said += _say_repeated(repeated, coarse, groups, test_rows)
    if coarse:
        groups = np.arange(rows, dtype=np.int64)
    if labels is not None:
        said.append(_say_groups(labels, group, test_rows))
        groups, lump = _with_labels(groups, labels)
        said += [lump] if lump else []
    return DataSet(
        name=name,
        task=target.task,
        target=target_name,
        classes=target.classes,
        x=x,
        y=target.y,
        feature_names=feature_names,
        scaled=np.array(scaled, dtype=np.bool_),
        columns=columns,
        test_rows=test_rows,
        notes=tuple(said),
        groups=groups,
    )


def _check(where: str, rows: int, feature_names: tuple[str, ...], columns: tuple[Column, ...]) -> None:
    if not feature_names:
        reasons = "; ".join(f"{column.name!r}: {column.note}" for column in columns[:5]) or "nothing"
        raise BadData(where, "must have a usable column beside the target", "none", f"Left out: {reasons}.")
    if rows < LEAST_ROWS:
        remedy = "Add rows: fewer cannot be split into training, validation and test."
        raise BadData(where, f"must have at least {LEAST_ROWS} rows with a target", rows, remedy)


def _check_test(target: Target, test_rows: Rows | None, where: str) -> None:
    if test_rows is None:
        return
    training = np.setdiff1d(np.arange(len(target.y)), test_rows)
    if not len(training) or not len(test_rows):
        empty = "test" if len(training) else "training"
        raise BadData(
            where, "must be known in training and test rows", f"in no {empty} row", "Check the files."
        )
    if target.task == "classification":
        unseen = np.setdiff1d(target.y[test_rows], target.y[training])
        if len(unseen):
            found = f"{target.classes[int(unseen[0])]} only in test rows"
            remedy = "Correct the label, or remove these rows."
            raise BadData(where, "must have each class among the training rows", found, remedy)


def _with_labels(groups: Rows, labels: Rows) -> tuple[Rows, str]:
    """Groups joined with equal rows, unless chains of these join most rows to one lump, and what is said."""
    joined = merged(groups, labels)
    alone = merged(np.arange(len(labels), dtype=np.int64), labels)
    largest = int(np.bincount(joined).max())
    if largest <= max(MOST_REPEATED * len(labels), int(np.bincount(alone).max())):
        return joined, ""
    return alone, f"Equal rows would join {largest:,} rows of several groups to one, so they may be parted."


def _say_groups(labels: Rows, group: str, test_rows: Rows | None) -> str:
    count = len(np.unique(labels[labels >= 0]))
    said = f"Rows of one {group!r} stay on one side of every split: {count:,} groups"
    if test_rows is None:
        return f"{said}."
    training = np.setdiff1d(np.arange(len(labels)), test_rows)
    shared = np.intersect1d(labels[test_rows], labels[training])
    return (
        f"{said}; {int((shared >= 0).sum()):,} of them are in the given test rows and in the training rows."
    )


def _say_repeated(repeated: int, coarse: bool, groups: Rows, test_rows: Rows | None) -> list[str]:
    if not repeated:
        return []
    said = f"Rows that repeat another's inputs exactly: {repeated:,}"
    if test_rows is not None:
        training = np.setdiff1d(np.arange(len(groups)), test_rows)
        leaked = int(np.isin(groups[test_rows], groups[training]).sum())
        return [f"{said}; {leaked:,} of the {len(test_rows):,} test rows are also among the training rows."]
    if coarse:
        return [f"{said}, over half: the columns are coarse, so equal rows are split like any others."]
    return [f"{said}; equal rows stay on one side of every split."]
