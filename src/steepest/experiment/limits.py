"""What a recipe must not exceed: `parameters<=100k`, `latency<=5ms`, `flops<=1e6`."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from steepest.base.errors import BadInput, closest
from steepest.base.knobs import Choice
from steepest.base.recipe import Recipe
from steepest.experiment.gauging import QUANTITIES, Gauge, shown
from steepest.experiment.sizing import count_of
from steepest.search.space import Space, cube

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
THOUSANDS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
DRAWS = 24
"""Recipes that are looked at for one within the limits, beside the smallest networks."""

_REMEDY = "For example: parameters<=100k, latency<=5ms, flops<=1e6."


@dataclass(frozen=True, slots=True)
class Limit:
    """A quantity, and the most of it."""

    quantity: str
    most: float

    @property
    def words(self) -> str:
        """As a clause: "at most 100,000 parameters"."""
        return f"at most {shown(self.quantity, self.most)}" + " an example" * (self.quantity == "latency")


def read_limits(texts: str | Iterable[str]) -> tuple[Limit, ...]:
    """What is asked, checked.

    Raises:
        BadInput: for an unknown quantity, a number that cannot be read, and a quantity limited twice.

    Example:
        >>> read_limits(["parameters<=100k", "latency <= 5ms"])
        (Limit(quantity='parameters', most=100000), Limit(quantity='latency', most=0.005))
    """
    found: dict[str, Limit] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        quantity, sign, most = (part.strip() for part in str(text).partition("<="))
        if not sign:
            raise BadInput("limit", "must read quantity<=most", text, _REMEDY)
        if quantity not in QUANTITIES:
            raise BadInput("limit", "must be of a known quantity", quantity, closest(quantity, QUANTITIES))
        if quantity in found:
            raise BadInput(
                "limit", f"must name {quantity} once", text, f"It is {found[quantity].words} already."
            )
        found[quantity] = Limit(quantity, _most(quantity, most))
    return tuple(found.values())


def _most(quantity: str, text: str) -> float:
    argument = f"limit {quantity}"
    if quantity == "parameters":
        try:
            return count_of(text)
        except BadInput as error:
            raise BadInput(argument, error.constraint, text, _REMEDY) from None
    parts = re.fullmatch(r"(?P<number>.+?)\s*(?P<unit>[a-zA-Zµ]*)", text)
    number, unit = (parts["number"], parts["unit"]) if parts else (text, "")
    units = SECONDS if quantity == "latency" else THOUSANDS
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        constraint = (
            "must be a positive time, such as 5ms" if quantity == "latency" else "must be a positive number"
        )
        raise BadInput(argument, constraint, text, _REMEDY)
    return value


def excess(recipe: Recipe, limits: Sequence[Limit], gauge: Gauge) -> float:
    """By what factor a recipe exceeds the limit that it exceeds most; 1 and below are within all of them.

    Example:
        >>> from steepest.networks.ports import Ports
        >>> gauge = Gauge(Ports.table(8, 3))
        >>> excess(Recipe(depth=1, width=10), read_limits("parameters<=246"), gauge)
        0.5
    """
    try:
        return max((gauge(limit.quantity, recipe) / limit.most for limit in limits), default=0.0)
    except BadInput:  # a network that cannot be made for this data
        return math.inf


def smallest(space: Space, limits: Sequence[Limit], gauge: Gauge) -> tuple[Recipe, float]:
    """The recipe of a space that stays furthest below the limits, as found knob by knob; and its excess."""
    found = []
    for family in space.families:
        values = space.fitted({**space.base.dotted(), "network": family})
        best, least = space.tidy(values), math.inf
        sizes = {*space.structural, *(n for n in space.names if n.startswith("own."))} - {"network"}
        for name in [None, *(n for n in space.names if n in sizes)]:
            for value in [None] if name is None else _options(space, name, best):
                tried = best if name is None else space.tidy({**best.dotted(), name: value})
                by = excess(tried, limits, gauge)
                if by < least:
                    best, least = tried, by
        found.append((least, best))
    least, best = min(found, key=lambda pair: pair[0])
    return best, least


def refuse_unreachable(space: Space, limits: Sequence[Limit], gauge: Gauge) -> None:
    """Refuse limits within which there is nothing to try.

    Raises:
        BadInput: names the smallest network that was found.
    """
    if not limits:
        return
    best, least = smallest(space, limits, gauge)
    points = cube(len(space.names), DRAWS, 0).tolist()
    if least <= 1 or any(excess(space.recipe(p, "uniform"), limits, gauge) <= 1 for p in points):
        return
    reached = ", ".join(shown(limit.quantity, gauge(limit.quantity, best)) for limit in limits)
    size = " ".join(f"{n}={best.dotted()[n]}" for n in ("network", "depth", "width") if n in best.relevant())
    given = ", ".join(limit.words for limit in limits)
    remedy = f"The smallest found has {reached} ({size}). Allow more, or widen the space."
    raise BadInput("limit", "must leave a network to try", given, remedy)


def within(space: Space, limits: Sequence[Limit], gauge: Gauge) -> Space:
    """A space without the options of which not even the smallest network is within the limits.

    Search would find as much by itself, at the price of many proposals refused.
    """
    if not limits:
        return space
    best, _ = smallest(space, limits, gauge)
    changed = {}
    for name in space.structural:
        knob, where = space.knob(name), space.where(name, best.dotted())
        place = ("network", best.network)
        if name == "network" or not isinstance(where, Choice) or len(space.families) > 1:
            continue
        tried = [space.tidy({**best.dotted(), name: value}) for value in where.options]
        kept = [i for i, recipe in enumerate(tried) if excess(recipe, limits, gauge) <= 1]
        if kept and len(kept) < len(tried):
            weights = where.weights and tuple(where.weights[i] for i in kept)
            fewer = Choice(tuple(where.options[i] for i in kept), weights)
            changed[name] = replace(knob, search_by={**knob.search_by, place: fewer})
    return replace(space, extra={**space.extra, **changed})


def _options(space: Space, name: str, recipe: Recipe) -> tuple[object, ...]:
    where = space.where(name, recipe.dotted())
    return where.options if isinstance(where, Choice) else (where.low,)
