"""Read CSV and TSV: encoding, separator, header and row lengths are checked before pandas reads the cells."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from steepest.base.errors import BadData
from steepest.data.columns import MISSING

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_NOT_TEXT = frozenset({*range(9), *range(14, 27), *range(28, 32)})  # control bytes no table contains
_QUOTE = "Look for a quote that is not closed."
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
    try:
        frame = _parse(path, layout)
    except pd.errors.ParserError as error:
        reason = str(error).strip().split("\n")[0]
        raise BadData(str(path), "must be readable as cells", reason, _QUOTE) from None
    frame.columns = pd.Index(layout.names)  # equal names are refused later, in words
    return frame, layout.notes


def _parse(path: Path, layout: Layout) -> pd.DataFrame:
    return pd.read_csv(
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
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    headless = "No header: the first row is data, columns are numbered from 0."
    if any(_is_number(cell) or cell.lower() in MISSING - {""} for cell in first):
        return False, headless
    columns = list(zip(*rest, strict=True))
    if any(name and _numeric(column) for name, column in zip(first, columns, strict=False)):
        return True, ""
    named = [cell for cell in first if cell]
    seen_again = any(name in column for name, column in zip(first, columns, strict=False) if name)
    if seen_again or len(set(named)) < len(named):
        return False, headless
    return True, "All cells are text; the first row is taken as the header."


def _numeric(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell.lower() not in MISSING]
    return bool(known) and all(_is_number(cell) for cell in known)


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
                    raise BadData(
                        where, f"must have as many cells as the first row ({width})", len(row), remedy
                    )
        except csv.Error as error:
            raise BadData(
                f"{path}, line {reader.line_num}", "must be readable as cells", str(error)
            ) from None


def _encoding(path: Path) -> tuple[str, list[str]]:
    """UTF-8 (with or without a byte-order mark), UTF-16 by its mark, else Latin-1, said aloud."""
    with path.open("rb") as file:
        start = file.read(4096)
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and not _NOT_TEXT.isdisjoint(start):
        remedy = "Name a .csv, .tsv, .parquet or .npz file."
        raise BadData(str(path), "must be a text file", "bytes that are no text", remedy)
    try:
        _decode(path, "utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{error.object[error.start]:02x}"
        if wide:
            raise BadData(
                str(path), "must be whole UTF-16 text", f"byte {byte}", "Save it as UTF-8."
            ) from None
        return "latin-1", [
            f"The file is not UTF-8 (byte {byte}); read as Latin-1. If letters look wrong, convert it."
        ]
    return ("utf-16", ["The file is UTF-16."]) if wide else ("utf-8-sig", [])


def _decode(path: Path, encoding: str) -> None:
    """Read all of it in pieces, for the error only."""
    with path.open(encoding=encoding, newline="") as file:
        while file.read(1 << 20):
            pass
