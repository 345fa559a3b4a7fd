"""How far a prior is to be trusted against the best recipe so far.

    p_prior / (p_prior + p_incumbent) = S_prior / (S_prior + S_incumbent),   S = Σ_i w_i p(x_i)

over the top 1/η of the members i that came furthest, w_i falling with rank: PriorBand (Mallik et al. 2023,
arXiv 2306.12370, section 4). Departures: the incumbent itself is left out of the sums, since its own density
is highest where it lies; each density is taken as its mean per knob (geometric), since a product over twenty
knobs would leave all to one of the two; neither share falls below a tenth.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from steepest.base.knobs import Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.search.space import Space

LEAST, MOST = 0.1, 20
"""Either's least share; members that are heard, so that a long study does not pay for its length."""

SPREAD = 0.25
"""Standard deviation around a centre, as a part of the range."""
KEPT = 0.5
"""Chance that a choice around the incumbent keeps its option, and that off stays off."""


def trust(space: Space, top: Sequence[Recipe], incumbent: Recipe) -> float:
    """Share of the proposals near something known that the prior gets; the rest are near the incumbent.

    Args:
        space: gives the prior.
        top: the best members that came furthest, best first.
        incumbent: the best of them.

    Example:
        >>> space = Space.of(Recipe(), {}, "classification")
        >>> trust(space, [], Recipe())
        0.5
    """
    others = [recipe for recipe in top[:MOST] if recipe.key() != incumbent.key()]
    if not others:
        return 0.5
    weights = np.arange(len(others), 0, -1, dtype=float)
    prior = weights @ np.exp([_log_density(space, recipe, None) for recipe in others])
    near = weights @ np.exp([_log_density(space, recipe, incumbent) for recipe in others])
    return float(np.clip(prior / (prior + near), LEAST, 1 - LEAST))


def _log_density(space: Space, recipe: Recipe, incumbent: Recipe | None) -> float:
    """Mean log density of a recipe's knobs that matter, under the prior or around an incumbent."""
    values, relevant = recipe.dotted(), dotted(recipe.relevant())
    around = {} if incumbent is None else dotted(incumbent.relevant())
    found = [_log_knob(space, name, values, around.get(name)) for name in space.names if name in relevant]
    return sum(found) / len(found) if found else 0.0


def _log_knob(space: Space, name: str, values: dict[str, Any], near: Any) -> float:
    where, value = space.where(name, values), values[name]
    if not isinstance(where, Range):
        if value not in where.options:
            return -math.log(len(where.options))
        if near is not None:
            return math.log(KEPT * (value == near) + (1 - KEPT) / len(where.options))
        weights = where.weights or (1.0,) * len(where.options)
        return math.log(max(weights[where.options.index(value)] / sum(weights), 1e-6))
    off, centre, switch = where.off, where.center, 0.0
    if off is not None:
        same = near is None or (near == off) == (value == off)
        chance = 0.5 if near is None else (1 + KEPT) / 2
        switch = math.log(chance if same else 1 - chance)
        if value == off:
            return switch
    if near is not None and near != off:
        centre = near
    if centre is None:
        return switch  # uniform over the range, whose measure is 1
    at, centre = (_place(where, v) for v in (value, centre))
    mass = ndtr((1 - centre) / SPREAD) - ndtr(-centre / SPREAD)
    normal = -0.5 * ((at - centre) / SPREAD) ** 2 - math.log(SPREAD * math.sqrt(2 * math.pi))
    return switch + normal - math.log(mass)


def _place(where: Range, value: float) -> float:
    inside = min(max(value, where.low), where.high)
    if where.scale == "log":
        return math.log(inside / where.low) / max(math.log(where.high / where.low), 1e-12)
    return (inside - where.low) / max(where.high - where.low, 1e-12)
