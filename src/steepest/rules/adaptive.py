"""AdaGrad and RMSProp as drop-in optimizers: rates scaled by past gradients."""

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from steepest.rules import rows
from steepest.rules.classic import Classic, Lists
from steepest.rules.drop_in import Group, number
from steepest.rules.rows import LEAST_EPS, Row

Place = Literal["outside", "inside"]


class AdaGrad(Classic):
    """AdaGrad: the rate of each weight falls with the sum of its squared gradients.

    Equation:
        g ← ∇ + weight_decay·θ
        v ← v + g²                                (a sum, not an average)
        θ ← θ − lr/(1 + (t − 1)·lr_decay)·g/(√v + eps)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        lr_decay: extra decay of the rate with the step t.
        weight_decay: coupled L2 penalty λ.
        initial_accumulator_value: where the sum v starts; optax starts at 0.1.
        eps: ε.
        eps_place: "outside" √v + ε (torch); "inside" √(v + ε) (optax, many articles).
        maximize: climb instead of descend.

    State: step; sum (v), the parameter's shape and dtype.
    Source: Duchi, Hazan & Singer 2011, Figure 1 (diagonal matrices, no projection).
    Departures: ε outside the root and v₀ = 0, as in torch; the paper adds δ to the root likewise.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = AdaGrad([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.9
    """

    slots = ("step", "sum")
    second = "sum"
    bytes_per_parameter = 20
    choices: ClassVar = {"eps_place": ("outside", "inside")}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        eps_place: Place = "outside",
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        start = {"initial_accumulator_value": initial_accumulator_value}
        super().__init__(params, defaults | start | {"eps_place": eps_place, "maximize": maximize})

    def _begin(self, state: dict[str, Tensor], param: Tensor, group: Group) -> None:
        super()._begin(state, param, group)
        state["sum"].fill_(group["initial_accumulator_value"])

    def _row(self, group: Group, step: Any) -> Row:
        lr, eps, decay = number(group["lr"]), number(group["eps"]), number(group["lr_decay"])
        l2 = number(group["weight_decay"])
        return rows.adagrad(step, lr, eps, decay, group["eps_place"]) | {"l2": l2}

    def _fused(self, group: Group, lists: Lists) -> bool:
        params, grads, _, second, steps = lists
        if group["eps_place"] != "outside" or params[0].device.type != "cpu":
            return False
        torch._fused_adagrad_(
            params,
            grads,
            second,
            steps,
            lr=number(group["lr"]),
            lr_decay=number(group["lr_decay"]),
            weight_decay=number(group["weight_decay"]),
            eps=max(number(group["eps"]), LEAST_EPS),
            maximize=group["maximize"],
        )
        return True


class RMSProp(Classic):
    """RMSProp: gradients divided by the root of their running mean square.

    Equation:
        g ← ∇ + weight_decay·θ
        v ← alpha·v + (1 − alpha)·g²
        m ← alpha·m + (1 − alpha)·g               (centered only)
        d = √v + eps                              (centered: √(v − m²) + eps)
        θ ← θ − lr·g/d                            (with momentum: b ← momentum·b + g/d, θ ← θ − lr·b)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        alpha: decay ρ of the mean square; Hinton's lecture has 0.9.
        eps: ε.
        weight_decay: coupled L2 penalty λ.
        momentum: decay of the velocity b, which collects steps that are already divided.
        centered: divide by the standard deviation instead of the root mean square.
        eps_place: "outside" √v + ε (torch); "inside" √(v + ε) (TensorFlow, optax, many articles).
        maximize: climb instead of descend.

    State: step; square_avg (v), grad_avg (m) and momentum_buffer (b), the parameter's shape and dtype.
    Source: Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013 (arXiv 1308.0850), equations 38–41.
    Departures: v − m² is kept from falling below zero by rounding, where torch takes the root of a negative
        number. v starts at 0; TensorFlow 1 started at 1.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = RMSProp([weight], lr=0.01)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.9
    """

    slots = ("step", "square_avg", "grad_avg", "momentum_buffer")
    second = "square_avg"
    bytes_per_parameter = 20
    choices: ClassVar = {"eps_place": ("outside", "inside")}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        eps_place: Place = "outside",
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        forms = {"momentum": momentum, "centered": centered, "eps_place": eps_place, "maximize": maximize}
        super().__init__(params, defaults | forms)

    def _moments(self, group: Group) -> tuple[str, str]:
        return ("grad_avg" if group["centered"] else ""), self.second

    def _begin(self, state: dict[str, Tensor], param: Tensor, group: Group) -> None:
        super()._begin(state, param, group)
        if group["momentum"]:
            state["momentum_buffer"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _row(self, group: Group, step: Any) -> Row:  # noqa: ARG002
        lr, eps, rho = number(group["lr"]), number(group["eps"]), number(group["alpha"])
        row = rows.rmsprop(lr, rho, eps, group["eps_place"], group["centered"])
        if group["momentum"]:  # the rule moves the velocity: b ← (1 + wd)·b + g/d
            return row | {"lr": -1.0, "wd": number(group["momentum"]) - 1}
        return row | {"l2": number(group["weight_decay"])}

    def _general(self, group: Group, lists: Lists) -> None:
        if not group["momentum"]:
            super()._general(group, lists)
            return
        params, grads, first, second, steps = lists
        velocity = self._kept("momentum_buffer", [self.state[p] for p in params], params)
        pulled = torch._foreach_neg(grads) if group["maximize"] else grads
        if group["weight_decay"]:
            pulled = torch._foreach_add(pulled, params, alpha=number(group["weight_decay"]))
        super()._general(group | {"maximize": False}, (velocity, list(pulled), first, second, steps))
        torch._foreach_add_(params, velocity, alpha=-number(group["lr"]))
