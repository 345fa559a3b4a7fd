"""Every rule by name: its pure face for stacks, and the drop-in optimizer of the same algorithm."""

from collections.abc import Mapping

import torch
from torch import Tensor

from steepest.base.errors import BadInput, closest
from steepest.rules import rows, two_moment
from steepest.rules.adam import Adam, AdamW, NAdamW
from steepest.rules.adaptive import AdaGrad, RMSProp
from steepest.rules.ademamix import ADEMAMIX, AdEMAMix
from steepest.rules.descent import GD, SGD, Momentum, Nesterov
from steepest.rules.drop_in import DropIn
from steepest.rules.lion import LION, Lion
from steepest.rules.muon import MUON, Muon
from steepest.rules.prodigy import PRODIGY, Prodigy
from steepest.rules.rule import Rule, State, wide, zeros
from steepest.rules.schedule_free import (
    SCHEDULE_FREE_ADAMW,
    SCHEDULE_FREE_SGD,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)

_PENALTIES = {"weight_decay": 0.0, "l1": 0.0, "l2": 0.0}
_ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
_RMSPROP = {"lr": 1e-2, "rho": 0.99, "eps": 1e-8}


def _classic(name: str, **defaults: float) -> Rule:
    def move(theta: Tensor, grad: Tensor, state: State, hyper: dict[str, Tensor]) -> tuple[Tensor, State]:
        c = two_moment.coefficients(name, hyper, state["step"])
        theta, first, second = two_moment.update(theta, grad, state["first"], state["second"], c)
        return theta, state | {"first": first, "second": second}

    return Rule(name, {**defaults, **_PENALTIES}, zeros("first", "second"), move)


def _full_rmsprop(theta: Tensor, grad: Tensor, state: State, h: dict[str, Tensor]) -> tuple[Tensor, State]:
    """The two-moment rule moves the velocity, b ← βb + g/d, and the velocity moves the weights."""
    row = rows.rmsprop(-torch.ones_like(h["lr"]), h["rho"], h["eps"])
    centre = {"a1": h["rho"], "b1": 1 - h["rho"], "z": h["centred"], "wd": h["momentum"] - 1}
    c = rows.tabulate(row | centre, state["step"])
    grad = grad + wide(h["l2"], theta) * theta + wide(h["l1"], theta) * theta.sign()
    velocity, first, second = two_moment.update(state["velocity"], grad, state["first"], state["second"], c)
    theta = (1 - wide(h["lr"] * h["weight_decay"], theta)) * theta - wide(h["lr"], theta) * velocity
    return theta, state | {"velocity": velocity, "first": first, "second": second}


_ALL = (
    _classic("gd", lr=1e-3),
    _classic("sgd", lr=1e-3),
    _classic("momentum", lr=1e-3, momentum=0.9),
    _classic("nesterov", lr=1e-3, momentum=0.9),
    _classic("adagrad", lr=1e-2, eps=1e-10),
    _classic("rmsprop", **_RMSPROP),
    _classic("adam", **_ADAM),
    _classic("adamw", **_ADAM),
    _classic("nadamw", **_ADAM),
    Rule(
        "rmsprop_momentum",
        {**_RMSPROP, "momentum": 0.9, "centred": 0.0, **_PENALTIES},
        zeros("velocity", "first", "second"),
        _full_rmsprop,
    ),
    LION,
    ADEMAMIX,
    SCHEDULE_FREE_SGD,
    SCHEDULE_FREE_ADAMW,
    MUON,
    PRODIGY,
)

RULES: Mapping[str, Rule] = {rule.name: rule for rule in _ALL}
"""The pure rules. The first nine share one state and may stand side by side in one stack."""

DROP_INS: Mapping[str, type[DropIn]] = {
    "gd": GD,
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
    "nadamw": NAdamW,
    "lion": Lion,
    "ademamix": AdEMAMix,
    "schedule_free_sgd": ScheduleFreeSGD,
    "schedule_free_adamw": ScheduleFreeAdamW,
    "muon": Muon,
    "prodigy": Prodigy,
}
"""The drop-in optimizers."""


def rule(name: str) -> Rule:
    """The pure rule of that name.

    Raises:
        BadInput: for an unknown name, with the closest one.

    Example:
        >>> theta = torch.ones(3, 4)                      # three members, four weights each
        >>> lion = rule("lion")
        >>> state = lion.init(theta)
        >>> theta, state = lion.update(theta, theta, state, {"lr": torch.tensor([0.1, 0.2, 0.3])})
        >>> theta[:, 0]
        tensor([0.9000, 0.8000, 0.7000])
    """
    if name not in RULES:
        raise BadInput("rule", "must be a known rule", name, closest(name, RULES))
    return RULES[name]
