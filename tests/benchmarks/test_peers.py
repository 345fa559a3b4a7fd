"""The comparison with other tools runs, says what it left out, and doubts who did other work."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import peers

    return peers


def runs(module: ModuleType, name: str, seconds: list[float], scores: tuple[float, ...]) -> object:
    """A row of made-up turns; steepest took one second in each."""
    contender = next(c for c in module.CONTENDERS if c.name == name)
    ours = tuple(module.Run(1.0, (0.9,)) for _ in seconds)
    return module.Row(contender, tuple(module.Run(s, scores) for s in seconds), ours)


def test_two_contenders_give_a_table_with_a_ratio() -> None:
    command = [sys.executable, str(BENCHMARKS / "peers.py"), "--repeats", "1", "--epochs", "1"]
    command += ["--members", "2", "steepest", "loop"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = {
        line.split("|")[1].strip(): line.split("|")[2:-1] for line in done.stdout.splitlines() if "|" in line
    }
    loop = rows["PyTorch loop by hand, fused AdamW"]
    ratio, multiplied = loop[3].split()[:2]
    assert float(ratio) > 0
    assert multiplied == "×"
    ours, theirs = (float(row[0].replace(",", "")) for row in (rows["steepest: `st.sweep`"], loop))
    assert ours / theirs == pytest.approx(float(ratio), rel=0.02)
    assert "load average" in done.stdout


def test_an_unknown_contender_is_refused() -> None:
    command = [sys.executable, str(BENCHMARKS / "peers.py"), "tensorflow"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "tensorflow" in done.stderr


def test_ratios_are_medians_within_turns(peers: ModuleType) -> None:
    line = peers.table([runs(peers, "loop", [2.0, 3.0, 10.0], (0.9,))], members=32, epochs=20)[2]
    assert "3.00 × as fast" in line
    assert "| 640 | 192 to 960 |" in line  # 60 · 32 trials in 3 s; in 10 s and in 2 s
    assert f"{32 * 20 * 23 / 3:,.0f}" in line


def test_who_did_other_work_is_marked(peers: ModuleType) -> None:
    rows = [runs(peers, "loop", [1.0], (0.9, 0.95, 0.97)), runs(peers, "optuna", [1.0], (0.9, 0.93, 0.97))]
    assert not any("not within" in line for line in peers.table(rows, 3, 1))
    for scores in ((0.1, 0.9, 0.97), (0.1, float("nan"), 0.2)):
        rows[1] = runs(peers, "optuna", [1.0], scores)
        marked = [line for line in peers.table(rows, 3, 1) if "not within 0.03 of the loop" in line]
        assert len(marked) == 1
        assert "Optuna" in marked[0]


def test_a_missing_library_is_left_out_in_words(peers: ModuleType) -> None:
    absent = peers.Contender("sage", "Sage", "sage.py", ("no_such_library_here[all]",))
    able, said = peers.installed([peers.CONTENDERS[0], absent])
    assert able == [peers.CONTENDERS[0]]
    assert said == ["sage: not installed; pip install 'no_such_library_here[all]'"]


def test_a_contender_that_fails_is_named(peers: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = peers.CONTENDERS[1]

    def do(contender: object, members: int, _: int) -> object:
        if contender == loop:
            raise peers.Failed("exit code 1, out of luck")
        return peers.Run(1.0, (0.9,) * members)

    monkeypatch.setattr(peers, "do", do)
    rows, said = peers.race(peers.CONTENDERS[:2], repeats=2, members=3, epochs=1)
    assert [row.contender.name for row in rows] == ["steepest"]
    assert said == ["loop: failed; exit code 1, out of luck"]


def test_all_contenders_count_the_same_steps(monkeypatch: pytest.MonkeyPatch, peers: ModuleType) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    import work

    data = work.digits()
    assert len(data.x_held) == work.HELD_OUT == 360
    assert -(-len(data.x) // work.BATCH) == work.STEPS == peers.STEPS
    assert work.rates(3) == work.rates(32)[:3]
    assert all(1e-4 <= rate <= 1e-1 for rate in work.rates(32))
    assert all((BENCHMARKS / "peers" / c.file).exists() for c in peers.CONTENDERS)
