"""Read a column's cells as a kind that is known beforehand, and find the cells that are of another."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.columns import (
    ISO_DATE,
    MISSING,
    NO,
    YES,
    Cells,
    days_of,
    distinct_texts,
    stored_values,
    text_of,
    tidy_numbers,
    to_numbers,
)

ORDERS = ("day/month/year", "month/day/year")
"""Orders of a date that does not begin with its year."""

_COMPACT = re.compile(r"\d{8}")
_UNCLEAR = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})((?:[ T]\d{1,2}:\d{2}.*)?)")


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A column read as one kind.

    Args:
        cells: float64 with NaN, or text with None.
        misfits: rows whose cells are neither of the kind nor missing.
        spelling: how numbers or dates were written; see `steepest.data.dataset.Column`.
    """

    cells: Cells
    misfits: NDArray[np.intp]
    spelling: str = ""

    def check(self, column: Cells, called: str, need: str, remedy: str) -> None:
        """Refuse the first misfit.

        Args:
            column: the cells as they were given.
            called: the column, for the error.
            need: what they must be: "must hold numbers".
            remedy: what to do.

        Raises:
            BadData: with the row, counted from 1, and the cell.
        """
        if len(self.misfits):
            row = int(self.misfits[0])
            raise BadData(called, need, f"{text_of(column.iloc[row])} in data row {row + 1}", remedy)


def as_numbers(column: Cells, spelling: str | None = "") -> Fitted:
    """Numbers; infinite ones are missing.

    Args:
        column: any pandas column.
        spelling: see `steepest.data.columns.to_numbers`.

    Example:
        >>> fitted = as_numbers(pd.Series(["1.5", "?", "x"]))
        >>> fitted.cells.tolist(), fitted.misfits.tolist()
        ([1.5, nan, nan], [2])
    """
    stored = stored_values(column)
    if stored is not None:
        known = stored.cells.notna().to_numpy()
        return Fitted(stored.cells, np.flatnonzero(known & (stored.form == "date")))
    try:
        codes, texts, _ = distinct_texts(column)
    except TypeError:
        return _none_fits(column)
    missing = _missing(texts)
    numbers, spelling = to_numbers(texts, missing, spelling)
    misfits = np.flatnonzero((np.isnan(numbers) & ~missing)[codes])
    return Fitted(tidy_numbers(numbers[codes]).cells, misfits, spelling)


def as_booleans(column: Cells, words: tuple[str, ...] = ()) -> Fitted:
    """Zeros and ones: numbers 0 and 1, yes and no however they are written, or two words of the user's.

    Args:
        column: any pandas column.
        words: the words for 0 and 1; none for the usual ones.

    Example:
        >>> as_booleans(pd.Series(["Yes", "no", "0", None])).cells.tolist()
        [1.0, 0.0, 0.0, nan]
    """
    stored = stored_values(column)
    if stored is not None:
        wrong = stored.cells.notna() & ~stored.cells.isin([0.0, 1.0])
        return Fitted(stored.cells.where(~wrong), np.flatnonzero(wrong))
    try:
        codes, texts, _ = distinct_texts(column)
    except TypeError:
        return _none_fits(column)
    meaning = {word: float(value) for value, each in enumerate((NO | {"0"}, YES | {"1"})) for word in each}
    meaning |= {word.lower(): float(value) for value, word in enumerate(words)}
    flags = np.array([*(meaning.get(text.lower(), np.nan) for text in texts), np.nan])
    return Fitted(pd.Series(flags[codes]), np.flatnonzero((np.isnan(flags) & ~_missing(texts))[codes]))


def as_dates(column: Cells, order: str = "") -> Fitted:
    """Days since 1970-01-01, of dates that begin with their year (2021-03-31, 20210331), or in an order.

    Args:
        column: any pandas column.
        order: one of `ORDERS`, else "".

    Example:
        >>> as_dates(pd.Series(["1970-01-02", "19700103", "soon"])).cells.tolist()
        [1.0, 2.0, nan]
        >>> as_dates(pd.Series(["02/01/1970"]), "day/month/year").cells.tolist()
        [1.0]
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return Fitted(days_of(column), np.empty(0, np.intp))
    try:
        codes, texts, _ = distinct_texts(column)
    except TypeError:
        return _none_fits(column)
    plain = pd.Series([*(_year_first(text, order) for text in texts), None], dtype="object")
    days = days_of(pd.to_datetime(plain, errors="coerce", format="mixed", utc=True)).to_numpy(np.float64)
    return Fitted(pd.Series(days[codes]), np.flatnonzero((np.isnan(days) & ~_missing(texts))[codes]), order)


def as_texts(column: Cells) -> Fitted:
    """Text, whatever it looks like: 007 stays 007 where it is stored as text.

    Example:
        >>> as_texts(pd.Series([" a", "?", 7.0])).cells.tolist()
        ['a', None, '7']
    """
    try:
        codes, texts, _ = distinct_texts(column)
    except TypeError:
        return _none_fits(column)
    cells = np.array([*texts, None], dtype="object")
    cells[_missing(texts)] = None
    return Fitted(pd.Series(cells[codes], dtype="object"), np.empty(0, np.intp))


def _none_fits(column: Cells) -> Fitted:
    empty = pd.Series(np.full(len(column), np.nan))
    return Fitted(empty, np.flatnonzero(column.notna().to_numpy()))


def _missing(texts: list[str]) -> NDArray[np.bool_]:
    """Which texts mean "no value"; the last place stands for the code -1."""
    return np.array([text.lower() in MISSING for text in texts] + [True])


def _year_first(text: str, order: str) -> str | None:
    if order:
        found = _UNCLEAR.fullmatch(text)
        if found is None:
            return None
        first, second, year, rest = found.groups()
        day, month = (first, second) if order == ORDERS[0] else (second, first)
        return f"{year}-{month:0>2}-{day:0>2}{rest.replace('T', ' ')}"
    if _COMPACT.fullmatch(text):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text if ISO_DATE.fullmatch(text) else None
