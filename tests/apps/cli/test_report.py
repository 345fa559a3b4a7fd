"""`steepest report` shows what a journal holds, however far its study came."""

import json

import pytest

from steepest.apps.cli.main import main
from steepest.store import Document, open_journal

VERDICT = {
    "kind": "better",
    "effect": 0.012,
    "low": 0.006,
    "high": 0.018,
    "n": 10,
    "sentence": "Better than the default by 0.012 (0.006 to 0.018, n = 10).",
    "winner_scores": [0.98, 0.99],
    "default_scores": [0.97, 0.975],
}


@pytest.fixture
def run_folder(tmp_path):
    with open_journal(tmp_path / "run", create=True) as journal:
        journal.record(documents=[Document("study", {"data": "digits"}), Document("verdict", VERDICT)])
    return tmp_path / "run"


def test_the_page_is_written_and_the_verdict_printed(run_folder, capsys):
    assert main(["report", str(run_folder)]) == 0
    printed = capsys.readouterr().out
    for fragment in (
        "digits",
        "Better than the default",
        VERDICT["sentence"],
        str(run_folder / "report.html"),
    ):
        assert fragment in printed
    assert "Better than the default" in (run_folder / "report.html").read_text(encoding="utf-8")


def test_json_holds_the_facts(run_folder, capsys):
    assert main(["report", str(run_folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["verdict"]["effect"] == 0.012
    assert facts["folder"] == str(run_folder)


def test_a_study_that_was_killed_at_its_start_has_a_page_too(tmp_path, capsys):
    open_journal(tmp_path, create=True).close()
    assert main(["report", str(tmp_path)]) == 0
    assert "No verdict yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("place", "fragment"),
    [("nowhere", "must be a run folder"), ("empty", "study.db"), ("file", "a file"), ("broken", "study.db")],
)
def test_what_is_not_a_run_folder_is_refused(tmp_path, capsys, place, fragment):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "study.db").write_text("this is not a database")
    assert main(["report", str(tmp_path / place)]) == 2
    captured = capsys.readouterr()
    assert fragment in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
