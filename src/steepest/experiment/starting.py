"""Where a study begins: the default recipe for the data, and the space around it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.knobs import Choice, Range
from steepest.base.own import dotted
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.experiment.asking import asked_knobs, refuse_idle_wishes
from steepest.experiment.own import beside_existing, own_defaults, own_knobs, refuse_idle
from steepest.experiment.settings import Settings
from steepest.networks.architecture import spec_of
from steepest.networks.families import defaults_for, families_for, suits
from steepest.search.asked import declared
from steepest.search.prior import around
from steepest.search.space import Space
from steepest.training.source import ports_of

MOST_BINNED = 32
"""Numbers in a table up to which reading them in bins is searched: every bin is an input more."""


def suited(settings: Settings, data: DataSet) -> Settings:
    """Settings with the families that compete, and with trial 0 as it is for this data.

    Raises:
        BadInput: for a family, or fixed knobs, that do not suit the data.
    """
    families = _families(settings, data)
    if settings.earlier is not None:
        settings.earlier.refuse_other_data(data)
    for family in families:
        _check(family, data)
    if settings.earlier is not None:
        start = settings.earlier.recipe.replace(**usual_rate(settings.fixed, settings.earlier.recipe))
    else:
        start = default_recipe(data, families[0], settings.fixed, settings.start)
    refuse_idle(start, settings.fixed)
    spec_of(start, ports_of(data))  # fixed knobs that do not suit each other or the data are refused now
    return replace(settings, families=families, start=start)


def default_recipe(
    data: DataSet, family: str | None, fixed: Mapping[str, Any], start: Recipe | None = None
) -> Recipe:
    """Trial 0 for a data set: the default recipe, with what its form and family change, and what is fixed.

    Another optimizer than the default's starts at that optimizer's usual rate, or it would be a straw man:
    1e-3 suits AdamW, not SGD.

    Example:
        >>> from steepest.data.read import read
        >>> default_recipe(read("iris"), None, {"optimizer": "sgd"}).lr
        0.2
    """
    known = start or Recipe()
    if family:
        _check(family, data)
    changes = {
        **_augmentation(data),
        **_defaults(data, family, fixed.get("factory") or known.factory),
        **usual_rate(fixed, Recipe()),
    }
    return known.replace(**changes)


def usual_rate(fixed: Mapping[str, Any], base: Recipe) -> dict[str, Any]:
    """What is fixed; with another optimizer than the base's also its usual rate, unless that is fixed."""
    usual = KNOBS["lr"].search_by.get(("optimizer", str(fixed.get("optimizer"))))
    other = isinstance(usual, Range) and "lr" not in fixed and fixed["optimizer"] != base.optimizer
    return {"lr": usual.middle, **fixed} if isinstance(usual, Range) and other else dict(fixed)


def recipe_for(data: DataSet, knobs: Mapping[str, Any]) -> Recipe:
    """A recipe of some knobs, the others as they suit the data and the family; rates are left as they are.

    Example:
        >>> from steepest.data.read import read
        >>> recipe_for(read("iris"), {"optimizer": "sgd"}).lr
        0.001
    """
    defaults = {**_augmentation(data), **_defaults(data, knobs.get("network"), knobs.get("factory", ""))}
    recipe = Recipe.make(**{**defaults, **dotted(knobs)})
    refuse_idle(recipe, knobs)
    return recipe


def space_of(settings: Settings, data: DataSet, default: Recipe) -> Space:
    """Where a study looks: around the default, in the families that compete, as the user asked.

    Raises:
        BadRecipe: if nothing is left to search, or the user asks for what cannot matter here.
    """
    ports = ports_of(data)
    extra = own_knobs(default, ports) if default.network == "own" else {}
    asked = asked_knobs(settings.asked, default, extra)
    kept = _kept(data)
    without = {"flip"} if data.oriented else set()  # unless it is asked for
    if len(data.numbers) > MOST_BINNED:
        without.add("bins")
    space = Space.of(
        default, settings.fixed, data.task, data.form, settings.families,
        {*kept, *(without - set(asked))}, {**extra, **asked}, asked,
    )  # fmt: skip
    fixed = beside_existing(space, ports)
    space = replace(space, names=tuple(name for name in space.names if name not in fixed))
    refuse_idle_wishes(
        space, settings.asked, data, kept | dict.fromkeys(fixed, "it would not fit the existing parameters")
    )
    if settings.earlier is not None:
        space = around(space, default, settings.earlier.others)
    return space


def _kept(data: DataSet) -> dict[str, str]:
    """Knobs that this data leaves no choice about, each with the reason."""
    kept = {}
    if not data.vocabulary and not data.cardinalities:
        kept["embedding"] = "the data have neither tokens nor categories of many values"
    if not data.numbers:
        kept["bins"] = "the data have no columns of numbers"
    return kept


def _families(settings: Settings, data: DataSet) -> tuple[str, ...]:
    """The families that compete: those the user names anywhere, else those that suit the data."""
    named, suited = settings.families, families_for(ports_of(data))
    asked = declared({k: v for k, v in settings.asked.items() if k == "network"}, KNOBS)
    if asked and isinstance(search := asked["network"].search, Choice):
        named = search.options
    if "network" in settings.fixed:
        named = (settings.fixed["network"],)
    if settings.earlier is not None:
        return settings.earlier.families(named, suited)
    return named or suited


def _augmentation(data: DataSet) -> dict[str, Any]:
    """Mirror images where they keep their labels: they cost nothing and help at once."""
    return {"flip": 0.5} if data.form == "image" and not data.oriented else {}


def _defaults(data: DataSet, family: str | None, factory: str) -> dict[str, Any]:
    """What a recipe of a family, or of the user's own network, changes for this data."""
    if family == "own":
        return own_defaults(factory, ports_of(data))
    return defaults_for(ports_of(data), family)


def _check(family: str, data: DataSet) -> None:
    if family == "own":
        return
    reason = suits(family, ports_of(data))
    if reason:
        fit = ", ".join(families_for(ports_of(data)))
        raise BadInput("network", f"must suit {data.name}: {reason}", family, f"Choose from: {fit}.")


def begun(settings: Settings) -> tuple[str, ...]:
    """What a study says of the recipe that the user begins from; () where there is none."""
    return (settings.earlier.words("epochs" in settings.fixed),) if settings.earlier else ()
