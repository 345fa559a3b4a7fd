"""Rows of numbers: each classic optimizer as coefficients of the one rule in `steepest.rules.two_moment`.

A row is a function of hyperparameters and the step, written once for both faces: tensors shaped [K] (one
entry per member) with steps shaped [T, K] give a table [T, K] for a whole stretch of training, bias
corrections included; plain floats give the numbers of one drop-in optimizer. Nothing branches on a value,
so members of one optimizer may differ in all of them. Numbers that a row leaves out are zero.
"""

from typing import Any, Literal, NamedTuple, Self

import torch
from torch import Tensor

LEAST_EPS = (
    1.2e-38  # just above float32's smallest normal: 0/0 becomes 0 for weights that never get a gradient
)

Number = Any  # a float, or a tensor; the arithmetic below is the same for both
Row = dict[str, Number]
Correction = Literal["both", "off", "rate"]
EpsPlace = Literal["outside", "inside", "folded"]
Form = Literal["heavy_ball", "average"]


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


def tabulate(row: Row, step: Tensor) -> Coefficients:
    """The row as tensors of one shape: that of the rate against the step."""
    lr: Tensor = row["lr"]
    shape = (step + lr).shape
    zero = torch.zeros((), dtype=lr.dtype, device=lr.device)
    values = dict.fromkeys(Coefficients._fields, zero)
    for name, value in row.items():
        values[name] = torch.as_tensor(value, dtype=lr.dtype, device=lr.device)
    values["eps"] = values["eps"].clamp_min(LEAST_EPS)
    return Coefficients(**{name: value.expand(shape) for name, value in values.items()})


def gradient_descent(lr: Number) -> Row:
    """θ ← θ − lr·g: gradient descent and SGD differ only in the rows that g is taken over."""
    return {"lr": lr, "c2": 1.0}


def momentum(
    step: Number,
    lr: Number,
    beta: Number,
    dampening: Number = 0.0,
    form: Form = "heavy_ball",
    nesterov: bool = False,
) -> Row:
    """m ← βm + b·g, θ ← θ − lr·m (Polyak 1964); with Nesterov's look-ahead θ ← θ − lr·(g + βm).

    `form="heavy_ball"`: b = 1 − dampening, and 1 in the first step as torch has it. `form="average"`:
    b = 1 − β, an exponential mean of gradients; it is the heavy ball at lr·(1 − β).
    """
    gain = 1 - beta if form == "average" else 1 - dampening * (step > 1)
    row = {"lr": lr, "a1": beta, "b1": gain, "c1": 1.0}
    if nesterov:
        row |= {"c1": beta, "c2": 1 - beta if form == "average" else 1.0}
    return row


def _placed(eps: Number, place: str) -> Row:
    return {"inner": eps} if place == "inside" else {"eps": eps}


def adagrad(
    step: Number, lr: Number, eps: Number, lr_decay: Number = 0.0, eps_place: EpsPlace = "outside"
) -> Row:
    """v ← v + g², θ ← θ − lr/(1 + (t−1)·lr_decay) · g/(√v + ε) (Duchi et al. 2011, Figure 1, diagonal)."""
    rate = lr / (1 + (step - 1) * lr_decay)
    return {"lr": rate, "a2": 1.0, "b2": 1.0, "c2": 1.0, "k": 1.0, "p": 1.0, **_placed(eps, eps_place)}


def rmsprop(
    lr: Number, rho: Number, eps: Number, eps_place: EpsPlace = "outside", centred: bool = False
) -> Row:
    """v ← ρv + (1−ρ)g², θ ← θ − lr·g/(√v + ε) (Tieleman & Hinton 2012).

    Centred (Graves 2013, equations 38–41): √(v − m²) in place of √v, with m ← ρm + (1−ρ)g.
    """
    row = {"lr": lr, "a2": rho, "b2": 1 - rho, "c2": 1.0, "k": 1.0, "p": 1.0, **_placed(eps, eps_place)}
    return row | {"a1": rho, "b1": 1 - rho, "z": 1.0} if centred else row


def adam(
    step: Number,
    lr: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
    correction: Correction = "both",
    eps_place: EpsPlace = "outside",
) -> Row:
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − lr·m̂/(√v̂ + ε) (Kingma & Ba 2015, Algorithm 1).

    `correction`: "both" as published; "off" leaves m and v biased towards zero; "rate" is the textbook slip
    lr/√(1−β₂ᵗ). `eps_place`: "outside" √v̂ + ε; "inside" √(v̂ + ε); "folded" the paper's faster form, in which
    ε is added to √v before correction.
    """
    unbiased2 = 1 - beta2**step
    row = {"lr": lr, "a1": beta1, "b1": 1 - beta1, "a2": beta2, "b2": 1 - beta2, "p": 1.0}
    if correction == "both":
        row |= {"c1": 1 / (1 - beta1**step), "k": 1 / unbiased2}
    else:
        row |= {"c1": unbiased2**-0.5 if correction == "rate" else 1.0, "k": 1.0}
    if eps_place == "folded" and correction == "both":
        eps = eps * unbiased2**-0.5
    return row | _placed(eps, eps_place)


def nadam(step: Number, lr: Number, beta1: Number, beta2: Number, eps: Number) -> Row:
    """Adam with Nesterov's look-ahead: m̂ = β₁m/(1−β₁ᵗ⁺¹) + (1−β₁)g/(1−β₁ᵗ) (Dozat 2016, Algorithm 2).

    The decay β₁ is constant; Dozat lets it vary, as `torch.optim.NAdam` does.
    """
    ahead = {"c1": beta1 / (1 - beta1 ** (step + 1)), "c2": (1 - beta1) / (1 - beta1**step)}
    return adam(step, lr, beta1, beta2, eps) | ahead
