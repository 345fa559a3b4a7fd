"""The contract of every journal, whatever keeps it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome


class Journal(ABC):
    """An append-only record of one study.

    Durability: `plan` and `record` are one transaction each. When they return, all they were given survives
    the death of the process; when they raise, or the process dies inside, none of it is there and the
    journal is as it was before. Nothing is ever changed or removed. Where something is said twice, both
    stay, and the reading methods give the latest: the last outcome of a member, the last point at a step,
    the last document of a kind.

    Order: a member is planned before anything is recorded about it, and planned once. Breaking either raises
    `StoreError`, so two processes cannot take the same member.

    Ownership: any thread of the process that opened a journal may call it; calls wait for one another. A
    forked child must open its own. Several processes may open one study: a reader sees only whole
    transactions, never waits and never holds up the writer; a writer waits a moment for its turn, then
    raises `StoreError`.

    Values: floats come back bit for bit, NaN and infinities included (a NaN's payload and a zero's sign
    are not kept).

    Errors: what cannot be read or written raises `StoreError` with the cause and a remedy. The journal
    stays usable: `record` after a full disk works once there is room.

    Strangers can check a journal of their own with `steepest.testing.stores`.
    """

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
