"""The recipes of a comparison: a knob, or several, takes values; all else is the default for the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.own import GROUPS
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.experiment.own import refuse_idle
from steepest.experiment.starting import default_recipe
from steepest.networks.architecture import spec_of
from steepest.training.source import ports_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """One contender: a value of the compared knob or a name, and the recipe that has it."""

    value: Any
    recipe: Recipe
    name: str = ""

    @property
    def label(self) -> str:
        """Its name, else the value in words."""
        return self.name or named(self.value)


def named(value: Any) -> str:
    """A knob's value as a name; different values have different names.

    Example:
        >>> named(64), named(0.1), named(True)
        ('64', '0.1', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def one_knob(knobs: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The knob of a comparison and its values, checked as far as that needs no data.

    Args:
        knobs: the one knob to compare, with its values in a list.

    Raises:
        BadInput: for no knob or several, an unknown one, a value of the wrong type or out of range, fewer
            than two values, or the same value twice.

    Example:
        >>> one_knob({"batch_size": [16, 64.0]})
        ('batch_size', (16, 64))
    """
    if len(knobs) != 1:
        several = "Compare one knob after the other, or search several at once with `tune`."
        remedy = several if knobs else "For example: batch_size=16,64,256."
        raise BadInput("compare", "must be given one knob", ", ".join(knobs) or "none", remedy)
    ((knob, given),) = knobs.items()
    return knob, listed(knob, given)


def listed(knob: str, given: Any, least: int = 2) -> tuple[Any, ...]:
    """The values of a knob, each checked as in a recipe.

    Args:
        knob: its name.
        given: the values, in a list.
        least: fewest values.

    Raises:
        BadInput: as for `one_knob`.

    Example:
        >>> listed("optimizer", ["sgd"], least=1)
        ('sgd',)
    """
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        Recipe.make(**{knob: given})  # an unknown knob is the worse mistake
        raise BadInput(knob, "must be a list of values", given, "Two at least, such as 16 and 64.")
    plain = given.tolist() if hasattr(given, "tolist") else list(given)
    values = tuple(Recipe.make(**{knob: value}).dotted()[knob] for value in plain)
    if len(values) < least:
        shown, words = ", ".join(map(named, values)) or "none", "two values or more to compare"
        raise BadInput(knob, f"must have {words if least > 1 else 'a value'}", shown, "Add another value.")
    for place, value in enumerate(values):
        if value in values[:place]:
            raise BadInput(knob, "must not have the same value twice", named(value), "Leave one out.")
    return values


def candidates(
    data: DataSet, knob: str, values: Sequence[Any], fixed: Mapping[str, Any], epochs: float | None = None
) -> list[Candidate]:
    """One recipe per value, in their order.

    Args:
        data: says which defaults suit, and which knobs matter.
        knob, values: as `one_knob` gives them.
        fixed: other knobs, with their values.
        epochs: of every training; the recipe's own if not given.

    Raises:
        BadInput: for a knob or a value that does not suit the data or the other knobs.

    Example:
        >>> from steepest.data.read import read
        >>> [c.recipe.lr for c in candidates(read("iris"), "optimizer", ["sgd", "adam"], {})]
        [0.2, 0.002]
    """
    others = {**fixed, **({} if epochs is None else {"epochs": epochs})}
    return [candidate(data, {knob: value}, others, value) for value in values]


def candidate(
    data: DataSet, knobs: Mapping[str, Any], others: Mapping[str, Any], value: Any, name: str = ""
) -> Candidate:
    """One contender: the default recipe for the data with some knobs changed.

    Args:
        data: says which defaults suit, and which knobs matter.
        knobs: those that are compared, with this contender's values.
        others: knobs that all contenders share.
        value, name: as in `Candidate`.

    Raises:
        BadInput: as for `candidates`.
    """
    for knob in knobs:
        if knob in others:
            remedy = "Name it once, with the values to compare."
            raise BadInput(knob, "must be left free: it is what is compared", named(others[knob]), remedy)
    chosen = {**others, **knobs}
    recipe = default_recipe(data, chosen.get("network"), chosen)
    refuse_idle(recipe, chosen)
    for knob in knobs:
        _check_matters(data, recipe, knob)
    spec_of(recipe, ports_of(data))  # refuses what does not suit the data or the other knobs
    return Candidate(value, recipe, name)


def _check_matters(data: DataSet, recipe: Recipe, knob: str) -> None:
    """Refuse a knob that changes nothing here: all its values would train alike."""
    declared = KNOBS[knob.partition(".")[0]]
    if not declared.matters(form=data.form):
        constraint = f"matters only for data of the form {' or '.join(declared.forms)}"
        raise BadInput(knob, constraint, f"{data.name}: {data.form}", "Compare another knob.")
    if not declared.matters(task=data.task):
        constraint = f"matters only for the task {' or '.join(declared.tasks)}"
        raise BadInput(knob, constraint, f"{data.name}: {data.task}", "Compare another knob.")
    for other, needed in declared.when.items():
        if getattr(recipe, other) not in needed:
            constraint = f"matters only where {other} is {' or '.join(map(named, needed))}"
            remedy = f"Fix {other}={named(needed[0])}."
            if knob.partition(".")[0] in GROUPS:
                remedy = "Name your network: steepest compare mynet:make … --data, or network=make in Python."
            raise BadInput(knob, constraint, getattr(recipe, other), remedy)
    if knob == "batch_size" and recipe.optimizer == "gd":
        constraint = "matters only where a step takes a batch: gd takes all rows"
        raise BadInput(knob, constraint, "gd", "Fix optimizer=sgd.")
