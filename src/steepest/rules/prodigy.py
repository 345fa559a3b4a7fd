"""Prodigy: Adam that estimates its own learning rate. Mishchenko & Defazio 2023."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from steepest.rules.drop_in import DropIn, Group, moving, number
from steepest.rules.rows import LEAST_EPS
from steepest.rules.rule import Rule, State, member_sum, wide

_DEFAULTS = {
    "lr": 1.0,
    "beta1": 0.9,
    "beta2": 0.999,
    "eps": 1e-8,
    "weight_decay": 0.0,
    "d0": 1e-6,
    "d_coef": 1.0,
}


def _start(theta: Tensor) -> State:
    none = torch.zeros(len(theta), dtype=torch.float64, device=theta.device)
    zero = torch.zeros_like(theta)
    moments = {"exp_avg": zero, "exp_avg_sq": zero.clone(), "s": zero.clone()}
    return moments | {"theta0": theta.clone(), "d": none, "d_numerator": none.clone()}


def _move(theta: Tensor, grad: Tensor, state: State, hyper: dict[str, Tensor]) -> tuple[Tensor, State]:
    h = {name: wide(value, theta) for name, value in hyper.items()}
    d = torch.where(state["step"] == 1, hyper["d0"], state["d"])  # [K]
    rate, beta3 = d * hyper["lr"], hyper["beta2"].sqrt()
    wide_d = wide(d, theta)
    m = h["beta1"] * state["exp_avg"] + (1 - h["beta1"]) * wide_d * grad
    v = h["beta2"] * state["exp_avg_sq"] + (1 - h["beta2"]) * (wide_d * grad) ** 2
    gain = (d / hyper["d0"]) * rate
    moved = member_sum(grad * (state["theta0"] - theta))
    numerator = beta3 * state["d_numerator"] + gain * moved
    s = wide(beta3, theta) * state["s"] + wide(gain, theta) * grad
    total = member_sum(s.abs())
    guess = torch.where(total > 0, hyper["d_coef"] * numerator / total, torch.zeros_like(total))
    theta = (1 - wide(rate, theta) * h["weight_decay"]) * theta
    theta = theta - wide(rate, theta) * m / (v.sqrt() + wide_d * h["eps"]).clamp_min(LEAST_EPS)
    kept = {"exp_avg": m, "exp_avg_sq": v, "s": s, "d": torch.maximum(d, guess), "d_numerator": numerator}
    return theta, state | kept


PRODIGY = Rule("prodigy", _DEFAULTS, _start, _move)


class Prodigy(DropIn):
    """Prodigy: Adam times an estimate d of the distance to a solution, so that lr = 1 needs no tuning.

    Equation:
        m ← β₁·m + (1 − β₁)·d·∇
        v ← β₂·v + (1 − β₂)·d²·∇²
        r ← √β₂·r + lr·d²/d0·⟨∇, θ₀ − θ⟩,  s ← √β₂·s + lr·d²/d0·∇
        θ ← (1 − lr·d·weight_decay)·θ − lr·d·m/(√v + d·eps)
        d ← max(d, d_coef·r/‖s‖₁)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups; d is shared by all of them.
        lr: multiplier of the estimated rate: leave at 1, and let a schedule move it.
        betas: decays (β₁, β₂) of the moments m and v.
        eps: ε.
        weight_decay: decoupled decay λ, in units of the rate.
        d0: first guess of the distance; too small costs steps, too large cannot be undone.
        d_coef: factor on the estimate.
        maximize: climb instead of descend.

    State: exp_avg (m), exp_avg_sq (v), s and theta0, the parameter's shape and dtype; d and d_numerator (r)
        in the first param group.
    Source: Mishchenko & Defazio 2023 (arXiv 2306.06101), Algorithm 4 (r and s divided by (1 − √β₂)·d0).
    Departures: no bias correction, as in the algorithm; the authors' package offers it by switch and optax
        always applies it.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Prodigy([weight])
        >>> for _ in range(200):
        ...     optimizer.zero_grad()
        ...     (weight**2).sum().backward()
        ...     optimizer.step()
        >>> abs(weight.item()) < 0.1
        True
    """

    slots = ("exp_avg", "exp_avg_sq", "s", "theta0")
    bytes_per_parameter = 40
    shared: ClassVar[tuple[str, ...]] = ("d", "d_numerator")

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        d0: float = 1e-6,
        d_coef: float = 1.0,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults | {"d0": d0, "d_coef": d_coef, "d": d0, "d_numerator": 0.0})

    def _move(self, group: Group) -> None:
        if group is not self.param_groups[0]:
            return  # the first group's turn moves all: d is one number over every parameter
        lead, d = group, group["d"]
        parts = [(g, *moving(g)) for g in self.param_groups]
        beta3 = number(lead["betas"][1]) ** 0.5
        numerator, total = beta3 * lead["d_numerator"], 0.0
        for each, params, grads in parts:
            pulled = list(torch._foreach_neg(grads)) if each["maximize"] and grads else grads
            gained, length = self._measure(each, d, beta3, params, pulled)
            numerator, total = numerator + gained, total + length
            self._advance(each, d, params, pulled)
        lead["d_numerator"] = numerator
        if total > 0:
            lead["d"] = max(d, lead["d_coef"] * numerator / total)

    def _measure(
        self, group: Group, d: float, beta3: float, params: list[Tensor], grads: list[Tensor]
    ) -> tuple[float, float]:
        """(weighted ⟨∇, θ₀ − θ⟩, ‖s‖₁) over a group, moving s."""
        gained = length = 0.0
        gain = d / group["d0"] * d * number(group["lr"])
        for param, grad in zip(params, grads, strict=True):
            state = self.state[param]
            if "theta0" not in state:
                state["theta0"], state["s"] = param.clone(), torch.zeros_like(param)
            gained += gain * float((grad * (state["theta0"] - param)).sum())
            length += float(state["s"].mul_(beta3).add_(grad, alpha=gain).abs().sum())
        return gained, length

    def _advance(self, group: Group, d: float, params: list[Tensor], grads: list[Tensor]) -> None:
        if not params:
            return
        states, rate = [self.state[p] for p in params], d * number(group["lr"])
        first, second = self._kept("exp_avg", states, params), self._kept("exp_avg_sq", states, params)
        beta1, beta2 = map(number, group["betas"])
        torch._foreach_mul_(first, beta1)
        torch._foreach_add_(first, grads, alpha=d * (1 - beta1))
        torch._foreach_mul_(second, beta2)
        torch._foreach_addcmul_(second, grads, grads, value=d * d * (1 - beta2))
        root = torch._foreach_sqrt(second)
        torch._foreach_add_(root, max(d * number(group["eps"]), LEAST_EPS))
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1 - rate * number(group["weight_decay"]))
        torch._foreach_addcdiv_(params, first, root, value=-rate)
