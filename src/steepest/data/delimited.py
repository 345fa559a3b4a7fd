"""Read CSV and TSV: encoding, separator, header and row lengths are checked before pandas reads the cells."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from steepest.base.errors import BadData
from steepest.data.columns import MISSING

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_PEEK = 200  # rows looked at to tell separator and header
_SPELLINGS = sorted({form for word in MISSING for form in (word, word.upper(), word.title(), "NaN", "NaT")})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is written.

    Args:
        encoding: Python's name of it.
        separator: one character.
        width: cells in each row.
        header: the first row holds names.
        names: stripped names, or places where there is no header.
        notes: what was inferred and is not plain to see.
    """

    encoding: str
    separator: str
    width: int
    header: bool
    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_delimited(path: Path, header: bool | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table in a text file, and what was inferred.

    Args:
        path: a file of rows whose cells are separated by commas, semicolons, tabs or vertical bars.
        header: whether the first row holds names; None infers it.

    Raises:
        BadData: an empty or binary file; rows of unequal length (with the line number).
    """
    layout = look(path, header)
    frame = pd.read_csv(
        path,
        sep=layout.separator,
        header=0 if layout.header else None,
        names=list(layout.names) if len(set(layout.names)) == layout.width else None,
        index_col=False,
        encoding=layout.encoding,
        skipinitialspace=True,
        na_values=_SPELLINGS,
        keep_default_na=False,
        low_memory=False,
    )
    frame.columns = pd.Index(layout.names)  # equal names are refused later, in words
    return frame, layout.notes


def look(path: Path, header: bool | None = None) -> Layout:
    """Find out how a file is written, reading all of it once."""
    encoding, notes = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        lines = [line for line in islice(file, _PEEK) if line.strip()]
    if not lines:
        raise BadData(
            str(path), "must have rows", "an empty file", "Check that the file was written completely."
        )
    separator = _separator(lines)
    expected = "\t" if path.suffix.lower() == ".tsv" else ","
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)
    ]
    width = len(rows[0])
    if separator != expected and width > 1:
        notes = [*notes, f"Cells are separated by {_SEPARATORS[separator]}."]
    _check_widths(path, encoding, separator, width)
    if header is None:
        header, reason = infer_header(rows)
        notes = [*notes, *filter(None, [reason])]
    names = tuple(name or str(place) for place, name in enumerate(rows[0])) if header else None
    return Layout(encoding, separator, width, header, names or tuple(map(str, range(width))), tuple(notes))


def infer_header(rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Whether the first row holds names, and the sentence that says so where it is not plain.

    A number in it makes it data. Otherwise a column of numbers below text makes it a header; where all
    columns are text, it is a header if none of its cells occurs again in its column.

    Example:
        >>> infer_header([["age", "sex"], ["31", "f"], ["40", "m"]])
        (True, '')
        >>> infer_header([["31", "f"], ["40", "m"]])
        (False, 'No header: the first row is data, columns are numbered from 0.')
    """
    first, rest = rows[0], rows[1:]
    headless = "No header: the first row is data, columns are numbered from 0."
    named = [cell for cell in first if cell]
    if len(set(named)) < len(named) and not _all_numeric_below(rest):
        return False, headless
    if not rest or any(_is_number(cell) or cell.lower() in MISSING - {""} for cell in first):
        return False, headless
    columns = list(zip(*(row for row in rest if len(row) == len(first)), strict=True))
    if any(all(_is_number(c) for c in column if c.lower() not in MISSING) for column in columns):
        return True, ""
    if any(name in column for name, column in zip(first, columns, strict=False) if name):
        return False, headless
    return True, "All cells are text; the first row is taken as the header."


def _all_numeric_below(rest: Sequence[Sequence[str]]) -> bool:
    return bool(rest) and all(_is_number(cell) for row in rest for cell in row if cell.lower() not in MISSING)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _separator(lines: Sequence[str]) -> str:
    """The separator by which most rows have the same number of cells, more than one; else a comma."""

    def fit(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True))
        width, count = widths.most_common(1)[0]
        return (count / len(lines) if width > 1 else 0.0, width)

    best = max(_SEPARATORS, key=fit)
    return best if fit(best)[0] > 0 else ","


def _check_widths(path: Path, encoding: str, separator: str, width: int) -> None:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
        try:
            for row in reader:
                if len(row) != width and any(row):
                    remedy = "Correct the line, or quote cells that contain the separator."
                    where = f"{path}, line {reader.line_num}"
                    raise BadData(where, f"must have {width} cells like the first row", len(row), remedy)
        except csv.Error as error:
            raise BadData(
                f"{path}, line {reader.line_num}", "must be readable as cells", str(error)
            ) from None


def _encoding(path: Path) -> tuple[str, list[str]]:
    """UTF-8 (with or without a byte-order mark), UTF-16 by its mark, else Latin-1, said aloud."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", ["The file is UTF-16."]
    if b"\0" in start:
        raise BadData(
            str(path), "must be a text file", "zero bytes", "Name a .csv, .tsv, .parquet or .npz file."
        )
    try:
        for _ in _chunks(path, "utf-8-sig"):
            pass
    except UnicodeDecodeError as error:
        byte = f"0x{error.object[error.start]:02x}"
        return "latin-1", [
            f"The file is not UTF-8 (byte {byte}); read as Latin-1. If letters look wrong, convert it."
        ]
    return "utf-8-sig", []


def _chunks(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding, newline="") as file:
        while chunk := file.read(1 << 20):
            yield chunk
