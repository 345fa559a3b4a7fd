"""Schedules that are no single fall over a horizon: restarts, one-cycle, steps, exponential, plateau.

Pure functions of the 1-based step, vectorised over members like those in `steepest.rules.schedules`; each
returns the multiplier of the peak rate in float64. Only the plateau remembers anything, in its own record.
"""

from typing import NamedTuple

import torch
from torch import Tensor

Number = Tensor | float


def _double(step: Tensor) -> Tensor:
    return step.to(torch.float64)


def cosine_restarts(step: Tensor, period: Number, growth: Number = 1.0) -> Tensor:
    """Cosine to zero, again and again: periods of `period`, `period·growth`, … (arXiv 1608.03983, eq. 5).

    Example:
        >>> cosine_restarts(torch.arange(1, 6), 2.0).tolist()
        [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    done, first = _double(step) - 1, torch.as_tensor(period, dtype=torch.float64)
    ratio = torch.as_tensor(growth, dtype=torch.float64)
    even = ratio == 1
    safe = torch.where(even, 2.0, ratio)  # periods sum to first·(ratioⁿ − 1)/(ratio − 1)
    cycle = torch.where(even, done / first, torch.log(1 + done * (safe - 1) / first) / torch.log(safe))
    cycle = torch.floor(cycle + 1e-12)
    start = torch.where(even, cycle * first, first * (safe**cycle - 1) / (safe - 1))
    share = (done - start) / torch.where(even, first, first * safe**cycle)
    return 0.5 * (1 + torch.cos(torch.pi * share.clamp(0, 1)))


def one_cycle(
    step: Tensor, horizon: Tensor, rise: Number = 0.3, start: Number = 1 / 25, end: Number = 1 / 25e4
) -> Tensor:
    """Up by a cosine over the share `rise`, then down to nearly nothing (arXiv 1708.07120).

    Args:
        step: 1-based steps.
        horizon: steps of the whole training.
        rise: share of training spent rising.
        start, end: multipliers at the first and at the last step; the defaults are those of
            `torch.optim.lr_scheduler.OneCycleLR`.

    Example:
        >>> [round(m, 3) for m in one_cycle(torch.arange(1, 11), torch.tensor(10)).tolist()][:4]
        [0.04, 0.52, 1.0, 0.95]
    """
    done, last = _double(step) - 1, _double(horizon) - 1
    top = torch.as_tensor(rise, dtype=torch.float64) * (last + 1) - 1
    up = (done / top.clamp_min(1e-9)).clamp(0, 1)
    down = ((done - top) / (last - top).clamp_min(1e-9)).clamp(0, 1)
    rising = 1 + (start - 1) * 0.5 * (1 + torch.cos(torch.pi * up))
    falling = end + (1 - end) * 0.5 * (1 + torch.cos(torch.pi * down))
    return torch.where(done <= top, rising, falling)


def step_decay(step: Tensor, every: Number, factor: Number = 0.1) -> Tensor:
    """factor^⌊(t − 1)/every⌋: the rate drops by `factor` after each `every` steps.

    Example:
        >>> [round(m, 2) for m in step_decay(torch.arange(1, 6), 2.0).tolist()]
        [1.0, 1.0, 0.1, 0.1, 0.01]
    """
    drops = torch.floor((_double(step) - 1) / every)
    return torch.as_tensor(factor, dtype=torch.float64) ** drops


def exponential(step: Tensor, factor: Number) -> Tensor:
    """factor^(t − 1).

    Example:
        >>> exponential(torch.arange(1, 4), 0.5).tolist()
        [1.0, 0.5, 0.25]
    """
    return torch.as_tensor(factor, dtype=torch.float64) ** (_double(step) - 1)


def inverse_square_root(step: Tensor, warmup: Number) -> Tensor:
    """min(t/warmup, √(warmup/t)): the Transformer's schedule, 1 at its peak (arXiv 1706.03762, equation 3).

    Example:
        >>> inverse_square_root(torch.tensor([1, 4, 16]), 4.0).tolist()
        [0.25, 1.0, 0.5]
    """
    t = _double(step)
    return torch.minimum(t / warmup, (warmup / t).sqrt())


class Plateau(NamedTuple):
    """What reduce-on-plateau remembers, per member: best value, evaluations since, multiplier."""

    best: Tensor
    waited: Tensor
    multiplier: Tensor

    @classmethod
    def start(cls, members: int) -> "Plateau":
        """Before the first value."""
        ones = torch.ones(members, dtype=torch.float64)
        return cls(best=ones * torch.inf, waited=0 * ones, multiplier=ones)


def on_plateau(
    state: Plateau, value: Tensor, factor: Number = 0.1, patience: Number = 10.0, threshold: Number = 1e-4
) -> Plateau:
    """Multiply the rate by `factor` once a value has not improved for more than `patience` evaluations.

    Args:
        state: from `Plateau.start` or the last call.
        value: what should fall, [K]; NaN counts as no improvement.
        factor, patience, threshold: per member or for all; improving means below best·(1 − threshold), as in
            `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    Example:
        >>> state = Plateau.start(1)
        >>> for loss in (1.0, 1.0, 1.0):
        ...     state = on_plateau(state, torch.tensor([loss]), factor=0.5, patience=1)
        >>> state.multiplier.tolist()
        [0.5]
    """
    value = value.to(torch.float64)
    better = value < torch.where(state.best.isinf(), state.best, state.best * (1 - threshold))
    waited = torch.where(better, 0.0, state.waited + 1)
    tired = waited > patience
    return Plateau(
        best=torch.where(better, value, state.best),
        waited=torch.where(tired, 0.0, waited),
        multiplier=torch.where(tired, state.multiplier * factor, state.multiplier),
    )
