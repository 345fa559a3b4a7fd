"""What each column of a table holds: numbers, yes and no, dates, categories, or nothing a network can use."""

import re
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.data.dataset import Column, Kind
from steepest.data.dates import parts_of

Cells: TypeAlias = "pd.Series[Any]"

MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "<na>", "null", "none", "nat"})
"""Cells that mean "no value", in any letter case, with any blanks around them."""

MOST_VALUES = 64
"""Most values of a category with an input each; with more, it becomes codes, unless it is asked for."""

MOST_CODES = 4096
"""Most values of a column with a code each; any others share the code 0."""

NEVER_CHANGES = "it never changes"
"""Why a column with one value is left out."""

YES, NO = frozenset({"true", "yes", "t", "y"}), frozenset({"false", "no", "f", "n"})
"""Words for 1 and 0, in any letter case."""

ISO_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}.*)?")
"""How a date is written that has one meaning only."""

SPELLINGS = {
    "thousands commas": (re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?"), ",", ""),
    "decimal commas": (re.compile(r"[-+]?\d*(,\d+)?"), ",", "."),
    "percent signs": (re.compile(r"[-+]?\d*\.?\d+ ?%"), "%", ""),
}
"""Other ways of writing numbers: what such a cell looks like, the mark in it, and what the mark becomes."""

_YES_NO = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
_OTHER_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ T]\d{1,2}:\d{2}.*)?")
_KINDS: dict[str, Kind] = {"number": "number", "boolean": "boolean", "date": "date"}
_STRAY_SHARE = 0.01
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class Tidied:
    """A column with every way of writing "missing" made one.

    Args:
        cells: float64 with NaN, or text with None.
        form: "number", "boolean", "date", "text" or "nested".
        whole: numbers that were all written as whole numbers.
        note: a repair, as a clause whose subject is the column; "" if there was none.
        words: how a boolean's 0 and 1 were written.
        spelling: how numbers or dates were written, where not plainly; see `Column.values`.
        mixed: the first word in a column of text in which half of the cells are numbers, and its row.
    """

    cells: Cells
    form: str
    whole: bool = False
    note: str = ""
    words: tuple[str, str] = ("false", "true")
    spelling: str = ""
    mixed: str = ""


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
    stored = stored_values(column)
    if stored is not None:
        return stored
    if pd.api.types.is_complex_dtype(column.dtype):
        return Tidied(column, "nested")
    try:
        codes, texts, quotes = distinct_texts(column)
    except TypeError:  # lists, dicts, arrays in cells cannot be compared
        return Tidied(column, "nested")
    found = _tidy_text(codes, texts)
    return replace(found, note=" and ".join(filter(None, (quotes, found.note))))


def stored_values(column: Cells) -> Tidied | None:
    """A column whose type says what it holds: numbers, booleans, dates, spans of time; None for any other."""
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return Tidied(_floats(column), "boolean")
    if pd.api.types.is_complex_dtype(dtype):
        return None
    if pd.api.types.is_numeric_dtype(dtype):
        return tidy_numbers(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Tidied(days_of(column), "date")
    if pd.api.types.is_timedelta64_dtype(dtype):
        return tidy_numbers(column.dt.total_seconds().to_numpy(np.float64) / 86400)
    return None


def distinct_texts(column: Cells) -> tuple[NDArray[np.intp], list[str], str]:
    """Each cell's code (-1 for missing), the distinct texts, stripped, and what is said of quotes.

    A column of a hundred million cells may have few texts, so cells are never turned into texts one by one.

    Raises:
        TypeError: cells that cannot be compared, such as lists.

    Example:
        >>> codes, texts, quotes = distinct_texts(pd.Series(["b ", 7.0, None, "b "]))
        >>> codes.tolist(), texts, quotes
        ([0, 1, -1, 0], ['b', '7'], '')
    """
    compact = isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype)
    codes, values = pd.factorize(column if compact else column.astype("object"), use_na_sentinel=True)
    texts = [text_of(value) for value in values]
    known = [text for text in texts if text.lower() not in MISSING]
    if known and all(len(text) > 1 and text[0] == text[-1] == "'" for text in known):
        return (
            codes,
            [text.strip("'").strip() for text in texts],
            "is written in single quotes, which are dropped",
        )
    return codes, texts, ""


