"""The first layer to write a number that is not finite is named, and nothing of it stays behind."""

import torch
from torch import nn

from steepest.training.probes.faults import first_fault, first_faulty_module


def test_the_innermost_first_module_is_named() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 1))
    assert first_faulty_module(network, torch.ones(3, 2)) == ""
    with torch.no_grad():
        network[1][0].weight.fill_(torch.nan)
        network[2].weight.fill_(torch.nan)
    assert first_faulty_module(network, torch.ones(3, 2)) == "1.0"
    assert first_faulty_module(network, torch.full((3, 2), torch.inf)) == "inputs"
    assert not any(module._forward_hooks for module in network.modules())


def test_tokens_are_always_finite() -> None:
    network = nn.Sequential(nn.Embedding(4, 2), nn.Linear(2, 1))
    with torch.no_grad():
        network[0].weight[3] = torch.inf
    assert first_faulty_module(network, torch.tensor([[0, 1]])) == ""
    assert first_faulty_module(network, torch.tensor([[0, 3]])) == "0"


def test_names_go_with_tensors() -> None:
    ones, bad = torch.ones(2), torch.tensor([0.0, -torch.inf])
    assert first_fault(["a", "b", "c"], [ones, bad, bad]) == "b"
    assert first_fault(["a"], [ones]) == ""
