"""What the command line compares: knobs with values, networks by name, recipe files and run folders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.own import NAMED
from steepest.base.errors import BadInput

RECIPES = (".yaml", ".yml", ".json")
WILD = "*?["


@dataclass(frozen=True, slots=True)
class Tokens:
    """The arguments of a comparison, sorted.

    Args:
        knobs: knob → values.
        networks: module:function, or families beside them.
        recipes: files and folders.
    """

    knobs: dict[str, list[Any]] = field(default_factory=dict)
    networks: list[str] = field(default_factory=list)
    recipes: list[str] = field(default_factory=list)


def sorted_out(arguments: Sequence[str]) -> Tokens:
    """Tell knobs, networks and recipes apart.

    Example:
        >>> sorted_out(["optimizer=sgd,adam", "depth=1,2"]).knobs
        {'optimizer': ['sgd', 'adam'], 'depth': [1, 2]}
        >>> sorted_out(["nets.py:small,nets.py:large"]).networks
        ['nets.py:small', 'nets.py:large']

    Raises:
        BadInput: for other text, and for several kinds at once.
    """
    found = Tokens()
    settings = []
    for argument in arguments:
        if _is_place(argument):
            found.recipes.extend(_places(argument))
        elif "=" not in argument and all(NAMED.fullmatch(part) for part in argument.split(",")):
            found.networks.extend(argument.split(","))
        else:
            settings.append(argument)
    found.knobs.update(parse_values(settings))
    if found.recipes and (found.networks or found.knobs):
        others = ", ".join([*found.networks, *found.knobs])
        raise BadInput("recipes", "must be compared alone", others, "Hold other knobs by --fix.")
    return found


def _is_place(argument: str) -> bool:
    """Whether an argument is a recipe file, a run folder or a pattern of them."""
    return argument.lower().endswith(RECIPES) or (
        "=" not in argument and (Path(argument).is_dir() or any(sign in argument for sign in WILD))
    )


def _places(argument: str) -> list[str]:
    if not any(sign in argument for sign in WILD) or Path(argument).exists():
        return [argument]
    found = sorted(glob(argument))
    if not found:
        remedy = "Name recipe files or run folders, such as 'recipes/*.yaml'."
        raise BadInput("recipes", "must be there", argument, remedy)
    return found


def parse_values(settings: Sequence[str]) -> dict[str, list[Any]]:
    """`KNOB=VALUE,VALUE` as a mapping, each value checked as in `--fix`.

    Example:
        >>> parse_values(["batch_size=16,64"])
        {'batch_size': [16, 64]}

    Raises:
        BadInput: for other text, an unknown knob, a value out of range or of the wrong type.
    """
    knobs: dict[str, list[Any]] = {}
    for setting in settings:
        name, separator, text = (part.strip() for part in setting.partition("="))
        if not separator or not name or not all(part.strip() for part in text.split(",")):
            remedy = "For example: batch_size=16,64,256; or name recipe files, or networks (module:function)."
            raise BadInput("compare", "must be given KNOB=VALUE,VALUE", setting, remedy)
        knobs[name] = [*knobs.get(name, []), *(value_of(name, part) for part in text.split(","))]
    return knobs


def value_of(knob: str, text: str) -> Any:
    """One value of a knob, typed and checked."""
    return parse_fix([f"{knob}={text}"])[knob]
