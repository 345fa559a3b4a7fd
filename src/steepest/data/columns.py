"""What each column of a table holds: numbers, yes and no, dates, categories, or nothing a network can use."""

import re
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.data.dataset import Column, Kind

Cells: TypeAlias = "pd.Series[Any]"

MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "<na>", "null", "none", "nat"})
"""Cells that mean "no value", in any letter case, with any blanks around them."""

MOST_VALUES = 64
"""A category keeps this many values; rarer ones share the input "other"."""

_YES_NO = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
_YES = frozenset({"true", "yes", "t", "y"})
_ISO_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}.*)?")
_OTHER_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ T]\d{1,2}:\d{2}.*)?")
_SPELLINGS = (
    (re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?"), ",", "", "thousands commas"),
    (re.compile(r"[-+]?\d*(,\d+)?"), ",", ".", "decimal commas"),
    (re.compile(r"[-+]?\d*\.?\d+ ?%"), "%", "", "percent signs"),
)
_KINDS: dict[str, Kind] = {"number": "number", "boolean": "boolean", "date": "date"}
_STRAY_SHARE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Tidied:
    """A column with every way of writing "missing" made one.

    Args:
        cells: float64 with NaN, or text with None.
        form: "number", "boolean", "date", "text" or "nested".
        whole: numbers that were all written as whole numbers.
        note: a repair, as a clause whose subject is the column; "" if there was none.
        words: how a boolean's 0 and 1 were written.
    """

    cells: Cells
    form: str
    whole: bool = False
    note: str = ""
    words: tuple[str, str] = ("false", "true")


def tidy(column: Cells) -> Tidied:
    """Recognise numbers, booleans and dates whatever they are stored as; strip blanks and outer quotes.

    Args:
        column: any pandas column.

    Example:
        >>> tidy(pd.Series([" 1.5", "?", "2 "])).cells.tolist()
        [1.5, nan, 2.0]
        >>> tidy(pd.Series(["'-1'", "'1'"])).note
        'is written in single quotes, which are dropped'
    """
    if pd.api.types.is_bool_dtype(column.dtype):
        return Tidied(_floats(column), "boolean")
    if pd.api.types.is_complex_dtype(column.dtype):
        return Tidied(column, "nested")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _tidy_numbers(_floats(column))
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return Tidied(_days(column), "date")
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return _tidy_numbers(pd.Series(column.dt.total_seconds().to_numpy(np.float64) / 86400))
    try:
        codes, values = pd.factorize(column.astype("object"), use_na_sentinel=True)
    except TypeError:  # lists, dicts, arrays in cells cannot be compared
        return Tidied(column, "nested")
    return _tidy_text(codes, [str(value).strip() for value in values])


def _tidy_numbers(cells: Cells) -> Tidied:
    values = cells.to_numpy()
    infinite = int(np.isinf(values).sum())
    note = ""
    if infinite:
        cells = pd.Series(np.where(np.isinf(values), np.nan, values))
        note = f"has {infinite} infinite value{'s' * (infinite > 1)}, taken as missing"
    known = cells.dropna()
    return Tidied(cells, "number", bool((known == known.round()).all()), note)


def _tidy_text(codes: NDArray[np.intp], texts: list[str]) -> Tidied:
    """Work on the distinct texts only, of which a column of a million cells may have few."""
    quotes = ""
    known = [text for text in texts if text.lower() not in MISSING]
    if known and all(len(text) > 1 and text[0] == text[-1] == "'" for text in known):
        texts = [text.strip("'").strip() for text in texts]
        quotes = "is written in single quotes, which are dropped"
    missing = np.array([text.lower() in MISSING for text in texts] + [True])  # code -1 is missing too
    known = [text for text, gone in zip(texts, missing, strict=False) if not gone]
    found = (
        _as_booleans(codes, texts, known)
        or _as_numbers(codes, texts, missing)
        or _as_dates(codes, texts, known, missing)
    )
    if found is None:
        cells = np.array([*texts, None], dtype="object")
        cells[missing] = None
        found = Tidied(pd.Series(cells[codes], dtype="object"), "text")
    return replace(found, note=" and ".join(filter(None, (quotes, found.note))))


def _as_booleans(codes: NDArray[np.intp], texts: list[str], known: list[str]) -> Tidied | None:
    if {text.lower() for text in known} not in _YES_NO:
        return None
    yes = next(text for text in known if text.lower() in _YES)
    no = next(text for text in known if text.lower() not in _YES)
    flags = [float(text.lower() in _YES) if text in known else np.nan for text in texts]
    return Tidied(pd.Series(np.array([*flags, np.nan])[codes]), "boolean", words=(no, yes))


def _as_numbers(codes: NDArray[np.intp], texts: list[str], missing: NDArray[np.bool_]) -> Tidied | None:
    """Numbers, save for at most one row in a hundred that is something else and counts as missing."""
    plain, spelling = _plain_numbers(texts, missing)
    spelled = pd.Series([*plain, "nan"], dtype="object")
    numbers: NDArray[np.float64] = pd.to_numeric(spelled, errors="coerce").to_numpy(np.float64)
    strays = np.isnan(numbers) & ~missing
    rows = np.flatnonzero(strays[codes])
    if np.isnan(numbers).all() or len(rows) > _STRAY_SHARE * len(codes):
        return None
    tidied = _tidy_numbers(pd.Series(numbers[codes]))
    if not len(rows):
        return replace(tidied, note=" and ".join(filter(None, (spelling, tidied.note))))
    cells = "1 cell that is no number" if len(rows) == 1 else f"{len(rows)} cells that are no numbers"
    note = f"has {cells} ({texts[codes[rows[0]]]!r} in data row {rows[0] + 1}), taken as missing"
    return replace(tidied, note=" and ".join(filter(None, (note, tidied.note))))


def _plain_numbers(texts: list[str], missing: NDArray[np.bool_]) -> tuple[list[str], str]:
    """Numbers written with thousands commas, decimal commas or percent signs, if that is what all are."""
    known = [text for text, gone in zip(texts, missing, strict=False) if not gone]
    for pattern, mark, plain, words in _SPELLINGS:
        if any(mark in text for text in known) and all(pattern.fullmatch(text) for text in known):
            return [text.replace(mark, plain).strip() for text in texts], f"is written with {words}"
    return texts, ""


def _as_dates(
    codes: NDArray[np.intp], texts: list[str], known: list[str], missing: NDArray[np.bool_]
) -> Tidied | None:
    if not known or not all(_ISO_DATE.fullmatch(text) for text in known):
        return None
    dates = pd.to_datetime(
        pd.Series([*texts, None]).where(~missing), errors="coerce", format="mixed", utc=True
    )
    wrong = [text for text, gone in zip(texts, dates.isna(), strict=False) if gone and text in known]
    note = f"has dates that do not exist ({wrong[0]}), taken as missing" if wrong else ""
    return Tidied(pd.Series(_days(dates).to_numpy()[codes]), "date", note=note)


def describe(name: str, tidied: Tidied) -> Column:
    """Decide what a tidied column becomes.

    Example:
        >>> describe("size", tidy(pd.Series(["S", "L", "S", None]))).inputs
        ('size=S', 'size=L', 'size is missing')
        >>> describe("country", tidy(pd.Series(["NL"] * 4))).note
        'it never changes'
    """
    if tidied.form == "nested":
        return Column(name, "left out", "its cells are lists, records or bytes")
    known = tidied.cells.dropna()
    if known.empty:
        return Column(name, "left out", "every cell is missing")
    gaps = len(known) < len(tidied.cells)
    counts = known.value_counts(sort=False)
    if len(counts) == 1 and not gaps:
        return Column(name, "left out", "it never changes")
    if tidied.form == "text":
        return _describe_text(name, counts, gaps, tidied.note)
    if (
        tidied.form == "number"
        and tidied.whole
        and not gaps
        and _counts_rows(name, known.to_numpy(np.float64))
    ):
        return Column(name, "left out", "it only numbers the rows")
    kind = _KINDS[tidied.form]
    return Column(name, kind, note=tidied.note, gaps=gaps)


def _describe_text(name: str, counts: "pd.Series[int]", gaps: bool, note: str) -> Column:
    total, distinct = int(counts.sum()), len(counts)
    values = counts.index
    if all(_OTHER_DATE.fullmatch(value) for value in values):
        return Column(name, "left out", "its dates have no clear order of day and month (write YYYY-MM-DD)")
    words = sum(value.count(" ") + 1 for value in values) / distinct
    if distinct > max(0.2 * total, 2) and words >= 5:
        return Column(name, "left out", "it is free text")
    if distinct > max(0.9 * total, 2):
        return Column(name, "left out", "nearly every row has its own value, as in an identifier")
    ordered = counts.sort_index().sort_values(ascending=False, kind="stable")
    kept = tuple(str(value) for value in ordered.index[:MOST_VALUES])
    return Column(name, "category", note, values=kept, other=distinct > MOST_VALUES, gaps=gaps)


def _counts_rows(name: str, values: NDArray[np.float64]) -> bool:
    """Whole numbers that rise by one from row to row, or all differ under a name such as `id`."""
    if len(values) < 3:
        return False
    if (np.diff(values) == 1).all():
        return True
    called_id = re.fullmatch(r"(?i)(.*[_ ])?(id|index|uuid|rowid)", name) is not None or name.endswith("ID")
    return called_id and len(np.unique(values)) == len(values)


def _floats(column: Cells) -> Cells:
    return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _days(column: Cells) -> Cells:
    """Days since 1970-01-01, in UTC where a zone is given."""
    moments = pd.to_datetime(column, utc=True)
    return pd.Series(((moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)).to_numpy(np.float64))
