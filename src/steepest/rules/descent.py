"""Gradient descent, SGD, momentum and Nesterov's momentum, as drop-in optimizers."""

from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from steepest.rules import rows
from steepest.rules.bounds import BadHyper
from steepest.rules.classic import Classic, Lists
from steepest.rules.drop_in import Group, number
from steepest.rules.rows import Form, Row


def _settings(
    lr: float,
    weight_decay: float,
    maximize: bool,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
    form: Form = "heavy_ball",
) -> dict[str, Any]:
    """The settings of a param group, under torch's names."""
    return {
        "lr": lr,
        "momentum": momentum,
        "dampening": dampening,
        "weight_decay": weight_decay,
        "nesterov": nesterov,
        "maximize": maximize,
        "form": form,
    }


class Descent(Classic):
    """What the four share: one velocity at most, and torch's fused SGD wherever it computes the same."""

    slots = ("momentum_buffer",)
    first = "momentum_buffer"
    counted = False
    choices: ClassVar = {"form": ("heavy_ball", "average")}

    def _check_settings(self, group: Any) -> None:
        super()._check_settings(group)
        if group.get("nesterov") and (not group.get("momentum") or group.get("dampening")):
            given = f"momentum={group.get('momentum')}, dampening={group.get('dampening')}"
            remedy = "Try momentum=0.9, dampening=0."
            raise BadHyper("nesterov", "needs momentum above 0 and no dampening", given, remedy)

    def _moments(self, group: Group) -> tuple[str, str]:
        return (self.first if group["momentum"] else ""), ""

    def _row(self, group: Group, step: Any) -> Row:
        lr, l2 = number(group["lr"]), number(group["weight_decay"])
        if not group["momentum"]:
            return rows.gradient_descent(lr) | {"l2": l2}
        beta, dampening = number(group["momentum"]), group["dampening"]
        form: Form = group.get("form", "heavy_ball")
        return rows.momentum(step, lr, beta, dampening, form, group["nesterov"]) | {"l2": l2}

    def _begin(self, state: dict[str, torch.Tensor], param: torch.Tensor, group: Group) -> None:
        """Velocity before the first step; with dampening its first gradient counts in full."""
        super()._begin(state, param, group)
        if group["dampening"] and group["momentum"] and param.grad is not None:
            grad = -param.grad if group["maximize"] else param.grad
            whole = grad.add(param, alpha=number(group["weight_decay"]))
            state[self.first] = whole.mul_(number(group["dampening"]) / number(group["momentum"]))

    def _fused(self, group: Group, lists: Lists) -> bool:
        if group.get("form", "heavy_ball") != "heavy_ball":
            return False
        params, grads, first, _, _ = lists
        torch._fused_sgd_(
            params,
            grads,
            first,
            weight_decay=number(group["weight_decay"]),
            momentum=number(group["momentum"]),
            lr=number(group["lr"]),
            dampening=number(group["dampening"]),
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            is_first_step=False,
        )
        return True


class SGD(Descent):
    """Stochastic gradient descent on mini-batches, with torch's momentum and Nesterov switches.

    Equation:
        g ← ∇ + weight_decay·θ
        m ← momentum·m + (1 − dampening)·g        (m ← g in the first step)
        θ ← θ − lr·m                              (nesterov: θ ← θ − lr·(g + momentum·m))

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        momentum: decay β of the velocity m; 0 is plain SGD.
        dampening: share of a new gradient kept out of the velocity.
        weight_decay: coupled L2 penalty λ.
        nesterov: look ahead along the velocity.
        maximize: climb instead of descend.

    State: momentum_buffer (m), the parameter's shape and dtype, only with momentum.
    Source: Robbins & Monro 1951; Sutskever et al. 2013, equations 1–4, in the form of `torch.optim.SGD`.
    Departures: the rate multiplies the velocity from outside, where Sutskever's multiplies the gradient going
        in: they differ once the rate changes. Dampening skips the first step, as in torch: it is no mean.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = SGD([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.8
    """

    bytes_per_parameter = 20

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, _settings(lr, weight_decay, maximize, momentum, dampening, nesterov))


class GD(Descent):
    """Gradient descent: the gradient of the whole data set, one step per pass.

    Equation:
        θ ← θ − lr·∇J(θ)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        weight_decay: coupled L2 penalty λ: ∇ + λθ.
        maximize: climb instead of descend.

    State: none.
    Source: Cauchy 1847; Nocedal & Wright 2006, chapter 2.2.
    Departures: none. The rule cannot see which rows the gradient was taken over: give it all of them.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = GD([weight], lr=0.5)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight.item()
        0.0
    """

    variants: ClassVar = {"momentum": 0, "nesterov": False}

    def __init__(
        self, params: ParamsT, lr: float = 1e-3, weight_decay: float = 0.0, *, maximize: bool = False
    ) -> None:
        super().__init__(params, _settings(lr, weight_decay, maximize))


class Momentum(Descent):
    """Momentum: a velocity that remembers past gradients, as a heavy ball or as an exponential average.

    Equation:
        g ← ∇ + weight_decay·θ
        m ← momentum·m + g                        (form="average": m ← momentum·m + (1 − momentum)·g)
        θ ← θ − lr·m

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        momentum: decay β of the velocity m.
        weight_decay: coupled L2 penalty λ.
        form: "heavy_ball" (torch), or "average" as many articles write it. They are the same method with
            rates that differ by a factor: the average at lr is the heavy ball at lr·(1 − momentum).
        maximize: climb instead of descend.

    State: momentum_buffer (m), the parameter's shape and dtype.
    Source: Polyak 1964, equation 9; Sutskever et al. 2013, equations 1–2.
    Departures: the rate stands outside the velocity, as in torch. The telling
        "θ − α∇f + (1−β)(g_t − g_{t−1})" is not momentum and is not offered.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Momentum([weight], lr=1.0, form="average")
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.8
    """

    variants: ClassVar = {"nesterov": False}
    bytes_per_parameter = 20

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        form: Form = "heavy_ball",
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, _settings(lr, weight_decay, maximize, momentum, form=form))


class Nesterov(Descent):
    """Nesterov's momentum: the velocity, seen from one step ahead.

    Equation:
        g ← ∇ + weight_decay·θ
        m ← momentum·m + g
        θ ← θ − lr·(g + momentum·m)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        momentum: decay β of the velocity m.
        weight_decay: coupled L2 penalty λ.
        maximize: climb instead of descend.

    State: momentum_buffer (m), the parameter's shape and dtype.
    Source: Nesterov 1983; Sutskever et al. 2013, equations 3–4, in the shifted variable of `torch.optim.SGD`.
    Departures: θ is the point looked ahead to, so that the gradient is taken where the network stands.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Nesterov([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 6)
        0.62
    """

    variants: ClassVar = {"nesterov": True}
    bytes_per_parameter = 20

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, _settings(lr, weight_decay, maximize, momentum, nesterov=True))
