"""What a user asks of the search: for each knob a text (`steepest.search.grammar`), a list, a value, a range.

A knob's name may say where that holds: `lr[optimizer=sgd]`, `width[network=cnn]`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from steepest.base.errors import BadRecipe, closest
from steepest.base.knobs import Choice, Knob, Range
from steepest.base.own import GROUPS, REPLACED
from steepest.base.recipe import KNOBS, Recipe
from steepest.search.grammar import EXAMPLE, read, scalar, value_of, words

CONDITIONS = ("network", "optimizer")
"""Knobs for whose values others may be asked apart."""

GIVEN = {
    "epochs": "Fix it, or leave it to the budget: all members train for the same time.",
    "factory": "Name your network by --network (network=).",
    "start_from": "Name the file by --start-from (start_from=).",
    "start_match": "Use --matching (matching=True).",
}
"""Knobs that are not searched, and what to do instead."""

_KEY = re.compile(r"\s*(?P<name>[^\[\]\s]+)\s*(?:\[\s*(?P<other>\w+)\s*=\s*(?P<option>\w+)\s*\])?\s*")


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing asked.

    Args:
        key: as it was written: "lr[optimizer=sgd]".
        knob: whose values it is about.
        only: the other knob and its value that it holds for; None for all.
        given: text, a list of values, one value, a `Range` or a `Choice`.
    """

    key: str
    knob: str
    only: tuple[str, str] | None
    given: Any

    @property
    def fixes(self) -> bool:
        """Whether it leaves a single value, everywhere."""
        return self.only is None and _single(self.given)


def wishes(asked: Mapping[str, Any]) -> list[Wish]:
    """What is asked, key by key.

    Raises:
        BadRecipe: for a key that cannot be read, an unknown knob, and one that is not searched.

    Example:
        >>> [(w.knob, w.only, w.fixes) for w in wishes({"lr[optimizer=sgd]": "0.1..1", "depth": 2})]
        [('lr', ('optimizer', 'sgd'), False), ('depth', None, True)]
    """
    found = []
    for key, given in asked.items():
        parts = _KEY.fullmatch(str(key))
        if parts is None:
            raise BadRecipe("the space", "must name knobs as lr, or lr[optimizer=sgd]", key, EXAMPLE)
        name, other, option = parts["name"], parts["other"], parts["option"]
        _known(name)
        if other is not None and (other not in CONDITIONS or other == name):
            raise BadRecipe(
                key, "must hold for a network or an optimizer, or for all", other, closest(other, CONDITIONS)
            )
        if other is not None:
            Recipe.make(**{other: option})  # an unknown option is refused with the closest one
        found.append(Wish(str(key), name, None if other is None else (other, option), given))
    return found


def fixed_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The knobs that are left a single value, with it.

    Example:
        >>> fixed_of({"lr": "1e-3", "depth": [2], "dropout": "0,0.1"})
        {'lr': 0.001, 'depth': 2}
    """
    found = {}
    for wish in wishes(asked):
        if wish.fixes:
            value = wish.given
            value = value.options[0] if isinstance(value, Choice) else value
            value = value[0] if isinstance(value, list | tuple) else value
            found[wish.knob] = value_of(wish.knob, scalar(value) if isinstance(value, str) else value)
    return found


def refuse_both(
    asked: Mapping[str, Any], fixed: Mapping[str, Any], first: str = "space", second: str = "fix"
) -> None:
    """Refuse a knob that is asked to be searched and to be fixed; `first` and `second` name the arguments."""
    for wish in wishes(asked):
        if wish.knob in fixed:
            remedy = f"It is {words(wish.given)!r} there; leave one of them out."
            raise BadRecipe(f"{second} {wish.knob}", f"must not be in {first} too", fixed[wish.knob], remedy)


def declared(asked: Mapping[str, Any], knobs: Mapping[str, Knob]) -> dict[str, Knob]:
    """The knobs that are asked to be searched otherwise, as they are then declared.

    Args:
        asked: knob → what is asked of it; those of knobs that are not among `knobs` are left out.
        knobs: their declarations until now.

    Raises:
        BadRecipe: for text that cannot be read, and for values that the knob does not take.

    Example:
        >>> declared({"mixup": "0.1..1"}, KNOBS)["mixup"].search
        Range(low=0.1, high=1.0, center=None, scale='linear', off=None, whole=False)
    """
    of: defaultdict[str, list[Wish]] = defaultdict(list)
    for wish in wishes(asked):
        if wish.knob in knobs and not wish.fixes:
            of[wish.knob].append(wish)
    return {name: _changed(knobs[name], listed) for name, listed in of.items()}


def _changed(knob: Knob, asked: list[Wish]) -> Knob:
    """A knob with what is asked everywhere in place of its ranges; what is asked in places goes before."""
    for wish in sorted(asked, key=lambda w: w.only is not None):
        if wish.only is not None:
            own = replace(knob, search=knob.search_by.get(wish.only, knob.search))
            where = _centred(read(wish.given, wish.key, wish.knob, own), own.search)
            knob = replace(knob, search_by={wish.only: where, **_without(knob.search_by, wish.only)})
            continue
        where = read(wish.given, wish.key, wish.knob, knob)
        kept = {
            place: _centred(where, own)
            for place, own in knob.search_by.items()
            if isinstance(own, Range) and isinstance(where, Range)
        }
        knob = replace(knob, search=_centred(where, knob.search), search_by=kept)
    return knob


def _without(places: Mapping[Any, Any], one: Any) -> dict[Any, Any]:
    return {place: where for place, where in places.items() if place != one}


def _centred(where: Range | Choice, own: Range | Choice | None) -> Range | Choice:
    """A range without a centre gets the knob's own, where that lies inside."""
    if not isinstance(where, Range) or not isinstance(own, Range) or where.center is not None:
        return where
    inside = own.center is not None and where.low <= own.center <= where.high
    return replace(where, center=own.center) if inside else where


def _known(name: str) -> None:
    """Refuse what is no knob, or none that a search can vary; arguments of the user's network come later."""
    group, _, rest = name.partition(".")
    if name in GIVEN:
        raise BadRecipe(name, "must be left out of the space: it is not searched", name, GIVEN[name])
    if (group == "own" and rest) or (group == "replaced" and rest in REPLACED):
        return
    if name not in KNOBS or name in GROUPS:
        names = [
            *(n for n in KNOBS if n not in GROUPS and n not in GIVEN),
            *(f"replaced.{n}" for n in REPLACED),
        ]
        raise BadRecipe(f"knob {name!r}", "must be a known knob", name, closest(name, names))


def _single(given: Any) -> bool:
    if isinstance(given, str):
        return ".." not in given and "," not in given and "|" not in given
    if isinstance(given, Choice):
        return len(given.options) == 1
    return not isinstance(given, Range) and (not isinstance(given, list | tuple) or len(given) == 1)
