"""A run at a glance: what was asked, how far it came, what it found. Its members are counted, not read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from steepest.report.facts import Facts, end_of, read_facts
from steepest.report.numbers import finite
from steepest.store import Journal

State = Literal["running", "finished", "interrupted", "unfinished"]

MEANINGS: Mapping[State, str] = {
    "running": "a process is at work on it",
    "finished": "it came to its end",
    "interrupted": "Ctrl-C ended its search early; the rest was done",
    "unfinished": "it was killed, or stopped before its end; it can be resumed",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder.

    Args:
        folder: where it is.
        facts: what it found so far, less its members.
        members: trainings that were planned so far.
        holder: the process that is at work on it, in words; "" where there is none.
    """

    folder: Path
    facts: Facts
    members: int = 0
    holder: str = ""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def state(self) -> State:
        """How far it came.

        Example:
            >>> from steepest.report.records import Study
            >>> Run(Path("runs/a"), Facts(Study(), end_reason="budget")).state
            'finished'
        """
        if self.holder:
            return "running"
        if not self.facts.end_reason:
            return "unfinished"
        return "interrupted" if self.facts.end_reason == "interrupted" else "finished"

    @property
    def started(self) -> datetime | None:
        """When it began, None where that is not known."""
        told = self.facts.study.started
        try:
            moment = (
                datetime.fromtimestamp(told, tz=UTC)
                if isinstance(told, int | float)
                else datetime.fromisoformat(str(told))
            )
        except (ValueError, OverflowError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def confirmed(self) -> float | None:
        """Mean score of the recipe that is handed back over its confirmation runs; higher is better."""
        rows = [row for row in self.facts.finalists if row.label == self.facts.winner_label]
        means = finite([row.confirmed_mean for row in rows])
        if not means and self.facts.curse is not None:
            means = finite([self.facts.curse.confirmed_mean])
        return means[0] if means else None

    @property
    def verdict(self) -> str:
        """ "better", "equivalent", "worse" or "unresolved"; "" before there is one."""
        return self.facts.verdict.kind if self.facts.verdict is not None else ""

    def to_dict(self) -> dict[str, Any]:
        """The glance as plain values."""
        study, started = self.facts.study, self.started
        return {
            "name": self.name,
            "folder": str(self.folder),
            "data": study.data,
            "started": started.isoformat() if started else None,
            "budget": study.budget,
            "state": self.state,
            "holder": self.holder or None,
            "members": self.members,
            "measure": study.score_name,
            "confirmed": study.shown(self.confirmed),
            "verdict": self.verdict or None,
            "seconds": self.facts.total_seconds,
        }


@dataclass(frozen=True, slots=True)
class Unread:
    """A folder that holds no study that can be read, and why."""

    folder: Path
    reason: str

    def to_dict(self) -> dict[str, str]:
        """As plain values."""
        return {"folder": str(self.folder), "reason": self.reason}


def read_run(folder: Path, journal: Journal) -> Run:
    """A run at a glance.

    Raises:
        StoreError: the journal cannot be read.

    Example:
        >>> import tempfile
        >>> from steepest.store import Document, open_journal
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open_journal(folder, create=True) as journal:
        ...         journal.record(documents=[Document("study", {"data": "iris"})])
        ...     with open_journal(folder) as journal:
        ...         run = read_run(Path(folder), journal)
        >>> run.facts.study.data, run.state
        ('iris', 'unfinished')
    """
    facts, plans = read_facts(journal, members=False), journal.members()
    if not end_of(journal, plans):
        facts = replace(facts, end_reason="", end_sentence="")
    return Run(folder, facts, len(plans), journal.claimed())
