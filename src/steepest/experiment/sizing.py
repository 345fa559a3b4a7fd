"""The reverse of cost: which networks have at most so many parameters."""

import contextlib
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.knobs import Choice
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.source import ports_of

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}
_PLAIN = re.compile(r"([0-9][0-9_,]{0,30}(?:\.[0-9]{1,9})?)\s*([a-z]?)")
_POWER = re.compile(r"([0-9]{1,4})(?:\^|\*\*)([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Sized:
    """A network that fits.

    Args:
        depth, width: the knobs' values; 0 for a linear network.
        layers: numbers in each layer of a dense network, from inputs to outputs; () for other families.
        parameters: numbers that are trained.
        offered: both values are among those that `tune` tries; False for a width found by bisection.
        widest: one unit more in `width` would be too many.
    """

    depth: int
    width: int
    layers: tuple[int, ...]
    parameters: int
    offered: bool
    widest: bool

    @property
    def mark(self) -> str:
        """What is special about it, in words; "" for the values that `tune` tries."""
        if not self.widest or not self.depth:
            return ""
        limit = KNOBS["width"].valid
        return "the widest there is" if limit and self.width == limit[1] else "the widest that fits"


@dataclass(frozen=True, slots=True)
class Sizing:
    """All networks of a recipe that fit, largest first.

    Args:
        data: name of the data set.
        most: parameters allowed.
        family: of all networks here.
        networks: those that fit; at least one.
    """

    data: str
    most: int
    family: str
    networks: tuple[Sized, ...]

    def to_dict(self) -> dict[str, Any]:
        """Every fact as plain values."""
        return asdict(self)


def count_of(text: str | int) -> int:
    """A number of parameters as people write it: 100k, 2M, 1.5M, 1B, 100_000, 2^20.

    k, M and B (or G) are thousand, million and billion; capitals do not matter.

    Raises:
        BadInput: for anything else, and below 1.

    Example:
        >>> count_of("100k"), count_of("1.5M"), count_of("2^24")
        (100000, 1500000, 16777216)
    """
    given, written = text, "" if isinstance(text, bool) else str(text).strip().lower()
    if power := _POWER.fullmatch(written):
        value = Decimal(int(power[1]) ** int(power[2]))
    elif (plain := _PLAIN.fullmatch(written)) and plain[2] in UNITS:
        value = Decimal(re.sub("[_,]", "", plain[1])) * UNITS[plain[2]]
    else:
        raise _refused(given)
    if value < 1 or value != int(value):
        raise _refused(given)
    return int(value)


def networks_within(
    data: DataSet, most: str | int, recipe: Recipe | None = None, fixed: Collection[str] = ()
) -> Sizing:
    """The depths and widths of a recipe's network with at most `most` parameters, largest first.

    For each depth that the search offers: the widest network that fits, found by bisection (parameters grow
    with every unit of width), and the widths that the search offers as far as they fit.

    Args:
        data: gives the inputs and outputs.
        most: parameters allowed, as `count_of` reads it.
        recipe: its family, taper and norm are kept; the default recipe if not given.
        fixed: "depth" or "width" keep the recipe's value too.

    Raises:
        BadInput: if `most` is no number of parameters, or too few for any network, and for a network of the
            user's own.

    Example:
        >>> from steepest.data.read import read
        >>> found = networks_within(read("digits"), "100k")
        >>> found.networks[0].layers, found.networks[0].parameters
        ((64, 1333, 10), 99985)
    """
    limit, known = count_of(most), recipe or Recipe()
    if known.network == "own":
        remedy = "Give its arguments other values, and ask `cost` for its parameters."
        raise BadInput(
            "network", "must be a built-in family: only their sizes are known", known.factory, remedy
        )
    ports = ports_of(data)
    if known.network == "linear":
        count = cost(spec_of(known, ports), 1, 0).parameters
        candidates = [Sized(0, 0, (ports.inputs, ports.outputs), count, True, True)]
    else:
        candidates = _candidates(known, ports, limit, fixed)
    fit = sorted(
        (c for c in candidates if c.parameters <= limit), key=lambda c: (-c.parameters, c.depth, c.width)
    )
    if not fit:
        raise _too_few(most, min(candidates, key=lambda c: c.parameters))
    return Sizing(data.name, limit, known.network, tuple(fit))


def _candidates(recipe: Recipe, ports: Ports, limit: int, fixed: Collection[str]) -> list[Sized]:
    """Every network that is asked about, whether it fits or not."""
    depths, widths = (_offered(knob, recipe.network) for knob in ("depth", "width"))
    unit = recipe.heads if recipe.network == "transformer" else 1  # heads share the width evenly

    def sized(depth: int, units: int) -> Sized:
        width = units * unit
        spec = spec_of(recipe.replace(depth=depth, width=width), ports)
        offered = depth in depths and width in widths
        layers = (spec.inputs, *spec.hidden, spec.outputs) if isinstance(spec, NetworkSpec) else ()
        return Sized(depth, width, layers, cost(spec, 1, 0).parameters, offered, widest=False)

    found: dict[tuple[int, int], Sized] = {}
    for depth in (recipe.depth,) if "depth" in fixed else _possible(recipe, ports, depths):
        for width in (recipe.width,) if "width" in fixed else widths:
            found[depth, width] = sized(depth, width // unit)
        if "width" not in fixed:
            low, high = (int(end) // unit or 1 for end in KNOBS["width"].valid or ())
            while low < high:  # the widest that fits, or the narrowest there is
                middle = (low + high + 1) // 2
                low, high = (middle, high) if sized(depth, middle).parameters <= limit else (low, middle - 1)
            found[depth, low * unit] = replace(sized(depth, low), widest=True)
    return list(found.values())


def _possible(recipe: Recipe, ports: Ports, depths: Sequence[int]) -> list[int]:
    """The depths that this data allows: an image can be halved only so often."""
    possible = []
    for depth in depths:
        with contextlib.suppress(BadInput):
            spec_of(recipe.replace(depth=depth), ports)
            possible.append(depth)
    return possible or [recipe.depth]


def _offered(knob: str, family: str) -> tuple[int, ...]:
    """The values of a knob that the search tries for a family."""
    search = KNOBS[knob].search_by.get(("network", family), KNOBS[knob].search)
    assert isinstance(search, Choice)
    return search.options


def _refused(given: object) -> BadInput:
    remedy = "Write 100k, 2M, 1.5B or 250000."
    return BadInput("most", "must be a whole number of parameters, at least 1", given, remedy)


def _too_few(given: object, least: Sized) -> BadInput:
    shape = " → ".join(map(str, least.layers)) or f"depth {least.depth}, width {least.width}"
    constraint = f"must be at least {least.parameters:,}, the parameters of the smallest network here"
    return BadInput("most", constraint, given, f"That is {shape}; allow more, or fix fewer knobs.")
