"""A built network is standard torch, computes the stated map and holds a copy of what was loaded."""

import pytest
import torch
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors

from steepest.base.errors import BadInput
from steepest.networks.activations import ACTIVATIONS
from steepest.networks.build import build, load
from steepest.networks.initialisation import initialise
from steepest.networks.spec import NetworkSpec


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_output_is_the_stated_map(name):
    spec = NetworkSpec("mlp", 4, 3, (6, 5), activation=name)
    params = initialise(spec, "he_normal", seed=0, dtype=torch.float64)
    params["3.bias"] += 0.5
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    f = ACTIVATIONS[name].function
    a = f(f(x @ params["0.weight"].T) @ params["3.weight"].T + 0.5)
    torch.testing.assert_close(load(spec, params)(x), a @ params["6.weight"].T, rtol=1e-12, atol=1e-12)


def test_every_module_is_torchs_own_and_dropout_follows_each_activation():
    modules = list(build(NetworkSpec("mlp", 4, 3, (6, 5), activation="mish", dropout=0.2)))
    assert [type(m).__name__ for m in modules] == ["Linear", "Mish", "Dropout"] * 2 + ["Linear"]
    assert all(type(m).__module__.startswith("torch.nn") for m in modules)
    assert [m.p for m in modules if isinstance(m, torch.nn.Dropout)] == [0.2, 0.2]


def test_building_draws_nothing_and_starts_at_zero():
    before = torch.random.get_rng_state()
    network = build(NetworkSpec("mlp", 4, 3, (6,)))
    assert torch.equal(before, torch.random.get_rng_state())
    assert not any(parameter.any() for parameter in network.parameters())
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in network.parameters())


def test_loaded_parameters_are_a_copy_in_their_own_type():
    spec = NetworkSpec("mlp", 4, 3, (6,))
    params = initialise(spec, "he_normal", seed=0, dtype=torch.float64)
    network = load(spec, params)
    params["0.weight"].zero_()
    assert network[0].weight.any()
    assert network[0].weight.dtype == torch.float64


def test_weights_survive_a_safetensors_file():
    spec = NetworkSpec("mlp", 4, 3, (6,), dropout=0.5)
    network = load(spec, initialise(spec, "xavier_uniform", seed=0)).eval()
    again = load(spec, read_tensors(write_tensors(network.state_dict()))).eval()
    x = torch.ones(2, 4)
    assert torch.equal(network(x), again(x))


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_parameters_of_another_network_are_refused(change):
    spec = NetworkSpec("mlp", 4, 3, (6,))
    params = initialise(spec, "he_normal", seed=0)
    if change == "missing":
        del params["3.bias"]
    elif change == "extra":
        params["6.weight"] = torch.zeros(1)
    else:
        params["0.weight"] = params["0.weight"].T
    with pytest.raises(BadInput, match="params must hold"):
        load(spec, params)
