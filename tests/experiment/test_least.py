"""Budgets too small to begin with: one message, and nothing left behind."""

import time
from pathlib import Path

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget
from steepest.base.progress import Silent
from steepest.data.read import read
from steepest.experiment.least import nothing_left, too_small
from steepest.experiment.settings import Settings
from steepest.experiment.tune import tune
from steepest.store.opening import open_journal


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


def begin_in_vain(folder: Path) -> None:
    with open_journal(folder, create=True):
        pass
    raise too_small(Budget.parse("5s"), "more", "10s")


def test_a_study_that_could_not_begin_is_taken_away(tmp_path: Path) -> None:
    made, there = tmp_path / "made", tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    for folder, new in ((made, True), (there, False)):
        with pytest.raises(BadBudget), nothing_left(folder, new):
            begin_in_vain(folder)
    assert not made.exists()
    assert [path.name for path in there.iterdir()] == ["mine.txt"]
