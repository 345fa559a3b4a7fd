"""Who takes part in a comparison: values of one knob, combinations of several, networks, whole recipes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.experiment.candidates import Candidate, candidate, candidates, listed, named, one_knob
from steepest.experiment.earlier import Earlier, read_earlier
from steepest.experiment.own import refuse_idle
from steepest.experiment.starting import default_recipe
from steepest.networks.architecture import spec_of
from steepest.training.source import ports_of

MOST = 32
"""Contenders at most: a family so large leaves each of them little power; beyond it is a search."""


@dataclass(frozen=True, slots=True)
class Several:
    """A contender that differs from the default in several knobs, or in none.

    Args:
        name: what the table calls it.
        knobs: knob → value.
    """

    name: str
    knobs: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Whole:
    """A contender that is a whole recipe.

    Args:
        name: what the table calls it.
        recipe: its knobs.
        source: where it comes from, with the task and form of the data it was found on; None for a recipe
            given as such.
    """

    name: str
    recipe: Recipe
    source: Earlier | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.name


def combined(knobs: Mapping[str, Any], each: bool = False) -> tuple[str, tuple[Any, ...]]:
    """The contenders that some knobs with their values make, and what they are called together.

    Args:
        knobs: knob → values; one knob is compared by itself, several in all combinations.
        each: one change at a time, against the default.

    Raises:
        BadInput: as `candidates.one_knob` does, and for more than `MOST` contenders.

    Example:
        >>> title, found = combined({"optimizer": ["sgd", "adam"], "depth": [1, 2]})
        >>> title, [each.name for each in found]
        ('optimizer × depth', ['sgd × 1', 'sgd × 2', 'adam × 1', 'adam × 2'])
        >>> title, found = combined({"optimizer": ["sgd"], "depth": [3]}, each=True)
        >>> [each.name for each in found]
        ['default', 'optimizer=sgd', 'depth=3']
    """
    if not each and len(knobs) == 1:
        return one_knob(knobs)
    if not knobs:
        return one_knob(knobs)  # says what is missing
    values = {knob: listed(knob, given, 1 if each else 2) for knob, given in knobs.items()}
    found = [Several("default", {})]
    if each:
        found += [Several(f"{k}={named(v)}", {k: v}) for k, known in values.items() for v in known]
    else:
        found = [
            Several(" × ".join(map(named, chosen)), dict(zip(values, chosen, strict=True)))
            for chosen in product(*values.values())
        ]
    _few(found)
    return ("change" if each else " × ".join(values)), tuple(found)


def networks(given: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    """Networks as contenders: families by name, and the user's own by module:function.

    Raises:
        BadInput: for fewer than two, or one named twice.

    Example:
        >>> [each.knobs for each in networks(["mlp", "nets.py:make"])[1]]
        [{'network': 'mlp'}, {'network': 'own', 'factory': 'nets.py:make'}]
    """
    if not any(":" in name for name in given):
        return one_knob({"network": list(given)})
    _distinct("network", given)
    own = [{"network": "own", "factory": name} if ":" in name else {"network": name} for name in given]
    _few(given)
    return "network", tuple(Several(name, knobs) for name, knobs in zip(given, own, strict=True))


def recipes(given: Any) -> tuple[str, tuple[Any, ...]]:
    """Whole recipes as contenders: files, run folders, or recipes under names.

    Args:
        given: paths; or name → path or recipe.

    Raises:
        BadInput: for fewer than two, one named twice, or what is no recipe.

    Example:
        >>> title, found = recipes({"small": Recipe(width=16), "large": Recipe(width=256)})
        >>> title, [(each.name, each.recipe.width) for each in found]
        ('recipe', [('small', 16), ('large', 256)])
    """
    if isinstance(given, Mapping):
        return _whole([(str(name), each) for name, each in given.items()])
    if isinstance(given, str | Path | Recipe) or not hasattr(given, "__iter__"):
        raise BadInput("recipes", "must be a list of recipes", given, "Two at least: files or run folders.")
    places = list(given)
    if any(isinstance(each, Recipe) for each in places):
        remedy = 'Write recipes={"mine": recipe, …}.'
        raise BadInput("recipes", "must have names, where they are no files", "Recipe(…)", remedy)
    _distinct("recipes", [str(Path(each)) for each in places])
    short = [_short(Path(each)) for each in places]
    names = short if len(set(short)) == len(short) else [str(each) for each in places]
    return _whole(list(zip(names, places, strict=True)))


def _short(path: Path) -> str:
    """A recipe's file without its suffix, a folder's name."""
    return path.name if path.is_dir() else path.stem


def _whole(given: Sequence[tuple[str, Any]]) -> tuple[str, tuple[Any, ...]]:
    found = []
    for name, each in given:
        if isinstance(each, Recipe):
            found.append(Whole(name, each))
        else:
            earlier = read_earlier(each)
            found.append(Whole(name, earlier.recipe, earlier))
    _few(found)
    return "recipe", tuple(found)


def _few(found: Sequence[Any]) -> None:
    if len(found) < 2:
        shown = str(found[0]) if found else "none"
        raise BadInput("compare", "must be given two contenders or more", shown, "Add another.")
    if len(found) > MOST:
        remedy = "Leave values out, change one at a time (--each), or search them: steepest tune --set."
        raise BadInput("compare", f"must be given at most {MOST} contenders", len(found), remedy)


def _distinct(name: str, given: Sequence[str]) -> None:
    for place, each in enumerate(given):
        if each in given[:place]:
            raise BadInput(name, "must not have the same one twice", each, "Leave one out.")


def contenders(
    data: DataSet,
    knob: str,
    values: Sequence[Any],
    fixed: Mapping[str, Any],
    epochs: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Candidate]:
    """One recipe per contender, in their order.

    Args:
        data, fixed, epochs: as for `candidates.candidates`.
        knob, values: as `combined`, `networks` and `recipes` give them.
        say: hears what the reader should know of them.

    Raises:
        BadInput: for what does not suit the data or the other knobs.
    """
    others = {**fixed, **({} if epochs is None else {"epochs": epochs})}
    if isinstance(values[0], Whole):
        return [_recipe(data, each, others) for each in values]
    if not isinstance(values[0], Several):
        return candidates(data, knob, values, fixed, epochs)
    found = [candidate(data, each.knobs, others, each.name, each.name) for each in values]
    if knob != "change":
        return found
    default = found[0].recipe.key()
    same = [each.label for each in found[1:] if each.recipe.key() == default]
    if same:
        say(f"{', '.join(same)}: the default has this value already, so it is no contender.")
    left = [found[0], *(each for each in found[1:] if each.recipe.key() != default)]
    _few([each.label for each in left])
    return left


def _recipe(data: DataSet, whole: Whole, others: Mapping[str, Any]) -> Candidate:
    """A whole recipe, with what is fixed for all; one that was found on another kind of data is refused."""
    if whole.source is not None:
        whole.source.refuse_other_data(data)
    try:
        recipe = whole.recipe.replace(**others)
        refuse_idle(recipe, others)
        default_recipe(data, recipe.network, {"factory": recipe.factory} if recipe.factory else {})
        spec_of(recipe, ports_of(data))
    except BadInput as error:
        where, remedy = f"recipe {whole.name}: {error.argument}", f"{error.remedy} Or leave it out.".strip()
        raise BadInput(where, error.constraint, error.value, remedy) from None
    return Candidate(whole.name, recipe)
