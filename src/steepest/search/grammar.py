"""The text by which a user asks for values of a knob: `1e-4..1e-1:log`, `adamw*3,sgd`, `0|0.05..0.5`.

a..b        a range, on the knob's own scale; a..b:log or a..b:linear says which
a..b@c      the same, likeliest around c; without it around the knob's own centre, where that lies inside
0|a..b      0 (not used) half of the time, else the range; off|a..b is the same
a,b,c       these values; a*3,b makes a three times as likely as b
a           this value alone
"""

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import yaml

from steepest.base.errors import BadRecipe, closest
from steepest.base.knobs import Choice, Knob, Range, Scale
from steepest.base.recipe import KNOBS, Recipe

OFF = "off"
EXAMPLE = "For example: lr=1e-4..1e-1:log, or optimizer=adamw,sgd."


def read(given: Any, key: str, name: str, knob: Knob) -> Range | Choice:
    """What is asked of a knob as a range or a choice, its values checked.

    Args:
        given: text, a list of values, a `Range` or a `Choice`.
        key: what errors call it.
        name: of the knob.
        knob: its declaration until now, for the scale and the value that means "off".

    Example:
        >>> read("1e-4..0.1", "lr", "lr", KNOBS["lr"])
        Range(low=0.0001, high=0.1, center=None, scale='log', off=None, whole=False)
        >>> read("adamw*3,sgd", "optimizer", "optimizer", KNOBS["optimizer"])
        Choice(options=('adamw', 'sgd'), weights=(0.75, 0.25))
    """
    if isinstance(given, str):
        where = _range(given, key, knob) if ".." in given else _choice(given.split(","), key, given)
    elif isinstance(given, Range | Choice):
        where = given
    else:
        where = _choice(given if isinstance(given, list | tuple) else [given], key, given)
    if isinstance(where, Choice):
        return _checked(where, key, name, knob)
    whole = where.whole or _is_whole(name, knob)
    for end in (where.low, where.high, where.center, where.off):
        value_of(name, end if end is None or not whole or end != int(end) else int(end), skip=end is None)
    if where.center is not None and not where.low <= where.center <= where.high:
        raise BadRecipe(key, "must have its centre inside its range", words(where), "Move one of them.")
    return replace(where, whole=whole)


def _range(text: str, key: str, knob: Knob) -> Range:
    off, _, rest = text.rpartition("|")
    low, _, tail = rest.partition("..")
    high, *marks = re.split(r"(?=[:@])", tail)
    scale: str | None = None
    center: float | None = None
    for mark in marks:
        if mark[0] == "@":
            center = _number(mark[1:], key, text)
        else:
            scale = mark[1:].strip()
    own = [w for w in (knob.search, *knob.search_by.values()) if isinstance(w, Range)]
    if scale not in ("log", "linear", None):
        raise BadRecipe(key, "must be on a known scale", scale, closest(scale, ("log", "linear")))
    chosen: Scale = "log" if scale == "log" or (scale is None and own and own[0].scale == "log") else "linear"
    ends = _number(low, key, text), _number(high, key, text)
    _ordered(ends, chosen, key, text)
    without = _off(off, own, key, text) if "|" in text else None
    return Range(*ends, center=center, scale=chosen, off=without)


def _ordered(ends: tuple[float, float], scale: str, key: str, text: str) -> None:
    low, high = ends
    if not low < high:
        remedy = f"Write {high:g}..{low:g}." if high < low else f"To fix the knob, write {low:g}."
        raise BadRecipe(key, "must be a range from a lower to a higher value", text, remedy)
    if scale == "log" and low <= 0:
        remedy = f"Start above 0, as in 0|{high / 1000:g}..{high:g}, or write {low:g}..{high:g}:linear."
        raise BadRecipe(key, "must stay above 0 on a logarithmic scale", text, remedy)


def _off(text: str, own: list[Range], key: str, whole: str) -> float:
    if text.strip() == OFF:
        return next((w.off for w in own if w.off is not None), 0.0)
    return _number(text, key, whole)


def _number(text: str, key: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadRecipe(key, "must be a range of numbers, low..high", whole, EXAMPLE)
    return value


def _choice(items: Iterable[Any], key: str, given: Any) -> Choice:
    options, weights = [], []
    for item in items:
        name, star, weight = item.rpartition("*") if isinstance(item, str) else (item, "", "")
        text = name if star else item
        option = scalar(text) if isinstance(text, str) else text
        share = _number(weight, key, str(given)) if star else 1.0
        if option is None or share <= 0:
            raise BadRecipe(key, "must be values with commas between them, weights above 0", given, EXAMPLE)
        options.append(option)
        weights.append(share)
    if len({repr(option) for option in options}) < max(len(options), 1):
        raise BadRecipe(key, "must name at least one value, and each once", given, EXAMPLE)
    total = sum(weights)
    even = len(set(weights)) == 1
    return Choice(tuple(options), None if even else tuple(weight / total for weight in weights))


def _checked(where: Choice, key: str, name: str, knob: Knob) -> Choice:
    """A choice whose options the knob takes, each as the recipe holds it."""
    known = knob.search.options if isinstance(knob.search, Choice) else ()
    named = bool(known) and all(isinstance(option, bool | str) for option in known)
    if named and name.startswith("own."):
        for option in where.options:
            if option not in known:
                raise BadRecipe(key, "must be a known value", option, closest(str(option), map(str, known)))
    return replace(where, options=tuple(value_of(name, option) for option in where.options))


def value_of(name: str, value: Any, skip: bool = False) -> Any:
    """A value as the recipe holds it, refused where the knob does not take it."""
    if skip or name.startswith("own."):
        return value
    return Recipe.make(**{name: value}).dotted()[name]


def _is_whole(name: str, knob: Knob) -> bool:
    if name in KNOBS:
        return Recipe.model_fields[name].annotation is int
    if isinstance(knob.search, Choice):
        return all(isinstance(o, int) and not isinstance(o, bool) for o in knob.search.options)
    return knob.search is not None and knob.search.whole


def scalar(text: str) -> Any:
    """A value as YAML reads it; numbers such as 1e-3, which YAML 1.1 takes for text, are numbers here."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text.strip()
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def words(given: Any) -> str:
    """What is asked as text that reads back as the same.

    Example:
        >>> words(Range(1e-4, 0.1, center=1e-3, scale="log", off=0.0)), words(Choice((0, 0.1)))
        ('0|0.0001..0.1:log@0.001', '0,0.1')
    """
    if isinstance(given, Range):
        off = "" if given.off is None else f"{_shown(given.off)}|"
        center = "" if given.center is None else f"@{_shown(given.center)}"
        return f"{off}{_shown(given.low)}..{_shown(given.high)}:{given.scale}{center}"
    if isinstance(given, Choice):
        weights = given.weights or ("",) * len(given.options)
        pairs = zip(given.options, weights, strict=True)
        return ",".join(f"{option}*{weight:g}" if weight else str(option) for option, weight in pairs)
    return ",".join(map(str, given)) if isinstance(given, list | tuple) else str(given)


def _shown(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
