"""A second table that is set aside for the test: joined to the training table, column by column."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from steepest.base.errors import BadData
from steepest.data.columns import Cells
from steepest.data.dataset import Rows
from steepest.data.fitting import as_texts
from steepest.data.naming import listed, refuse_equal_names
from steepest.data.target import find_target


class Joined(NamedTuple):
    """Training and test rows in one table.

    Args:
        frame: the training rows, then the test rows.
        test_rows: int64, places of the test rows.
        notes: what was said, one sentence each.
    """

    frame: pd.DataFrame
    test_rows: Rows
    notes: tuple[str, ...]


def join_frames(
    train: pd.DataFrame, test: pd.DataFrame, where: str, test_where: str, target: str | int | None = None
) -> Joined:
    """Put test rows under training rows.

    Columns are matched by name, in any order; by place where either table has no header (its columns are
    called "0", "1", …). Labels that end in a dot only in the test table lose it.

    Args:
        train: N training rows.
        test: M test rows, the target included.
        where: the training source, for errors.
        test_where: the test source, for errors.
        target: the column to predict, as for `from_table`.

    Raises:
        BadData: no test rows, columns that only one table has, no target.

    Example:
        >>> train = pd.DataFrame({"age": [31, 40], "pay": ["low", "high"]})
        >>> joined = join_frames(train, pd.DataFrame({"pay": ["low."], "age": [25]}), "a.csv", "b.csv", "pay")
        >>> joined.frame["pay"].tolist(), joined.test_rows.tolist()
        (['low', 'high', 'low'], [2])
    """
    if not len(test):
        raise BadData(test_where, "must have rows", "none", "Check that it was written completely.")
    names, others = [str(name) for name in train.columns], [str(name) for name in test.columns]
    refuse_equal_names(names, where)
    refuse_equal_names(others, test_where)
    if _numbered(names) or _numbered(others):
        if len(names) != len(others):
            need = f"must have as many columns as {where} ({len(names)})"
            raise BadData(test_where, need, len(others), "Give both the same columns, in the same order.")
        test = test.set_axis(names, axis=1)
    else:
        _check_names(names, others, where, test_where)
        test = test.set_axis(others, axis=1)[names]
    train = train.set_axis(names, axis=1)
    place, _ = find_target(names, target, where)
    labels, notes = _without_dots(train.iloc[:, place], test.iloc[:, place], names[place], test_where)
    test = test.assign(**{names[place]: labels.to_numpy()}) if notes else test
    frame = pd.concat([_plain(train), _plain(test)], ignore_index=True)
    rows = np.arange(len(train), len(frame), dtype=np.int64)
    return Joined(frame, rows, (*notes, f"Test rows: {len(rows):,}, from {test_where}."))


def _numbered(names: list[str]) -> bool:
    return names == [str(place) for place in range(len(names))]


def _check_names(names: list[str], others: list[str], where: str, test_where: str) -> None:
    have = set(names)
    gone = [name for name in names if name not in set(others)]
    extra = [name for name in others if name not in have]
    if not gone and not extra:
        return
    found = [f"{what} {listed(each)}" for what, each in (("no", gone), ("also", extra)) if each]
    need = f"must have the columns of {where}"
    raise BadData(test_where, need, " and ".join(found), "Rename or remove columns until both agree.")


def _without_dots(train: Cells, test: Cells, target: str, test_where: str) -> tuple[Cells, list[str]]:
    """Test labels without a dot at their end, where that makes all of them training labels."""
    known, given = as_texts(train).cells, as_texts(test).cells
    labels, found = set(known.dropna()), set(given.dropna())
    plain = {text: text.removesuffix(".") for text in found if text not in labels}
    if not plain or not labels.issuperset(plain.values()):
        return test, []
    note = f"Labels of {target!r} in {test_where} end in a dot, which is dropped: {listed(sorted(plain))}."
    return given.replace(plain), [note]


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories as their values: two lists of categories cannot be joined."""
    lists = [name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(lists, "object")) if lists else frame
