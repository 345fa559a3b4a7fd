"""Processes that write to a study and are killed: `python dying.py WHAT PLACE SEED`. Run by test_deaths.py.

A program of its own, with one thread: forking beside other threads is not safe.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable

from steepest.base.errors import StoreError
from steepest.base.seeds import generator
from steepest.store import Document, Journal, Outcome, open_journal
from steepest.testing.stores import plan, point

KILLS, WRITERS, MEMBERS, INTERRUPTS, BATCH = 30, 3, 40, 12, 300


def fork(work: Callable[[], None]) -> int:
    """The number of a child that works and ends."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException as error:
        print(f"child: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def refusal(call: Callable[[], None]) -> str:
    """What a journal says against a call, "" where it agrees."""
    try:
        call()
    except StoreError as error:
        return str(error)
    return ""


def write_without_end(place: str) -> None:
    """Go on with the study: rungs of 1 to 50 members, one after the other."""
    journal = open_journal(place)
    journal.claim()
    number = journal.begin_sitting({})
    rung = len(journal.documents("rung"))
    while True:
        first = len(journal.members())
        ids = range(first, first + 1 + (7 * rung) % 50)
        journal.plan([plan(m, replicate=rung) for m in ids])
        journal.record(
            [point(m, step) for m in ids for step in (1, 2, 3)],
            [Outcome(m, "finished", "", 0.5, 1.0, 1.0) for m in ids],
            [Document("rung", {"number": rung, "members": list(ids), "sitting": number})],
        )
        rung += 1


def check_whole(journal: Journal) -> None:
    """Every rung is there with all its points and outcomes, or not at all; none is missing in between."""
    rungs = [paper.body for paper in journal.documents("rung")]
    recorded = {member for rung in rungs for member in rung["members"]}
    points = Counter(c.member for c in journal.curves())
    assert [rung["number"] for rung in rungs] == list(range(len(rungs)))
    assert set(points) == recorded <= {p.member for p in journal.members()}
    assert set(points.values()) <= {3}
    assert {end.member for end in journal.outcomes()} == recorded


def killed(place: str, seed: int) -> None:
    """Writers are killed one after the other; each finds whole rungs only, and the claim free."""
    draw = generator(seed, "kill")
    open_journal(place, create=True).close()
    reader = open_journal(place)
    for _ in range(KILLS):
        before = len(reader.documents("rung"))
        child = fork(lambda: write_without_end(place))
        while len(reader.documents("rung")) == before:  # it is at work
            assert os.waitpid(child, os.WNOHANG)[0] == 0, "the writer ended by itself"
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with open_journal(place) as journal:
            check_whole(journal)
    assert len(reader.sittings()) == KILLS
    print(f"{KILLS} kills, {len(reader.documents('rung'))} rungs")


def orphaned(place: str, _seed: int) -> None:
    """A worker that outlives the process that had the study does not keep the study."""
    open_journal(place, create=True).close()
    ready, tell = os.pipe()

    def claim_and_fork() -> None:
        journal = open_journal(place)
        journal.claim()
        worker = fork(lambda: time.sleep(60))
        os.write(tell, str(worker).encode())
        time.sleep(60)

    child = fork(claim_and_fork)
    worker = int(os.read(ready, 20))
    with open_journal(place) as journal:
        assert str(child) in journal.claimed()
        assert f"process {child} on" in refusal(journal.claim)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.kill(worker, 0)  # it is alive
        journal.claim()
        os.kill(worker, signal.SIGKILL)
    print("the study was free")


def together(place: str, _seed: int) -> None:
    """Processes that plan at once: each member is planned by one, who knows it."""
    open_journal(place, create=True).close()

    def work() -> None:
        journal, mine = open_journal(place), 0
        while mine < MEMBERS:
            number = max((p.member for p in journal.members()), default=-1) + 1
            ours = plan(number, label=str(os.getpid()))
            refused = refusal(lambda ours=ours: journal.plan([ours]))
            if refused:
                assert "planned already" in refused, refused
                continue
            journal.record([point(number, 1)], documents=[Document("mine", {"member": number})])
            mine += 1

    children = [fork(work) for _ in range(WRITERS)]
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [0] * WRITERS, ends
    with open_journal(place) as journal:
        members = journal.members()
        numbers = [p.member for p in members]
        assert numbers == list(range(WRITERS * MEMBERS)) == [c.member for c in journal.curves()]
        assert Counter(p.label for p in members) == dict.fromkeys(map(str, children), MEMBERS)
        assert sorted(paper.body["member"] for paper in journal.documents("mine")) == numbers
    print("nothing lost, nothing doubled")


def interrupted(place: str, seed: int) -> None:
    """Ctrl-C within a record: all of it or nothing is there, and the same journal goes on."""
    draw = generator(seed, "interrupt")
    journal = open_journal(place, create=True)
    journal.plan([plan(0)])
    hits, whole, armed = 0, 0, [False]

    def interrupt(_number: int, _frame: object) -> None:
        if armed.pop():
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    while hits < INTERRUPTS:
        points = [point(0, whole * BATCH + step) for step in range(BATCH)]
        armed[:] = [False, True]
        signal.setitimer(signal.ITIMER_REAL, draw.uniform(0.0005, 0.01))
        try:
            journal.record(points)
            armed[:] = [False, False]
        except KeyboardInterrupt:
            hits += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        found = len(journal.curves())
        assert found in (whole * BATCH, (whole + 1) * BATCH), (found, whole)
        whole = found // BATCH
    assert journal.claimed()
    print(f"{hits} interruptions, {whole} records")


if __name__ == "__main__":
    {"killed": killed, "orphaned": orphaned, "together": together, "interrupted": interrupted}[sys.argv[1]](
        sys.argv[2], int(sys.argv[3])
    )
