"""The simulation gates, in a few seconds: a small share of what `benchmarks/evidence.py` runs.

Tolerance: a gate fails when its share lies more than three binomial standard errors beyond its bound. With
150 comparisons that is 5.3 points at 5 % and 9.8 at 80 %, so a sound protocol fails one such test in about
700, while plain 95 % intervals in place of exact tests at the three looks (11 % false verdicts) would still
be caught. The seeds are fixed, so what passes keeps passing.
"""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

COUNT = 150


@pytest.fixture(scope="module")
def gates(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("evidence")


def test_identical_recipes_are_rarely_told_apart(gates: ModuleType) -> None:
    for n in (8, 20):
        share = gates.told_apart(gates.verdicts(COUNT, n, 0.0, shared=1.0, seed=n))
        assert gates.Gate("A/A", share, 0.0, 0.05, COUNT).holds(3.0)


def test_looking_three_times_keeps_the_error(gates: ModuleType) -> None:
    assert gates.Gate("looks", gates.looked(COUNT, 0.0), 0.0, 0.05, COUNT).holds(3.0)
    late = gates.looked(COUNT, 0.0, gates.COMPARED, gates.LATE)
    assert gates.Gate("looks of comparisons", late, 0.0, 0.05, COUNT).holds(3.0)
    found = gates.looked(COUNT, 1.0, gates.COMPARED, gates.LATE)
    assert gates.Gate("their power", found, 0.8, 1.0, COUNT).holds(3.0)


def test_an_effect_of_one_seed_sd_is_found(gates: ModuleType) -> None:
    found = gates.verdicts(COUNT, 20, 1.0, seed=3)
    better = np.mean([v.kind == "better" for v in found])
    assert gates.Gate("power", float(better), 0.8, 1.0, COUNT).holds(3.0)
    assert not any(v.kind == "worse" for v in found)


@pytest.mark.parametrize("noise", ["normal", "skewed", "heavy"])
def test_intervals_cover(gates: ModuleType, noise: str) -> None:
    rng = np.random.default_rng(2)
    draw = getattr(gates, noise)
    share = gates.covers(draw(rng, (COUNT, 12)) - draw(rng, (COUNT, 12)))
    assert gates.Gate("coverage", share, 0.93, 0.97, COUNT).holds(3.0)


def test_planted_interactions_are_named(gates: ModuleType) -> None:
    assert all(gate.holds(0.0) for gate in gates.conflicts(40))


def test_overlapping_splits_need_the_correction(gates: ModuleType) -> None:
    corrected, plain = gates.overlapping(COUNT)
    assert corrected.holds(3.0)
    assert plain.share > 2 * corrected.share


def test_a_gate_can_fail(gates: ModuleType) -> None:
    assert not gates.Gate("A/A", 0.12, 0.0, 0.05, COUNT).holds(3.0)
    assert not gates.Gate("power", 0.65, 0.8, 1.0, COUNT).holds(3.0)
