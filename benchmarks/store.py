"""What keeping a study costs: `python benchmarks/store.py [--write]`; half a minute.

Writes what a study of 5,000 members and 4 rungs writes, as a study does: each chunk of 16 members is planned
in one transaction; each rung of a chunk is one more, with a point of each curve, the outcomes of those that
leave, and a document about the rung; once with all members at every rung, once with a third of a chunk going
on each time. Every transaction waits for the disk. Then all of it is read back by a journal opened anew. The
server of PostgreSQL is a fresh one on the same machine, with its settings as they come. A member-rung is one
member at one rung. Exit code 1 if a bound is missed.
"""

import argparse
import datetime
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine import load, machine_line, versions_line
from steepest.store import CurvePoint, Document, MemberPlan, Outcome, open_journal
from steepest.testing.cluster import Cluster, NoCluster
from steepest.testing.stores import plan

RESULT = Path(__file__).parent / "results" / "store.md"
CHUNK, RUNGS = 16, 4
RECIPE = {
    "network": "mlp", "width": 128, "depth": 2, "taper": 0.5, "activation": "relu", "norm": "none",
    "optimizer": "adamw", "lr": 0.0031622776601683795, "schedule": "cosine", "warmup": 0.05,
    "weight_decay": 0.01, "batch_size": 64, "epochs": 27, "dropout": 0.1, "label_smoothing": 0.0,
}  # fmt: skip
MOST_WRITING = 1.0
"""Most milliseconds per member-rung."""
MOST_READING = 1.0
"""Most seconds for members, curves and outcomes together."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one back end took, in seconds."""

    what: str
    member_rungs: int
    transactions: tuple[float, ...]
    reading: float
    documents: float

    @property
    def each(self) -> float:
        """Milliseconds per member-rung, plans and outcomes included."""
        return 1000 * sum(self.transactions) / self.member_rungs

    @property
    def kept(self) -> bool:
        """Whether both bounds are."""
        return self.each <= MOST_WRITING and self.reading <= MOST_READING

    def line(self) -> str:
        """As a row of a Markdown table."""
        median, most = 1000 * statistics.median(self.transactions), 1000 * max(self.transactions)
        written = f"{sum(self.transactions):.1f} | {median:.2f} | {most:.1f} | {self.each:.3f}"
        read = f"{self.reading:.2f} | {self.documents:.2f}"
        kept = "yes" if self.kept else "**no**"
        return f"| {self.what} | {self.member_rungs:,} | {written} | {read} | {kept} |"


def chunks(
    members: int, share: int
) -> Iterator[tuple[list[MemberPlan], list[list[CurvePoint]], list[list[Outcome]]]]:
    """Plans of a chunk, its points and its outcomes, rung by rung; one in `share` goes on."""
    for first in range(0, members, CHUNK):
        ids = list(range(first, min(first + CHUNK, members)))
        points, ends, living = [], [], ids
        for rung in range(RUNGS):
            points.append([CurvePoint(m, 3.0**rung, 23 * 3**rung, 1 / (m + 3), 1 / 3, 0.9) for m in living])
            staying = living[: max(1, len(living) // share)] if rung + 1 < RUNGS else []
            gone = [m for m in living if m not in staying]
            ends.append([Outcome(m, "dropped", f"rung {rung}", 0.9, 3.0**rung, 0.1) for m in gone])
            living = staying
        yield [plan(m, recipe={**RECIPE, "lr": 1 / (m + 3)}) for m in ids], points, ends


def measured(what: str, place: str, members: int, share: int) -> Cost:
    """Write a study there, and read it back."""
    times, member_rungs = [], 0
    with open_journal(place, create=True) as journal:
        journal.begin_sitting({"version": "0.1.0"})
        for plans, points, ends in chunks(members, share):
            began = time.perf_counter()
            journal.plan(plans)
            times.append(time.perf_counter() - began)
            for rung, (curve, gone) in enumerate(zip(points, ends, strict=True)):
                began = time.perf_counter()
                journal.record(curve, gone, [Document("decision", {"rung": rung, "seconds": began})])
                times.append(time.perf_counter() - began)
                member_rungs += len(curve)
    with open_journal(place) as journal:
        began = time.perf_counter()
        counts = len(journal.members()), len(journal.curves()), len(journal.outcomes())
        reading = time.perf_counter() - began
        began = time.perf_counter()
        decisions = len(journal.documents("decision"))
        documents = time.perf_counter() - began
    assert counts == (members, member_rungs, members)
    assert decisions == -(-members // CHUNK) * RUNGS
    return Cost(what, member_rungs, tuple(times), reading, documents)


@contextmanager
def places(kinds: Sequence[str]) -> Iterator[list[tuple[str, Callable[[str], str]]]]:
    """Each back end there is, and where a study of some name may be kept; what is not here is said."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        found = [("SQLite", lambda study: f"{folder}/{study}")] if "sqlite" in kinds else []
        if "postgresql" not in kinds:
            yield found
            return
        try:
            with Cluster(durable=True) as cluster:
                yield [*found, ("PostgreSQL", cluster.url)]
        except NoCluster as error:
            print(f"PostgreSQL is left out: {error}", file=sys.stderr)
            yield found


def page(found: Sequence[Cost], members: int, load_at_start: float | None) -> list[str]:
    """The lines of the page."""
    bounds = f"{MOST_WRITING:g} ms per member-rung, reading {MOST_READING:g} s"
    return [
        "# What keeping a study costs",
        "",
        f"`python benchmarks/store.py --members {members} --write`, {datetime.date.today().isoformat()}.",
        f"{members:,} members in chunks of {CHUNK}, {RUNGS} rungs; each chunk's plans are one transaction,",
        "each of its rungs another, and every one waits for the disk.",
        "",
        "| back end | member-rungs | writing, s | median of a transaction, ms | longest, ms "
        "| ms per member-rung | reading members, curves, outcomes, s | reading decisions, s "
        f"| at most {bounds} |",
        "|---|---|---|---|---|---|---|---|---|",
        *(cost.line() for cost in found),
        "",
        machine_line(load_at_start) + "; " + versions_line(["steepest", "psycopg"]) + ".",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; keep the table if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=5000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one back end")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    options = parser.parse_args(arguments)
    load_at_start = load()
    with places([options.only] if options.only else ["sqlite", "postgresql"]) as where:
        found = [
            measured(f"{what}, {how}", place(how), options.members, share)
            for how, share in (("all at every rung", 1), ("a third goes on", 3))
            for what, place in where
        ]
    lines = page(found, options.members, load_at_start)
    print("\n".join(lines))
    if options.write:
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if all(cost.kept for cost in found) else 1


if __name__ == "__main__":
    sys.exit(main())
