"""Where activations are flat: |φ′(z)| stays below 1 % of its largest value.

Below `low`, and above `high`, nearly nothing of a gradient comes through. A ReLU is flat at z ≤ 0 and a
saturated sigmoid beyond ±5.99; a leaky ReLU nowhere, as its slope is 1 % there.
"""

import math

from torch import nn

Limits = tuple[float, float]

NOWHERE: Limits = (-math.inf, math.inf)

FLAT: dict[str, Limits] = {
    "identity": NOWHERE,
    "sigmoid": (-5.987, 5.987),
    "tanh": (-2.994, 2.994),
    "relu": (0.0, math.inf),
    "leaky_relu": NOWHERE,
    "elu": (-4.606, math.inf),
    "selu": (-4.606, math.inf),
    "gelu": (-3.022, math.inf),
    "silu": (-6.143, math.inf),
    "mish": (-6.159, math.inf),
}
"""(low, high) of every activation that recipes name: flat is z ≤ low and z ≥ high."""

_CLASSES: dict[type[nn.Module], Limits] = {
    nn.Sigmoid: FLAT["sigmoid"],
    nn.Tanh: FLAT["tanh"],
    nn.ReLU: FLAT["relu"],
    nn.ReLU6: (0.0, 6.0),
    nn.LeakyReLU: NOWHERE,
    nn.PReLU: NOWHERE,
    nn.ELU: FLAT["elu"],
    nn.CELU: FLAT["elu"],
    nn.SELU: FLAT["selu"],
    nn.GELU: FLAT["gelu"],
    nn.SiLU: FLAT["silu"],
    nn.Mish: FLAT["mish"],
    nn.Hardsigmoid: (-3.0, 3.0),
    nn.Hardswish: (-3.0, math.inf),
    nn.Softplus: (-4.596, math.inf),
    nn.LogSigmoid: (-math.inf, 4.596),
}


def flat_limits(module: nn.Module) -> Limits | None:
    """(low, high) of an activation module; None for a module that is none, or whose φ is not known.

    Example:
        >>> flat_limits(nn.ReLU6()), flat_limits(nn.Linear(1, 1))
        ((0.0, 6.0), None)
    """
    if isinstance(module, nn.Hardtanh) and not isinstance(module, nn.ReLU6):
        return float(module.min_val), float(module.max_val)
    return _CLASSES.get(type(module))
