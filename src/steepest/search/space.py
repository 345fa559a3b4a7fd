"""Where a study looks: every searched knob's declaration, turned into recipes.

A point of the unit cube becomes a recipe through each knob's inverse distribution function, so quasi-random
points fill the prior evenly. Two distributions per knob: the *prior* (weights, a normal around the centre,
half of the mass on "off") and the *uniform* one over the same range, which keeps some members free of our
beliefs.
"""

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Knob, Range
from steepest.base.later import Later
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import derive

if TYPE_CHECKING:
    from scipy.stats import qmc
else:
    qmc = Later("scipy.stats.qmc")

Origin = Literal["prior", "uniform"]


@dataclass(frozen=True, slots=True)
class Space:
    """The searched knobs, around a base recipe that holds the fixed ones.

    Args:
        base: the recipe whose values the knobs outside the search keep; also trial 0.
        names: the searched knobs, in declaration order.
        allowed: refuses recipes before they are trained (a limit on cost, say).
        task: of the data; some knobs are searched elsewhere for some tasks.
        families: architectures that compete.
        extra: knobs beyond a recipe's own, such as "own.width", the argument of the user's own network; and
            knobs that are searched otherwise than declared.
        asked: knobs whose ranges the user gave: every recipe of the space keeps to them.
        earlier: recipes to try first, such as an earlier study's.
    """

    base: Recipe
    names: tuple[str, ...]
    allowed: Callable[[Recipe], bool] = lambda _: True
    task: str = "classification"
    families: tuple[str, ...] = ("mlp",)
    extra: Mapping[str, Knob] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    earlier: tuple[Recipe, ...] = ()

    @classmethod
    def of(
        cls,
        base: Recipe,
        fixed: Mapping[str, Any],
        task: str,
        form: str = "table",
        families: Sequence[str] = (),
        without: Collection[str] = (),
        extra: Mapping[str, Knob] | None = None,
        asked: Collection[str] = (),
    ) -> "Space":
        """The default space for a task and form of data, less what the user fixed.

        Args:
            base: trial 0.
            fixed: knobs to leave alone, with their values.
            task, form: of the data: knobs that do not matter for them are not searched.
            families: architectures that compete; the base's alone if not given.
            without: further knobs to leave at the base's value.
            extra: further knobs to search, or other declarations of known ones.
            asked: those of them whose ranges the user gave.

        Raises:
            BadRecipe: if nothing is left to search.
        """
        base = base.replace(**fixed)
        competing = (base.network,) if "network" in fixed or not families else tuple(families)
        names = tuple(
            name
            for name, knob in {**KNOBS, **(extra or {})}.items()
            if name not in fixed
            and name not in without
            and (not knob.tasks or task in knob.tasks)
            and (not knob.forms or form in knob.forms)
            and (len(competing) > 1 if name == "network" else _searched(knob, task, competing))
        )
        if not names:
            raise BadRecipe("fix", "must leave at least one knob to search", sorted(fixed), "Free one.")
        return cls(base, names, task=task, families=competing, extra=extra or {}, asked=frozenset(asked))

    def knob(self, name: str) -> Knob:
        """A knob's declaration."""
        return self.extra[name] if name in self.extra else KNOBS[name]

    @property
    def structural(self) -> tuple[str, ...]:
        """The searched knobs that split stacks: width, depth, batch size, …"""
        return tuple(name for name in self.names if self.knob(name).splits_stack)

    def recipe(self, point: Sequence[float], origin: Origin) -> Recipe:
        """The recipe at a point of the unit cube, one coordinate per searched knob.

        Example:
            >>> space = Space.of(Recipe(), {"optimizer": "sgd"}, "classification")
            >>> space.recipe([0.5] * len(space.names), "prior").optimizer
            'sgd'
        """
        values = self.base.dotted()
        for name, u in sorted(zip(self.names, point, strict=True), key=lambda pair: self.hangs(pair[0])):
            where = self.where(name, values)  # the family is first, what hangs on the optimizer last
            values[name] = (
                _choice(where, u, origin) if isinstance(where, Choice) else _number(where, u, origin)
            )
        return self.tidy(values)

    def hangs(self, name: str) -> bool:
        """Whether a knob's range hangs on another's value than the family: it is drawn after that one."""
        return any(other not in ("task", "network") for other, _ in self.knob(name).search_by)

    def where(self, name: str, values: Mapping[str, Any]) -> Range | Choice:
        """A knob's range, given the values of the knobs it depends on; its value alone where it has none."""
        knob = self.knob(name)
        if name == "network":
            return knob.search or Choice(self.families)
        for (other, option), narrower in knob.search_by.items():
            if (self.task if other == "task" else values[other]) == option:
                return narrower
        return knob.search or Choice((self.base.dotted()[name],))

    def everywhere(self, name: str) -> Range | Choice:
        """A knob's range whatever the other knobs are: what a sampler has to know beforehand."""
        base, knob = self.base.dotted(), self.knob(name)
        others = [
            {},
            *({other: value} for other, value in knob.search_by if other not in ("task", "network")),
        ]
        found = [self.where(name, {**base, "network": f, **other}) for f in self.families for other in others]
        ranges = [each for each in (knob.search, *found) if isinstance(each, Range)]
        if any(isinstance(each, Range) for each in found):
            low, high = min(each.low for each in ranges), max(each.high for each in ranges)
            log = all(each.scale == "log" for each in ranges)
            off = next((each.off for each in ranges if each.off is not None), None)
            return replace(ranges[0], low=low, high=high, off=off, scale="log" if log else "linear")
        options = [option for each in found if isinstance(each, Choice) for option in each.options]
        return Choice(tuple(dict.fromkeys(options)))

    def fitted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values for another family than the base's, each among those that are searched for it."""
        out = dict(values)
        for name in self.names if out["network"] != self.base.network else ():
            where = self.where(name, out)
            if isinstance(where, Choice) and out[name] not in where.options:
                out[name] = where.options[0]
        return out

    def tidy(self, values: Mapping[str, Any]) -> Recipe:
        """A recipe from values, with every knob that does not matter under the others at its base value.

        Knobs that the user gave ranges for are brought into them.
        """
        out, base = self._brought(self.fitted(values)), self.base.dotted()
        for name in self.names:
            if any(out[other] not in ok for other, ok in self.knob(name).when.items()):
                out[name] = base[name]
        return Recipe.make(**out)

    def holds(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether a knob's value lies where it is searched, given the others."""
        return bool(_inside(self.where(name, values), values[name]) == values[name])

    def _brought(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values inside the ranges that the user gave; another optimizer begins at its own rate."""
        out = dict(values)
        for name in sorted((n for n in self.names if n in self.asked), key=self.hangs):
            if self.holds(name, out):
                continue
            out[name] = _inside(self.where(name, out), out[name])
            rate = self.where("lr", out)
            if name == "optimizer" and "lr" in self.names and isinstance(rate, Range):
                out["lr"] = rate.middle
        return out


def _inside(where: Range | Choice, value: Any) -> Any:
    """A value itself where it is among those searched, else the nearest, or the likeliest option."""
    if isinstance(where, Choice):
        if value in where.options:
            return value
        weights = where.weights or (1.0,) * len(where.options)
        return max(zip(weights, where.options, strict=True), key=lambda pair: pair[0])[1]
    return value if value == where.off or where.low <= value <= where.high else rounded(where, value)


def _searched(knob: Knob, task: str, families: Sequence[str]) -> bool:
    """Whether a knob matters, and has a range, in any of the families."""
    if not set(knob.when.get("network", families)) & set(families):
        return False
    places = {("task", task), *(("network", family) for family in families)}
    elsewhere = any(other not in ("task", "network") for other, _ in knob.search_by)
    return knob.search is not None or elsewhere or any(place in places for place in knob.search_by)


def cube(dimensions: int, count: int, seed: int) -> NDArray[np.float64]:
    """`count` scrambled Sobol points [count, dimensions] in the open unit cube (Owen 1998)."""
    power = max(0, math.ceil(math.log2(max(count, 1))))
    points = qmc.Sobol(dimensions, rng=np.random.default_rng(derive(seed, "sobol"))).random_base2(power)
    inside: NDArray[np.float64] = np.clip(points[:count], 1e-9, 1 - 1e-9)
    return inside


def _choice(where: Choice, u: float, origin: Origin) -> Any:
    weights = (1.0,) * len(where.options) if origin == "uniform" or where.weights is None else where.weights
    edges = itertools.accumulate(float(weight) for weight in weights)
    at = u * sum(float(weight) for weight in weights)
    return next((o for o, edge in zip(where.options, edges, strict=True) if at < edge), where.options[-1])


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
    return rounded(where, back(z))


def rounded(where: Range, value: float) -> float:
    """A value to four digits, or a whole number, brought into a range."""
    inside = min(max(float(f"{value:.4g}"), where.low), where.high)
    return round(inside) if where.whole else inside


def _truncated_normal(u: float, mean: float, sd: float, low: float, high: float) -> float:
    """Inverse distribution function of a normal cut to [low, high]."""
    a, b = ndtr((low - mean) / sd), ndtr((high - mean) / sd)
    return float(mean + sd * ndtri(a + u * (b - a)))
