"""Learning-rate schedules as pure functions of (step, horizon, per-member parameters).

Every function returns the multiplier of the peak rate for 1-based `step`s and broadcasts over members: steps
[T, 1] against horizons [K] give [T, K]. With u = (t − 1 − W)/(T − W) the share of the decay that is behind, W
the warm-up's steps and T the horizon: the first step after warm-up runs at the full rate, and the last step
still moves (1/T of the rate for a linear decay) instead of being spent at zero. Past the horizon u stays 1.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from steepest.base.errors import BadInput, closest
from steepest.base.recipe import Recipe

COOLDOWN = 0.2
"""Share of training in which WSD decays (arXiv 2405.18392 finds 10–20 % enough)."""


class Shape(Protocol):
    """Multiplier as a function of the share u ∈ [0, 1] that is behind."""

    def __call__(self, u: Tensor) -> Tensor: ...


def constant(u: Tensor) -> Tensor:
    """1 throughout."""
    return torch.ones_like(u)


def linear(u: Tensor) -> Tensor:
    """1 − u: linear to zero (arXiv 2310.07831: optimal in theory, strong in practice)."""
    return 1 - u


def cosine(u: Tensor) -> Tensor:
    """(1 + cos πu)/2 (arXiv 1608.03983, equation 5, one period to zero)."""
    return 0.5 * (1 + torch.cos(torch.pi * u))


def wsd(u: Tensor, cooldown: Tensor | float = COOLDOWN) -> Tensor:
    """Warm-up, stable, decay: 1, then linear to zero over the last `cooldown` share (arXiv 2405.18392)."""
    return ((1 - u) / cooldown).clamp(max=1)


SHAPES: Mapping[str, Shape] = {"constant": constant, "linear": linear, "cosine": cosine, "wsd": wsd}


def progress(step: Tensor, horizon: Tensor, warmup: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
    """(warm-up multiplier, share u of the decay behind); `warmup` is a share of the horizon."""
    total = horizon.to(torch.float64).clamp_min(1)
    t = step.to(torch.float64)
    warm = total * warmup
    rise = torch.where(warm > 0, t / warm.clamp_min(1e-300), torch.ones_like(t)).clamp(0, 1)
    u = ((t - 1 - warm) / (total - warm).clamp_min(1e-9)).clamp(0, 1)
    return rise, u


def multiplier(schedule: str, step: Tensor, horizon: Tensor, warmup: Tensor | float = 0.0) -> Tensor:
    """Multiplier of the peak rate: the warm-up's rise min(1, t/W) times the schedule's shape at u.

    Args:
        schedule: a name in `SHAPES`.
        step: 1-based steps, any shape that broadcasts against `horizon`.
        horizon: steps of the whole training, per member.
        warmup: share of the horizon over which the rate rises from zero, per member.

    Returns:
        float64 multipliers in [0, 1].

    Raises:
        BadInput: for an unknown schedule.

    Example:
        >>> multiplier("linear", torch.arange(1, 5), torch.tensor(4)).tolist()
        [1.0, 0.75, 0.5, 0.25]
    """
    if schedule not in SHAPES:
        raise BadInput("schedule", "must be a known schedule", schedule, closest(schedule, SHAPES))
    rise, u = progress(step, horizon, warmup)
    return rise * SHAPES[schedule](u)


def recipe_rates(recipes: Sequence[Recipe], first_step: int, n_steps: int, horizons: Tensor) -> Tensor:
    """Absolute learning rates [n_steps, K] in float64 for a stack of recipes.

    Args:
        recipes: one per member; read: schedule, warmup, lr.
        first_step: 1-based number of the first step.
        n_steps: steps of the stretch.
        horizons: steps of each member's whole training, [K].

    Example:
        >>> recipes = [Recipe(lr=1.0, schedule="linear"), Recipe(lr=0.5)]
        >>> recipe_rates(recipes, 1, 2, torch.tensor([2, 2])).tolist()
        [[1.0, 0.5], [0.5, 0.5]]
    """
    step = torch.arange(first_step, first_step + n_steps, device=horizons.device)[:, None]
    rates = torch.empty(n_steps, len(recipes), dtype=torch.float64, device=horizons.device)
    members: dict[str, list[int]] = {}
    for index, recipe in enumerate(recipes):
        members.setdefault(recipe.schedule, []).append(index)
    for schedule, slots in members.items():
        warmup = torch.tensor([recipes[i].warmup for i in slots], dtype=torch.float64, device=horizons.device)
        peak = torch.tensor([recipes[i].lr for i in slots], dtype=torch.float64, device=horizons.device)
        rates[:, slots] = peak * multiplier(schedule, step, horizons[slots], warmup)
    return rates
