"""The contract of every journal, whatever keeps it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome, Sitting


class Journal(ABC):
    """An append-only record of one study.

    Durability: `plan` and `record` are one transaction each. When they return, all they were given survives
    the death of the process; when they raise, or the process dies inside, none of it is there and the
    journal is as it was before. Nothing is ever changed or removed, but for a study that could not begin,
    which is taken away whole (`discard`). Where something is said twice, both stay, and the reading methods
    give the latest: the last outcome of a member, the last point at a step, the last document of a kind.

    Order: a member is planned before anything is recorded about it, and planned once. Breaking either raises
    `StoreError`, so two processes cannot take the same member.

    Ownership: any thread of the process that opened a journal may call it; calls wait for one another. A
    forked child must open its own. Several processes may open one study: a reader sees only whole
    transactions, never waits and never holds up the writer; a writer waits a moment for its turn, then
    raises `StoreError`.

    Claim: who means to go on with a study claims it first, and one process has it at a time, until it closes
    the journal or dies. Reading needs no claim. Who writes without one is held to the order above and to
    nothing else.

    Sittings: `begin_sitting` writes down who is at work; every record written by this journal afterwards
    carries its number, so what code and what machine a number came from can be told, row by row.

    Values: floats come back bit for bit, NaN and infinities included (a NaN's payload and a zero's sign
    are not kept).

    Errors: what cannot be read or written raises `StoreError` with the cause and a remedy. The journal
    stays usable: `record` after a full disk works once there is room.

    Strangers can check a journal of their own with `steepest.testing.stores`.
    """

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the study is kept, in words for people and to open it again; never with a password."""

    @abstractmethod
    def claim(self) -> None:
        """Take the study in hand for this process until `close`, or its death. Having it already is fine.

        Raises:
            StoreError: another process has it (which one and where is said), the study cannot be written, or
                its store has no locks.
        """

    @abstractmethod
    def claimed(self) -> str:
        """Who has the study in hand, in words: "process 41 on laptop"; "" where nobody has. Takes nothing."""

    @abstractmethod
    def begin_sitting(self, provenance: Mapping[str, Any]) -> int:
        """Write down that this process goes on with the study; returns the sitting's number, from 1.

        Args:
            provenance: plain JSON values: code version, versions of libraries, machine, command.
        """

    @abstractmethod
    def sittings(self) -> list[Sitting]:
        """All sittings, oldest first."""

    @abstractmethod
    def plan(self, members: Sequence[MemberPlan]) -> None:
        """Write members down before they start. A member number that is already taken raises `StoreError`."""

    @abstractmethod
    def record(
        self,
        curves: Iterable[CurvePoint] = (),
        outcomes: Iterable[Outcome] = (),
        documents: Iterable[Document] = (),
    ) -> None:
        """Write down what a rung brought, in one transaction."""

    @abstractmethod
    def members(self) -> list[MemberPlan]:
        """All plans, by member number."""

    @abstractmethod
    def curves(self, members: Iterable[int] | None = None) -> list[CurvePoint]:
        """The points of some members (None: of all), by member number and step."""

    @abstractmethod
    def outcomes(self) -> list[Outcome]:
        """The outcome of every member that has ended, by member number."""

    @abstractmethod
    def documents(self, kind: str) -> list[Document]:
        """All documents of one kind, oldest first."""

    @abstractmethod
    def discard(self) -> None:
        """Take the whole study away and close: for one that could not begin, so that its place is free again.

        Raises:
            StoreError: another process has it in hand, or it cannot be removed.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the store. Closing twice is fine; any other call afterwards raises `StoreError`."""

    def document(self, kind: str) -> Document | None:
        """The latest document of one kind, None where there is none."""
        found = self.documents(kind)
        return found[-1] if found else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
