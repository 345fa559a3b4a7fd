"""Every way in which a pass can leave something behind is seen, and nothing else."""

import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from steepest.networks.own_lines import Sources
from steepest.networks.own_traces import Draws, State, same


class Box:
    def __init__(self) -> None:
        self.inner = {"values": [1.0]}


KEPT: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "a list": (lambda: [1], lambda v: v.append(2)),
    "a dict": (dict, lambda v: v.update(a=1)),
    "a set": (set, lambda v: v.add(1)),
    "a deque": (lambda: deque([1], maxlen=1), lambda v: v.append(2)),
    "a counter": (Counter, lambda v: v.update("a")),
    "an array": (lambda: np.zeros(3), lambda v: v.__setitem__(1, 1.0)),
    "a tensor in place": (lambda: torch.zeros(3), lambda v: v.add_(1)),
    "tensors in a list": (lambda: [torch.zeros(3)], lambda v: v[0].add_(1)),
    "an object": (Box, lambda v: v.inner["values"].append(2.0)),
    "a generator of NumPy": (lambda: np.random.default_rng(0), lambda v: v.random()),
    "a generator of Python": (lambda: random.Random(0), lambda v: v.random()),
    "a generator of torch": (torch.Generator, lambda v: torch.rand(1, generator=v)),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_value_that_is_kept_in_python_is_compared_by_what_it_holds(case: str) -> None:
    make, change = KEPT[case]
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    network[1].kept = make()
    before = State(network)
    assert before.changed(State(network)) == ()
    change(network[1].kept)
    assert [kept.path for kept in before.changed(State(network))] == ["1.kept"]


def test_attributes_come_go_and_are_replaced() -> None:
    network = nn.Linear(2, 2)
    network.gone, network.number, network.nothing = 1, 1, float("nan")
    before = State(network)
    del network.gone
    network.number, network.new, network.nothing = 1.0, None, float("nan")
    network.eval()
    network.register_forward_hook(lambda *_: None)
    assert {kept.path for kept in before.changed(State(network))} == {"gone", "number", "new"}


def test_tensors_are_altered_in_place_replaced_put_back() -> None:
    network = nn.BatchNorm1d(2)
    before = State(network)
    assert list(before.altered(State(network))) == []
    network.running_mean += 1
    network.running_var = torch.full((2,), 3.0)
    network.num_batches_tracked = None
    found = {name: replaced for name, _, _, replaced in before.altered(State(network))}
    assert found == {"running_mean": False, "running_var": True, "num_batches_tracked": True}
    before.put_back(["running_mean"])
    assert network.running_mean.tolist() == [0, 0]


def test_draws_are_seen_and_nothing_else_is() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    with torch.random.fork_rng(devices=[]), Draws(Sources(network, nn.Sequential)) as draws:
        network(torch.zeros(3, 2))
        functional.dropout(torch.ones(3), 0.5, training=False)
        torch.ones(3).sort()
    assert [draw.layer for draw in draws.found] == [network[1]]


def test_what_is_no_number_equals_itself() -> None:
    nan = torch.tensor([float("nan"), 1.0])
    assert same(nan, nan.clone())
    assert not same(nan, torch.ones(2))
    assert not same(torch.ones(2), torch.ones(1))
    assert same(torch.empty(0), torch.empty(0))
