"""The strategies that a user asks for: by the name of a known combination, or as settings of knobs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from steepest.base.errors import BadInput, BadRecipe, closest
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.evidence.design import MOST
from steepest.experiment.candidates import named
from steepest.experiment.pairs import KNOWN, Combination, Switch
from steepest.search.grammar import scalar

YOURS = "yours"
FACTOR = r"[x×*](\d+(?:\.\d+)?)"
_REMEDY = 'For example: "dropout=0.3" "norm=batch", or a known pair such as dropout-norm.'


def combinations(asked: Sequence[Any]) -> tuple[Combination, ...]:
    """What to try.

    Args:
        asked: names of known combinations; or two and more switches, each as text (`switch`) or as a mapping
            of knobs to their values when on, or to (off, on). Nothing takes all that are known.

    Raises:
        BadInput: for an unknown name, names beside switches, one switch alone, two that set the same knob,
            too many.

    Example:
        >>> [c.name for c in combinations(["dropout-norm", "l2-adam"])]
        ['dropout-norm', 'l2-adam']
        >>> [s.name for s in combinations(["dropout=0.3", {"norm": "batch"}])[0].switches]
        ['dropout=0.3', 'norm=batch']
    """
    if not asked:
        return KNOWN
    names = [each for each in asked if isinstance(each, str) and "=" not in each]
    if names and len(names) < len(asked):
        others = [each for each in asked if each not in names]
        raise BadInput("conflicts", "must be given names of pairs, or switches", [*names, *others], _REMEDY)
    if names:
        return tuple(_known(name) for name in dict.fromkeys(names))
    switches = tuple(switch(each) for each in asked)
    _check(switches)
    return (Combination(YOURS, switches),)


def switch(asked: Any) -> Switch:
    """One strategy of the user's.

    Args:
        asked: "knob=on", "knob=off,on", or a mapping of knobs to values, or to pairs (off, on). A value "x4"
            means four times what the recipe has.

    Raises:
        BadInput: for other text, no knob, an unknown knob, a value of the wrong type or out of range.

    Example:
        >>> switch("dropout=0.1,0.5")
        Switch(name='dropout=0.1,0.5', on={'dropout': 0.5}, off={'dropout': 0.1})
        >>> switch("batch_size=x4").on
        {'batch_size': 'x4'}
    """
    if isinstance(asked, Switch):
        return asked
    if isinstance(asked, str):
        knob, separator, text = (part.strip() for part in asked.partition("="))
        values = [part.strip() for part in text.split(",")]
        if not separator or not knob or not all(values) or len(values) > 2:
            raise BadInput("conflicts", "must be given knob=on or knob=off,on", asked, _REMEDY)
        found = [value if re.fullmatch(FACTOR, value) else scalar(value) for value in values]
        asked = {knob: found[0] if len(found) == 1 else tuple(found)}
    if not isinstance(asked, Mapping) or not asked:
        raise BadInput("conflicts", "must be given knobs with their values when on", asked, _REMEDY)
    on, off = {}, {}
    for knob, value in dotted(asked).items():
        pair = value if isinstance(value, tuple | list) else (value,)
        if not 1 <= len(pair) <= 2:
            raise BadInput(knob, "must have a value when on, or one when off and one when on", value, _REMEDY)
        on[knob] = _value(knob, pair[-1])
        if len(pair) == 2:
            off[knob] = _value(knob, pair[0])
    if off == on:
        raise BadInput(next(iter(on)), "must differ between off and on", next(iter(on.values())), _REMEDY)
    words = (f"{k}={f'{named(off[k])},' if k in off else ''}{named(v)}" for k, v in on.items())
    return Switch(" ".join(words), on, off)


def _known(name: str) -> Combination:
    for each in KNOWN:
        if each.name == name:
            return each
    raise BadInput(
        "conflicts", "must be given a known pair, or knob=value", name, closest(name, [k.name for k in KNOWN])
    )


def _value(knob: str, value: Any) -> Any:
    """A value as a recipe holds it; a factor stays one."""
    if isinstance(value, str) and (factor := re.fullmatch(FACTOR, value.strip())):
        known = Recipe.make().dotted().get(knob)
        if isinstance(known, int | float) and not isinstance(known, bool):
            return f"x{factor[1]}"
        if knob in Recipe.model_fields:
            raise BadRecipe(knob, "must be a number to be multiplied", value, "Name its value.")
    return Recipe.make(**{knob: value}).dotted()[knob]


def _check(switches: Sequence[Switch]) -> None:
    if len(switches) < 2:
        remedy = f"Name a second one: what one does alone is for steepest compare. {_REMEDY}"
        raise BadInput("conflicts", "must be given two switches or more", switches[0].name, remedy)
    if len(switches) > MOST:
        remedy = "Try the others in a second run."
        raise BadInput("conflicts", f"must be given at most {MOST} switches", len(switches), remedy)
    owner: dict[str, Switch] = {}
    for each in switches:
        for knob in each.knobs:
            if knob in owner:
                given = f"{owner[knob].name} and {each.name}"
                remedy = "Two values of one knob are compared by: steepest compare."
                raise BadInput(knob, "must be set by one switch only", given, remedy)
            owner[knob] = each
