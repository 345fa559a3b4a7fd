"""The journal in a PostgreSQL database, which may hold many studies, told apart by name.

The tables stand in a schema of their own, `steepest`, made when the first study begins. A claim is an
advisory lock of the session: the server lets go of it when the connection ends. A pool between steepest and
the server has to leave sessions whole.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar

import psycopg

from steepest.base.errors import StoreError, closest
from steepest.store import rows, tables
from steepest.store.address import Address
from steepest.store.claim import whoami
from steepest.store.forking import in_children, put_nothing_in_place
from steepest.store.journal import Journal
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome, Sitting
from steepest.store.refusals import worded
from steepest.store.undisturbed import undisturbed

Result = TypeVar("Result")
Cursor = psycopg.Cursor[Any]

WAIT = 10.0  # seconds a writer waits for its turn
CONNECT_WAIT = 10  # seconds to wait for the server to answer
CLAIM_WAIT = 2.0  # seconds in which the server should have noticed that a killed process is gone
SILENCE = "30"  # seconds without a word before either side asks whether the other is still there
_SETTINGS = {
    "lock_timeout": f"{WAIT:.0f}s",
    "tcp_keepalives_idle": SILENCE,
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_PROBES = {
    "keepalives_idle": SILENCE,
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


class PostgreSQLJournal(Journal):
    """A `Journal` in a PostgreSQL database; `create` and `open` make one.

    Once its connection is lost a journal says so at every call: whole records are kept, and who resumes the
    study finds them. An answer lost at the very end of a record leaves open whether it is there.
    """

    def __init__(self, address: Address, connection: psycopg.Connection[Any], study: int) -> None:
        self._address = address
        self._connection = connection
        self._study = study
        self._held = False
        self._sitting = 0
        self._turn = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        in_children(self._hang_up)

    @classmethod
    def create(cls, address: Address) -> Self:
        """Start a new study; refuses a name that is taken."""
        if not address.study:
            raise StoreError(f"{address.place} names no study. Add ?study=NAME to it.")
        connection = _connect(address)
        try:
            with worded(address), connection.transaction():
                study = tables.begin_study(connection, address.study, time.time())
                if study is None:
                    raise StoreError(f"{address.place} is already there. Resume it, or give another name.")
            journal = cls(address, connection, study)
            journal.claim()
        except BaseException:
            connection.close()
            raise
        return journal

    @classmethod
    def open(cls, address: Address) -> Self:
        """Open the study of that name."""
        connection = _connect(address)
        try:
            with worded(address):
                studies = tables.studies(connection)
                if address.study not in studies:
                    raise StoreError(_absent(address, list(studies)))
        except BaseException:
            connection.close()
            raise
        return cls(address, connection, studies[address.study])

    @property
    def place(self) -> str:
        return self._address.place

    def claim(self) -> None:
        until = time.monotonic() + CLAIM_WAIT
        with self._turn:
            while not self._held and not self._take():
                if time.monotonic() > until:
                    holder = self.claimed() or "another process"
                    raise StoreError(
                        f"{self.place} is in the hands of {holder}. Wait for it to end, or stop it."
                    )
                time.sleep(0.05)

    def claimed(self) -> str:
        found = self._read(tables.CLAIMED, tables.KEY)
        return (found[0][0] or "another process") if found else ""

    def begin_sitting(self, provenance: Mapping[str, Any]) -> int:
        began = Sitting(0, time.time(), os.getpid(), socket.gethostname(), provenance)
        values = (self._study, *rows.from_sitting(began)[1:], self._study)

        def write(cursor: Cursor) -> int:
            cursor.execute("SELECT FROM steepest.study WHERE study = %s FOR UPDATE", (self._study,))
            return int(_answer(cursor.execute(tables.SITTING, values)))

        self._sitting = self._transact(write)
        return self._sitting

    def sittings(self) -> list[Sitting]:
        return [rows.to_sitting(row) for row in self._read(tables.SITTINGS)]

    def plan(self, members: Sequence[MemberPlan]) -> None:
        plans = [rows.from_plan(plan, self._sitting) for plan in members]
        try:
            self._write({tables.MEMBER: plans})
        except psycopg.errors.UniqueViolation as error:
            raise StoreError(
                f"{self.place}: a member of {rows.span(plans)} is planned already. "
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
        try:
            self._write({tables.CURVE: points, tables.OUTCOME: ends, tables.DOCUMENT: papers})
        except psycopg.errors.ForeignKeyViolation as error:
            raise StoreError(
                f"{self.place}: a member of {rows.span([*points, *ends])} was never planned. "
                "Plan members before recording anything about them."
            ) from error

    def members(self) -> list[MemberPlan]:
        return [rows.to_plan(row) for row in self._read(tables.MEMBERS)]

    def curves(self, members: Iterable[int] | None = None) -> list[CurvePoint]:
        if members is None:
            found = self._read(tables.CURVES)
        else:
            found = self._read(tables.CURVES_OF, [int(member) for member in members])
        return [rows.to_point(row) for row in found]

    def outcomes(self) -> list[Outcome]:
        return [rows.to_outcome(row) for row in self._read(tables.OUTCOMES)]

    def documents(self, kind: str) -> list[Document]:
        return [rows.to_document(row) for row in self._read(tables.DOCUMENTS, kind)]

    def document(self, kind: str) -> Document | None:
        found = self._read(tables.LAST_DOCUMENT, kind)
        return rows.to_document(found[0]) if found else None

    def discard(self) -> None:
        self.claim()

        def remove(cursor: Cursor) -> None:
            for statement in tables.REMOVE:
                cursor.execute(statement, (self._study,))

        self._transact(remove)
        self.close()

    def close(self) -> None:
        with self._turn:
            self._closed = True
            if self._process == os.getpid():
                self._connection.close()

    def _hang_up(self) -> None:
        """In a forked child: leave the connection, and the claim with it, to the parent alone."""
        if not self._connection.closed:
            put_nothing_in_place(self._connection.fileno())

    def _take(self) -> bool:
        def take(cursor: Cursor) -> bool:
            taken = bool(_answer(cursor.execute(tables.CLAIM, (tables.KEY, self._study))))
            if taken:
                cursor.execute(tables.HOLDER, (whoami(), self._study))
            return taken

        self._held = self._transact(take)
        return self._held

    def _write(self, taken: Mapping[str, Sequence[rows.Row]]) -> None:
        def write(cursor: Cursor) -> None:
            for statement, each in ((s, each) for s, each in taken.items() if each):
                cursor.executemany(statement, [(self._study, *row) for row in each])

        self._transact(write)

    def _read(self, query: str, *values: Any) -> list[rows.Row]:
        def read() -> list[rows.Row]:
            with worded(self._address, self._connection):
                cursor = self._connection.cursor(binary=True)
                return cursor.execute(query, (self._study, *values)).fetchall()

        with self._turn:
            self._check_owner()
            return undisturbed(read)

    def _transact(self, work: Callable[[Cursor], Result]) -> Result:
        """All or nothing, sent in one go where nobody reads an answer in between."""

        def whole() -> Result:
            talk = self._connection
            with worded(self._address, talk), talk.pipeline(), talk.transaction():
                return work(talk.cursor())

        with self._turn:
            self._check_owner()
            return undisturbed(whole)

    def _check_owner(self) -> None:
        if self._closed:
            raise StoreError(f"{self.place} was closed. Open it again.")
        if self._process != os.getpid():
            raise StoreError(f"{self.place} was opened by another process. Open it again after a fork.")


def _answer(cursor: Cursor) -> Any:
    """The one value that a statement answers with."""
    found = cursor.fetchone()
    assert found is not None
    return found[0]


def _connect(address: Address) -> psycopg.Connection[Any]:
    name = f"steepest {whoami()}"[:63]
    timeout = {"connect_timeout": str(CONNECT_WAIT), "application_name": name, "client_encoding": "utf8"}
    with worded(address):
        options: dict[str, Any] = {**timeout, **_PROBES, **address.options}
        connection = psycopg.connect(**options, autocommit=True)
        for setting, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
    return connection


def _absent(address: Address, names: list[str]) -> str:
    if not names:
        return f"{address.place} is not there: the database holds no study."
    if not address.study:
        return f"{address.place} names no study. Add ?study=NAME to it. {closest('', names)}"
    return f"{address.place} is not there. {closest(address.study, names)}"
