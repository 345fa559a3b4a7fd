"""Weights have the variance their scheme states, and equal seeds give paired draws."""

import math
from typing import get_args

import pytest
import torch

from steepest.base.architecture import Initialisation
from steepest.base.errors import BadRecipe
from steepest.networks.activations import ACTIVATIONS
from steepest.networks.initialisation import SCHEMES, initialise
from steepest.networks.spec import NetworkSpec

FAN_IN, FAN_OUT = 300, 200
WIDE = NetworkSpec("mlp", FAN_IN, 50, (FAN_OUT,), activation="relu")
VARIANCES = {
    "normal": (0.05**2, 0.05**2),
    "small_normal": (1e-4, 1e-4),
    "xavier_uniform": (2 / (FAN_IN + FAN_OUT), 2 / (FAN_OUT + 50)),
    "xavier_normal": (2 / (FAN_IN + FAN_OUT), 2 / (FAN_OUT + 50)),
    "he_uniform": (2 / FAN_IN, 1 / FAN_OUT),
    "he_normal": (2 / FAN_IN, 1 / FAN_OUT),
    "lecun_normal": (1 / FAN_IN, 1 / FAN_OUT),
    "orthogonal": (2 / FAN_IN, 1 / FAN_OUT),  # gain²·min(fans)/(fan_in·fan_out)
}


def test_names_are_exactly_those_of_the_recipe():
    assert set(SCHEMES) | {"own"} == set(get_args(Initialisation)) == set(VARIANCES) | {"own"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_variance_and_mean(scheme):
    params = initialise(WIDE, scheme, seed=3)
    for name, variance in zip(("0.weight", "3.weight"), VARIANCES[scheme], strict=True):
        weight = params[name].double()
        n = weight.numel()
        # the standard error of a variance is at most variance·√(2/n), that of a mean √(variance/n): 5 of each
        assert weight.var().item() == pytest.approx(variance, rel=5 * math.sqrt(2 / n))
        assert abs(weight.mean().item()) < 5 * math.sqrt(variance / n)


@pytest.mark.parametrize("scheme", ["xavier_uniform", "he_uniform"])
def test_uniform_draws_end_at_root_three_standard_deviations(scheme):
    weight = initialise(WIDE, scheme, seed=0)["0.weight"]
    bound = math.sqrt(3 * VARIANCES[scheme][0])
    assert 0.999 * bound < weight.abs().max().item() <= bound * (1 + 1e-6)


@pytest.mark.parametrize(("inputs", "units"), [(7, 5), (5, 7), (6, 6), (1, 4)])
def test_orthogonal_rows_or_columns(inputs, units):
    spec = NetworkSpec("mlp", inputs, 2, (units,), activation="tanh")
    weight = initialise(spec, "orthogonal", seed=1, dtype=torch.float64)["0.weight"] / (5 / 3)
    gram = weight @ weight.T if units <= inputs else weight.T @ weight
    torch.testing.assert_close(gram, torch.eye(min(inputs, units), dtype=torch.float64), atol=1e-12, rtol=0)


def test_orthogonal_signs_are_fair():
    """Without the correction of R's signs, Householder's Q would favour one sign on the diagonal."""
    spec = NetworkSpec("linear", 2, 2, activation="identity")
    corners = torch.tensor(
        [initialise(spec, "orthogonal", seed)["0.weight"][0, 0] > 0 for seed in range(400)]
    )
    assert 150 <= int(corners.sum()) <= 250  # 5 standard deviations of a fair coin


@pytest.mark.parametrize("scheme", SCHEMES)
def test_draws_are_paired_across_activations(scheme):
    """Only the gain differs, so hidden weights are proportional and output weights equal."""
    reference = initialise(WIDE, scheme, seed=7, dtype=torch.float64)
    for name in ACTIVATIONS:
        spec = NetworkSpec("mlp", FAN_IN, 50, (FAN_OUT,), activation=name, dropout=0.3)
        params = initialise(spec, scheme, seed=7, dtype=torch.float64)
        factor = params["0.weight"].norm() / reference["0.weight"].norm()
        torch.testing.assert_close(params["0.weight"], factor * reference["0.weight"], rtol=1e-12, atol=1e-15)
        assert torch.equal(params["3.weight"], reference["3.weight"])


def test_draws_do_not_depend_on_earlier_layers():
    a = initialise(NetworkSpec("mlp", 4, 3, (6, 5)), "he_normal", seed=2)
    b = initialise(NetworkSpec("mlp", 9, 3, (6, 5)), "he_normal", seed=2)
    assert torch.equal(a["3.weight"], b["3.weight"])


def test_seed_fixes_everything_and_layers_and_seeds_differ():
    spec = NetworkSpec("mlp", 5, 5, (5, 5))
    once, twice, other = (initialise(spec, "he_normal", seed) for seed in (1, 1, 2))
    assert all(torch.equal(once[name], twice[name]) for name in once)
    assert not torch.equal(once["0.weight"], other["0.weight"])
    assert not torch.equal(once["0.weight"], once["3.weight"])


def test_global_generator_is_untouched():
    before = torch.random.get_rng_state()
    initialise(WIDE, "orthogonal", seed=0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_float32_is_float64_rounded_and_biases_are_zero():
    spec = NetworkSpec("mlp", 5, 2, (4,))
    single, double = (initialise(spec, "he_uniform", 0, dtype) for dtype in (torch.float32, torch.float64))
    for name, value in single.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, double[name].float())
        assert not name.endswith("bias") or not value.any()


@pytest.mark.parametrize("scheme", ["zeros", "constant"])
def test_weights_that_break_no_symmetry_are_refused_with_the_reason(scheme):
    with pytest.raises(BadRecipe, match="equal gradients and stay equal"):
        initialise(WIDE, scheme, seed=0)


def test_unknown_scheme_gets_the_closest():
    with pytest.raises(BadRecipe, match="Did you mean 'xavier_normal'"):
        initialise(WIDE, "xavier_norml", seed=0)
