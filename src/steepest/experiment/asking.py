"""What a user asks of the space, held against data, families and network: does it matter at all?"""

from collections.abc import Mapping
from typing import Any

from steepest.base.errors import BadRecipe, closest
from steepest.base.knobs import Choice, Knob
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.networks.own import read_factory
from steepest.search.asked import declared, wishes
from steepest.search.grammar import words
from steepest.search.space import Space


def asked_knobs(asked: Mapping[str, Any], base: Recipe, own: Mapping[str, Knob]) -> dict[str, Knob]:
    """The knobs whose search the user changes, as they are then declared.

    Args:
        asked: knob → what is asked of it.
        base: trial 0, which names the user's own network where there is one.
        own: the knobs of that network that are searched unless asked otherwise.

    Raises:
        BadRecipe: for an argument that the network does not have, and whatever cannot be read.
    """
    known = {**KNOBS, **_arguments(base), **own}
    for wish in wishes(asked):
        if wish.knob not in known:
            offered = [name for name in known if name.startswith(("own.", "replaced."))]
            remedy = closest(wish.knob, offered) if offered else "Name your network by --network (network=)."
            raise BadRecipe(wish.key, "must be a knob of your own network", words(wish.given), remedy)
    return declared(asked, known)


def refuse_idle_wishes(
    space: Space, asked: Mapping[str, Any], data: DataSet, kept: Mapping[str, str]
) -> None:
    """Refuse what is asked of knobs that cannot matter here.

    Args:
        space: with what is asked.
        asked: knob → what is asked of it.
        data: what is learnt.
        kept: knobs that this data, or existing parameters, leave no choice about, each with the reason.

    Raises:
        BadRecipe: names the knob and what would have to change.
    """
    for name in sorted(space.asked):
        knob, value = space.knob(name), _shown(space, name)
        if name in kept:
            raise BadRecipe(name, f"cannot be searched here: {kept[name]}", value, "Leave it out.")
        for what, own, here in (("task", knob.tasks, data.task), ("form", knob.forms, data.form)):
            if own and here not in own:
                constraint = f"must matter for this data, whose {what} is {here}: it does for {_listed(own)}"
                raise BadRecipe(name, constraint, value, "Leave it out.")
        for other, ok in knob.when.items():
            found = _possible(space, other)
            if not set(found) & set(ok):
                constraint = (
                    f"must matter: it does where {other} is {_listed(ok)}, and that is {_listed(found)}"
                )
                raise BadRecipe(name, constraint, value, f"Leave it out, or search {other} there too.")
    for wish in wishes(asked):
        other, option = wish.only or ("", "")
        if wish.only and option not in _possible(space, other):
            remedy = closest(option, map(str, _possible(space, other)))
            raise BadRecipe(wish.key, f"must hold for a value of {other} that is searched", option, remedy)


def outside(space: Space) -> tuple[str, ...]:
    """Where trial 0 lies outside of what is asked, one sentence each: it is tried all the same."""
    values = space.base.dotted()
    matter = {n for n in space.asked if all(values[o] in ok for o, ok in space.knob(n).when.items())}
    return tuple(
        f"trial 0 keeps {name}={values[name]}: what is searched is {words(space.where(name, values))}"
        for name in sorted(matter)
        if not space.holds(name, values)
    )


def _arguments(base: Recipe) -> dict[str, Knob]:
    """Every argument of the user's own network as a knob, also those that are not searched by themselves."""
    if base.network != "own":
        return {}
    found = {}
    for each in read_factory(base.factory).knobs:
        integer = isinstance(each.default, int) and not isinstance(each.default, bool)
        where = Choice((each.default,)) if integer and each.search is None else each.search
        found[f"own.{each.name}"] = Knob("argument of your network", search=where, when={"network": ("own",)})
    return found


def _possible(space: Space, name: str) -> tuple[Any, ...]:
    """The values that a knob of named values takes in a space."""
    if name == "network" and name not in space.names:
        return space.families
    where = space.everywhere(name) if name in space.names else Choice((space.base.dotted()[name],))
    return where.options if isinstance(where, Choice) else ()


def _shown(space: Space, name: str) -> str:
    knob = space.knob(name)
    return words(knob.search or next(iter(knob.search_by.values())))


def _listed(values: Any) -> str:
    return " or ".join(map(str, values))
