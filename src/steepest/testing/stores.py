"""The contract of a journal as checks that anybody can run on a back end of their own.

    import pytest
    from steepest.testing.stores import CHECKS, Backend

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_journal(check, tmp_path):
        check(Backend(create=MyJournal.create, open=MyJournal.open), tmp_path)

Each check gets a folder of its own, starts a journal there and raises `AssertionError` where a promise of
`steepest.store.Journal` is broken.
"""

import math
import os
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from steepest.base.errors import StoreError
from steepest.store import CurvePoint, Document, Journal, MemberPlan, Outcome

AWKWARD_FLOATS = (0.0, 5e-324, 1.7976931348623157e308, 1 / 3, math.inf, -math.inf, math.nan)


@dataclass(frozen=True, slots=True)
class Backend:
    """How to start a journal in a folder, and how to open the one that is there."""

    create: Callable[[Path], Journal]
    open: Callable[[Path], Journal]


def plan(member: int, **changes: object) -> MemberPlan:
    """A plausible plan to write down."""
    values: dict[str, object] = {
        "member": member,
        "stage": "search",
        "label": "",
        "recipe": {"optimizer": "adamw", "lr": 1e-3, "batch_size": 64},
        "seed": 2**62 + member,
        "replicate": 0,
        "split": member % 5,
        "parameters": 17_226,
        "origin": "prior",
    }
    return MemberPlan(**{**values, **changes})  # type: ignore[arg-type]


def point(member: int, step: int, value: float = 0.5) -> CurvePoint:
    """A plausible point of a curve; all its numbers are `value`."""
    return CurvePoint(member, value, step, value, value, value)


def starts_empty(backend: Backend, folder: Path) -> None:
    """A new journal holds nothing."""
    with backend.create(folder) as journal:
        assert journal.members() == []
        assert journal.curves() == []
        assert journal.outcomes() == []
        assert journal.documents("rung") == []
        assert journal.document("verdict") is None


def gives_back_what_it_got(backend: Backend, folder: Path) -> None:
    """Plans, points, outcomes and documents come back equal, now and after reopening."""
    plans = [plan(0, label="default", stage="calibrate"), plan(1, recipe={"name": "naïve β", "none": None})]
    points = [point(0, 10), point(0, 20, 0.25), point(1, 10, 0.75)]
    ends = [
        Outcome(0, "finished", "", 0.9, 27.0, 1.5),
        Outcome(1, "diverged", "loss was NaN", None, 1.0, 0.1),
    ]
    paper = Document("study", {"data": "digits", "notes": ["é", "日本"], "nested": {"rows": 1797}}, 12.5)
    journal = backend.create(folder)
    journal.plan(plans)
    journal.record(points, ends, [paper])
    for _ in range(2):
        assert journal.members() == plans
        assert journal.curves() == points
        assert journal.outcomes() == ends
        assert journal.document("study") == paper
        journal.close()
        journal = backend.open(folder)
    journal.close()


def keeps_every_float(backend: Backend, folder: Path) -> None:
    """Every float comes back bit for bit; NaN comes back as NaN, and is not mistaken for None."""
    values = list(AWKWARD_FLOATS)
    with backend.create(folder) as journal:
        journal.plan([plan(m) for m in range(len(values))])
        journal.record(
            curves=[point(m, 1, value) for m, value in enumerate(values)],
            outcomes=[Outcome(m, "finished", "", value, value, value) for m, value in enumerate(values)],
            documents=[Document("calibration", {"values": values})],
        )
        document = journal.document("calibration")
        assert document is not None
        _same_bits(document.body["values"], values)
        for read in journal.curves():
            numbers = [read.epoch, read.train_loss, read.held_out_loss, read.score]
            _same_bits(numbers, [values[read.member]] * 4)
        for end in journal.outcomes():
            assert end.score is not None
            _same_bits([end.score, end.epochs, end.seconds], [values[end.member]] * 3)


def refuses_a_member_twice(backend: Backend, folder: Path) -> None:
    """A number that is taken raises, and the other members of that call are not written either."""
    with backend.create(folder) as journal:
        journal.plan([plan(0)])
        _raises(lambda: journal.plan([plan(1), plan(0, label="again")]), "planned already")
        assert journal.members() == [plan(0)]
        journal.plan([plan(1)])


def refuses_the_unplanned(backend: Backend, folder: Path) -> None:
    """Nothing is recorded about a member without a plan, and the whole call leaves no trace."""
    with backend.create(folder) as journal:
        journal.plan([plan(0)])
        papers = [Document("rung", {"number": 1})]
        _raises(lambda: journal.record([point(0, 1), point(7, 1)], [], papers), "never planned")
        ends = [Outcome(7, "finished", "", 0.5, 1.0, 1.0)]
        _raises(lambda: journal.record([point(0, 1)], ends, papers), "never planned")
        assert journal.curves() == []
        assert journal.documents("rung") == []


