"""Functions and modules agree; gains are torch's, or keep the second moment of a normal signal."""

import math
from typing import get_args

import pytest
import torch
from scipy.integrate import quad
from torch import nn

from steepest.base.architecture import Activation as ActivationName
from steepest.base.errors import BadRecipe
from steepest.networks.activations import ACTIVATIONS, activation

TORCH_GAINS = {"identity": "linear", **{n: n for n in ("sigmoid", "tanh", "relu", "leaky_relu", "selu")}}
DERIVED = sorted(set(ACTIVATIONS) - set(TORCH_GAINS))


def second_moment(name: str) -> float:
    """E[f(z)²] for z ~ N(0, 1), by quadrature on each side of the kink at zero."""
    function = ACTIVATIONS[name].function

    def integrand(z: float) -> float:
        value = float(function(torch.tensor(z, dtype=torch.float64)))
        return value**2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    return quad(integrand, -12, 0, epsabs=1e-11)[0] + quad(integrand, 0, 12, epsabs=1e-11)[0]


def test_names_are_exactly_those_of_the_recipe():
    assert set(ACTIVATIONS) == set(get_args(ActivationName))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_function_and_module_compute_the_same(name):
    x = torch.linspace(-30, 30, 601, dtype=torch.float64)
    entry = activation(name)
    torch.testing.assert_close(entry.module()(x), entry.function(x), rtol=0, atol=0)
    assert type(entry.module()).__module__.startswith("torch.nn")


@pytest.mark.parametrize("name", sorted(TORCH_GAINS))
def test_gain_is_torchs_where_torch_has_one(name):
    param = 0.01 if name == "leaky_relu" else None
    assert activation(name).gain == pytest.approx(nn.init.calculate_gain(TORCH_GAINS[name], param), rel=1e-12)


@pytest.mark.parametrize("name", [*DERIVED, "identity", "relu", "leaky_relu"])
def test_gain_preserves_the_second_moment(name):
    assert activation(name).gain ** 2 * second_moment(name) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("name", DERIVED)
def test_torch_has_no_gain_for_the_derived_ones(name):
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        nn.init.calculate_gain(name)


def test_unknown_name_gets_the_closest():
    with pytest.raises(BadRecipe, match="Did you mean 'relu'"):
        activation("rellu")
