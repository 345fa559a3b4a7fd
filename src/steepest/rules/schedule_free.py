"""Schedule-Free SGD and AdamW: averaging in place of a learning-rate schedule. Defazio et al. 2024."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from steepest.base.errors import BadInput
from steepest.rules.drop_in import DropIn, Group, moving, number
from steepest.rules.rows import LEAST_EPS
from steepest.rules.rule import Rule, State, wide

_AVERAGE = {"warmup_steps": 0.0, "r": 0.0, "weight_lr_power": 2.0}
_SGD = {"lr": 1.0, "momentum": 0.9, "weight_decay": 0.0, **_AVERAGE}
_ADAMW = {"lr": 2.5e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, **_AVERAGE}


def _start(theta: Tensor) -> State:
    none = torch.zeros(len(theta), dtype=torch.float64, device=theta.device)
    return {"z": theta.clone(), "weight_sum": none, "lr_max": none.clone()}


def _averaging(state: State, h: dict[str, Tensor]) -> tuple[Tensor, Tensor, State]:
    """(rate γ, weight c of the newest z in the average, new per-member state)."""
    step = state["step"]
    rate = h["lr"] * (step / h["warmup_steps"].clamp_min(1)).clamp(max=1)
    lr_max = torch.maximum(rate, state["lr_max"])
    weight = step ** h["r"] * lr_max ** h["weight_lr_power"]
    total = state["weight_sum"] + weight
    c = torch.where(total > 0, weight / total.clamp_min(1e-300), torch.zeros_like(total))
    return rate, c, state | {"lr_max": lr_max, "weight_sum": total}


def _advance(
    y: Tensor, pull: Tensor, state: State, h: dict[str, Tensor], beta: Tensor
) -> tuple[Tensor, State]:
    """y and z one step on, without forming x = (y − (1 − β)z)/β."""
    rate, c, state = _averaging(state, h)
    z, keep = state["z"], wide(c, y)
    y = y + keep * (z - y) + wide(rate * (beta * (1 - c) - 1), y) * pull
    return y, state | {"z": z - wide(rate, y) * pull}


def _move_sgd(theta: Tensor, grad: Tensor, state: State, h: dict[str, Tensor]) -> tuple[Tensor, State]:
    return _advance(theta, grad + wide(h["weight_decay"], theta) * theta, state, h, h["momentum"])


def _move_adamw(theta: Tensor, grad: Tensor, state: State, h: dict[str, Tensor]) -> tuple[Tensor, State]:
    beta2 = wide(h["beta2"], theta)
    square = beta2 * state["exp_avg_sq"] + (1 - beta2) * grad * grad
    root = (square * wide(1 / (1 - h["beta2"] ** state["step"]), theta)).sqrt()
    root = root + wide(h["eps"].clamp_min(LEAST_EPS), theta)
    pull = grad / root + wide(h["weight_decay"], theta) * theta
    return _advance(theta, pull, state | {"exp_avg_sq": square}, h, h["beta1"])


SCHEDULE_FREE_SGD = Rule("schedule_free_sgd", _SGD, _start, _move_sgd)
SCHEDULE_FREE_ADAMW = Rule(
    "schedule_free_adamw",
    _ADAMW,
    lambda theta: _start(theta) | {"exp_avg_sq": torch.zeros_like(theta)},
    _move_adamw,
)


def averaged(theta: Tensor, state: State, beta: Tensor | float) -> Tensor:
    """The average x that a Schedule-Free stack should be evaluated at: x = (y − (1 − β)·z)/β.

    Args:
        theta: the stack's weights y [K, ...].
        state: the rule's state.
        beta: momentum (SGD) or beta1 (AdamW), a number or [K].
    """
    if isinstance(beta, Tensor):
        beta = wide(beta, theta)
    return theta + (1 - 1 / beta) * (state["z"] - theta)


class ScheduleFree(DropIn):
    """What both share: the switch between training weights y and averaged weights x, and the averaging."""

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        running = {"k": 0, "train_mode": True, "weight_sum": 0.0, "lr_max": 0.0}
        super().__init__(params, defaults | running)

    def _beta(self, group: Group) -> float:
        """The interpolation between z and x at which gradients are taken."""
        raise NotImplementedError

    @torch.no_grad()
    def train(self) -> None:
        """Put the training weights y into the network; call before training goes on."""
        self._interpolate(training=True)

    @torch.no_grad()
    def eval(self) -> None:
        """Put the averaged weights x into the network; call before evaluating or saving it."""
        self._interpolate(training=False)

    def _interpolate(self, training: bool) -> None:
        for group in self.param_groups:
            beta = self._beta(group)
            if group["train_mode"] != training and beta > 0:
                for param in group["params"]:
                    if "z" in self.state[param]:
                        param.lerp_(self.state[param]["z"], 1 - beta if training else 1 - 1 / beta)
            group["train_mode"] = training

    def _move(self, group: Group) -> None:
        if not group["train_mode"]:
            remedy = "Call `optimizer.train()` before the step, `optimizer.eval()` before evaluating."
            raise BadInput("step()", "needs the training weights", "weights of eval()", remedy)
        params, grads = moving(group)
        if group["maximize"]:
            grads = list(torch._foreach_neg(grads)) if grads else grads
        rate, c = self._rate(group)
        if not params:
            return
        z = self._starts(params)
        pull = self._pull(group, params, grads)
        torch._foreach_lerp_(params, z, c)
        torch._foreach_add_(params, pull, alpha=rate * (self._beta(group) * (1 - c) - 1))
        torch._foreach_add_(z, pull, alpha=-rate)

    def _rate(self, group: Group) -> tuple[float, float]:
        group["k"] += 1
        rate = number(group["lr"]) * min(1.0, group["k"] / max(group["warmup_steps"], 1))
        group["lr_max"] = max(rate, group["lr_max"])
        weight = group["k"] ** group["r"] * group["lr_max"] ** group["weight_lr_power"]
        group["weight_sum"] += weight
        return rate, weight / group["weight_sum"] if group["weight_sum"] else 0.0

    def _starts(self, params: list[Tensor]) -> list[Tensor]:
        for param in params:
            if "z" not in self.state[param]:
                self.state[param]["z"] = param.clone(memory_format=torch.preserve_format)
        return [self.state[p]["z"] for p in params]

    def _pull(self, group: Group, params: list[Tensor], grads: list[Tensor]) -> list[Tensor]:
        """What is subtracted from z, per unit of rate."""
        raise NotImplementedError


class ScheduleFreeSGD(ScheduleFree):
    """Schedule-Free SGD: gradients at an interpolation y, steps on z, results from the average x.

    Equation:
        g = ∇(y) + weight_decay·y,  y = (1 − momentum)·z + momentum·x
        z ← z − γ·g                               (γ = lr·min(1, t/warmup_steps))
        x ← (1 − c)·x + c·z                       (c = w_t/Σw, w_t = tʳ·γ_max^weight_lr_power)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups; they hold y while training.
        lr: learning rate, per step; larger than plain SGD's, and constant.
        momentum: interpolation β.
        weight_decay: decay, taken at y.
        warmup_steps: steps over which the rate rises from zero.
        r: power of the step in the average's weights.
        weight_lr_power: power of the largest rate so far in the average's weights.
        maximize: climb instead of descend.

    State: z, the parameter's shape and dtype; k, weight_sum, lr_max and train_mode in the param group.
    Source: Defazio et al. 2024 (arXiv 2405.15682), equations 3–5; the package schedulefree computes the same.
    Departures: starts in training mode. Batch norm's running statistics belong to y: refresh them after
        `eval()`.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = ScheduleFreeSGD([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> optimizer.eval()
        >>> round(weight.item(), 6)
        0.8
    """

    slots = ("z",)
    bytes_per_parameter = 20

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "maximize": maximize}
        average = {"warmup_steps": warmup_steps, "r": r, "weight_lr_power": weight_lr_power}
        super().__init__(params, defaults | average)

    def _beta(self, group: Group) -> float:
        return float(group["momentum"])

    def _pull(self, group: Group, params: list[Tensor], grads: list[Tensor]) -> list[Tensor]:
        if not group["weight_decay"]:
            return grads
        return list(torch._foreach_add(grads, params, alpha=number(group["weight_decay"])))


class ScheduleFreeAdamW(ScheduleFree):
    """Schedule-Free AdamW: Adam's scaling with averaging in place of momentum and schedule.

    Equation:
        v ← β₂·v + (1 − β₂)·∇(y)²
        g = ∇(y)/(√(v/(1 − β₂ᵗ)) + eps) + weight_decay·y,  y = (1 − β₁)·z + β₁·x
        z ← z − γ·g                               (γ = lr·min(1, t/warmup_steps))
        x ← (1 − c)·x + c·z                       (c = w_t/Σw, w_t = tʳ·γ_max^weight_lr_power)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups; they hold y while training.
        lr: learning rate, per step; constant.
        betas: interpolation β₁ and decay β₂ of the square v.
        eps: ε.
        weight_decay: decoupled decay, taken at y.
        warmup_steps: steps over which the rate rises from zero.
        r: power of the step in the average's weights.
        weight_lr_power: power of the largest rate so far in the average's weights.
        maximize: climb instead of descend.

    State: z and exp_avg_sq (v), the parameter's shape and dtype; k, weight_sum, lr_max and train_mode in the
        param group.
    Source: Defazio et al. 2024 (arXiv 2405.15682), Algorithm 1; the package schedulefree computes the same.
    Departures: the bias correction divides v, as in the package; the algorithm multiplies the rate. Starts in
        training mode.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = ScheduleFreeAdamW([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> optimizer.eval()
        >>> round(weight.item(), 4)
        0.9
    """

    slots = ("z", "exp_avg_sq")
    bytes_per_parameter = 28
    choices: ClassVar = {}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2.5e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        average = {"warmup_steps": warmup_steps, "r": r, "weight_lr_power": weight_lr_power}
        super().__init__(params, defaults | average)

    def _beta(self, group: Group) -> float:
        return float(group["betas"][0])

    def _pull(self, group: Group, params: list[Tensor], grads: list[Tensor]) -> list[Tensor]:
        beta2 = number(group["betas"][1])
        squares = self._kept("exp_avg_sq", [self.state[p] for p in params], params)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, grads, grads, value=1 - beta2)
        root = torch._foreach_div(squares, 1 - beta2 ** group["k"])
        torch._foreach_sqrt_(root)
        torch._foreach_add_(root, max(number(group["eps"]), LEAST_EPS))
        pull = torch._foreach_div(grads, root)
        if group["weight_decay"]:
            torch._foreach_add_(pull, params, alpha=number(group["weight_decay"]))
        return list(pull)