def gives_the_latest(backend: Backend, folder: Path) -> None:
    """Of what is said twice, reading gives the last; documents are all kept, in order."""
    with backend.create(folder) as journal:
        journal.plan([plan(0)])
        journal.record([point(0, 5, 0.1)], [Outcome(0, "interrupted", "Ctrl-C", 0.1, 1.0, 1.0)])
        journal.record([point(0, 5, 0.2)], [Outcome(0, "finished", "", 0.2, 2.0, 2.0)])
        assert journal.curves() == [point(0, 5, 0.2)]
        assert journal.outcomes() == [Outcome(0, "finished", "", 0.2, 2.0, 2.0)]
        journal.record(documents=[Document("rung", {"number": 1}), Document("verdict", {"kind": "better"})])
        journal.record(documents=[Document("rung", {"number": 2})])
        assert [paper.body["number"] for paper in journal.documents("rung")] == [1, 2]
        latest = journal.document("rung")
        assert latest is not None
        assert latest.body == {"number": 2}


def sorts_and_selects(backend: Backend, folder: Path) -> None:
    """Members come by number, points by member and step; `curves` reads the members asked for."""
    with backend.create(folder) as journal:
        journal.plan([plan(2), plan(0), plan(1)])
        journal.record([point(2, 1), point(0, 20), point(0, 3), point(1, 1)])
        assert [p.member for p in journal.members()] == [0, 1, 2]
        assert [(c.member, c.step) for c in journal.curves()] == [(0, 3), (0, 20), (1, 1), (2, 1)]
        assert {c.member for c in journal.curves([0, 2, 99])} == {0, 2}
        assert journal.curves([]) == []


