"""What earlier studies left: found by name, listed in order, whatever state each is in."""

import subprocess
import sys
from pathlib import Path

import pytest

import steepest as st
from steepest.apps.run_folders import find, is_run, runs
from steepest.base.errors import BadInput, StoreError
from steepest.store import CurvePoint, Document, MemberPlan, Outcome, open_journal

HOLD = """
import sys
from steepest.store import open_journal
journal = open_journal(sys.argv[1])
journal.claim()
print("held", flush=True)
sys.stdin.read()
"""


def forge(folder: Path, started: str = "2026-08-14T09:31:07+00:00", end: str = "", **study: object) -> Path:
    """A run folder with two members of which one has ended."""
    about = {"data": "iris", "score_name": "accuracy", "budget": "9trials", "started": started, **study}
    with open_journal(folder, create=True) as journal:
        journal.record(documents=[Document("study", about)])
        recipe = {"optimizer": "sgd", "lr": 0.1, "beta2": 0.999}
        journal.plan([MemberPlan(i, "search", "", recipe, i, 0, 0, 51, "prior") for i in range(2)])
        points = [CurvePoint(0, 1.0, 4, 0.9, 0.8, 0.7), CurvePoint(1, 1.0, 4, 0.9, 0.8, 0.6)]
        journal.record(points, [Outcome(0, "dropped", "not among the best at epoch 1", 0.7, 1.0, 0.1)])
        if end:
            journal.record(documents=[Document("end", {"reason": end, "sentence": "It ended."})])
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forge(tmp_path / "runs" / "iris-1", end="trials")
    forge(tmp_path / "runs" / "iris-2", "2026-09-01T09:00:00+02:00")
    forge(tmp_path / "runs" / "iris-3", "2026-08-20T09:00:00+00:00", end="interrupted")
    return tmp_path / "runs"


def test_newest_first_with_their_states(home: Path) -> None:
    found = st.runs(home)
    assert [(run.name, run.state, run.members) for run in found] == [
        ("iris-2", "unfinished", 2),
        ("iris-3", "interrupted", 2),
        ("iris-1", "finished", 2),
    ]
    assert found["iris-1"].facts.study.budget == "9trials"
    assert [m.status for m in found.facts("iris-1").members] == ["dropped", "unfinished"]
    assert found.show("iris-1", member=0).startswith("Member 0 of iris")
    assert "iris-2" in repr(found)


def test_what_cannot_be_read_is_listed_and_the_rest_intact(home: Path) -> None:
    (home / "broken").mkdir()
    (home / "broken" / "study.db").write_text("this is not a database")
    (home / "empty").mkdir()
    (home / "sizes").mkdir()
    (home / "sizes" / "compare.json").write_text("{}")
    (home / ".hidden").mkdir()
    found = runs(home)
    assert len(found) == 3
    reasons = {each.folder.name: each.reason for each in found.unread}
    assert set(reasons) == {"broken", "empty", "sizes"}
    assert "is not a study's journal" in reasons["broken"]
    assert "compare.html" in reasons["sizes"]
    assert "broken: " in repr(found)


def test_a_study_that_is_being_worked_on(home: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home / "iris-2")], stdin=pipe, stdout=pipe
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        run = runs(home)["iris-2"]
        assert run.state == "running"
        assert run.holder.startswith(f"process {other.pid} on ")
        kept = runs(home).prune("iris-2", whole=True)
        assert kept[0].paths == ()
        assert "is at work on it" in kept[0].kept
        assert is_run(home / "iris-2")
        other.communicate()
    assert runs(home)["iris-2"].state == "unfinished"


@pytest.mark.parametrize("name", ["iris-1", "runs/iris-1", "runs/iris-1/study.db"])
def test_a_run_is_found_by_name_or_path(home: Path, name: str) -> None:
    assert find(name).resolve() == home / "iris-1"


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("iris-4", "Did you mean"),
        ("runs/irs-1", "Did you mean 'iris-1'?"),
        ("runs", "It holds runs: name one of iris-1, iris-2, iris-3."),
        ("elsewhere/iris-1", "There are no runs in elsewhere."),
    ],
)
def test_a_run_that_is_not_there(home: Path, name: str, fragment: str) -> None:
    with pytest.raises(BadInput, match="must be a run folder") as error:
        find(name, home if "/" not in name and name != "runs" else "runs")
    assert fragment in str(error.value)


def test_a_folder_that_is_not_there(home: Path) -> None:
    with pytest.raises(BadInput, match=r"Did you mean 'runs'\?"):
        runs(home.parent / "rnus")


def test_a_journal_that_holds_nonsense_is_damaged_in_one_message(home: Path) -> None:
    with open_journal(home / "iris-1") as journal:
        journal.record(documents=[Document("finalists", {"rows": [17]})])
    assert [each.folder.name for each in runs(home).unread] == ["iris-1"]
    with pytest.raises(StoreError, match=r"holds what no study writes .* It is damaged"):
        runs(home)["iris-1"]


def test_comparing_needs_two(home: Path) -> None:
    found = runs(home)
    assert "iris-3" in found.compare("iris-1", "iris-3")
    with pytest.raises(BadInput, match="two or more, each named once"):
        found.compare("iris-1", "iris-1")


def test_a_study_that_was_extended_and_killed_is_unfinished_again(home: Path) -> None:
    with open_journal(home / "iris-1") as journal:
        journal.begin_sitting({})
        assert runs(home)["iris-1"].state == "finished"  # nothing has come of it yet
        journal.plan([MemberPlan(2, "search", "", {"lr": 0.1}, 2, 0, 0, 51, "prior")])
    assert runs(home)["iris-1"].state == "unfinished"
    assert "runs/iris-1: unfinished" in runs("runs").show("iris-1")
    with open_journal(home / "iris-1") as journal:
        journal.begin_sitting({})
        journal.record(documents=[Document("end", {"reason": "trials"})])
    assert runs(home)["iris-1"].state == "finished"
