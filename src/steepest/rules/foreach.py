"""The two-moment rule in place over lists of tensors, with plain numbers: the drop-ins' general path.

Terms whose number is zero cost nothing. `steepest.rules.two_moment.update` is the reference.
"""

from typing import TypeAlias

import torch
from torch import Tensor

from steepest.rules.rows import LEAST_EPS, Row

Tensors: TypeAlias = list[Tensor] | tuple[Tensor, ...]

_ABSENT = dict.fromkeys(("a1", "b1", "a2", "b2", "c1", "c2", "k", "z", "inner", "eps", "p", "wd", "l2"), 0.0)


def step_(
    theta: Tensors,
    grad: Tensors,
    first: Tensors,
    second: Tensors,
    row: Row,
    maximize: bool = False,
) -> None:
    """One step of the rule on every tensor; `theta`, `first` and `second` change, `grad` does not.

    Args:
        theta, grad: weights and gradients.
        first, second: moments; an empty list where the row has none.
        row: floats as `steepest.rules.rows` makes them.
        maximize: follow the gradient upwards.
    """
    c = {**_ABSENT, **row}
    if maximize:
        grad = torch._foreach_neg(grad)
    if c["l2"]:
        grad = torch._foreach_add(grad, theta, alpha=c["l2"])
    if first:
        _decayed_sum_(first, c["a1"], grad, c["b1"])
    if c["wd"]:
        torch._foreach_mul_(theta, 1 - c["lr"] * c["wd"])
    direction, rate = _direction(first, grad, c)
    if not c["p"]:
        torch._foreach_add_(theta, direction, alpha=-rate)
        return
    if c["a2"] != 1:
        torch._foreach_mul_(second, c["a2"])
    torch._foreach_addcmul_(second, grad, grad, value=c["b2"])
    root_k = c["k"] ** 0.5  # √(kv + ε_in) + ε = √k·(√(v + ε_in/k) + ε/√k): one pass less
    root = _root(first, second, c)
    torch._foreach_add_(root, max(c["eps"] / root_k, LEAST_EPS))
    torch._foreach_addcdiv_(theta, direction, root, value=-rate / root_k)


def _decayed_sum_(mean: Tensors, decay: float, new: Tensors, gain: float) -> None:
    if decay + gain == 1:
        torch._foreach_lerp_(mean, new, gain)
    else:
        torch._foreach_mul_(mean, decay)
        torch._foreach_add_(mean, new, alpha=gain)


def _direction(first: Tensors, grad: Tensors, c: Row) -> tuple[Tensors, float]:
    """What is subtracted, and the factor to subtract it with."""
    if not c["c2"]:
        return first, c["lr"] * c["c1"]
    if not c["c1"]:
        return grad, c["lr"] * c["c2"]
    mixed = torch._foreach_mul(first, c["c1"])
    torch._foreach_add_(mixed, grad, alpha=c["c2"])
    return mixed, c["lr"]


def _root(first: Tensors, second: Tensors, c: Row) -> Tensors:
    """√(v − (z/k)·m² + ε_in/k), fresh."""
    if not c["z"] and not c["inner"]:
        return torch._foreach_sqrt(second)
    if c["z"]:
        root = torch._foreach_addcmul(second, first, first, value=-c["z"] / c["k"])
        torch._foreach_clamp_min_(root, 0.0)
        torch._foreach_add_(root, c["inner"] / c["k"])
    else:
        root = torch._foreach_add(second, c["inner"] / c["k"])
    torch._foreach_sqrt_(root)
    return root
