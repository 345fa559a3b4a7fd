"""Which reader a file gets, and whether it is what its suffix says."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from steepest.base.errors import BadData, closest
from steepest.data.archive import read_archive
from steepest.data.dataset import DataSet
from steepest.data.delimited import read_delimited
from steepest.data.table import from_table

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".npz")

_SIGNATURES = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x93NUMPY", "a single NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
)
_EXPECTED = {".parquet": "a Parquet file", ".npz": "a zip archive"}
_PAGE = (b"<!doctype html", b"<html")


def read_file(
    path: Path, target: str | int | None, *, name: str | None, header: bool | None, task: str | None
) -> DataSet:
    """The data set in a file; the suffix says how to read it, the first bytes must agree.

    Raises:
        BadData: missing, a folder, empty, of an unknown suffix, or not what the suffix says.
    """
    suffix = path.suffix.lower()
    _check_exists(path)
    if suffix not in SUFFIXES:
        raise BadData(
            str(path), f"must end in one of {', '.join(SUFFIXES)}", suffix or "no suffix", "Convert it."
        )
    _check_contents(path, suffix)
    name = name or path.stem
    if suffix == ".npz":
        if target is not None:
            raise BadData("target", f"must not be given for {path}", target, "Its array y is the target.")
        return read_archive(path, name, task)
    if suffix == ".parquet":
        return from_table(_read_parquet(path), target, name=name, where=str(path), task=task)
    frame, notes = read_delimited(path, header)
    return from_table(frame, target, name=name, where=str(path), task=task, notes=notes)


def near_files(path: Path) -> list[str]:
    """Data files beside `path`, as the user would write them; a .txt may be anything and is not offered."""
    offered = set(SUFFIXES) - {".txt"}
    with contextlib.suppress(OSError):
        beside: Iterable[Path] = sorted(path.parent.iterdir())
        return [str(each) for each in beside if each.suffix.lower() in offered and each.is_file()]
    return []


def _check_exists(path: Path) -> None:
    if path.is_dir():
        raise BadData(str(path), "must be a file", "a folder", f"Name a file: {', '.join(SUFFIXES)}.")
    if not path.exists():
        near = near_files(path)
        remedy = closest(str(path), near) if near else "Check the path."
        raise BadData("data", "must be a file that exists", str(path), remedy)
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise BadData(
            "data", "must be readable", f"{path} ({error.strerror})", "Check its permissions."
        ) from None


def _check_contents(path: Path, suffix: str) -> None:
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise BadData(
            str(path), "must have rows", "an empty file", "Check that the file was written completely."
        )
    found = next((what for magic, what in _SIGNATURES if start.startswith(magic)), None)
    if start.lstrip().lower().startswith(_PAGE):
        found = "a web page"
    expected = _EXPECTED.get(suffix)
    if found != expected:
        wanted = expected or "a text table"
        remedy = "Rename it to what it is, or download it again."
        raise BadData(str(path), f"must be {wanted}, by its suffix", found or "something else", remedy)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors are both
        reason = str(error).split("\n")[0]
        raise BadData(
            str(path), "must be a whole Parquet file", reason, "Write or download it again."
        ) from None
