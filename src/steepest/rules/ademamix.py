"""AdEMAMix: Adam with a second, slow momentum. Pagliardini, Ablin & Grangier 2024."""

import math

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from steepest.rules.drop_in import DropIn, Group, moving, number
from steepest.rules.rows import LEAST_EPS
from steepest.rules.rule import Rule, State, wide, zeros

_EARLIEST = 1e-12  # share of the warm-up below which it counts as over: a horizon of 0 switches it off


def slow_decay(beta1: Tensor, beta3: Tensor, share: Tensor) -> Tensor:
    """β₃ at a share of its warm-up: its half-life grows linearly from β₁'s."""
    low, high = beta1.clamp_min(1e-12).log(), beta3.clamp_min(1e-12).log()
    return torch.minimum((low * high / ((1 - share) * high + share * low)).exp(), beta3)


def _numbers(step: Tensor, h: dict[str, Tensor]) -> dict[str, Tensor]:
    horizon = h["mix_warmup"].clamp_min(_EARLIEST)
    share = (step / horizon).clamp(max=1)
    return {
        "beta3": slow_decay(h["beta1"], h["beta3"], share),
        "mix": share * h["mix"],
        "unbias1": 1 / (1 - h["beta1"] ** step),
        "unbias2": 1 / (1 - h["beta2"] ** step),
    }


def _move(theta: Tensor, grad: Tensor, state: State, hyper: dict[str, Tensor]) -> tuple[Tensor, State]:
    h = {name: wide(value, theta) for name, value in (hyper | _numbers(state["step"], hyper)).items()}
    fast = h["beta1"] * state["exp_avg"] + (1 - h["beta1"]) * grad
    slow = h["beta3"] * state["exp_avg_slow"] + (1 - h["beta3"]) * grad
    square = h["beta2"] * state["exp_avg_sq"] + (1 - h["beta2"]) * grad * grad
    root = (h["unbias2"] * square).sqrt() + h["eps"].clamp_min(LEAST_EPS)
    step = (h["unbias1"] * fast + h["mix"] * slow) / root
    theta = (1 - h["lr"] * h["weight_decay"]) * theta - h["lr"] * step
    return theta, state | {"exp_avg": fast, "exp_avg_slow": slow, "exp_avg_sq": square}


ADEMAMIX = Rule(
    "ademamix",
    {
        "lr": 1e-3,
        "beta1": 0.9,
        "beta2": 0.999,
        "beta3": 0.9999,
        "mix": 5.0,
        "mix_warmup": 0.0,
        "eps": 1e-8,
        "weight_decay": 0.0,
    },
    zeros("exp_avg", "exp_avg_slow", "exp_avg_sq"),
    _move,
)


class AdEMAMix(DropIn):
    """AdEMAMix: AdamW whose step also follows a slow mean of the gradients of thousands of steps.

    Equation:
        m ← β₁·m + (1 − β₁)·∇
        s ← β₃·s + (1 − β₃)·∇
        v ← β₂·v + (1 − β₂)·∇²
        θ ← (1 − lr·weight_decay)·θ − lr·(m/(1 − β₁ᵗ) + mix·s)/(√(v/(1 − β₂ᵗ)) + eps)

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate η, per step.
        betas: decays (β₁, β₂, β₃) of the fast mean m, the square v and the slow mean s.
        mix: weight α of the slow mean.
        mix_warmup: steps over which α and β₃ rise from 0 and β₁ to their values; 0 is at once. The paper
            sets it to the length of training.
        eps: ε.
        weight_decay: decoupled decay λ, in units of the rate.
        maximize: climb instead of descend.

    State: step; exp_avg (m), exp_avg_slow (s), exp_avg_sq (v), the parameter's shape and dtype.
    Source: Pagliardini, Ablin & Grangier 2024 (arXiv 2409.03137), Algorithm 1 and its warm-ups;
        without warm-up `optax.contrib.ademamix` computes the same.
    Departures: both warm-ups share one length; the slow mean is not bias-corrected, as in the paper.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = AdEMAMix([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> round(weight.item(), 4)
        0.8999
    """

    slots = ("step", "exp_avg", "exp_avg_slow", "exp_avg_sq")
    bytes_per_parameter = 36
    usual_betas = (0.9, 0.999, 0.9999)

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.9, 0.999, 0.9999),
        mix: float = 5.0,
        mix_warmup: float = 0.0,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "mix": mix, "mix_warmup": mix_warmup, "eps": eps}
        super().__init__(params, defaults | {"weight_decay": weight_decay, "maximize": maximize})

    def _move(self, group: Group) -> None:
        params, grads = moving(group)
        for step, at in self._counted(params):
            states = [self.state[params[i]] for i in at]
            self._advance(group, step, [params[i] for i in at], [grads[i] for i in at], states)

    def _advance(
        self,
        group: Group,
        step: float,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Tensor]],
    ) -> None:
        fast, slow, square = (self._kept(name, states, params) for name in self.slots[1:])
        lr, decay, eps = number(group["lr"]), number(group["weight_decay"]), number(group["eps"])
        beta1, beta2, beta3 = map(number, group["betas"])
        share = min(1.0, step / group["mix_warmup"]) if group["mix_warmup"] else 1.0
        if share < 1 and beta1 > 0 and beta3 > 0:
            low, high = math.log(beta1), math.log(beta3)
            beta3 = min(math.exp(low * high / ((1 - share) * high + share * low)), beta3)
        pulled = torch._foreach_neg(grads) if group["maximize"] else grads
        torch._foreach_lerp_(fast, pulled, 1 - beta1)
        torch._foreach_lerp_(slow, pulled, 1 - beta3)
        torch._foreach_mul_(square, beta2)
        torch._foreach_addcmul_(square, pulled, pulled, value=1 - beta2)
        root = torch._foreach_sqrt(square)
        unbias2 = (1 - beta2**step) ** 0.5
        torch._foreach_add_(root, max(eps * unbias2, LEAST_EPS))
        if decay:
            torch._foreach_mul_(params, 1 - lr * decay)
        torch._foreach_addcdiv_(params, fast, root, value=-lr * unbias2 / (1 - beta1**step))
        torch._foreach_addcdiv_(params, slow, root, value=-lr * unbias2 * share * number(group["mix"]))
