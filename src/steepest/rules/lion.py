"""Lion: the sign of an interpolated momentum. Chen et al. 2023."""

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from steepest.rules.drop_in import DropIn, Group, moving, number
from steepest.rules.rule import Rule, State, wide, zeros

LEAST = 1.2e-38
"""x/max(|x|, LEAST) is the sign of x; torch's own sign turns NaN into 0, and a broken run would go unseen."""


def _move(theta: Tensor, grad: Tensor, state: State, hyper: dict[str, Tensor]) -> tuple[Tensor, State]:
    h = {name: wide(value, theta) for name, value in hyper.items()}
    m = state["exp_avg"]
    direction = h["beta1"] * m + (1 - h["beta1"]) * grad
    direction = direction / direction.abs().clamp_min(LEAST)
    theta = (1 - h["lr"] * h["weight_decay"]) * theta - h["lr"] * direction
    return theta, state | {"exp_avg": h["beta2"] * m + (1 - h["beta2"]) * grad}


LION = Rule("lion", {"lr": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0}, zeros("exp_avg"), _move)


class Lion(DropIn):
    """Lion: every weight moves by exactly lr, along the sign of an interpolated momentum.

    Equation:
        u = sign(β₁·m + (1 − β₁)·∇)
        θ ← (1 − lr·weight_decay)·θ − lr·u
        m ← β₂·m + (1 − β₂)·∇

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step; 3 to 10 times smaller than AdamW's.
        betas: β₁ of the interpolation and β₂ of the momentum m.
        weight_decay: decoupled decay λ, in units of the rate; 3 to 10 times larger than AdamW's.
        maximize: climb instead of descend.

    State: exp_avg (m), the parameter's shape and dtype.
    Source: Chen et al. 2023 (arXiv 2302.06675), Program 1; `optax.lion` computes the same.
    Departures: a NaN stays a NaN, where implementations by `sign` turn it into no step.
        Independent comparisons do not confirm that Lion beats AdamW (arXiv 2509.01440).

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Lion([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.9
    """

    slots = ("exp_avg",)
    bytes_per_parameter = 20

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        )

    def _move(self, group: Group) -> None:
        params, grads = moving(group)
        if not params:
            return
        means = self._kept("exp_avg", [self.state[p] for p in params], params)
        lr, decay = number(group["lr"]), number(group["weight_decay"])
        beta1, beta2 = map(number, group["betas"])
        pulled = torch._foreach_neg(grads) if group["maximize"] else grads
        direction = torch._foreach_lerp(means, pulled, 1 - beta1)
        size = torch._foreach_abs(direction)
        torch._foreach_clamp_min_(size, LEAST)
        torch._foreach_div_(direction, size)
        if decay:
            torch._foreach_mul_(params, 1 - lr * decay)
        torch._foreach_add_(params, direction, alpha=-lr)
        torch._foreach_lerp_(means, pulled, 1 - beta2)
