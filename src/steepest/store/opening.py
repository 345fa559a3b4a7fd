"""Where a study is kept, and which back end keeps it."""

from importlib import import_module
from pathlib import Path
from typing import Any

from steepest.base.errors import StoreError
from steepest.store.address import SCHEMES, Address, parse_address
from steepest.store.journal import Journal
from steepest.store.sqlite import SQLiteJournal

FILE_NAME, POINTER = "study.db", "study.url"
"""The journal of a run folder, or the file that says which database has it."""


def open_journal(place: str | Path, *, create: bool = False) -> Journal:
    """Open the journal of a study.

    Args:
        place: a run folder (its journal is `study.db`, or where its `study.url` points), a journal's file,
            or a study in a PostgreSQL database: `postgresql://user:password@host:port/database?study=NAME`.
        create: start a new journal, and claim it; the folder is made where it is missing. A journal that is
            already there is refused, so nothing finished is ever written over.

    Raises:
        StoreError: nothing there, not a journal, written by a newer steepest, not writable, already there; of
            a database also: the server cannot be reached or refuses user or password, no psycopg.

    Example:
        >>> import tempfile
        >>> from steepest.store import Document
        >>> folder = tempfile.TemporaryDirectory()
        >>> with open_journal(folder.name, create=True) as journal:
        ...     journal.record(documents=[Document("end", {"reason": "budget"})])
        >>> with open_journal(folder.name) as journal:
        ...     journal.document("end").body
        {'reason': 'budget'}
        >>> folder.cleanup()
    """
    pointer = Path(place) / POINTER
    if "://" not in str(place) and not create and pointer.is_file():
        place = pointer.read_text(encoding="utf-8").strip()
    if "://" in str(place):
        address = _address(str(place))
        kept = _postgresql()
        journal: Journal = kept.create(address) if create else kept.open(address)
        return journal
    path = Path(place)
    if path.is_dir() or (create and path.suffix != ".db"):
        path = path / FILE_NAME
    return SQLiteJournal.create(path) if create else SQLiteJournal.open(path)


def _address(place: str) -> Address:
    scheme = place.split("://")[0]
    if scheme not in SCHEMES:
        raise StoreError(
            f"{scheme}:// is not a place for a study. Give a folder, a file or "
            "postgresql://user@host/database?study=NAME."
        )
    return parse_address(place)


def _postgresql() -> Any:
    """The journal in PostgreSQL; its driver is loaded where it is needed."""
    try:
        return import_module("steepest.store.postgresql").PostgreSQLJournal
    except ImportError as error:
        if error.name not in ("psycopg", None):
            raise
        raise StoreError(
            f"A study in PostgreSQL needs psycopg ({error}): pip install 'steepest[postgres]'."
        ) from None
