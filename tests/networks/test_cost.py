"""Predicted parameters, operations and bytes are those torch counts."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from steepest.base.errors import BadInput
from steepest.networks.build import load
from steepest.networks.cost import cost
from steepest.networks.initialisation import initialise
from steepest.networks.spec import NetworkSpec

SPECS = [
    NetworkSpec("linear", 20, 3),
    NetworkSpec("mlp", 20, 3, (16,), activation="relu", dropout=0.3),
    NetworkSpec("mlp", 20, 3, (16, 8, 4), activation="gelu", dropout=0.3),
    NetworkSpec("mlp", 1, 1, (1,), activation="mish"),
    NetworkSpec("mlp", inputs=9, outputs=3, hidden=(8, 6), norm="batch"),
    NetworkSpec("mlp", inputs=9, outputs=3, hidden=(8, 6), norm="layer"),
]
BATCH = 6


def step(spec: NetworkSpec, network: torch.nn.Module) -> None:
    x, y = torch.ones(BATCH, spec.inputs), torch.zeros(BATCH, dtype=torch.int64)
    functional.cross_entropy(network(x), y).backward()


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.family}{len(s.hidden)}{s.norm}")
def test_operations_are_those_torch_counts(spec):
    network, predicted = load(spec, initialise(spec, "he_normal", 0)), cost(spec, BATCH, 0)
    with FlopCounterMode(display=False) as counter:
        network(torch.ones(BATCH, spec.inputs))
    assert counter.get_total_flops() == BATCH * predicted.flops_forward
    with FlopCounterMode(display=False) as counter:
        step(spec, network)
    assert counter.get_total_flops() == BATCH * predicted.flops_training


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.family}{len(s.hidden)}{s.norm}")
@pytest.mark.parametrize(
    ("slots", "optimizer"),
    [(0, torch.optim.SGD), (1, torch.optim.RMSprop), (2, torch.optim.AdamW)],
    ids=["sgd", "rmsprop", "adamw"],
)
def test_parameters_and_state_are_those_torch_allocates(spec, slots, optimizer):
    network, predicted = load(spec, initialise(spec, "he_normal", 0)), cost(spec, BATCH, slots)
    rule = optimizer(network.parameters(), lr=1e-3)
    step(spec, network)
    rule.step()
    parameters = list(network.parameters())
    state = [v for s in rule.state.values() for v in s.values() if torch.is_tensor(v) and v.dim() > 0]
    assert sum(p.numel() for p in parameters) == predicted.parameters
    assert sum(p.nbytes for p in parameters) == predicted.weight_bytes
    assert sum(p.grad.nbytes for p in parameters) == predicted.gradient_bytes
    assert sum(v.nbytes for v in state) == predicted.optimizer_bytes


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.family}{len(s.hidden)}{s.norm}")
def test_activation_bytes_bound_what_autograd_keeps(spec):
    network, kept = load(spec, initialise(spec, "he_normal", 0)), {}
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}

    def pack(tensor):
        if tensor.is_floating_point() and tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        step(spec, network)
    measured = sum(tensor.nbytes for tensor in kept.values())
    predicted = cost(spec, BATCH, 0).activation_bytes
    assert 0.25 * predicted <= measured <= predicted


def test_training_bytes_are_the_sum():
    made = cost(SPECS[1], BATCH, 2)
    assert made.training_bytes == 4 * made.weight_bytes + made.activation_bytes


@pytest.mark.parametrize(
    ("batch_size", "slots", "message"),
    [(0, 2, "batch_size must be at least 1, but got 0"), (4, -1, "slots must not be negative, but got -1")],
)
def test_impossible_training_is_refused(batch_size, slots, message):
    with pytest.raises(BadInput, match=message):
        cost(SPECS[0], batch_size, slots)
