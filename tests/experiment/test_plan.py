"""A plan says what was chosen for each recipe, what was measured, and what was against the other ways."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment import plan as planning
from steepest.experiment.plan import WAVE, Plan, Planned, plan
from steepest.training.measuring import Measured
from steepest.training.planner import Choice
from steepest.training.source import Source
from steepest.training.way import Way

SMALL = Recipe(width=8, depth=1, batch_size=16)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(planning, "TURNS", 1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sharing the cores is not measured."""

    def measured(
        _source: Source,
        _recipe: Recipe,
        ways: Sequence[Way],
        _seconds: float,
        threads: int = 1,
        _alone: bool = True,
    ) -> list[Measured]:
        return [Measured(way, 100.0 / threads) for way in ways]

    monkeypatch.setattr(planning, "measure", measured)


def planned(choice: Choice) -> Planned:
    return Planned(SMALL, choice, kept=False, not_stacked="", member_bytes=1000, pieces=(4, 4))


@pytest.mark.usefixtures("quick")
def test_a_plan_holds_what_was_measured_and_the_next_one_finds_it_kept() -> None:
    data = read("iris")
    first = plan(data, [SMALL], workers=0)
    (each,) = first.planned
    assert not each.kept
    assert each.rate == max(m.rate for m in each.choice.measured if m.way == each.choice.way) > 0
    assert sum(each.pieces) == WAVE
    assert max(each.pieces) <= each.members
    assert each.chunk_bytes == each.members * each.member_bytes > 0
    (again,) = plan(data, [SMALL], workers=0).planned
    assert again.kept
    assert again.choice == each.choice
    (fresh,) = plan(data, [SMALL], workers=0, fresh=True).planned
    assert not fresh.kept


@pytest.mark.usefixtures("quick")
def test_recipes_are_planned_in_their_order_each_by_its_kind() -> None:
    recipes = [SMALL, SMALL.replace(width=64), SMALL.replace(lr=0.1)]
    found = plan(read("iris"), recipes, workers=0).planned
    assert [each.recipe for each in found] == recipes
    assert found[0].choice == found[2].choice != found[1].choice


def test_the_cores_are_shared_as_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "cores", lambda: 2)
    shared = plan(read("iris"), [SMALL], workers=2).shared
    assert shared is not None
    assert (shared.count, shared.cores) == (2, 2)
    assert min(shared.one, shared.threads, shared.processes) > 0


@pytest.mark.usefixtures("quick")
def test_without_other_processes_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "cores", lambda: 4)
    here = plan(read("iris"), [SMALL], workers=0).shared
    assert here is not None
    assert (here.count, here.one, here.threads) == (1, 100.0, 25.0)
    assert math.isnan(here.processes)
    monkeypatch.setattr(planning, "cores", lambda: 1)
    assert plan(read("iris"), [SMALL], workers=0).shared is None


@pytest.mark.usefixtures("quick")
def test_a_network_that_cannot_be_stacked_says_why(tmp_path: Path) -> None:
    file = tmp_path / "counts.py"
    file.write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def forward(self, x):\n"
        "        return super().forward(x) if x.sum().item() > 0 else super().forward(-x)\n"
        "def make(inputs: int, outputs: int):\n"
        "    return Net(inputs, outputs)\n"
    )
    recipe = Recipe(network="own", factory=f"{file}:make", initialisation="own")
    (each,) = plan(read("iris"), [recipe], workers=0).planned
    assert not each.choice.way.stacked
    assert "counts.py:4" in each.not_stacked
    assert len(each.pieces) == WAVE, "members that take turns are jobs of their own"


def test_reasons_against() -> None:
    way = Way(False, 1)
    others = (
        Measured(Way(True, 4), 80.0, 0.5),
        Measured(Way(True, 8), 103.0, 0.5),
        Measured(Way(False, 1, bfloat16=True), 300.0, 9.0, "its loss differs"),
        Measured(Way(True, 16), why_not="no time was left to measure it"),
    )
    each = planned(Choice("a kind", way, "", (Measured(way, 100.0, 0.5), *others)))
    assert [each.against(m) for m in each.choice.measured] == [
        "",
        "0.80 times as fast",
        "1.03 times as fast; below 1.10 the simpler way is taken",
        "its loss differs",
        "no time was left to measure it",
    ]


def test_where_nothing_could_be_measured_the_rate_is_unknown() -> None:
    each = planned(
        Choice("a kind", Way(True, 4), "as usual: it broke", (Measured(Way(True, 1), why_not="it broke"),))
    )
    assert math.isnan(each.rate)
    assert each.against(each.choice.measured[0]) == "it broke"


@pytest.mark.usefixtures("quick")
def test_all_of_it_as_json() -> None:
    found: Plan = plan(read("iris"), [SMALL], precision="float32", workers=0)
    facts = json.loads(json.dumps(found.as_dict()))
    assert facts["precision"] == "float32"
    assert facts["machine"]["cores"] == planning.cores()
    (network,) = facts["networks"]
    assert network["recipe"]["width"] == 8
    assert network["chunk"] == {"members": found.planned[0].members, "bytes": found.planned[0].chunk_bytes}
    assert sum(network["wave"]["chunks"]) == network["wave"]["members"] == WAVE
    assert [way["against"] == "" for way in network["ways"]].count(True) == 1


def test_a_precision_that_there_is_not() -> None:
    with pytest.raises(BadInput, match=r"precision must be auto or float32.*Did you mean 'float32'"):
        plan(read("iris"), [SMALL], precision="float3", workers=0)  # type: ignore[arg-type]
