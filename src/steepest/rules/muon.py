"""Muon: momentum whose singular values are all made about equal. Jordan et al. 2024."""

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from steepest.rules import foreach, rows
from steepest.rules.bounds import BadParameters
from steepest.rules.drop_in import DropIn, Group, moving, number
from steepest.rules.rule import Rule, State, wide, zeros

A, B, C = 3.4445, -4.7750, 2.0315  # Jordan's quintic: steepest at zero, so that few iterations suffice
NS_STEPS = 5
LEAST_NORM = 1e-7

Adjust = Literal["original", "match_rms_adamw"]


def orthogonalise(matrices: Tensor, steps: int = NS_STEPS, least: float = LEAST_NORM) -> Tensor:
    """UVᵀ of each matrix G = USVᵀ, roughly, by Newton–Schulz: X ← aX + (bXXᵀ + c(XXᵀ)²)X from X = G/‖G‖.

    The singular values end between about 0.7 and 1.2, not at 1: that is enough, and cheap. Every matrix of
    the batch is its own: no norm is shared. Computed in float32 (float64 for float64 input), never below.

    Args:
        matrices: [..., rows, columns].
        steps: iterations.
        least: smallest norm that is divided by; a zero matrix stays zero.

    Example:
        >>> turned = orthogonalise(torch.diag(torch.tensor([10.0, 0.5])))
        >>> bool((turned.diagonal() > 0.6).all() and (turned.diagonal() < 1.3).all())
        True
    """
    x = matrices if matrices.dtype == torch.float64 else matrices.float()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp_min(least)
    x = x.flatten(0, -3) if x.dim() > 2 else x[None]
    for _ in range(steps):
        gram = x @ x.mT
        inner = torch.baddbmm(gram, gram, gram, beta=B, alpha=C)
        x = torch.baddbmm(x, inner, x, beta=A)
    turned: Tensor = (x.mT if tall else x).reshape(matrices.shape)
    return turned.to(matrices.dtype)


def scale(rows_: int, columns: int, adjust: Adjust) -> float:
    """Factor of the rate: √max(1, rows/columns) (Jordan), or 0.2·√max(rows, columns) (AdamW's size)."""
    if adjust == "match_rms_adamw":
        return float(0.2 * max(rows_, columns) ** 0.5)
    return float(max(1.0, rows_ / max(columns, 1)) ** 0.5)


def _move(theta: Tensor, grad: Tensor, state: State, hyper: dict[str, Tensor]) -> tuple[Tensor, State]:
    h = {name: wide(value, theta) for name, value in hyper.items()}
    m = h["momentum"] * state["momentum_buffer"] + (1 - h["momentum"]) * grad
    ahead = h["momentum"] * m + (1 - h["momentum"]) * grad
    rate = h["lr"] * scale(theta.shape[-2], theta.shape[-1], "original")
    theta = (1 - h["lr"] * h["weight_decay"]) * theta - rate * orthogonalise(ahead)
    return theta, state | {"momentum_buffer": m}


MUON = Rule(
    "muon",
    {"lr": 1e-3, "momentum": 0.95, "weight_decay": 0.1},
    zeros("momentum_buffer"),
    _move,
    matrices=True,
)


class Muon(DropIn):
    """Muon: orthogonalised momentum for matrices, AdamW for every other parameter.

    Equation:
        m ← momentum·m + (1 − momentum)·∇
        u = momentum·m + (1 − momentum)·∇         (nesterov=False: u = m)
        θ ← (1 − lr·weight_decay)·θ − lr·s·NS(u)  (s = √max(1, rows/columns), NS(USVᵀ) ≈ UVᵀ)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups; matrices go through Muon, others through
            AdamW. Jordan advises AdamW for embeddings and the output layer too: a group with `matrix=False`.
        lr: learning rate, per step.
        weight_decay: decoupled decay λ, in units of the rate.
        momentum: decay of the velocity m.
        nesterov: look ahead along the velocity.
        ns_steps: Newton–Schulz iterations.
        adjust_lr_fn: "original" (s above) or "match_rms_adamw": s = 0.2·√max(rows, columns), at which AdamW's
            rates serve.
        betas: decays of AdamW's moments, for what is no matrix.
        eps: AdamW's ε.
        rest_scale: AdamW's rate as a multiple of lr.
        maximize: climb instead of descend.

    State: momentum_buffer (m) for matrices; step, exp_avg, exp_avg_sq for the rest.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers" (blog and reference code); scaling:
        Liu et al. 2025 (arXiv 2502.16982), section 2.2.
    Departures: Newton–Schulz in float32 (float64 for float64), where the reference and torch take bfloat16:
        parity with `torch.optim.Muon` holds to bfloat16's accuracy only.

    Example:
        >>> weight = torch.nn.Parameter(torch.eye(2))
        >>> optimizer = Muon([weight], lr=0.1, weight_decay=0.0)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> bool(weight[0, 0] < 0.95)
        True
    """

    slots = ("momentum_buffer", "step", "exp_avg", "exp_avg_sq")
    bytes_per_parameter = 20
    choices: ClassVar = {"adjust_lr_fn": ("original", "match_rms_adamw", None)}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = NS_STEPS,
        adjust_lr_fn: Adjust = "original",
        *,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        rest_scale: float = 1.0,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        shape = {"ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn, "maximize": maximize, "matrix": True}
        super().__init__(params, defaults | shape | {"betas": betas, "eps": eps, "rest_scale": rest_scale})
        if not any(self._is_matrix(p, group) for group in self.param_groups for p in group["params"]):
            shapes = [list(p.shape) for group in self.param_groups for p in group["params"]]
            raise BadParameters("params", "must hold a matrix", shapes, "Without matrices use AdamW.")

    def _is_matrix(self, param: Tensor, group: Group) -> bool:
        return bool(group["matrix"]) and param.dim() == 2

    def _move(self, group: Group) -> None:
        params, grads = moving(group)
        if group["maximize"] and grads:
            grads = list(torch._foreach_neg(grads))
        rest: tuple[list[Tensor], list[Tensor]] = ([], [])
        for param, grad in zip(params, grads, strict=True):
            if not self._is_matrix(param, group):
                rest[0].append(param)
                rest[1].append(grad)
            elif param.numel():
                self._turn(param, grad, group)
        for step, at in self._counted(rest[0]):
            self._adamw(group, step, [rest[0][i] for i in at], [rest[1][i] for i in at])

    def _turn(self, param: Tensor, grad: Tensor, group: Group) -> None:
        beta, lr = number(group["momentum"]), number(group["lr"])
        (m,) = self._kept("momentum_buffer", [self.state[param]], [param])
        m.lerp_(grad, 1 - beta)
        ahead = grad.lerp(m, beta) if group["nesterov"] else m
        turned = orthogonalise(ahead, int(group["ns_steps"]))
        if group["weight_decay"]:
            param.mul_(1 - lr * number(group["weight_decay"]))
        param.add_(
            turned, alpha=-lr * scale(param.shape[0], param.shape[1], group["adjust_lr_fn"] or "original")
        )

    def _adamw(self, group: Group, step: float, params: list[Tensor], grads: list[Tensor]) -> None:
        states = [self.state[p] for p in params]
        first, second = self._kept("exp_avg", states, params), self._kept("exp_avg_sq", states, params)
        lr = number(group["lr"]) * group["rest_scale"]
        beta1, beta2 = map(number, group["betas"])
        row = rows.adam(step, lr, beta1, beta2, number(group["eps"]))
        foreach.step_(params, grads, first, second, row | {"wd": number(group["weight_decay"])})
