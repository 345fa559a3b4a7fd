"""A recipe: the value of every knob. Frozen, torch-free, the same in YAML, JSON, Python and the store.

The knobs themselves are declared in five files beside this one: `architecture`, `own`, `regularisation`,
`augmentation` and `optimization`.
"""

import functools
import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, ValidationError, model_validator

from steepest.base.architecture import ArchitectureKnobs
from steepest.base.augmentation import AugmentationKnobs
from steepest.base.errors import BadRecipe, closest
from steepest.base.knobs import Knob
from steepest.base.optimization import OptimizationKnobs
from steepest.base.own import GROUPS, REPLACED, OwnKnobs, dotted, grouped, plain
from steepest.base.regularisation import RegularisationKnobs


class Recipe(OptimizationKnobs, AugmentationKnobs, RegularisationKnobs, OwnKnobs, ArchitectureKnobs):
    """Every knob's value. Unknown names and values out of range are refused with the remedy.

    Example:
        >>> recipe = Recipe(optimizer="sgd", lr=0.1)
        >>> recipe.batch_size
        64
        >>> Recipe.from_yaml(recipe.to_yaml()) == recipe
        True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = grouped(values)
        if values.get("network") == "own":
            values.setdefault("initialisation", "own")
        for name, value in values.items():
            _check_value(name, value)
        return {n: _plain(n, v) if n in GROUPS and isinstance(v, dict) else v for n, v in values.items()}

    def __hash__(self) -> int:
        return hash(self.key())

    @classmethod
    def make(cls, **values: Any) -> "Recipe":
        """A recipe from keyword arguments; a bad one raises `BadRecipe` instead of pydantic's error."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "recipe"
            raise BadRecipe(name, first["msg"].lower(), first.get("input"), "Correct the value.") from None

    def replace(self, **changes: Any) -> "Recipe":
        """A copy with some knobs changed, checked again."""
        return Recipe.make(**{**self.dotted(), **dotted(changes)})

    def dotted(self) -> dict[str, Any]:
        """Every knob's value, those of the user's own network by names such as `own.width`."""
        return dotted(self.model_dump())

    def relevant(self, form: str = "", task: str = "") -> dict[str, Any]:
        """The knobs that matter under this recipe's other choices: no β₂ for SGD.

        Args:
            form, task: of the data, where known: no flips for tables.
        """
        values = self.model_dump()
        return {
            name: value
            for name, value in values.items()
            if KNOBS[name].matters(form, task)
            and all(values[other] in ok for other, ok in KNOBS[name].when.items())
            and (self.start_from or name not in ("start_from", "start_match"))
        }

    def key(self) -> str:
        """A digest of the relevant knobs: equal keys train identically."""
        text = json.dumps(self.relevant(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def to_yaml(self, form: str = "", task: str = "") -> str:
        """The recipe as YAML, each knob with its meaning as a comment: first those that matter.

        Args:
            form, task: as for `relevant`.
        """
        values, matter = self.model_dump(), self.relevant(form, task)
        idle = [name for name in values if name not in matter and name not in OwnKnobs.model_fields]
        heading = ["", "# Without effect on this data, or under the choices above."] if idle else []
        return "\n".join([*map(self._line, matter), *heading, *map(self._line, idle)]) + "\n"

    def _line(self, name: str) -> str:
        value = getattr(self, name)
        text = yaml.safe_dump({name: value}).strip()
        if isinstance(value, dict):  # in one line, for the comment
            text = f"{name}: {yaml.safe_dump(value, default_flow_style=True, width=math.inf).strip()}"
        return f"{text:<28} # {KNOBS[name].meaning}"

    @classmethod
    def from_yaml(cls, text: str, where: str = "recipe") -> "Recipe":
        """Read what `to_yaml` wrote; `where` names the source in errors."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise BadRecipe(
                where, "must be YAML", str(error).split("\n")[0], "See `steepest tune --help`."
            ) from None
        if not isinstance(values, dict):
            raise BadRecipe(where, "must be a list of `knob: value` lines", type(values).__name__)
        return cls.make(**{str(name): _number(str(name), value) for name, value in values.items()})

    @classmethod
    def load(cls, path: str | Path) -> "Recipe":
        """Read a recipe file."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
            raise BadRecipe(
                "recipe", "must be a readable file", f"{path} ({reason})", "Check the path."
            ) from None
        return cls.from_yaml(text, where=str(path))


def _knobs() -> dict[str, Knob]:
    hints = get_type_hints(Recipe, include_extras=True)
    return {
        name: next(a for a in get_args(hints[name]) if isinstance(a, Knob)) for name in Recipe.model_fields
    }


@functools.cache
def _kind(name: str) -> Any:
    return Recipe.model_fields[name].annotation


@functools.cache
def _options(name: str) -> tuple[Any, ...]:
    kind = _kind(name)
    return (False, True) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()


def _number(name: str, value: Any) -> Any:
    """A numeric knob's value: YAML 1.1 reads 1e-3, without a dot, as text."""
    if name in GROUPS and isinstance(value, dict):
        return {key: _number(f"{name}.{key}", each) for key, each in value.items()}
    if isinstance(value, str) and name.partition(".")[0] in GROUPS and re.fullmatch(_SCIENTIFIC, value):
        return float(value)
    if isinstance(value, str) and name in KNOBS and KNOBS[name].valid is not None:
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _plain(group: str, values: dict[Any, Any]) -> dict[str, Any]:
    """The knobs of a group: plain values under names."""
    try:
        return {str(name): plain(value) for name, value in values.items()}
    except TypeError:
        remedy = "Give numbers, text, true or false, or lists of these."
        raise BadRecipe(group, "must hold plain values", values, remedy) from None


def _check_replaced(values: Any) -> None:
    for name, value in values.items() if isinstance(values, dict) else ():
        if name not in REPLACED:
            raise BadRecipe(f"replaced.{name}", "must be a known knob", value, closest(str(name), REPLACED))
        try:
            if value != "own":
                _check_value(name, value)
        except BadRecipe as error:
            shown = f"replaced.{name}"
            raise BadRecipe(shown, error.constraint, error.value, error.remedy) from None


def _check_value(name: str, value: Any) -> None:
    if name == "replaced":
        _check_replaced(value)
    if name not in KNOBS:
        raise BadRecipe(f"knob {name!r}", "must be a known knob", value, closest(name, KNOBS))
    knob, options = KNOBS[name], _options(name)
    if options and (value not in options or isinstance(value, bool) != isinstance(options[0], bool)):
        raise BadRecipe(name, "must be a known name", value, closest(str(value), map(str, options)))
    if knob.valid is None:
        return
    kind = _kind(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and value != int(value)):
        raise BadRecipe(
            name, f"must be {'a whole number' if kind is int else 'a number'}", value, knob.meaning + "."
        )
    low, high = knob.valid
    if not low <= value <= high:
        raise BadRecipe(name, f"must lie in [{low:g}, {high:g}]", value, f"It is the {knob.meaning}.")


_SCIENTIFIC = r"[+-]?\d+(\.\d*)?[eE][+-]?\d+"

KNOBS: dict[str, Knob] = _knobs()
"""Every knob by name, in the order of `Recipe`'s fields."""
