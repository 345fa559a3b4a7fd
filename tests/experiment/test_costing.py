"""What a recipe costs: counts are torch's, slots are those the optimizers keep, times have their n."""

import json

import numpy as np
import pytest
import torch

from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment import costing as room
from steepest.experiment import timing
from steepest.experiment.costing import costing, slots_of
from steepest.networks.build import build
from steepest.networks.ports import Ports
from steepest.networks.spec import dense_spec
from steepest.rules.catalogue import DROP_INS
from steepest.training.way import usual

OPTIMIZERS = [*KNOBS["lr"].search_by]


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LONG_ENOUGH", 0.01)


@pytest.fixture(scope="module")
def iris() -> DataSet:
    return read("iris")


@pytest.mark.parametrize("optimizer", [name for _, name in OPTIMIZERS])
def test_slots_are_the_tensors_that_the_drop_in_keeps(optimizer):
    weights = torch.nn.Parameter(torch.ones(3, 2))
    rule = DROP_INS[optimizer]([weights], lr=0.1)
    weights.sum().backward()
    rule.step()
    rule.step()
    kept = [v for v in rule.state[weights].values() if torch.is_tensor(v) and v.shape == weights.shape]
    assert slots_of(Recipe(optimizer=optimizer)) == len(kept)


def test_momentum_of_zero_keeps_nothing():
    assert slots_of(Recipe(optimizer="momentum", momentum=0.0)) == 0


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_counts_are_those_of_the_network_that_torch_builds(iris, norm):
    recipe = Recipe(width=8, depth=3, norm=norm, optimizer="nesterov", batch_size=16)
    found = costing(iris, recipe)
    network = build(dense_spec(recipe, 4, 3))
    assert found.one.parameters == sum(p.numel() for p in network.parameters())
    assert found.one.weight_bytes == sum(p.nbytes for p in network.parameters())
    assert found.one.optimizer_bytes == found.one.weight_bytes
    assert (found.layers, found.batch, found.epoch_rows, found.epoch_steps) == ((4, 8, 8, 8, 3), 16, 120, 8)


def test_time_is_measured_alone_and_in_a_full_stack(iris):
    found = costing(iris, Recipe(width=8, depth=1))
    assert found.reason == ""
    assert found.alone is not None
    assert found.stacked is not None
    assert (found.alone.members, found.stacked.members) == (1, found.stack_members)
    assert found.stack_members == usual(Recipe(width=8, depth=1), Ports.table(4, 3)).members > 1
    for each in (found.alone, found.stacked):
        assert each.epoch_seconds > 0
        assert each.steps > each.repeats
        assert 0 < each.lowest <= each.epoch_seconds <= each.highest
    assert found.stacked.member_seconds < found.alone.member_seconds, "what stacks are for"


def test_a_network_that_fills_the_cache_is_its_own_stack(iris):
    found = costing(iris, Recipe(width=1024, depth=2))
    assert found.stack_members == 1
    assert found.alone is not None
    assert found.stacked is None


def test_a_step_over_all_rows_is_one_batch(iris):
    found = costing(iris, Recipe(optimizer="gd", width=8, depth=1))
    assert (found.batch, found.epoch_steps, found.slots) == (120, 1, 0)


def test_batches_are_at_most_the_rows(iris):
    assert costing(iris, Recipe(batch_size=4096, width=8)).batch == 120


def test_a_network_too_large_for_the_machine_is_counted_but_not_trained(iris, monkeypatch):
    monkeypatch.setattr(room, "_memory", lambda: 2**20)
    found = costing(iris, Recipe(width=512, depth=2))
    assert (found.alone, found.stacked) == (None, None)
    assert "memory" in found.reason
    assert found.one.parameters == 4 * 512 + 512 + 512 * 512 + 512 + 3 * 512 + 3


def test_running_out_of_memory_is_a_reason(iris, monkeypatch):
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(timing.Probe, "timing", full)
    assert costing(iris).reason == "memory did not suffice"


def test_a_rate_that_diverges_is_told():
    rows = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    wild = Recipe(optimizer="sgd", lr=1e4, width=32, depth=4, activation="identity", batch_size=8)
    found = costing(read((rows, rows[:, 0] * 3.0 + 1.0)), wild)  # overflows within two steps
    assert found.alone is not None
    assert found.alone.diverged == 1


def test_facts_are_plain_values_with_units_in_their_names(iris):
    found = costing(iris, Recipe(width=8, depth=1))
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert facts["parameters"] == found.one.parameters
    assert facts["bytes"]["total"] == found.one.training_bytes
    assert facts["time"]["alone"]["measured"]["n"] == found.alone.repeats
    assert facts["data"]["fingerprint"] == iris.fingerprint
    assert facts["machine"]["torch"] == torch.__version__
