"""The measurement of what keeping a study costs runs, and says what is over its bounds."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import store

    return store


def test_a_small_study_is_written_and_read_back(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "store.py"), "--members", "40", "--only", "sqlite"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert not done.stderr
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("|")]
    assert [row[:2] for row in rows[2:]] == [
        [" SQLite, all at every rung ", " 160 "],
        [" SQLite, a third goes on ", " 58 "],
    ]
    assert all(float(row[5]) > 0 for row in rows[2:])
    assert list(tmp_path.iterdir()) == []


def test_what_is_over_a_bound_is_marked(store: ModuleType) -> None:
    costs = [
        store.Cost("x", 1000, (seconds,), reading, 0.1) for seconds, reading in ((1, 1), (1.1, 1), (1, 1.1))
    ]
    assert [cost.kept for cost in costs] == [True, False, False]
    assert [cost.line().split("|")[-2].strip() for cost in costs] == ["yes", "**no**", "**no**"]


def test_every_member_is_planned_and_ends_once(store: ModuleType) -> None:
    for share in (1, 3):
        made = list(store.chunks(40, share))
        assert [p.member for plans, _, _ in made for p in plans] == list(range(40))
        assert sorted(end.member for _, _, ends in made for rung in ends for end in rung) == list(range(40))
        assert all(len(points) == len(ends) == store.RUNGS for _, points, ends in made)
