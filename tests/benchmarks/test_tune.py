"""The measurement of the main job: what it counts, how it reads memory, when a target is missed."""

import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from steepest.store.opening import open_journal
from steepest.store.records import CurvePoint, MemberPlan

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MEBIBYTE = 2**20


@pytest.fixture
def tune(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import tune

    return tune


def plan(member: int, stage: str) -> MemberPlan:
    return MemberPlan(member, stage, "", {}, 0, 0, 0, 1, "prior")  # type: ignore[arg-type]


def test_members_of_the_search_count_once_scored(tune: ModuleType, tmp_path: Path) -> None:
    with open_journal(tmp_path / "study.db", create=True) as journal:
        journal.plan([plan(0, "calibrate"), plan(1, "search"), plan(2, "search"), plan(3, "search")])
        journal.record([CurvePoint(m, e, e, 1.0, 1.0, 0.5) for m, e in ((0, 1), (1, 1), (1, 3), (2, 1))])
    assert tune.first_rungs(tmp_path / "study.db") == 2


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc")
def test_memory_of_a_child_of_a_child_is_counted(tune: ModuleType) -> None:
    holder = f"x = b'x' * {200 * MEBIBYTE}; print('held', flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {holder!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(tune.descendants(process.pid)) == 2
        memory = tune.Memory(process.pid)
        memory.look()
        process.communicate("\n", timeout=30)
    assert 200 * MEBIBYTE < memory.pss <= memory.rss < 300 * MEBIBYTE
    held = memory.rss
    memory.look()  # the processes are gone: the peak stays
    assert memory.rss == held


def test_a_missed_target_is_told(tune: ModuleType) -> None:
    good = tune.Run(64.0, 60.0, 400, 0.98, 1e0, 1.2, "")
    assert tune.table([good], targets=True)[1]
    for name, value in (
        ("wall", 80.0),
        ("members", 299),
        ("accuracy", 0.97),
        ("accuracy", math.nan),
        ("pss", 2.0),
    ):
        values = {
            f: getattr(good, f) for f in ("wall", "study", "members", "accuracy", "pss", "rss", "sentence")
        }
        lines, met = tune.table([tune.Run(**{**values, name: value})], targets=True)
        assert not met
        assert any(line.endswith("| NO |") for line in lines)
        assert tune.table([tune.Run(**{**values, name: value})], targets=False)[1]


def test_start_up_is_what_the_study_did_not_count(tune: ModuleType) -> None:
    assert tune.Run(64.0, 60.5, 0, 0.0, 0.0, 0.0, "").start_up == 3.5
