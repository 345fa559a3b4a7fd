"""Where a study looks: every searched knob's declaration, turned into recipes.

A point of the unit cube becomes a recipe through each knob's inverse distribution function, so quasi-random
points fill the prior evenly. Two distributions per knob: the *prior* (weights, a normal around the centre,
half of the mass on "off") and the *uniform* one over the same range, which keeps some members free of our
beliefs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import derive

Origin = Literal["prior", "uniform"]


@dataclass(frozen=True, slots=True)
class Space:
    """The searched knobs, around a base recipe that holds the fixed ones.

    Args:
        base: the recipe whose values the knobs outside the search keep; also trial 0.
        names: the searched knobs, in declaration order.
        allowed: refuses recipes before they are trained (a limit on size, say).
    """

    base: Recipe
    names: tuple[str, ...]
    allowed: Callable[[Recipe], bool] = lambda _: True

    @classmethod
    def of(cls, base: Recipe, fixed: Mapping[str, Any], task: str) -> "Space":
        """The default space for a task, less what the user fixed.

        Raises:
            BadRecipe: if nothing is left to search.
        """
        unsuited = {"label_smoothing"} if task == "regression" else set()
        base = base.replace(**fixed)
        names = tuple(
            n for n, k in KNOBS.items() if k.search is not None and n not in fixed and n not in unsuited
        )
        if not names:
            raise BadRecipe("fix", "must leave at least one knob to search", sorted(fixed), "Free one.")
        return cls(base, names)

    @property
    def structural(self) -> tuple[str, ...]:
        """The searched knobs that split stacks: width, depth, batch size, …"""
        return tuple(name for name in self.names if KNOBS[name].splits_stack)

    def recipe(self, point: Sequence[float], origin: Origin) -> Recipe:
        """The recipe at a point of the unit cube, one coordinate per searched knob.

        Example:
            >>> space = Space.of(Recipe(), {"optimizer": "sgd"}, "classification")
            >>> space.recipe([0.5] * len(space.names), "prior").optimizer
            'sgd'
        """
        values = self.base.model_dump()
        for name, u in sorted(zip(self.names, point, strict=True), key=lambda pair: pair[0] == "lr"):
            where = self.where(name, values)  # the rate comes last: its range hangs on the optimizer
            values[name] = (
                _choice(where, u, origin) if isinstance(where, Choice) else _number(where, u, origin)
            )
        return self.tidy(values)

    def where(self, name: str, values: Mapping[str, Any]) -> Range | Choice:
        """A knob's range, given the values of the knobs it depends on."""
        knob = KNOBS[name]
        for (other, option), narrower in knob.search_by.items():
            if values[other] == option:
                return narrower
        assert knob.search is not None
        return knob.search

    def tidy(self, values: Mapping[str, Any]) -> Recipe:
        """A recipe from values, with every knob that does not matter under the others at its base value."""
        out = dict(values)
        for name in self.names:
            if any(out[other] not in ok for other, ok in KNOBS[name].when.items()):
                out[name] = getattr(self.base, name)
        return Recipe.make(**out)


def cube(dimensions: int, count: int, seed: int) -> NDArray[np.float64]:
    """`count` scrambled Sobol points [count, dimensions] in the open unit cube (Owen 1998)."""
    power = max(0, math.ceil(math.log2(max(count, 1))))
    points = qmc.Sobol(dimensions, rng=np.random.default_rng(derive(seed, "sobol"))).random_base2(power)
    inside: NDArray[np.float64] = np.clip(points[:count], 1e-9, 1 - 1e-9)
    return inside


def _choice(where: Choice, u: float, origin: Origin) -> Any:
    weights = np.ones(len(where.options)) if origin == "uniform" or where.weights is None else where.weights
    edges = np.cumsum(np.asarray(weights, dtype=float) / np.sum(weights))
    return where.options[min(int(np.searchsorted(edges, u, side="right")), len(where.options) - 1)]


def _number(where: Range, u: float, origin: Origin) -> float:
    if where.off is not None:
        if u < 0.5:
            return where.off
        u = 2 * u - 1
    to, back = (math.log, math.exp) if where.scale == "log" else (float, float)
    low, high = to(where.low), to(where.high)
    if origin == "prior" and where.center is not None:
        z = _truncated_normal(u, to(where.center), (high - low) / 4, low, high)
    else:
        z = low + u * (high - low)
    return float(f"{min(max(back(z), where.low), where.high):.4g}")


def _truncated_normal(u: float, mean: float, sd: float, low: float, high: float) -> float:
    """Inverse distribution function of a normal cut to [low, high]."""
    a, b = norm.cdf((low - mean) / sd), norm.cdf((high - mean) / sd)
    return float(mean + sd * norm.ppf(a + u * (b - a)))
