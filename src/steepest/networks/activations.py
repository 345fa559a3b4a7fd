"""The one table of activations: function, torch module, gain.

The gain of f is the factor by which the weights before it must grow so that a signal keeps its scale
through f. Where `torch.nn.init.calculate_gain` defines one, it is used (its 5/3 for tanh, 1 for sigmoid and
3/4 for SELU are conventions of practice). For the others the gain preserves the second moment of a standard
normal input,

    gain = 1 / √E[f(z)²],  z ~ N(0, 1)

which gives He's √2 for ReLU (He et al. 2015, arXiv 1502.01852, §2.2).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from steepest.base.errors import BadRecipe, closest

LEAKY_SLOPE = 0.01
"""Slope of leaky ReLU below zero: torch's default."""


@dataclass(frozen=True)
class Activation:
    """One non-linearity.

    Args:
        function: elementwise on tensors of any shape.
        module: makes the torch module that computes the same.
        gain: standard deviation of the weights, relative to 1/√fan_in, that keeps a signal's scale.
        sentence: what it is, for docs and reports.
    """

    function: Callable[[Tensor], Tensor]
    module: Callable[[], nn.Module]
    gain: float
    sentence: str


def _identity(x: Tensor) -> Tensor:
    return x


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(_identity, nn.Identity, 1.0, "x: layers without it collapse into one affine map."),
    "sigmoid": Activation(
        torch.sigmoid, nn.Sigmoid, 1.0, "1/(1 + e⁻ˣ): into (0, 1); its slope is at most 1/4."
    ),
    "tanh": Activation(torch.tanh, nn.Tanh, 5 / 3, "tanh x: into (-1, 1), odd, slope 1 at 0."),
    "relu": Activation(torch.relu, nn.ReLU, math.sqrt(2), "max(0, x)."),
    "leaky_relu": Activation(
        partial(functional.leaky_relu, negative_slope=LEAKY_SLOPE),
        partial(nn.LeakyReLU, LEAKY_SLOPE),
        math.sqrt(2 / (1 + LEAKY_SLOPE**2)),
        "max(0, x) + α·min(0, x) with α = 0.01: a unit never stops learning altogether.",
    ),
    "elu": Activation(
        functional.elu, nn.ELU, 1.2451983007007, "x above 0, eˣ - 1 below (Clevert et al. 2016)."
    ),
    "selu": Activation(
        functional.selu, nn.SELU, 0.75, "a scaled ELU that keeps mean 0, variance 1 (Klambauer et al. 2017)."
    ),
    "gelu": Activation(
        functional.gelu,
        nn.GELU,
        1.5335304411955,
        "x·Φ(x), Φ the normal distribution (Hendrycks & Gimpel 2016).",
    ),
    "silu": Activation(
        functional.silu, nn.SiLU, 1.6765324703311, "x·sigmoid(x), also called swish (Elfwing et al. 2018)."
    ),
    "mish": Activation(functional.mish, nn.Mish, 1.4868475812733, "x·tanh(log(1 + eˣ)) (Misra 2019)."),
}
"""Every activation by the name recipes use."""


def activation(name: str) -> Activation:
    """The activation called `name`.

    Raises:
        BadRecipe: for an unknown name, with the closest one.

    Example:
        >>> activation("relu").function(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    if name not in ACTIVATIONS:
        raise BadRecipe("activation", "must be a known name", name, closest(name, ACTIVATIONS))
    return ACTIVATIONS[name]
