"""Budgets too small to begin with: one message, and nothing left behind."""

import time
from pathlib import Path

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget, StoreError
from steepest.base.progress import Silent
from steepest.data.read import read
from steepest.experiment import tune as tune_room
from steepest.experiment.least import nothing_left, too_small
from steepest.experiment.settings import Settings
from steepest.experiment.tune import tune
from steepest.store.opening import open_journal
from steepest.store.sqlite import SQLiteJournal
from steepest.testing.cluster import Cluster


@pytest.mark.parametrize(
    ("budget", "late", "words"),
    [
        (
            "1000flops",
            0.0,
            r"2 short trainings of the default, and its network: .*flops, but got '1000flops'",
        ),
        ("5s", 60.0, r"60\.\ds to begin and 0\.\ds to write, but got '5s'"),
    ],
)
def test_refused_before_anything_is_written(tmp_path: Path, budget: str, late: float, words: str) -> None:
    settings = Settings(
        Budget.parse(budget), 0, tmp_path / "run", workers=0, started=time.perf_counter() - late
    )
    with pytest.raises(BadBudget, match=words):
        tune(lambda: read("iris"), settings, Silent())
    assert not (tmp_path / "run").exists()


def begin_in_vain(place: str, folder: Path, made: bool) -> None:
    with open_journal(place, create=True) as journal, nothing_left(journal, folder, made):
        journal.begin_sitting({})
        raise too_small(Budget.parse("5s"), "more", "10s")


def test_a_study_that_could_not_begin_is_taken_away(tmp_path: Path) -> None:
    made, there = tmp_path / "made", tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    for folder, new in ((made, True), (there, False)):
        with pytest.raises(BadBudget):
            begin_in_vain(str(folder), folder, new)
    assert not made.exists()
    assert [path.name for path in there.iterdir()] == ["mine.txt"]


def test_nor_does_it_stay_in_a_database(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, other = cluster.url(f"{tmp_path}"), cluster.url(f"{tmp_path} other")
    with open_journal(other, create=True) as journal:
        journal.begin_sitting({"other": True})
    monkeypatch.setattr(tune_room, "refuse_too_small", lambda *_: None)  # it is found out in calibration
    settings = Settings(
        Budget.parse("5s"), 0, tmp_path / "run", workers=0, storage=place, started=time.perf_counter() - 60
    )
    with pytest.raises(BadBudget, match=r"to begin and more than"):
        tune(lambda: read("iris"), settings, Silent())
    assert not (tmp_path / "run").exists()
    with pytest.raises(StoreError, match="is not there"):
        open_journal(place)
    with open_journal(other) as journal:
        assert [dict(sitting.provenance) for sitting in journal.sittings()] == [{"other": True}]


def test_what_cannot_be_taken_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: SQLiteJournal) -> None:
        raise StoreError("The database cannot be reached.")

    monkeypatch.setattr(SQLiteJournal, "discard", fail)
    with pytest.raises(BadBudget, match=r"rows\. What was begun is still there: The database cannot be reac"):
        begin_in_vain(str(tmp_path / "run"), tmp_path / "run", True)
    assert (tmp_path / "run" / "study.db").exists()
