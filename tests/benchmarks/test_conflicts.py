"""The gate in simulation: planted interactions named in 90 % of 40 runs, others in 5 % at most."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def gate(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("conflicts")


def test_planted_interactions_are_named_and_others_are_not(gate: ModuleType) -> None:
    shares = gate.simulated(runs=40, n=10)
    assert [each.truth for each in shares] == list(gate.PLANTED)
    assert all(each.of == 40 for each in shares)
    assert [each.truth for each in shares if not each.holds] == []


def test_the_gate_can_fail(gate: ModuleType) -> None:
    assert not gate.share("conflict", ["conflict"] * 35 + ["unresolved"] * 5).holds
    assert not gate.share("none", ["unresolved"] * 37 + ["synergy"] * 3).holds
    assert gate.share("none", ["unresolved"] * 20 + ["additive"] * 20).holds


def test_real_networks_show_the_planted_synergy(gate: ModuleType) -> None:
    assert gate.train("synergy", seed=0, tuned=False) == "synergy"
