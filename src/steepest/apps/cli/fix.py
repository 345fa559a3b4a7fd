"""Reading `--fix knob=value`, knobs the search must leave alone, and `--set knob=range`, where it looks."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from steepest.base.errors import BadRecipe
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.search.asked import refuse_both, wishes
from steepest.search.grammar import scalar
from steepest.search.space_file import read_space


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
        fixed[name] = scalar(text)
        Recipe.make(**{name: fixed[name]})  # each alone, so that the message names the knob at fault
    known = Recipe.make(**fixed).dotted()
    return {name: known[name] for name in dotted(fixed)}


def parse_space(settings: Iterable[str], file: Path | None, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """What `--set` and `--space` ask of the search. The command line goes before the file.

    Args:
        settings: each knob=range.
        file: a space file.
        fixed: what `--fix` holds.

    Raises:
        BadRecipe: for text without `=`, a knob set twice, or set and fixed; a file that cannot be used.

    Example:
        >>> parse_space(["lr=1e-4..1e-1:log", "optimizer=adamw,sgd"], None, {})
        {'lr': '1e-4..1e-1:log', 'optimizer': 'adamw,sgd'}
    """
    asked: dict[str, Any] = {}
    for setting in settings:
        key, text = _parted(setting)
        if key in asked:
            raise BadRecipe(f"--set {key}", "must be given once", text, f"It is {asked[key]!r} already.")
        asked[key] = text
    refuse_both(asked, fixed, "--set", "--fix")
    given = {*fixed, *(wish.knob for wish in wishes(asked) if wish.only is None)}
    known = read_space(file) if file is not None else {}
    return {**{wish.key: wish.given for wish in wishes(known) if wish.knob not in given}, **asked}


def _parted(setting: str) -> tuple[str, str]:
    """Key and text of knob=text, or of knob[optimizer=sgd]=text."""
    key, separator, text = setting.partition("=")
    if "[" in key:
        inner, bracket, rest = text.partition("]")
        key, (_, separator, text) = f"{key}={inner}{bracket}", rest.partition("=")
    if not separator or not key.strip() or not text.strip():
        raise BadRecipe("--set", "must read knob=range", setting, "For example: --set lr=1e-4..1e-1:log.")
    return re.sub(r"\s", "", key), text.strip()
