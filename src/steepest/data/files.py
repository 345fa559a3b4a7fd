"""Which reader a file gets, and whether it is what its suffix says."""

import contextlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from steepest.base.errors import BadData, BadInput, closest
from steepest.data.archive import read_archive
from steepest.data.class_folders import ARCHIVES, entries, is_archive, kind_of
from steepest.data.dataset import DataSet
from steepest.data.delimited import read_delimited
from steepest.data.documents import documents, documents_from_columns
from steepest.data.given_test import join_frames
from steepest.data.images import is_image_table, read_image_folder, read_images
from steepest.data.join import join_test
from steepest.data.series import from_series
from steepest.data.table import from_table
from steepest.data.target import find_target
from steepest.data.text import read_text

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".npz")
WINDOW = 64
"""Characters that a network reads of a running text."""

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


def read_file(path: Path, how: Mapping[str, Any]) -> DataSet:
    """The data set in a file or folder; the suffix says how to read it, the first bytes must agree.

    Args:
        path: a table (.csv, .tsv, .txt, .parquet), images in a table (.parquet), arrays (.npz), a running
            text (.txt), or class folders of images or texts, plain or in an archive (.zip, .tar, .tar.gz,
            .tgz).
        how: see `steepest.data.read.Reading`.

    Raises:
        BadData: missing, empty, of an unknown suffix, or not what the suffix says.
    """
    name = how.get("name") or path.name.removesuffix("".join(path.suffixes[-2:])) or path.name
    if is_archive(path) or path.is_dir():
        return _read_class_folders(path, name, how)
    suffix = path.suffix.lower()
    _check_exists(path)
    if suffix not in SUFFIXES:
        known = ", ".join((*SUFFIXES, *ARCHIVES))
        raise BadData(str(path), f"must end in one of {known}", suffix or "no suffix", "Convert it.")
    _check_contents(path, suffix)
    name = how.get("name") or path.stem
    if suffix == ".npz":
        if how.get("target") is not None:
            raise BadData(
                "target", f"must not be given for {path}", how["target"], "Its array y is the target."
            )
        return read_archive(path, name, how.get("task"), how.get("kind"))
    if suffix == ".parquet" and how.get("kind") in (None, "image") and is_image_table(path):
        return _with_test(path, name, how)
    if how.get("kind") == "text" or (suffix == ".txt" and _runs(path, how)):
        return _read_text(path, suffix, name, how)
    return _read_table(path, name, how)


def read_frame(path: Path, header: bool | None) -> tuple[pd.DataFrame, list[str]]:
    """A table as a data frame, and what was decided on the way."""
    _check_exists(path)
    suffix = path.suffix.lower()
    if suffix not in (*TEXT_SUFFIXES, ".parquet"):
        remedy = f"Give a table: {', '.join((*TEXT_SUFFIXES, '.parquet'))}."
        raise BadData(str(path), "must be a table", suffix or "no suffix", remedy)
    _check_contents(path, suffix)
    if suffix == ".parquet":
        return _read_parquet(path), []
    frame, notes = read_delimited(path, header)
    return frame, list(notes)


def _read_table(path: Path, name: str, how: Mapping[str, Any]) -> DataSet:
    frame, notes = read_frame(path, how.get("header"))
    if how.get("forecast") is not None:
        if how.get("test") is not None:
            remedy = "Leave it out: the last fifth of the series is the test."
            raise BadInput("test", "must not be given with forecast", str(how["test"]), remedy)
        return from_series(
            frame, how["forecast"], horizon=how.get("horizon") or 1, window=how.get("window"), name=name,
            where=str(path), sort=bool(how.get("sort")), notes=notes,
        )  # fmt: skip
    test_rows = None
    target = how.get("target")
    if how.get("test") is not None:
        other = Path(how["test"]).expanduser()
        test, _ = read_frame(other, how.get("header"))
        joined = join_frames(frame, test, str(path), str(other), target)
        frame, test_rows, notes = joined.frame, joined.test_rows, [*notes, *joined.notes]
    return from_table(
        frame, target, name=name, where=str(path), task=how.get("task"), notes=notes,
        kinds=how.get("columns") or {}, group=how.get("group"), test_rows=test_rows,
    )  # fmt: skip


def _with_test(path: Path, name: str, how: Mapping[str, Any]) -> DataSet:
    """Images of a table, and those of a second one as the test set."""

    def images(file: Path) -> DataSet:
        return read_images(file, how.get("target"), name=name, size=how.get("size"), task=how.get("task"))

    if how.get("test") is None:
        return images(path)
    other = Path(how["test"]).expanduser()
    _check_exists(other)
    return join_test(images(path), images(other))


def _read_class_folders(path: Path, name: str, how: Mapping[str, Any]) -> DataSet:
    if not path.exists():
        raise BadData("data", "must be a file or folder that exists", str(path), "Check the path.")
    found = entries(path)
    if kind_of(found) == "text":
        return documents(found, name=name, where=str(path), window=how.get("window"))
    return read_image_folder(path, name=name, size=how.get("size"))


def _read_text(path: Path, suffix: str, name: str, how: Mapping[str, Any]) -> DataSet:
    """A running text, or the texts in a column of a table beside the target."""
    if suffix == ".txt" and how.get("target") is None:
        return read_text(path, name=name, window=how.get("window") or WINDOW)
    frame, notes = read_frame(path, how.get("header"))
    return labelled_texts(frame, str(path), name, how, notes)


def labelled_texts(
    frame: pd.DataFrame, where: str, name: str, how: Mapping[str, Any], notes: Sequence[str] = ()
) -> DataSet:
    """The texts of a table: its column of the longest cells, beside the target."""
    names = [str(column) for column in frame.columns]
    place, note = find_target(names, how.get("target"), where)
    texts = _longest_text(frame, place, where)
    said = [*notes, *filter(None, [note]), f"The texts are the column {names[texts]!r}."]
    return documents_from_columns(
        frame.iloc[:, texts].tolist(), frame.iloc[:, place].tolist(), name=name, where=where,
        window=how.get("window"), target=names[place], notes=said,
    )  # fmt: skip


def _longest_text(frame: pd.DataFrame, target: int, where: str) -> int:
    """Place of the column with the longest cells on average, the target excepted."""
    lengths = {
        place: frame.iloc[:, place].dropna().astype(str).str.len().mean()
        for place in range(frame.shape[1])
        if place != target
    }
    if not lengths:
        raise BadData(where, "must have a column of texts beside the target", "none", "Add it.")
    return max(lengths, key=lambda place: lengths[place])


def _runs(path: Path, how: Mapping[str, Any]) -> bool:
    """Whether a .txt is a running text: nothing was said of columns, and its lines are no rows of cells."""
    said = ("target", "forecast", "columns", "header", "test", "group")
    if any(how.get(name) is not None for name in said) or how.get("kind") not in (None, "text"):
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = [line for line in itertools.islice(file, 100) if line.strip()]
    return not any(
        len({line.count(separator) for line in lines}) == 1 and lines[0].count(separator)
        for separator in (",", ";", "\t", "|")
    )


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
