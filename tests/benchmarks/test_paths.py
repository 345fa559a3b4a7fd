"""Steps of known gain are named by the plan that explanations use."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

RUNS = 8


@pytest.fixture(scope="module")
def gate() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "paths.py"
    spec = importlib.util.spec_from_file_location("paths_gate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["paths_gate"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_strong_steps_are_named_after_half_of_the_pairs(gate: ModuleType) -> None:
    found = gate.shares(gate.PATHS["strong"], gate.at_most(40), RUNS)
    assert found.named == (1.0, 1.0, 1.0)
    assert 20 <= found.pairs < 25


def test_steps_without_gain_are_rarely_named_and_take_all_pairs(gate: ModuleType) -> None:
    found = gate.shares(gate.PATHS["none"], gate.at_most(40), RUNS)
    assert found.any_named <= 2  # chance of more is 0.006 where 5 % are
    assert found.pairs > 35
