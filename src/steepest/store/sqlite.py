"""The journal in one SQLite file, in write-ahead-log mode.

While a study runs, or after it was killed, the file has a companion `study.db-wal` that holds the newest
transactions: the two belong together. Closing the journal folds the companion into the file.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from steepest.base.errors import StoreError
from steepest.store import rows
from steepest.store.journal import Journal
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome

APPLICATION = 0x57EE9E57  # SQLite's application_id of our files
VERSION = 1  # of the tables below; kept as SQLite's user_version
WAIT = 10.0  # seconds a writer waits for its turn
SCHEMA = """
CREATE TABLE member (
    member INTEGER PRIMARY KEY, stage TEXT NOT NULL, label TEXT NOT NULL, recipe TEXT NOT NULL,
    seed INTEGER NOT NULL, replicate INTEGER NOT NULL, split INTEGER NOT NULL,
    parameters INTEGER NOT NULL, origin TEXT NOT NULL
);
CREATE TABLE curve (
    entry INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, epoch REAL NOT NULL,
    step INTEGER NOT NULL, train_loss REAL NOT NULL, held_out_loss REAL NOT NULL, score REAL NOT NULL
);
CREATE INDEX curve_of_member ON curve (member, step);
CREATE TABLE outcome (
    entry INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, status TEXT NOT NULL,
    cause TEXT NOT NULL, score REAL, epochs REAL NOT NULL, seconds REAL NOT NULL
);
CREATE TABLE document (
    entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, time REAL NOT NULL
);
CREATE INDEX document_of_kind ON document (kind);
"""
_CAUSES = {
    "SQLITE_NOTADB": "is not a study's journal. Give the run folder that `steepest tune` wrote.",
    "SQLITE_CORRUPT": "is damaged. Restore it from a copy, together with its -wal file if there is one.",
    "SQLITE_BUSY": "is locked by another process. Wait for that study to end, or use another folder.",
    "SQLITE_LOCKED": "is locked by another process. Wait for that study to end, or use another folder.",
    "SQLITE_READONLY": "cannot be written. Make the folder writable, or use another one.",
    "SQLITE_PERM": "may not be opened. Make the file readable.",
    "SQLITE_CANTOPEN": "cannot be opened. Check that the folder exists and can be written.",
    "SQLITE_FULL": "has no room left on its disk. Free some space; what was recorded before is safe.",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error. What was recorded before is kept.",
}


class SQLiteJournal(Journal):
    """A `Journal` in one SQLite file; `create` and `open` make one.

    Every transaction is on the disk (fsync) when the call returns, so it survives a loss of power too.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._turn = threading.RLock()
        self._process = os.getpid()
        self._closed = False

    @classmethod
    def create(cls, path: Path) -> Self:
        """Start a new journal at `path`; refuses a file that already holds something."""
        if path.exists() and (path.is_dir() or path.stat().st_size > 0):
            raise StoreError(f"{path} is already there. Resume it, or use another folder.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{path.parent} cannot be made ({error.strerror}). Use another folder."
            ) from error
        with _worded(path):
            journal = cls(path, _connect(path, "rwc"))
            try:
                journal._lay_tables()
            except BaseException:
                journal.close()
                raise
        return journal

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the journal at `path`, for reading only where it cannot be written."""
        if not path.is_file():
            raise StoreError(f"{path} is not there. Give the run folder that `steepest tune` wrote.")
        with _worded(path):
            connection = _connect(path, _mode(path))
            try:
                _check_version(path, connection)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection)

    def plan(self, members: Sequence[MemberPlan]) -> None:
        plans = [rows.from_plan(plan) for plan in members]
        with self._transaction() as write:
            try:
                write.executemany(f"INSERT INTO member VALUES ({_marks(9)})", plans)
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"{self.path}: a member of {_span(plans)} is planned already. "
                    "Number new members from the last one on; another process may be at work on this study."
                ) from error

    def record(
        self,
        curves: Iterable[CurvePoint] = (),
        outcomes: Iterable[Outcome] = (),
        documents: Iterable[Document] = (),
    ) -> None:
        points = [rows.from_point(point) for point in curves]
        ends = [rows.from_outcome(outcome) for outcome in outcomes]
        papers = [rows.from_document(document) for document in documents]
        with self._transaction() as write:
            try:
                write.executemany(f"INSERT INTO curve VALUES (NULL, {_marks(6)})", points)
                write.executemany(f"INSERT INTO outcome VALUES (NULL, {_marks(6)})", ends)
                write.executemany(f"INSERT INTO document VALUES (NULL, {_marks(3)})", papers)
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"{self.path}: a member of {_span([*points, *ends])} was never planned. "
                    "Plan members before recording anything about them."
                ) from error

    def members(self) -> list[MemberPlan]:
        return [rows.to_plan(row) for row in self._read("SELECT * FROM member ORDER BY member")]

    def curves(self, members: Iterable[int] | None = None) -> list[CurvePoint]:
        query = "SELECT member, epoch, step, train_loss, held_out_loss, score FROM curve"
        values: tuple[str, ...] = ()
        if members is not None:
            query += " WHERE member IN (SELECT value FROM json_each(?))"
            values = (json.dumps([int(member) for member in members]),)
        latest = {(row[0], row[2]): row for row in self._read(query + " ORDER BY entry", values)}
        return [rows.to_point(latest[place]) for place in sorted(latest)]

    def outcomes(self) -> list[Outcome]:
        query = "SELECT member, status, cause, score, epochs, seconds FROM outcome ORDER BY entry"
        latest = {row[0]: row for row in self._read(query)}
        return [rows.to_outcome(latest[member]) for member in sorted(latest)]

    def documents(self, kind: str) -> list[Document]:
        query = "SELECT kind, body, time FROM document WHERE kind = ? ORDER BY entry"
        return [rows.to_document(row) for row in self._read(query, (kind,))]

    def close(self) -> None:
        with self._turn:
            self._closed = True
            if self._process == os.getpid():
                self._connection.close()

    def _lay_tables(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self._transaction() as write:
            if write.execute("PRAGMA user_version").fetchone()[0]:
                raise StoreError(f"{self.path} is already there: another process has just started it.")
            for statement in SCHEMA.split(";"):
                write.execute(statement)
            write.execute(f"PRAGMA application_id = {APPLICATION}")
            write.execute(f"PRAGMA user_version = {VERSION}")

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[rows.Row]:
        with self._turn, _worded(self.path):
            self._check_owner()
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, also where Ctrl-C falls in between."""
        with self._turn, _worded(self.path):
            self._check_owner()
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _check_owner(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path} was closed. Open it again.")
        if self._process != os.getpid():
            raise StoreError(f"{self.path} was opened by another process. Open it again after a fork.")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=WAIT,
        isolation_level=None,  # transactions begin and end where this file says so
        check_same_thread=False,  # the journal's lock orders its threads
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _mode(path: Path) -> str:
    """How to open a file; one nobody can write to, without companions, is read as it lies."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "rw"
    return "ro" if path.with_name(path.name + "-wal").exists() else "ro&immutable=1"


def _check_version(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise StoreError(f"{path} {_CAUSES['SQLITE_NOTADB']}")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer steepest: its journal has version {version}, "
            f"this one reads up to {VERSION}. Install the newer steepest."
        )


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: the file, the cause, the remedy."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", None) or ""
        cause = next((text for name, text in _CAUSES.items() if code.startswith(name)), None)
        raise StoreError(f"{path} {cause}" if cause else f"{path} cannot be used: {error}.") from error


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _span(taken: Sequence[rows.Row]) -> str:
    numbers = sorted({row[0] for row in taken})
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} … {numbers[-1]}"
