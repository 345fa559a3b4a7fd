"""The user's own network answers as the families' records do, and is checked against the data."""

import pickle

import pytest
import torch
from torch import nn

from steepest.base.errors import BadInput, BadRecipe
from steepest.networks.initialisation import initialise_module
from steepest.networks.own import read_factory
from steepest.networks.own_spec import own_spec
from steepest.networks.ports import Ports

IMAGE = Ports("image", (3, 8, 8), 4)


class Net(nn.Module):
    """With everything a record has to tell apart."""

    def __init__(self, shape, classes, width: int = 8):
        super().__init__()
        self.conv = nn.Conv2d(shape[0], width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.SiLU()
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(width, classes)
        self.temperature = nn.Parameter(torch.tensor(2.0))
        self.frozen = nn.Parameter(torch.ones(2, 2), requires_grad=False)
        self.own = nn.Parameter(torch.randn(4, 4))
        self.register_buffer("scale", torch.tensor([3.0]))
        self.register_buffer("kept_out", torch.tensor([3.0]), persistent=False)

    def forward(self, x):
        x = self.act(self.norm(self.conv(x))).mean((2, 3))
        return self.head(self.drop(x)) @ self.own / self.temperature * self.scale


FACTORY = read_factory(Net)


def test_the_record_names_what_the_module_holds():
    spec = own_spec(FACTORY, IMAGE, {"width": 5})
    network = spec.build(torch.float64)
    assert spec.parameter_shapes == {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert next(iter(spec.parameter_shapes)) == "temperature"
    assert spec.buffer_shapes == {"norm.running_mean": (5,), "norm.running_var": (5,), "scale": (1,)}
    assert {n: v.tolist() for n, v in spec.fresh_buffers().items()} == {
        "norm.running_mean": [0.0] * 5,
        "norm.running_var": [1.0] * 5,
        "scale": [3.0],
    }
    assert spec.decayed == ("own", "conv.weight", "head.weight")
    assert {p.dtype for p in network.parameters()} == {torch.float64}
    assert spec.constructor() == "Net(shape=(3, 8, 8), classes=4, width=5)"
    assert spec.activation == "silu"
    assert spec.source() == ()


def test_it_can_be_sent_compared_and_split_into_stacks():
    spec = own_spec(FACTORY, IMAGE)
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert own_spec(FACTORY, IMAGE, {"width": 8}) == spec  # the default, said aloud
    assert own_spec(FACTORY, IMAGE, dropout=0.3, activation="tanh").shape == spec.shape
    for other in (own_spec(FACTORY, IMAGE, {"width": 4}), own_spec(FACTORY, IMAGE, norm="layer")):
        assert other.shape != spec.shape


def test_its_own_start_is_a_function_of_the_seed_and_leaves_torchs_generator_alone():
    spec, before = own_spec(FACTORY, IMAGE), torch.random.get_rng_state()
    a, again, b = (initialise_module(spec, "own", seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a[name], again[name]) for name in a)
    assert not torch.equal(a["conv.weight"], b["conv.weight"])
    assert a["conv.weight"].abs().max() <= 27**-0.5  # torch's default: uniform within 1/√fan_in


def test_schemes_draw_known_layers_and_leave_the_rest_as_the_factory_does():
    spec = own_spec(FACTORY, IMAGE, {"width": 200})
    own, drawn = (initialise_module(spec, scheme, 3) for scheme in ("own", "he_normal"))
    assert torch.equal(own["own"], drawn["own"])
    assert drawn["head.weight"].var().item() == pytest.approx(1 / 200, rel=5 * (2 / 800) ** 0.5)
    assert not drawn["conv.bias"].any()
    with pytest.raises(BadRecipe, match="equal gradients"):
        initialise_module(spec, "zeros", 0)


def test_replaced_layers_are_part_of_the_record():
    spec = own_spec(FACTORY, IMAGE, dropout=0.4, activation="gelu", norm="group")
    network = spec.build()
    assert network.drop.p == 0.4
    assert isinstance(network.act, nn.GELU)
    assert isinstance(network.norm, nn.GroupNorm)
    assert (spec.activation, spec.dropout, spec.norm) == ("gelu", 0.4, "group")
    assert spec.buffer_shapes == {"scale": (1,)}


def test_tied_and_lazy_layers_are_understood():
    class Tied(nn.Module):
        def __init__(self, tokens, outputs):
            super().__init__()
            self.read, self.write = nn.Embedding(tokens, 6), nn.LazyLinear(outputs, bias=False)
            self.write = nn.Linear(6, outputs, bias=False)
            self.write.weight = self.read.weight

        def forward(self, x):
            return self.write(self.read(x))

    text = Ports("text", (7,), 9, tokens=9, each=True)
    assert own_spec(read_factory(Tied), text).parameter_shapes == {"read.weight": (9, 6)}

    def lazy(outputs):
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(outputs))

    assert own_spec(read_factory(lazy), IMAGE).parameter_shapes["1.weight"] == (4, 192)


@pytest.mark.parametrize(
    ("make", "ports", "message"),
    [
        (lambda inputs, outputs: nn.Linear(inputs, outputs + 1), Ports.table(3, 2),
         r"must write shape \[2, 2\] for a batch of 2, but got \[2, 3\].*argument outputs"),
        (lambda inputs: nn.Sequential(nn.Linear(inputs, 1), nn.Flatten(0)), Ports.table(3, 1),
         r"Add .unsqueeze\(1\)"),
        (lambda inputs, outputs: nn.Linear(inputs, outputs), IMAGE,
         r"must read a batch of numbers of shape \[2, 3, 8, 8\], but got 'RuntimeError: mat1"),
        (lambda inputs: nn.GRU(inputs, 4), Ports.table(3, 4), "but got 'tuple'. Return one tensor"),
        (lambda: nn.Flatten(), Ports.table(3, 3), "must have parameters to train"),
        (lambda inputs, outputs: nn.Linear(inputs, outputs), Ports("text", (3,), 2, tokens=5),
         "batch of tokens"),
    ],
)  # fmt: skip
def test_a_network_that_does_not_fit_the_data_is_refused(make, ports, message):
    with pytest.raises(BadInput, match=message):
        own_spec(read_factory(make), ports)