def text_of(value: object) -> str:
    """A cell as text; a whole number is written without a point, however it is stored.

    Example:
        >>> text_of(7.0), text_of(" a "), text_of(0.5)
        ('7', 'a', '0.5')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return str(value).strip()


def tidy_numbers(values: NDArray[np.float64]) -> Tidied:
    """Numbers, infinite ones taken as missing."""
    endless = np.isinf(values)
    infinite = int(endless.sum())
    note = ""
    if infinite:
        values = np.where(endless, np.nan, values)
        note = f"has {infinite} infinite value{'s' * (infinite > 1)}, taken as missing"
    known = values[~np.isnan(values)]
    return Tidied(pd.Series(values), "number", bool((known == np.rint(known)).all()), note)


def _tidy_text(codes: NDArray[np.intp], texts: list[str]) -> Tidied:
    """Work on the distinct texts only, of which a column of a million cells may have few."""
    missing = np.array([text.lower() in MISSING for text in texts] + [True])  # code -1 is missing too
    known = [text for text, gone in zip(texts, missing, strict=False) if not gone]
    found = _as_booleans(codes, texts, known)
    if found is not None:
        return found
    numbers, spelling = to_numbers(texts, missing)
    strays = np.isnan(numbers) & ~missing
    rows = np.flatnonzero(strays[codes])
    if len(rows) <= _STRAY_SHARE * len(codes) and not np.isnan(numbers).all():
        return _as_numbers(codes, texts, numbers, rows, spelling)
    found = _as_dates(codes, texts, known, missing)
    if found is not None:
        return found
    cells = np.array([*texts, None], dtype="object")
    cells[missing] = None
    mixed = 2 * (~np.isnan(numbers))[codes].sum() >= (~missing)[codes].sum() > 0
    said = f"{texts[codes[rows[0]]]!r} in data row {rows[0] + 1}" if mixed else ""
    return Tidied(pd.Series(cells[codes], dtype="object"), "text", mixed=said)


def _as_booleans(codes: NDArray[np.intp], texts: list[str], known: list[str]) -> Tidied | None:
    if {text.lower() for text in known} not in _YES_NO:
        return None
    yes = next(text for text in known if text.lower() in YES)
    no = next(text for text in known if text.lower() not in YES)
    flags = [float(text.lower() in YES) if text in known else np.nan for text in texts]
    return Tidied(pd.Series(np.array([*flags, np.nan])[codes]), "boolean", words=(no, yes))


def to_numbers(
    texts: list[str], missing: NDArray[np.bool_], spelling: str | None = None
) -> tuple[NDArray[np.float64], str]:
    """The number each distinct text stands for (NaN where none), one NaN more, and how they are written.

    Args:
        texts: U distinct texts.
        missing: bool [U + 1]: texts that mean "no value".
        spelling: a key of `SPELLINGS`; "" for plain numbers; None takes the one that fits all.
    """
    known = [text for text, gone in zip(texts, missing, strict=False) if not gone]
    if spelling is None:
        spelling = next((words for words in SPELLINGS if _fits(words, known)), "")
    plain = texts
    if spelling:
        form, mark, instead = SPELLINGS[spelling]
        plain = [text.replace(mark, instead).strip() if form.fullmatch(text) else text for text in texts]
    spelled = np.array([*plain, "nan"], dtype="object")
    return np.asarray(pd.to_numeric(spelled, errors="coerce"), np.float64), spelling


def _fits(spelling: str, known: list[str]) -> bool:
    form, mark, _ = SPELLINGS[spelling]
    return any(mark in text for text in known) and all(form.fullmatch(text) for text in known)


def _as_numbers(
    codes: NDArray[np.intp],
    texts: list[str],
    numbers: NDArray[np.float64],
    strays: NDArray[np.intp],
    spelling: str,
) -> Tidied:
    """Numbers; at most one row in a hundred is something else and counts as missing."""
    tidied = tidy_numbers(numbers[codes])
    said = f"is written with {spelling}" if spelling else ""
    if len(strays):
        cells = "1 cell that is no number" if len(strays) == 1 else f"{len(strays)} cells that are no numbers"
        said = f"has {cells} ({texts[codes[strays[0]]]!r} in data row {strays[0] + 1}), taken as missing"
    return replace(tidied, note=" and ".join(filter(None, (said, tidied.note))), spelling=spelling)


def _as_dates(
    codes: NDArray[np.intp], texts: list[str], known: list[str], missing: NDArray[np.bool_]
) -> Tidied | None:
    if not known or not all(ISO_DATE.fullmatch(text) for text in known):
        return None
    dates = pd.to_datetime(
        pd.Series([*texts, None]).where(~missing), errors="coerce", format="mixed", utc=True
    )
    wrong = [text for text, gone in zip(texts, dates.isna() & ~missing, strict=False) if gone]
    note = f"has dates that do not exist ({wrong[0]}), taken as missing" if wrong else ""
    return Tidied(pd.Series(days_of(dates).to_numpy()[codes]), "date", note=note)


def describe(name: str, tidied: Tidied, *, keep: bool = False, kind: Kind | None = None) -> Column:
    """Decide what a tidied column becomes.

    Args:
        name: of the column.
        tidied: its cells.
        keep: do not leave it out for being an identifier or free text.
        kind: "category" or "code" for a column of text; None chooses.

    Example:
        >>> describe("size", tidy(pd.Series(["S", "L", "S", None]))).inputs
        ('size=S', 'size=L', 'size is missing')
        >>> describe("country", tidy(pd.Series(["NL"] * 4))).note
        'it never changes'
    """
    if tidied.form == "nested":
        return Column(name, "left out", "its cells are lists, records or bytes")
    if tidied.form == "text":
        return _describe_text(name, tidied, keep, kind)
    values = tidied.cells.to_numpy(np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return Column(name, "left out", "every cell is missing")
    gaps = len(known) < len(values)
    low, high = known.min(), known.max()
    if low == high and not gaps:
        return Column(name, "left out", NEVER_CHANGES, values=(text_of(float(low)),))
    if max(-low, high) > _LARGEST:
        return Column(name, "left out", "its numbers are too large for float32")
    if tidied.form == "number" and not keep and tidied.whole and not gaps and _counts_rows(name, known):
        return Column(name, "left out", "it only numbers the rows")
    written = tidied.words if tidied.form == "boolean" else tuple(filter(None, (tidied.spelling,)))
    parts = parts_of(values) if tidied.form == "date" else ()
    return Column(name, _KINDS[tidied.form], tidied.note, written, gaps=gaps, parts=parts)


def _describe_text(name: str, tidied: Tidied, keep: bool, kind: Kind | None) -> Column:
    codes, texts = pd.factorize(tidied.cells)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts)).tolist()
    total, distinct = sum(counts), len(texts)
    if not distinct:
        return Column(name, "left out", "every cell is missing")
    gaps = total < len(codes)
    ordered = sorted((-count, str(text)) for count, text in zip(counts, texts, strict=True))
    values = tuple(text for _, text in ordered)
    if distinct == 1 and not gaps:
        return Column(name, "left out", NEVER_CHANGES, values=values)
    reason = "" if keep else _no_category(values, total, tidied.mixed)
    if reason:
        return Column(name, "left out", reason)
    said = f"holds numbers and words ({tidied.mixed}), taken as words" if tidied.mixed else ""
    note = " and ".join(filter(None, (tidied.note, said)))
    if kind == "code" or (kind is None and distinct > MOST_VALUES):
        repeated = sum(count < -1 for count, _ in ordered)  # a value that is there once can teach nothing
        return Column(name, "code", note, values=values[: min(repeated, MOST_CODES)])
    return Column(name, "category", note, values[:MOST_VALUES], other=distinct > MOST_VALUES, gaps=gaps)


def _no_category(values: tuple[str, ...], total: int, mixed: str) -> str:
    """Why the values of a text column make no category, or ""."""
    distinct = len(values)
    if all(_OTHER_DATE.fullmatch(value) for value in values):
        return "its dates have no clear order of day and month (write YYYY-MM-DD)"
    if distinct > max(0.2 * total, 2) and sum(value.count(" ") + 1 for value in values) >= 5 * distinct:
        return "it is free text, which --kind text reads"
    if distinct <= max(0.9 * total, 2):
        return ""
    if mixed:
        return f"it holds numbers and words ({mixed}); correct the words or write NA"
    return "nearly every row has its own value, as in an identifier"


def _counts_rows(name: str, values: NDArray[np.float64]) -> bool:
    """Whole numbers that rise by one from row to row, or all differ under a name such as `id`."""
    if len(values) < 3:
        return False
    if values[1] - values[0] == 1 and (np.diff(values) == 1).all():
        return True
    called_id = re.fullmatch(r"(?i)(.*[_ ])?(id|index|uuid|rowid)", name) is not None or name.endswith("ID")
    return called_id and len(np.unique(values)) == len(values)


def _floats(column: Cells) -> Cells:
    return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))


def days_of(column: Cells) -> Cells:
    """Days since 1970-01-01, in UTC where a zone is given."""
    moments = pd.to_datetime(column, utc=True)
    return pd.Series(((moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)).to_numpy(np.float64))
