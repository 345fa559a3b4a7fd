"""Rows of numbers: each classic optimizer as coefficients of the one rule in `steepest.rules.two_moment`.

A row is a function of hyperparameter tensors and the step, vectorised over both: hyperparameters shaped [K]
(one entry per member) and steps shaped [T, K] give a table [T, K] for a whole stretch of training, bias
corrections included. Nothing here branches on a value, so members of one optimizer may differ in all of them.
"""

from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor

LEAST_EPS = (
    1.2e-38  # just above float32's smallest normal: 0/0 becomes 0 for weights that never get a gradient
)

Correction = Literal["both", "off", "rate"]
EpsPlace = Literal["outside", "inside", "folded"]


class Coefficients(NamedTuple):
    """The numbers that make the one rule a particular optimizer; every field is shaped [..., K].

    Fields: `a1, b1` decay and gain of the first moment; `a2, b2` of the second; `c1, c2` weights of first
    moment and raw gradient in the step; `k` factor of the second moment (bias correction); `z` 1 where the
    second moment is centred by the first; `inner` ε inside the root; `eps` ε outside; `p` 1 where the step is
    divided by the root, else 0; `lr` rate; `wd` decoupled decay; `l1`, `l2` coupled penalties.

    The rows of recipes always have z = inner = 0, so a fast path for recipes may leave both out.
    """

    a1: Tensor
    b1: Tensor
    a2: Tensor
    b2: Tensor
    c1: Tensor
    c2: Tensor
    k: Tensor
    z: Tensor
    inner: Tensor
    eps: Tensor
    p: Tensor
    lr: Tensor
    wd: Tensor
    l1: Tensor
    l2: Tensor

    def at(self, index: int) -> "Coefficients":
        """The row of one step out of a table [T, K]."""
        return Coefficients(*(field[index] for field in self))

    def to(self, dtype: torch.dtype) -> "Coefficients":
        """The same numbers in another floating-point type."""
        return Coefficients(*(field.to(dtype) for field in self))

    def bare(self) -> Self:
        """The same numbers without decay and penalties: for biases and norms."""
        zero = torch.zeros_like(self.lr)
        return self._replace(wd=zero, l1=zero, l2=zero)


def _row(step: Tensor, lr: Tensor, **given: Tensor | float) -> Coefficients:
    """Fill in what a row does not mention, and give every field the common shape."""
    shape = torch.broadcast_tensors(step, lr)[0].shape
    values = dict.fromkeys(Coefficients._fields, torch.zeros((), dtype=lr.dtype, device=lr.device))
    values["lr"] = lr
    for name, value in given.items():
        values[name] = torch.as_tensor(value, dtype=lr.dtype, device=lr.device)
    values["eps"] = values["eps"].clamp_min(LEAST_EPS)
    return Coefficients(**{name: value.expand(shape) for name, value in values.items()})


def gradient_descent(step: Tensor, lr: Tensor) -> Coefficients:
    """θ ← θ − lr·g: gradient descent and SGD differ only in the rows that g is taken over."""
    return _row(step, lr, c2=1.0)


def momentum(
    step: Tensor,
    lr: Tensor,
    momentum: Tensor,
    dampening: Tensor | float = 0.0,
    form: Literal["heavy_ball", "average"] = "heavy_ball",
    nesterov: bool = False,
) -> Coefficients:
    """m ← βm + b·g, θ ← θ − lr·m (Polyak 1964); with Nesterov's look-ahead θ ← θ − lr·(g + βm).

    `form="heavy_ball"`: b = 1 − dampening, and 1 in the first step as torch has it. `form="average"`:
    b = 1 − β, an exponential mean of gradients; it is the heavy ball at lr·(1 − β).
    """
    first = torch.ones((), dtype=lr.dtype, device=lr.device)
    b1 = 1 - momentum if form == "average" else torch.where(step == 1, first, first - dampening)
    if nesterov and form == "average":
        return _row(step, lr, a1=momentum, b1=b1, c1=momentum, c2=1 - momentum)
    if nesterov:
        return _row(step, lr, a1=momentum, b1=b1, c1=momentum, c2=1.0)
    return _row(step, lr, a1=momentum, b1=b1, c1=1.0)


