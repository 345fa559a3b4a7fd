"""Adam, AdamW and NAdamW as drop-in optimizers."""

from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from steepest.rules import rows
from steepest.rules.classic import Classic, Lists
from steepest.rules.drop_in import Group, number
from steepest.rules.rows import LEAST_EPS, Correction, EpsPlace, Row


class TwoMoments(Classic):
    """What Adam and its kin share: both moments, their steps, and torch's fused kernel where it fits."""

    slots = ("step", "exp_avg", "exp_avg_sq")
    first, second = "exp_avg", "exp_avg_sq"
    bytes_per_parameter = 28
    steps_beside_weights = True
    decay_field: ClassVar[str] = "wd"
    choices: ClassVar = {
        "correction": ("both", "off", "rate"),
        "eps_place": ("outside", "inside", "folded"),
    }

    def _row(self, group: Group, step: Any) -> Row:
        beta1, beta2 = map(number, group["betas"])
        lr, eps = number(group["lr"]), number(group["eps"])
        row = rows.adam(step, lr, beta1, beta2, eps, group["correction"], group["eps_place"])
        return row | {self.decay_field: number(group["weight_decay"])}

    def _fused(self, group: Group, lists: Lists) -> bool:
        if group["correction"] != "both" or group["eps_place"] != "outside":
            return False
        params, grads, first, second, steps = lists
        beta1, beta2 = group["betas"]
        kernel = torch._fused_adamw_ if self.decay_field == "wd" else torch._fused_adam_
        kernel(
            params,
            grads,
            first,
            second,
            [],
            steps,
            lr=number(group["lr"]),
            beta1=number(beta1),
            beta2=number(beta2),
            weight_decay=number(group["weight_decay"]),
            eps=max(number(group["eps"]), LEAST_EPS),
            amsgrad=False,
            maximize=group["maximize"],
        )
        return True


class Adam(TwoMoments):
    """Adam: a step of about lr along the mean gradient, whatever the gradient's scale.

    Equation:
        g ← ∇ + weight_decay·θ
        m ← β₁·m + (1 − β₁)·g
        v ← β₂·v + (1 − β₂)·g²
        m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
        θ ← θ − lr·m̂/(√v̂ + eps)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate α, per step.
        betas: decays (β₁, β₂) of the moments m and v; some articles give β₂ = 0.99.
        eps: ε.
        weight_decay: coupled L2 penalty λ; it is divided by √v̂ with the gradient, so it is no weight decay:
            see `AdamW`.
        correction: "both" as published; "off" keeps m and v biased towards zero, which makes the first steps
            about (1 − β₁)/√(1 − β₂) ≈ 3.2 times too long; "rate" is the textbook slip lr/√(1 − β₂ᵗ) without
            other correction, 100 times too long at the first step.
        eps_place: "outside" √v̂ + ε; "inside" √(v̂ + ε), which with ε = 1e-8 acts like 1e-4 outside where
            gradients vanish; "folded" is the published shortcut √v + ε before correction.
        maximize: climb instead of descend.

    State: step; exp_avg (m) and exp_avg_sq (v), the parameter's shape and dtype.
    Source: Kingma & Ba 2015 (arXiv 1412.6980), Algorithm 1; "folded": the note at the end of its section 2.
    Departures: none by default. AMSGrad is not offered.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Adam([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.9
    """

    decay_field = "l2"
    variants: ClassVar = {"decoupled_weight_decay": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        correction: Correction = "both",
        eps_place: EpsPlace = "outside",
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults | {"correction": correction, "eps_place": eps_place})


class AdamW(TwoMoments):
    """Adam with decoupled weight decay: the weights shrink on their own, not through the moments.

    Equation:
        m ← β₁·m + (1 − β₁)·∇
        v ← β₂·v + (1 − β₂)·∇²
        m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
        θ ← (1 − lr·weight_decay)·θ − lr·m̂/(√v̂ + eps)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate α, per step.
        betas: decays (β₁, β₂) of the moments m and v.
        eps: ε.
        weight_decay: decay λ, in units of the rate.
        correction: as in `Adam`.
        eps_place: as in `Adam`.
        maximize: climb instead of descend.

    State: step; exp_avg (m) and exp_avg_sq (v), the parameter's shape and dtype.
    Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), Algorithm 2.
    Departures: the decay is multiplied by the rate, as in torch and optax; the paper multiplies it by the
        schedule's multiplier only, so that its λ is ours times lr.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = AdamW([weight], lr=0.1, weight_decay=1.0)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.8
    """

    variants: ClassVar = {"decoupled_weight_decay": True}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        correction: Correction = "both",
        eps_place: EpsPlace = "outside",
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults | {"correction": correction, "eps_place": eps_place})


class NAdamW(TwoMoments):
    """AdamW with Nesterov's look-ahead in the first moment.

    Equation:
        m ← β₁·m + (1 − β₁)·∇
        v ← β₂·v + (1 − β₂)·∇²
        m̂ = β₁·m/(1 − β₁ᵗ⁺¹) + (1 − β₁)·∇/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
        θ ← (1 − lr·weight_decay)·θ − lr·m̂/(√v̂ + eps)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate α, per step.
        betas: decays (β₁, β₂) of the moments m and v.
        eps: ε.
        weight_decay: decoupled decay λ, in units of the rate.
        maximize: climb instead of descend.

    State: step; exp_avg (m) and exp_avg_sq (v), the parameter's shape and dtype.
    Source: Dozat 2016, Algorithm 2, with the decay of arXiv 1711.05101; `optax.nadamw` computes the same.
    Departures: β₁ is constant. `torch.optim.NAdam` lets it rise (momentum_decay=4e-3) and keeps the running
        product in its state, so that its checkpoints do not fit; at momentum_decay=1e6 the two agree.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = NAdamW([weight], lr=0.1, weight_decay=0.0)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 4)
        0.8526
    """

    steps_beside_weights = False

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def _row(self, group: Group, step: Any) -> Row:
        beta1, beta2 = map(number, group["betas"])
        row = rows.nadam(step, number(group["lr"]), beta1, beta2, number(group["eps"]))
        return row | {"wd": number(group["weight_decay"])}

    def _fused(self, group: Group, lists: Lists) -> bool:  # noqa: ARG002
        return False
