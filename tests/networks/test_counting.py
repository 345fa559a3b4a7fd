"""What is counted without numbers is what torch does with them, and what a formula says."""

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.networks.cost import FLOAT_BYTES, cost
from steepest.networks.counting import counted
from steepest.networks.families import ModuleSpec, module_spec
from steepest.networks.own import read_factory
from steepest.networks.own_spec import own_spec
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec

TABLE = Ports.table(20, 3)
IMAGE = Ports("image", (3, 16, 16), 4)
SERIES = Ports("series", (13, 3), 2)
NEXT = Ports("text", (24,), 30, tokens=30, each=True)
TEXT = Ports("text", (24,), 2, tokens=30)
B = 6


def made(ports, **knobs) -> ModuleSpec:
    return module_spec(Recipe.make(**{"width": 16, "depth": 2, **knobs}), ports)


def measured(network: nn.Module, ports: Ports) -> tuple[int, int, int]:
    """Operations forward and in training, and bytes kept, of B examples."""
    x = torch.zeros(B, *ports.shape, dtype=torch.int64 if ports.tokens else torch.float32)
    own = {p.untyped_storage().data_ptr() for p in (*network.parameters(), *network.buffers())}
    kept = {x.untyped_storage().data_ptr(): x}

    def pack(tensor):
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with FlopCounterMode(display=False) as counter, saved_tensors_hooks(pack, lambda t: t):
        total = network(x).sum()
        forward = counter.get_total_flops()
        total.backward()
    return forward, counter.get_total_flops(), sum(t.untyped_storage().nbytes() for t in kept.values())


COUNTED_THE_SAME = [
    made(TABLE, residual=True, norm="layer"),
    made(TABLE, norm="batch", taper=0.5),
    made(Ports("table", (6,), 3, codes=((2, 5),)), network="mlp"),
    made(IMAGE, network="cnn", norm="batch", dropout=0.1),
    made(IMAGE, network="cnn", convolution="separable", residual=True, pooling="stride"),
    made(SERIES, network="cnn", norm="group"),
    made(SERIES, network="rnn"),
    made(NEXT, network="rnn", depth=1),
    made(TEXT, network="rnn", bidirectional=True, readout="mean"),
]


@pytest.mark.parametrize("spec", COUNTED_THE_SAME, ids=lambda s: f"{s.family}-{s.ports.form}")
def test_counts_are_those_of_a_real_pass(spec):
    forward, training, kept = measured(spec.build(), spec.ports)
    found = counted(spec)
    assert (B * found.forward, B * found.training) == (forward, training)
    assert 0.9 * kept <= B * found.kept <= 1.25 * kept  # a norm keeps some numbers once for the whole batch


@pytest.mark.parametrize(("cell", "gates"), [("gru", 3), ("lstm", 4)])
@pytest.mark.parametrize("steps", [3, 8, 200])
def test_recurrent_operations_by_hand(cell, gates, steps):
    """Torch's own counter does not see inside the fused LSTM of processors."""
    spec = made(Ports("series", (steps, 5), 2), network="rnn", depth=1, cell=cell)
    assert counted(spec).forward == 2 * (steps * gates * 16 * (5 + 16) + 16 * 2)


def test_attention_by_hand():
    """Products with weights, and two of steps by steps; torch's counter leaves out fused attention."""
    spec, steps, width = made(NEXT, network="transformer", depth=1, norm="layer"), 24, 16
    maps = steps * (3 * width**2 + width**2 + 2 * 4 * width**2 + width * 30)
    assert counted(spec).forward == 2 * (maps + 2 * steps * steps * width)
    _, _, kept = measured(spec.build(), spec.ports)
    assert B * counted(spec).kept == pytest.approx(kept, rel=0.1)


def test_a_dense_network_costs_the_same_by_formula_and_by_counting():
    module = cost(made(TABLE, depth=3, dropout=0.2), 8, 2)
    dense = cost(NetworkSpec("mlp", 20, 3, (16, 16, 16), dropout=0.2), 8, 2)
    for name in ("parameters", "flops_forward", "flops_training", "weight_bytes", "optimizer_bytes"):
        assert getattr(module, name) == getattr(dense, name)
    assert 0.25 * dense.activation_bytes <= module.activation_bytes <= dense.activation_bytes


def test_cost_grows_with_the_batch_in_activations_only():
    spec = made(IMAGE, network="cnn")
    one, many = cost(spec, 1, 1), cost(spec, 10, 1)
    assert many.activation_bytes == 10 * one.activation_bytes
    assert (many.parameters, many.flops_forward) == (one.parameters, one.flops_forward)
    assert one.optimizer_bytes == one.gradient_bytes == FLOAT_BYTES * one.parameters
    with pytest.raises(BadInput, match="batch_size must be at least 1"):
        cost(spec, 0, 0)


def test_rates_change_no_count_and_nothing_is_drawn():
    before = torch.random.get_rng_state()
    a = made(NEXT, network="transformer", norm="layer")
    b = made(NEXT, network="transformer", norm="layer", dropout=0.3, drop_path=0.2)
    assert counted(a) == counted(b)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_users_network_is_counted_even_where_it_needs_numbers():
    class Reads(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.map = nn.Linear(inputs, outputs)

        def forward(self, x):
            return self.map(x) * (1.0 + float(x.abs().max()))

    def make(inputs, outputs):
        return nn.Linear(inputs, outputs)

    for factory in (Reads, make):
        assert counted(own_spec(read_factory(factory), TABLE)).forward == 2 * 20 * 3
