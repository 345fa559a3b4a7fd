"""A known recipe as a belief about where good ones lie: it becomes the middle of the priors.

Numbers are drawn around its values, named values are its own half of the time. What is drawn evenly stays so:
that share guards against a belief that is wrong (PriorBand, Mallik et al. 2023, arXiv 2306.12370).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Knob, Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.search.grammar import words
from steepest.search.space import Space

SHARE = 0.5
"""Of a choice's prior, for the known recipe's value."""


def around(space: Space, recipe: Recipe, others: Iterable[Recipe] = ()) -> Space:
    """A space whose priors lie around a recipe.

    Ranges that the user did not give are widened to hold its values.

    Args:
        space: as declared, and as asked.
        recipe: what is believed to be good.
        others: further good recipes, which are tried first, as far as the space reaches.

    Raises:
        BadRecipe: where a value lies outside of a range that the user gave.

    Example:
        >>> space = around(Space.of(Recipe(), {}, "classification"), Recipe(lr=0.02, depth=5))
        >>> space.knob("lr").search_by["optimizer", "adamw"].center
        0.02
        >>> space.knob("depth").search
        Choice(options=(1, 2, 3, 5), weights=(0.15, 0.225, 0.125, 0.5))
    """
    values = recipe.dotted()
    changed = {}
    for name in set(space.names) & set(dotted(recipe.relevant())):
        where = space.where(name, values)
        if name in space.asked and not space.holds(name, values):
            constraint = f"must lie in the range that is asked for, {words(where)}"
            remedy = "Widen the range, or leave the recipe out."
            raise BadRecipe(f"{name} of the recipe to start from", constraint, values[name], remedy)
        changed[name] = _believed(space, name, where, values)
    near = replace(space, extra={**space.extra, **changed})
    return replace(near, earlier=tuple(_within(near, other) for other in others))


def _believed(space: Space, name: str, where: Range | Choice, values: dict[str, Any]) -> Knob:
    """A knob whose prior, where the recipe's other values hold, lies around the recipe's."""
    knob, near = space.knob(name), _near(where, values[name])
    for place, narrower in knob.search_by.items():
        other, option = place
        if narrower is where and (space.task if other == "task" else values[other]) == option:
            return replace(knob, search_by={**knob.search_by, place: near})
    return replace(knob, search=near)


def _near(where: Range | Choice, value: Any) -> Range | Choice:
    if isinstance(where, Range):
        if value == where.off or (where.scale == "log" and value <= 0):
            return where
        return replace(where, low=min(where.low, value), high=max(where.high, value), center=value)
    options = where.options if value in where.options else (*where.options, value)
    given = where.weights or (1 / len(where.options),) * len(where.options)
    rest = (*given, 0.0)[: len(options)]
    return Choice(
        options, tuple((1 - SHARE) * w + SHARE * (o == value) for w, o in zip(rest, options, strict=True))
    )


def _within(space: Space, recipe: Recipe) -> Recipe:
    """Another recipe's values of the searched knobs, inside the ranges."""
    known = recipe.dotted()
    return space.tidy({**space.base.dotted(), **{n: known[n] for n in space.names if n in known}})
