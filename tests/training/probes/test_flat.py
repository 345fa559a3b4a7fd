"""The limits of flatness are where the slope falls below 1 % of its largest."""

import math

import pytest
import torch
from torch import nn

from steepest.networks.activations import ACTIVATIONS
from steepest.training.probes.flat import _CLASSES, FLAT, flat_limits

Z = torch.linspace(-30, 30, 60001, dtype=torch.float64)


def slopes(module: nn.Module) -> torch.Tensor:
    z = Z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(module.double()(z).sum(), z)
    return slope.abs()


@pytest.mark.parametrize("kind", [*_CLASSES, nn.Hardtanh], ids=lambda kind: kind.__name__)
def test_flat_is_where_the_slope_stays_small(kind: type[nn.Module]) -> None:
    module = kind()
    slope, limits = slopes(module), flat_limits(module)
    assert limits is not None
    steep = Z[slope >= 0.01 * slope.max() - 1e-12]  # in between it may be flat at a turning point
    for limit, outermost, end in ((limits[0], steep[0], Z[0]), (limits[1], steep[-1], Z[-1])):
        wanted = end if math.isinf(limit) else limit
        assert float(outermost) == pytest.approx(float(wanted), abs=0.0021)  # limits have three digits


def test_every_activation_of_a_recipe_has_limits() -> None:
    assert set(FLAT) == set(ACTIVATIONS)
    for name, known in ACTIVATIONS.items():
        if name != "identity":  # nn.Identity may stand for anything
            assert flat_limits(known.module()) == FLAT[name]


def test_what_is_no_activation_has_none() -> None:
    assert flat_limits(nn.Linear(1, 1)) is None
    assert flat_limits(nn.Identity()) is None
