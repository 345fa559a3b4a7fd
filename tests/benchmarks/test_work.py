"""The fit of what a module's step costs: it finds constants that made the times, and the quick form runs."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FILE = BENCHMARKS / "work.py"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("module_work", FILE)  # `work` is the peers' too
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "module_work", module)
    spec.loader.exec_module(module)
    return module


def test_constants_that_made_the_times_are_found(work: ModuleType) -> None:
    truth = 1.5e-3, 1 / 60e9, 1 / 1.5e9
    cases = list(work.cases())[:6]
    terms = [(4.0, 1e9 * (1 + i), 1e6 * (1 + i * i)) for i in range(6)]
    times = [1e-4 + sum(t * c for t, c in zip(each, truth, strict=True)) for each in terms]
    found = [work.Timed(*each, 1e-4) for each in zip(cases, times, terms, strict=True)]
    constants = work.fit(found)
    assert constants == pytest.approx(truth, rel=1e-6)
    assert (
        work.report(found, constants)[0]
        == "MODULE_CALLS, MODULE_FLOPS, MODULE_BYTES = 0.0015, 6e+10, 1.5e+09"
    )
    assert all("1.00 |" in line for line in work.report(found, constants) if line.startswith("| cnn"))


def test_a_constant_is_never_negative(work: ModuleType) -> None:
    terms = [(4.0, 1e9, 1e6), (4.0, 2e9, 1e6), (4.0, 3e9, 2e6)]
    found = [
        work.Timed(case, s, t, 0.0) for case, s, t in zip(work.cases(), (0.3, 0.2, 0.1), terms, strict=False)
    ]
    assert min(work.fit(found)) >= 0


def test_every_family_is_in_the_grid_in_many_sizes(work: ModuleType) -> None:
    cases = list(work.cases())
    assert len(set(cases)) == len(cases) > 60
    assert [case.recipe.network for case in work.chosen(quick=True)] == ["mlp", "transformer", "rnn", "cnn"]


def test_the_quick_form_runs() -> None:
    done = subprocess.run([sys.executable, str(FILE), "--quick"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "MODULE_CALLS, MODULE_FLOPS, MODULE_BYTES = " in done.stdout
    assert done.stdout.count("| ") > 4
