"""A recipe: the value of every knob. Frozen, torch-free, the same in YAML, JSON, Python and the store.

The knobs themselves are declared in four files beside this one: `architecture`, `regularisation`,
`augmentation` and `optimization`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, ValidationError, model_validator

from steepest.base.architecture import ArchitectureKnobs
from steepest.base.augmentation import AugmentationKnobs
from steepest.base.errors import BadRecipe, closest
from steepest.base.knobs import Knob
from steepest.base.optimization import OptimizationKnobs
from steepest.base.regularisation import RegularisationKnobs


class Recipe(OptimizationKnobs, AugmentationKnobs, RegularisationKnobs, ArchitectureKnobs):
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
        if isinstance(values, dict):
            for name, value in values.items():
                _check_value(name, value)
        return values

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
        return Recipe.make(**{**self.model_dump(), **changes})

    def relevant(self) -> dict[str, Any]:
        """The knobs that matter under this recipe's other choices: no β₂ for SGD."""
        values = self.model_dump()
        return {n: v for n, v in values.items() if all(values[o] in ok for o, ok in KNOBS[n].when.items())}

    def key(self) -> str:
        """A digest of the relevant knobs: equal keys train identically."""
        text = json.dumps(self.relevant(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def to_yaml(self) -> str:
        """The recipe as YAML, each knob with its meaning as a comment."""
        lines = []
        for name, value in self.model_dump().items():
            text = yaml.safe_dump({name: value}).strip()
            lines.append(f"{text:<28} # {KNOBS[name].meaning}")
        return "\n".join(lines) + "\n"

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


def _options(name: str) -> tuple[Any, ...]:
    kind: Any = Recipe.model_fields[name].annotation
    return (False, True) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()


def _number(name: str, value: Any) -> Any:
    """A numeric knob's value: YAML 1.1 reads 1e-3, without a dot, as text."""
    if isinstance(value, str) and name in KNOBS and KNOBS[name].valid is not None:
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _check_value(name: str, value: Any) -> None:
    if name not in KNOBS:
        raise BadRecipe(f"knob {name!r}", "must be a known knob", value, closest(name, KNOBS))
    knob, options = KNOBS[name], _options(name)
    if options and (value not in options or isinstance(value, bool) != isinstance(options[0], bool)):
        raise BadRecipe(name, "must be a known name", value, closest(str(value), map(str, options)))
    if knob.valid is None:
        return
    kind = Recipe.model_fields[name].annotation
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and value != int(value)):
        raise BadRecipe(
            name, f"must be {'a whole number' if kind is int else 'a number'}", value, knob.meaning + "."
        )
    low, high = knob.valid
    if not low <= value <= high:
        raise BadRecipe(name, f"must lie in [{low:g}, {high:g}]", value, f"It is the {knob.meaning}.")


KNOBS: dict[str, Knob] = _knobs()
"""Every knob by name, in the order of `Recipe`'s fields."""
