"""Where a study is kept, and which back end keeps it."""

from pathlib import Path

from steepest.base.errors import StoreError
from steepest.store.journal import Journal
from steepest.store.sqlite import SQLiteJournal

FILE_NAME = "study.db"


def open_journal(place: str | Path, *, create: bool = False) -> Journal:
    """Open the journal of a study.

    Args:
        place: a run folder (its journal is `study.db`) or a journal's file.
        create: start a new journal; the folder is made where it is missing. A journal that is already there
            is refused, so nothing finished is ever written over.

    Raises:
        StoreError: nothing there, not a journal, written by a newer steepest, not writable, already there.

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
    if "://" in str(place):
        raise StoreError(
            f"{str(place).split('://')[0]}:// is not a place for a study. Give a folder or a file."
        )
    path = Path(place)
    if path.is_dir() or (create and path.suffix != ".db"):
        path = path / FILE_NAME
    return SQLiteJournal.create(path) if create else SQLiteJournal.open(path)
