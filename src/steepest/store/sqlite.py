"""The journal in one SQLite file, in write-ahead-log mode.

While a study runs, or after it was killed, the file has a companion `study.db-wal` that holds the newest
transactions: the two belong together. Closing the journal folds the companion into the file. Who has
claimed the study holds a lock on `study.db.lock`.
"""

import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from steepest.base.errors import StoreError
from steepest.store import rows, schema
from steepest.store.claim import FileClaim, whoami
from steepest.store.journal import Journal
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome, Sitting

WAIT = 10.0  # seconds a writer waits for its turn
_SITTING = "INSERT INTO sitting SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ? FROM sitting RETURNING number"
_CAUSES = {
    "SQLITE_NOTADB": "is not a study's journal. Give the run folder that `steepest tune` wrote.",
    "SQLITE_CORRUPT": "is damaged. Restore it from a copy, together with its -wal file if there is one, "
    "or save what can be read with `sqlite3 study.db .recover`.",
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

    def __init__(self, path: Path, connection: sqlite3.Connection, version: int) -> None:
        self.path = path
        self._connection = connection
        self._version = version
        self._claim = FileClaim(path.with_name(path.name + ".lock"), str(path))
        self._sitting = 0
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
            journal = cls(path, _connect(path, "rwc"), schema.VERSION)
            try:
                journal._claim.take()
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
                version = schema.checked_version(path, connection)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, version)

    @property
    def place(self) -> str:
        return str(self.path)

    def claim(self) -> None:
        with self._turn:
            self._check_owner()
            if self._claim.held:
                return
            self._claim.take()
            try:
                with self._transaction() as write:
                    if write.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                        raise StoreError(f"{self.path} {_CAUSES['SQLITE_CORRUPT']}")
            except BaseException:
                self._claim.release()
                raise

    def claimed(self) -> str:
        return whoami() if self._claim.held else self._claim.holder()

    def begin_sitting(self, provenance: Mapping[str, Any]) -> int:
        began = Sitting(0, time.time(), os.getpid(), socket.gethostname(), provenance)
        with self._transaction() as write:
            number = write.execute(_SITTING, rows.from_sitting(began)[1:]).fetchone()[0]
        self._sitting = int(number)
        return self._sitting

    def sittings(self) -> list[Sitting]:
        if self._version < 2:
            return []
        return [
            rows.to_sitting(row) for row in self._read(f"SELECT {rows.SITTING} FROM sitting ORDER BY number")
        ]

    def plan(self, members: Sequence[MemberPlan]) -> None:
        plans = [rows.from_plan(plan, self._sitting) for plan in members]
        with self._transaction() as write:
            try:
                write.executemany(_insert("member", rows.PLAN), plans)
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"{self.path}: a member of {rows.span(plans)} is planned already. "
                    "Number new members from the last one on; another process may be at work on this study."
                ) from error

    def record(
        self,
        curves: Iterable[CurvePoint] = (),
        outcomes: Iterable[Outcome] = (),
        documents: Iterable[Document] = (),
    ) -> None:
        points = [rows.from_point(point, self._sitting) for point in curves]
        ends = [rows.from_outcome(outcome, self._sitting) for outcome in outcomes]
        papers = [rows.from_document(document, self._sitting) for document in documents]
        with self._transaction() as write:
            try:
                write.executemany(_insert("curve", rows.POINT), points)
                write.executemany(_insert("outcome", rows.OUTCOME), ends)
                write.executemany(_insert("document", rows.DOCUMENT), papers)
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"{self.path}: a member of {rows.span([*points, *ends])} was never planned. "
                    "Plan members before recording anything about them."
                ) from error

    def members(self) -> list[MemberPlan]:
        found = self._read(f"SELECT {self._columns(rows.PLAN)} FROM member ORDER BY member")
        return [rows.to_plan(row) for row in found]

    def curves(self, members: Iterable[int] | None = None) -> list[CurvePoint]:
        query = f"SELECT {self._columns(rows.POINT)} FROM curve"
        values: tuple[str, ...] = ()
        if members is not None:
            query += " WHERE member IN (SELECT value FROM json_each(?))"
            values = (json.dumps([int(member) for member in members]),)
        latest = {(row[0], row[2]): row for row in self._read(query + " ORDER BY entry", values)}
        return [rows.to_point(latest[place]) for place in sorted(latest)]

    def outcomes(self) -> list[Outcome]:
        query = f"SELECT {self._columns(rows.OUTCOME)} FROM outcome ORDER BY entry"
        latest = {row[0]: row for row in self._read(query)}
        return [rows.to_outcome(latest[member]) for member in sorted(latest)]

    def documents(self, kind: str) -> list[Document]:
        query = f"SELECT {self._columns(rows.DOCUMENT)} FROM document WHERE kind = ? ORDER BY entry"
        return [rows.to_document(row) for row in self._read(query, (kind,))]

    def document(self, kind: str) -> Document | None:
        query = (
            f"SELECT {self._columns(rows.DOCUMENT)} FROM document WHERE kind = ? ORDER BY entry DESC LIMIT 1"
        )
        found = self._read(query, (kind,))
        return rows.to_document(found[0]) if found else None

    def discard(self) -> None:
        self.claim()
        with self._turn:
            self._connection.close()  # folds the companions into the file
            try:
                for tail in ("", "-wal", "-shm"):
                    self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"{self.path} cannot be removed ({error.strerror}).") from error
            finally:
                self.close()  # the claim goes last: nobody begins where files are being removed

    def close(self) -> None:
        with self._turn:
            self._closed = True
            if self._process == os.getpid():
                self._connection.close()
                self._claim.release()

    def _lay_tables(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self._transaction() as write:
            if schema.user_version(write):
                raise StoreError(f"{self.path} is already there: another process has just started it.")
            schema.lay(write)

    def _columns(self, columns: str) -> str:
        """What to read; a journal of version 1 that nobody has written to since has no sittings."""
        return columns if self._version > 1 else columns.replace("sitting", "0")

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[rows.Row]:
        with self._turn, _worded(self.path):
            self._check_owner()
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, also where Ctrl-C falls in between."""
        with self._turn, _worded(self.path):
            self._check_owner()
            if self._connection.in_transaction:  # a second Ctrl-C fell into the first one's
                self._connection.execute("ROLLBACK")
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                if self._version < schema.VERSION:
                    schema.migrate(self._connection)
                yield self._connection
                self._connection.execute("COMMIT")
                self._version = schema.VERSION
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


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: the file, the cause, the remedy."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", None) or ""
        cause = next((text for name, text in _CAUSES.items() if code.startswith(name)), None)
        raise StoreError(f"{path} {cause}" if cause else f"{path} cannot be used: {error}.") from error


def _insert(table: str, columns: str) -> str:
    """Columns are named: a connection that was there before a migration still believes in the old ones."""
    marks = ", ".join("?" * len(columns.split(", ")))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"
