"""The measurement of what probes cost runs, and says what is over its bound."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import probes

    return probes


def test_the_quick_form_writes_the_table(tmp_path: Path) -> None:
    page = tmp_path / "probes.md"
    command = [sys.executable, str(BENCHMARKS / "probes.py"), "--small", "--turns", "2", "--out", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:-1] for line in page.read_text(encoding="utf-8").splitlines() if "|" in line]
    assert len(rows) == 2 + 4
    assert all(float(row[1]) > 0 for row in rows[2:])
    assert page.read_text(encoding="utf-8") == done.stdout


def test_what_is_over_the_bound_is_marked(probes: ModuleType) -> None:
    assert probes.BOUND == 0.03
    kept = [probes.Cost("x", 0.01, share, 0.0, 0.1).line().split("|")[-2].strip() for share in (0.03, 0.031)]
    assert kept == ["yes", "**no**"]