def adagrad(
    step: Tensor,
    lr: Tensor,
    eps: Tensor,
    lr_decay: Tensor | float = 0.0,
    eps_place: Literal["outside", "inside"] = "outside",
) -> Coefficients:
    """v ← v + g², θ ← θ − lr/(1 + (t−1)·lr_decay) · g/(√v + ε) (Duchi et al. 2011, Figure 1, diagonal)."""
    where: dict[str, Tensor | float] = {"eps": eps} if eps_place == "outside" else {"inner": eps}
    return _row(step, lr / (1 + (step - 1) * lr_decay), a2=1.0, b2=1.0, c2=1.0, k=1.0, p=1.0, **where)


def rmsprop(
    step: Tensor,
    lr: Tensor,
    rho: Tensor,
    eps: Tensor,
    eps_place: Literal["outside", "inside"] = "outside",
    centred: bool = False,
) -> Coefficients:
    """v ← ρv + (1−ρ)g², θ ← θ − lr·g/(√v + ε) (Tieleman & Hinton 2012).

    Centred (Graves 2013, equations 38–45): √(v − m²) in place of √v, with m ← ρm + (1−ρ)g.
    """
    where: dict[str, Tensor | float] = {"eps": eps} if eps_place == "outside" else {"inner": eps}
    if centred:
        where |= {"a1": rho, "b1": 1 - rho, "z": 1.0}
    return _row(step, lr, a2=rho, b2=1 - rho, c2=1.0, k=1.0, p=1.0, **where)


def adam(
    step: Tensor,
    lr: Tensor,
    beta1: Tensor,
    beta2: Tensor,
    eps: Tensor,
    correction: Correction = "both",
    eps_place: EpsPlace = "outside",
) -> Coefficients:
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − lr·m̂/(√v̂ + ε) (Kingma & Ba 2015, Algorithm 1).

    `correction`: "both" as published; "off" leaves m and v biased towards zero; "rate" is the textbook slip
    lr/√(1−β₂ᵗ). `eps_place`: "outside" √v̂ + ε; "inside" √(v̂ + ε); "folded" the paper's faster form, in which
    ε is added to √v before correction.
    """
    unbiased2 = 1 - beta2**step
    c1: Tensor | float = 1.0
    k: Tensor | float = 1.0
    if correction == "both":
        c1, k = 1 / (1 - beta1**step), 1 / unbiased2
    elif correction == "rate":
        c1 = unbiased2.rsqrt()
    where: dict[str, Tensor | float] = {"inner": eps} if eps_place == "inside" else {"eps": eps}
    if eps_place == "folded" and correction == "both":
        where = {"eps": eps * unbiased2.rsqrt()}
    return _row(step, lr, a1=beta1, b1=1 - beta1, a2=beta2, b2=1 - beta2, c1=c1, k=k, p=1.0, **where)


def nadam(step: Tensor, lr: Tensor, beta1: Tensor, beta2: Tensor, eps: Tensor) -> Coefficients:
    """Adam with Nesterov's look-ahead: m̂ = β₁m/(1−β₁ᵗ⁺¹) + (1−β₁)g/(1−β₁ᵗ) (Dozat 2016, Algorithm 2).

    The decay β₁ is constant; Dozat lets it vary, as `torch.optim.NAdam` does.
    """
    row = adam(step, lr, beta1, beta2, eps)
    c1 = beta1 / (1 - beta1 ** (step + 1))
    c2 = (1 - beta1) / (1 - beta1**step)
    return row._replace(c1=c1.expand(row.lr.shape), c2=c2.expand(row.lr.shape))
