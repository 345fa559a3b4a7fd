"""Columns whose kind the user names: read as that kind, or refused with the first cell that is of another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import index
from typing import Any

import numpy as np
import pandas as pd

from steepest.base.errors import BadData, BadInput, closest
from steepest.data.columns import Cells, Tidied, describe, tidy
from steepest.data.dataset import Column
from steepest.data.fitting import ORDERS, as_booleans, as_dates, as_numbers, as_texts

_OTHER_KIND = "Correct the cell, write NA for a missing one, or give the column another kind"


def parse_kind(text: str) -> tuple[str, str]:
    """Column and kind in what `--column` was given.

    Raises:
        BadInput: no "=", or an unknown kind.

    Example:
        >>> parse_kind("age=number")
        ('age', 'number')
    """
    name, equals, kind = text.rpartition("=")
    if not equals or not name:
        raise BadInput("--column", "must be a column and its kind", text, "Write --column age=number.")
    _check_kind(name, kind)
    return name, kind


def kinds_by_place(kinds: Mapping[Any, str], names: Sequence[str], where: str) -> dict[int, str]:
    """The kind asked for by each column's place.

    Args:
        kinds: kinds by name or by place, as for the target.
        names: the table's columns.
        where: the table, for errors.

    Raises:
        BadInput: an unknown kind.
        BadData: an unknown column.

    Example:
        >>> kinds_by_place({"b": "code", -1: "drop"}, ["a", "b", "c"], "the table")
        {1: 'code', 2: 'drop'}
    """
    found: dict[int, str] = {}
    for name, kind in kinds.items():
        _check_kind(str(name), kind)
        found[_place(name, names, where)] = kind
    return found


def _check_kind(name: str, kind: str) -> None:
    if kind not in KINDS:
        raise BadInput(f"kind of column {name!r}", "must be a known kind", kind, closest(kind, KINDS))


def _place(name: str | int, names: Sequence[str], where: str) -> int:
    if str(name) in names:
        return list(names).index(str(name))
    try:
        place = int(name) if isinstance(name, str) else index(name)
    except (ValueError, TypeError):
        place = len(names)
    if not -len(names) <= place < len(names):
        raise BadData("column", f"must be in {where}", name, closest(str(name), names))
    return place % len(names)


def described_as(name: str, cells: Cells, kind: str, where: str) -> tuple[Column, Tidied]:
    """A column read as the kind that was asked for.

    Args:
        name: of the column.
        cells: as they were read.
        kind: one of `KINDS`.
        where: the table, for errors.

    Raises:
        BadData: a cell is of another kind; the first one is named.

    Example:
        >>> described_as("zip", pd.Series([1012, 1013, 1012]), "category", "the table")[0].inputs
        ('zip=1012', 'zip=1013')
    """
    return KINDS[kind](name, cells, f"column {name!r} of {where}")


def _number(name: str, cells: Cells, called: str) -> tuple[Column, Tidied]:
    tidied = tidy(cells)
    if tidied.form != "number":
        fitted = as_numbers(cells, None)
        fitted.check(cells, called, "must hold numbers", f"{_OTHER_KIND}: --column {name}=category.")
        tidied = Tidied(fitted.cells, "number", spelling=fitted.spelling)
    return describe(name, tidied, keep=True), tidied


def _boolean(name: str, cells: Cells, called: str) -> tuple[Column, Tidied]:
    tidied = tidy(cells)
    if tidied.form != "boolean":
        words: tuple[str, ...] = ()
        fitted = as_booleans(cells)
        if len(fitted.misfits):
            words = tuple(sorted(pd.unique(as_texts(cells).cells.dropna())[:2]))
            fitted = as_booleans(cells, words)
            said = f" beside {' and '.join(map(repr, words))}" if len(words) == 2 else ""
            need = f"must hold no third value{said}" if words else "must hold yes or no"
            fitted.check(cells, called, need, f"{_OTHER_KIND}: --column {name}=category.")
        note = f"is 0 for {words[0]!r} and 1 for {words[1]!r}" if len(words) == 2 else ""
        tidied = Tidied(fitted.cells, "boolean", note=note)
        if len(words) == 2:
            tidied = replace(tidied, words=(words[0], words[1]))
    return describe(name, tidied, keep=True), tidied


def _date(name: str, cells: Cells, called: str) -> tuple[Column, Tidied]:
    tidied = tidy(cells)
    if tidied.form == "date":
        return describe(name, tidied, keep=True), tidied
    remedy = f"Write dates as YYYY-MM-DD, or leave the column out: --column {name}=drop."
    plain = as_dates(cells)
    fitting = [plain] if not len(plain.misfits) else [
        each for each in (as_dates(cells, order) for order in ORDERS) if not len(each.misfits)
    ]  # fmt: skip
    if not fitting:
        best = max(
            (plain, *(as_dates(cells, order) for order in ORDERS)), key=lambda each: each.cells.count()
        )
        best.check(cells, called, "must hold dates", remedy)
    if len(fitting) > 1 and not fitting[0].cells.equals(fitting[1].cells):
        row = int(np.flatnonzero(fitting[0].cells.notna())[0])
        found = f"{cells.iloc[row]} in data row {row + 1}"
        raise BadData(called, "must have dates with a clear order of day and month", found, remedy)
    order = fitting[0].spelling
    note = f"has dates read as {order}: no other order fits all of them" if order else ""
    tidied = Tidied(fitting[0].cells, "date", note=note, spelling=order)
    return describe(name, tidied, keep=True), tidied


def _category(name: str, cells: Cells, called: str) -> tuple[Column, Tidied]:
    tidied = _text(cells, called, name)
    return describe(name, tidied, keep=True, kind="category"), tidied


def _code(name: str, cells: Cells, called: str) -> tuple[Column, Tidied]:
    tidied = _text(cells, called, name)
    column = describe(name, tidied, keep=True, kind="code")
    if column.kind == "code" and not column.values:
        found = f"{len(tidied.cells):,} rows of different values"
        raise BadData(called, "must hold values that repeat", found, f"Leave it out: --column {name}=drop.")
    return column, tidied


def _text(cells: Cells, called: str, name: str) -> Tidied:
    fitted = as_texts(cells)
    fitted.check(cells, called, "must hold one value per cell", f"Leave it out: --column {name}=drop.")
    return Tidied(fitted.cells, "text")


def _drop(name: str, cells: Cells, _: str) -> tuple[Column, Tidied]:
    return Column(name, "left out", "as asked"), Tidied(cells, "nested")


KINDS: Mapping[str, Callable[[str, Cells, str], tuple[Column, Tidied]]] = {
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "category": _category,
    "code": _code,
    "drop": _drop,
}
"""Kinds a user can give a column; "code" embeds a category, "drop" leaves the column out."""
