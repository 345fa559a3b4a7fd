"""Steps of known gain are named by the plan that explanations use."""

from collections.abc import Callable
from types import ModuleType

import pytest

RUNS = 8


@pytest.fixture(scope="module")
def gate(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("paths")


def test_strong_steps_are_named_after_half_of_the_pairs(gate: ModuleType) -> None:
    found = gate.shares(gate.PATHS["strong"], gate.at_most(40), RUNS)
    assert found.named == (1.0, 1.0, 1.0)
    assert 20 <= found.pairs < 25


def test_steps_without_gain_are_rarely_named_and_take_all_pairs(gate: ModuleType) -> None:
    found = gate.shares(gate.PATHS["none"], gate.at_most(40), RUNS)
    assert found.any_named <= 2  # chance of more is 0.006 where 5 % are
    assert found.pairs > 35
