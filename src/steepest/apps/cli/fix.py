"""Reading `--fix knob=value`: knobs the search must leave alone."""

from collections.abc import Iterable
from typing import Any

import yaml

from steepest.base.errors import BadRecipe
from steepest.base.own import dotted
from steepest.base.recipe import Recipe


def parse_fix(settings: Iterable[str]) -> dict[str, Any]:
    """The knobs named on the command line, with values typed as in YAML and checked like a recipe's.

    Example:
        >>> parse_fix(["optimizer=adam", "lr=1e-3", "depth=2"])
        {'optimizer': 'adam', 'lr': 0.001, 'depth': 2}
        >>> parse_fix(["own.width=64", "replaced.dropout=0.2"])  # of your own network
        {'own.width': 64, 'replaced.dropout': 0.2}

    Raises:
        BadRecipe: for text without `=`, an unknown knob, a value out of range, a knob fixed twice.
    """
    fixed: dict[str, Any] = {}
    for setting in settings:
        name, separator, text = (part.strip() for part in setting.partition("="))
        if not separator or not name or not text:
            raise BadRecipe("--fix", "must read knob=value", setting, "For example: --fix optimizer=adam.")
        if name in fixed:
            raise BadRecipe(f"--fix {name}", "must be given once", setting, f"It is {fixed[name]!r} already.")
        fixed[name] = _value(text)
        Recipe.make(**{name: fixed[name]})  # each alone, so that the message names the knob at fault
    known = Recipe.make(**fixed).dotted()
    return {name: known[name] for name in dotted(fixed)}


def _value(text: str) -> Any:
    """A YAML scalar; numbers such as 1e-3, which YAML 1.1 takes for text, are numbers here."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
