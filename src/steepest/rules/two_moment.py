"""The one rule that holds the classics: gradient descent, momentum, AdaGrad, RMSProp, Adam and their kin.

    g ← ∇ + l2·θ + l1·sign θ
    m ← a₁·m + b₁·g
    v ← a₂·v + b₂·g²
    θ ← (1 − lr·wd)·θ − lr·(c₁·m + c₂·g) / (p·(√(k·v − z·m² + ε_in) + ε) + 1 − p)

Each optimizer is a row of numbers (`steepest.rules.rows`), so members of one stack may each follow another.
This is the plain reference; faster versions live in files of their own and must match it.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from steepest.base.errors import BadInput, closest
from steepest.base.recipe import Recipe
from steepest.rules import rows
from steepest.rules.rows import Coefficients, Row, tabulate

__all__ = ["OPTIMIZERS", "Coefficients", "coefficients", "recipe_coefficients", "update"]

_RowOf = Callable[[Mapping[str, Tensor], Tensor], Row]

OPTIMIZERS: Mapping[str, _RowOf] = {
    "gd": lambda h, t: rows.gradient_descent(h["lr"]),  # noqa: ARG005
    "sgd": lambda h, t: rows.gradient_descent(h["lr"]),  # noqa: ARG005
    "momentum": lambda h, t: rows.momentum(t, h["lr"], h["momentum"]),
    "nesterov": lambda h, t: rows.momentum(t, h["lr"], h["momentum"], nesterov=True),
    "adagrad": lambda h, t: rows.adagrad(t, h["lr"], h["eps"]),
    "rmsprop": lambda h, t: rows.rmsprop(h["lr"], h["rho"], h["eps"]),  # noqa: ARG005
    "adam": lambda h, t: rows.adam(t, h["lr"], h["beta1"], h["beta2"], h["eps"]),
    "adamw": lambda h, t: rows.adam(t, h["lr"], h["beta1"], h["beta2"], h["eps"]),
    "nadamw": lambda h, t: rows.nadam(t, h["lr"], h["beta1"], h["beta2"], h["eps"]),
}
"""The optimizers a recipe may name. Adam and AdamW share a row: coupled (`l2`) and decoupled (`weight_decay`)
decay are penalties beside the rule, and a recipe may use either with any optimizer."""

_HYPER = ("momentum", "beta1", "beta2", "rho", "eps", "weight_decay", "l1", "l2")


def coefficients(optimizer: str, hyper: Mapping[str, Tensor], step: Tensor) -> Coefficients:
    """The row of `optimizer` for the given hyperparameters at the given steps.

    Args:
        optimizer: a name in `OPTIMIZERS`.
        hyper: tensors named as in a recipe (lr, momentum, beta1, beta2, rho, eps, weight_decay, l1, l2), each
            broadcastable against `step`; penalties left out are zero. `lr` fixes dtype (float64) and device.
        step: 1-based step numbers, [T, K], [T, 1], [K] or [].

    Returns:
        `Coefficients`, each field of the broadcast shape.

    Raises:
        BadInput: for an unknown optimizer or a missing hyperparameter.

    Example:
        >>> one = torch.ones(2, dtype=torch.float64)
        >>> hyper = {"lr": 0.1 * one, "beta1": 0.9 * one, "beta2": 0.99 * one, "eps": 1e-8 * one}
        >>> steps = torch.arange(1, 4)[:, None]
        >>> c = coefficients("adam", hyper, steps)
        >>> c.k.shape, round(float(c.k[0, 0]))
        (torch.Size([3, 2]), 100)
    """
    if optimizer not in OPTIMIZERS:
        raise BadInput("optimizer", "must be a known rule", optimizer, closest(optimizer, OPTIMIZERS))
    step = step.to(hyper["lr"].dtype) if "lr" in hyper else step
    try:
        row = tabulate(OPTIMIZERS[optimizer](hyper, step), step)
    except KeyError as missing:
        raise BadInput(
            "hyper", f"must hold {missing.args[0]!r} for {optimizer}", sorted(hyper), "Add it as a tensor."
        ) from None
    shape = row.lr.shape
    zero = torch.zeros_like(row.lr)
    penalties = {"wd": "weight_decay", "l1": "l1", "l2": "l2"}
    return row._replace(**{f: hyper[n].expand(shape) if n in hyper else zero for f, n in penalties.items()})


def recipe_coefficients(recipes: Sequence[Recipe], lr: Tensor, steps: Tensor | int) -> Coefficients:
    """The table of a mixed stack: each member follows its own recipe's optimizer.

    Args:
        recipes: one per member.
        lr: absolute rates [T, K] (see `steepest.rules.schedules.recipe_rates`), float64.
        steps: 1-based steps [T, K] or [T, 1], or the first step of the stretch.

    Returns:
        `Coefficients` [T, K] on the device and in the dtype of `lr`.

    Example:
        >>> stack = [Recipe(optimizer="sgd"), Recipe(optimizer="adam")]
        >>> c = recipe_coefficients(stack, torch.full((5, 2), 0.1, dtype=torch.float64), 1)
        >>> c.p[0].tolist()
        [0.0, 1.0]
    """
    n_steps, n_members = lr.shape
    if isinstance(steps, int):
        steps = torch.arange(steps, steps + n_steps, device=lr.device)[:, None]
    steps = steps.to(lr.device, lr.dtype).expand(n_steps, n_members)
    table = torch.empty(len(Coefficients._fields), n_steps, n_members, dtype=lr.dtype, device=lr.device)
    members: dict[str, list[int]] = {}
    for index, recipe in enumerate(recipes):
        members.setdefault(recipe.optimizer, []).append(index)
    for optimizer, slots in members.items():
        hyper = {
            name: torch.tensor([getattr(recipes[i], name) for i in slots], dtype=lr.dtype, device=lr.device)
            for name in _HYPER
        }
        part = coefficients(optimizer, {"lr": lr[:, slots], **hyper}, steps[:, slots])
        table[:, :, slots] = torch.stack(list(part))
    return Coefficients(*table.unbind())


def update(
    theta: Tensor, grad: Tensor, first: Tensor, second: Tensor, c: Coefficients
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of the rule: pure, per member, nothing is written in place.

    Args:
        theta, grad, first, second: weights, gradient ∇, moments m and v, all [K, ...]; moments start at zero.
        c: coefficients [K] (or broadcastable to it), cast to the weights' dtype here.

    Returns:
        New (theta, first, second).

    Departure: the centred second moment v − m² is kept from falling below zero by rounding.

    Example:
        >>> theta, zero = torch.ones(1, 3), torch.zeros(1, 3)
        >>> hyper = {"lr": torch.tensor([0.5])}
        >>> c = coefficients("sgd", hyper, torch.tensor(1))
        >>> update(theta, theta, zero, zero, c)[0]
        tensor([[0.5000, 0.5000, 0.5000]])
    """
    shape = (-1,) + (1,) * (theta.dim() - 1)
    c = Coefficients(*(field.to(theta.dtype).reshape(shape) for field in c))
    grad = grad + c.l2 * theta + c.l1 * theta.sign()
    first = c.a1 * first + c.b1 * grad
    second = c.a2 * second + c.b2 * grad * grad  # (b₂·g)·g: b₂ = 0 keeps a huge g from making 0·∞
    root = ((c.k * second - c.z * first * first).clamp_min(0) + c.inner).sqrt()
    scale = c.p * (root + c.eps) + (1 - c.p)
    theta = (1 - c.lr * c.wd) * theta - c.lr * (c.c1 * first + c.c2 * grad) / scale
    return theta, first, second
