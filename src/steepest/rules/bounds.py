"""Limits of hyperparameters, declared once: validation, the command line's listing and the docs read them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from steepest.base.errors import BadInput


class BadHyper(BadInput, ValueError):
    """A hyperparameter out of range; a `ValueError` too, as `torch.optim` raises."""


class BadParameters(BadInput, TypeError):
    """Parameters or gradients that a rule cannot move; a `TypeError` too, as `torch.optim` raises."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One hyperparameter: its meaning and the interval it must lie in.

    Args:
        meaning: what it does, in one line.
        low, high: ends of the interval; infinite ends are open.
        open_low, open_high: whether a finite end is excluded.

    Example:
        >>> str(Bound("decay of the first moment", 0, 1, open_high=True))
        '[0, 1)'
    """

    meaning: str
    low: float = 0.0
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def __str__(self) -> str:
        left = "(" if self.open_low or math.isinf(self.low) else "["
        right = ")" if self.open_high or math.isinf(self.high) else "]"
        return f"{left}{self.low:g}, {'∞' if math.isinf(self.high) else format(self.high, 'g')}{right}"

    def holds(self, value: float) -> bool:
        """Whether a finite number lies inside."""
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below and math.isfinite(value)


LR = Bound("learning rate")
DECAY = Bound("weight decay")
EPS = Bound("added to the root of the second moment")
BETA = Bound("decay of a running mean", 0, 1, open_high=True)

BOUNDS: Mapping[str, Bound] = {
    "lr": LR,
    "weight_decay": DECAY,
    "eps": EPS,
    "momentum": Bound("decay β of the velocity", 0, 1, open_high=True),
    "dampening": Bound("share of a new gradient kept out of the velocity", 0, 1),
    "alpha": Bound("decay ρ of the mean square", 0, 1, open_high=True),
    "lr_decay": Bound("the rate is divided by 1 + (t − 1)·lr_decay"),
    "initial_accumulator_value": Bound("where the sum of squares starts"),
    "betas": BETA,
    "beta1": BETA,
    "beta2": BETA,
    "beta3": BETA,
    "rho": Bound("decay of the mean square", 0, 1, open_high=True),
    "mix": Bound("weight α of the slow moment"),
    "mix_warmup": Bound("steps over which the mix and β₃ rise; 0: at once"),
    "r": Bound("power of the step number in the average's weights"),
    "weight_lr_power": Bound("power of the largest rate so far in the average's weights"),
    "warmup_steps": Bound("steps over which the rate rises from zero"),
    "d0": Bound("first guess of the distance to a solution", open_low=True),
    "d_coef": Bound("factor on the estimated distance", open_low=True),
    "growth_rate": Bound("largest growth of the distance in one step", 1.0, math.inf),
    "ns_steps": Bound("Newton–Schulz iterations", 1, 99),
    "centred": Bound("1 divides by the standard deviation, 0 by the root mean square", 0, 1),
    "rest_scale": Bound("AdamW's rate as a multiple of lr"),
    "l1": Bound("L1 penalty λ·Σ|w|"),
    "l2": Bound("L2 penalty λ/2·Σw²"),
}
"""Limits by argument name; an argument means the same in every rule that has it."""


def check_number(name: str, value: Any, bound: Bound | None = None) -> None:
    """Refuse a hyperparameter that is no finite number inside its bound; a one-element tensor counts as one.

    Raises:
        BadHyper: naming the argument, its interval, the value and the remedy.

    Example:
        >>> check_number("lr", -1.0)
        Traceback (most recent call last):
        steepest.rules.bounds.BadHyper: lr must lie in [0, ∞), but got -1.0. It is the learning rate.
    """
    bound = bound or BOUNDS[name]
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise BadHyper(
                name,
                "must be one number",
                f"a tensor of shape {list(value.shape)}",
                "One rate per member needs a stack: see `steepest.rules.catalogue`.",
            )
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadHyper(name, "must be a number", value, f"It is the {bound.meaning}.")
    if not bound.holds(value):
        raise BadHyper(name, f"must lie in {bound}", value, f"It is the {bound.meaning}.")


def check_members(name: str, value: Any, members: int) -> None:
    """Refuse per-member values that are not shaped [K] (or []) or that leave their bound.

    Raises:
        BadHyper: naming the argument and the first member that is out of range.

    Example:
        >>> check_members("eps", torch.tensor([0.1, -1.0]), 2)
        Traceback (most recent call last):
        steepest.rules.bounds.BadHyper: eps must lie in [0, ∞), but got -1 (member 1). It is ...
    """
    bound = BOUNDS[name]
    if not isinstance(value, Tensor):
        return check_number(name, value)
    if value.shape not in ((), (members,)):
        want = f"must be shaped [{members}], one per member"
        raise BadHyper(
            name, want, f"shape {list(value.shape)}", "Give one number per member, or one for all."
        )
    for member, number in enumerate(value.detach().reshape(-1).tolist()):
        if not bound.holds(number):
            text = _Shown(f"{number:g} (member {member})")
            raise BadHyper(name, f"must lie in {bound}", text, f"It is the {bound.meaning}.")
    return None


class _Shown(str):
    """Text that an error shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def check_parameter(param: Any, name: str = "params") -> None:
    """Refuse what a rule cannot move: no tensor, complex, sparse, or integer.

    Raises:
        BadParameters: naming what was given and what to do.
    """
    if not isinstance(param, Tensor):
        what = _Shown(type(param).__name__)
        raise BadParameters(name, "must hold tensors", what, "Pass `network.parameters()`.")
    if param.is_complex():
        remedy = "Optimize `torch.view_as_real(p)` instead."
        raise BadParameters(name, "must be real", _Shown(str(param.dtype)), remedy)
    if not param.is_floating_point():
        remedy = "Leave it out, or convert it to a floating-point type."
        raise BadParameters(name, "must be floating-point", _Shown(str(param.dtype)), remedy)
    if param.layout != torch.strided:
        raise BadParameters(name, "must be dense", _Shown(str(param.layout)), "Call `.to_dense()`.")