def serves_many_threads(backend: Backend, folder: Path) -> None:
    """Threads may share a journal: nothing is lost and nothing is mixed up."""
    failures: list[Exception] = []

    def work(journal: Journal, first: int) -> None:
        try:
            for member in range(first, first + 20):
                journal.plan([plan(member)])
                journal.record([point(member, 1), point(member, 2)])
        except Exception as error:
            failures.append(error)

    with backend.create(folder) as journal:
        threads = [threading.Thread(target=work, args=(journal, first)) for first in (0, 100, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        assert len(journal.members()) == 60
        assert len(journal.curves()) == 120


def shows_a_second_reader(backend: Backend, folder: Path) -> None:
    """Another reader of the same study sees a transaction as soon as it is there."""
    with backend.create(folder) as writer, backend.open(folder) as reader:
        writer.plan([plan(0)])
        assert reader.members() == [plan(0)]
        writer.record([point(0, 1)])
        assert reader.curves() == [point(0, 1)]


def divides_members_between_writers(backend: Backend, folder: Path) -> None:
    """Of two writers that want one member, the second is refused and may take the next."""
    with backend.create(folder) as first, backend.open(folder) as second:
        first.plan([plan(0, label="first")])
        _raises(lambda: second.plan([plan(0, label="second")]), "planned already")
        second.plan([plan(1, label="second")])
        assert [p.label for p in first.members()] == ["first", "second"]


def says_when_it_is_closed(backend: Backend, folder: Path) -> None:
    """Closing twice is fine; using a closed journal is a clear error."""
    journal = backend.create(folder)
    journal.close()
    journal.close()
    _raises(journal.members, "closed")
    _raises(lambda: journal.plan([plan(0)]), "closed")


def never_starts_over(backend: Backend, folder: Path) -> None:
    """Creating where a journal is, or opening where none is, is refused."""
    _raises(lambda: backend.open(folder), "not there")
    with backend.create(folder) as journal:
        journal.plan([plan(0)])
    _raises(lambda: backend.create(folder), "already there")
    with backend.open(folder) as journal:
        assert journal.members() == [plan(0)]


def belongs_to_one(backend: Backend, folder: Path) -> None:
    """Who starts a journal has it in hand; another is told so, may read, and has its turn afterwards."""
    first = backend.create(folder)
    with backend.open(folder) as second:
        first.claim()
        _raises(second.claim, f"in the hands of process {os.getpid()} on")
        assert second.claimed() == first.claimed() != ""
        first.plan([plan(0)])
        assert second.members() == [plan(0)]
        first.close()
        assert second.claimed() == ""
        second.claim()
        second.plan([plan(1)])
        with backend.open(folder) as third:
            assert third.claimed() != ""


def tells_sittings_apart(backend: Backend, folder: Path) -> None:
    """Sittings are numbered in order; each record names the one that wrote it and is otherwise the same."""
    facts = {"version": "0.1.0", "threads": 2, "libraries": {"torch": "2.13"}}
    with backend.create(folder) as journal:
        assert journal.sittings() == []
        journal.plan([plan(0)])
        assert journal.begin_sitting(facts) == 1
        journal.plan([plan(1)])
        journal.record([point(0, 1)], [], [Document("clock", {"seconds": 1.5}, 3.0)])
    with backend.open(folder) as journal:
        assert journal.begin_sitting({}) == 2
        journal.record([point(0, 2)], [Outcome(1, "finished", "", 0.5, 1.0, 1.0)])
        first, second = journal.sittings()
        assert (first.number, second.number) == (1, 2)
        assert (first.pid, dict(first.provenance)) == (os.getpid(), facts)
        assert first.host == second.host != ""
        assert first.started <= second.started
        assert [p.sitting for p in journal.members()] == [0, 1]
        assert [c.sitting for c in journal.curves()] == [1, 2]
        assert [end.sitting for end in journal.outcomes()] == [2]
        assert [paper.sitting for paper in journal.documents("clock")] == [1]
        assert journal.members() == [plan(0), plan(1)]


def leaves_nothing_once_discarded(backend: Backend, folder: Path) -> None:
    """A study that is discarded is gone with all it held, others are not, and its place is free again."""
    journal = backend.create(folder)
    journal.begin_sitting({})
    journal.plan([plan(0)])
    journal.record([point(0, 1)], [Outcome(0, "finished", "", 0.5, 1.0, 1.0)], [Document("clock", {})])
    journal.discard()
    journal.close()
    _raises(journal.members, "closed")
    _raises(lambda: backend.open(folder), "not there")
    with backend.create(folder) as again:
        assert (again.members(), again.sittings(), again.documents("clock")) == ([], [], [])
        with backend.open(folder) as second:
            _raises(second.discard, "in the hands of")
        assert again.members() == []


def says_where_it_is(backend: Backend, folder: Path) -> None:
    """The place is one line of text, and errors name it."""
    with backend.create(folder) as journal:
        assert journal.place
        assert "\n" not in journal.place
        journal.plan([plan(0)])
        _raises(lambda: journal.plan([plan(0)]), journal.place)


def keeps_any_text(backend: Backend, folder: Path) -> None:
    """Texts that no database likes do not stop a study: NUL, and names of files that are not Unicode."""
    with backend.create(folder) as journal:
        journal.plan([plan(0, label="a\0b", recipe={"file": "caf\udce9", "nul": "\0"})])
        journal.record([], [Outcome(0, "diverged", "at \0 in caf\udce9", None, 1.0, 1.0)])
        journal.record(documents=[Document("study", {"data": "caf\udce9\0"})])
        assert journal.members()[0].label == "a\\x00b"
        assert journal.members()[0].recipe == {"file": "caf\udce9", "nul": "\0"}
        assert journal.outcomes()[0].cause == "at \\x00 in caf\\udce9"
        study = journal.document("study")
        assert study is not None
        assert study.body == {"data": "caf\udce9\0"}


def reads_thousands(backend: Backend, folder: Path) -> None:
    """Long lists go in and come out whole and in order."""
    papers = [Document("decision", {"number": number}, 1.0) for number in range(3000)]
    with backend.create(folder) as journal:
        journal.plan([plan(m) for m in range(1000)])
        journal.record([point(m, step) for m in range(1000) for step in (1, 2)], [], papers)
        assert journal.documents("decision") == papers
        assert journal.document("decision") == papers[-1]
        assert len(journal.curves()) == 2000
        assert len(journal.curves(range(500, 1500))) == 1000


CHECKS: tuple[Callable[[Backend, Path], None], ...] = (
    starts_empty,
    gives_back_what_it_got,
    keeps_every_float,
    refuses_a_member_twice,
    refuses_the_unplanned,
    gives_the_latest,
    sorts_and_selects,
    serves_many_threads,
    shows_a_second_reader,
    divides_members_between_writers,
    says_when_it_is_closed,
    never_starts_over,
    belongs_to_one,
    tells_sittings_apart,
    leaves_nothing_once_discarded,
    says_where_it_is,
    keeps_any_text,
    reads_thousands,
)


def _raises(call: Callable[[], object], words: str) -> None:
    said = None
    try:
        call()
    except StoreError as error:
        said = str(error)
    assert said is not None, f"a StoreError that says {words!r} was expected"
    assert words in said, f"the message should say {words!r}: {said}"


def _same_bits(got: list[float], expected: list[float]) -> None:
    for one, other in zip(got, expected, strict=True):
        same = struct.pack("<d", one) == struct.pack("<d", other)
        assert same or (math.isnan(one) and math.isnan(other)), f"{one!r} is not {other!r}"
