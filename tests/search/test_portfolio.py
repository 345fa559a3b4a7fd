"""The portfolio holds valid recipes, inside whatever space it is asked for."""

from typing import Any

import pytest

from steepest.base.recipe import KNOBS, Recipe
from steepest.search.portfolio import PORTFOLIO, portfolio
from steepest.search.space import Space


@pytest.mark.parametrize("changes", PORTFOLIO)
def test_every_entry_is_a_recipe_of_searched_knobs(changes: dict[str, Any]) -> None:
    recipe = Recipe.make(**changes)
    assert set(changes) <= set(recipe.relevant())
    assert all(KNOBS[name].search is not None for name in changes)


def test_entries_differ() -> None:
    recipes = portfolio(Space.of(Recipe(), {}, "classification"))
    assert len({r.key() for r in recipes}) == len(PORTFOLIO) == len(recipes)


@pytest.mark.parametrize("fixed", [{"optimizer": "sgd", "lr": 0.3}, {"width": 16, "depth": 1}, {"epochs": 5}])
def test_fixed_knobs_stay(fixed: dict[str, Any]) -> None:
    for recipe in portfolio(Space.of(Recipe(), fixed, "classification")):
        assert {name: getattr(recipe, name) for name in fixed} == fixed


@pytest.mark.parametrize("fixed", [{}, {"optimizer": "sgd"}, {"optimizer": "gd"}, {"optimizer": "rmsprop"}])
def test_rates_suit_the_optimizer(fixed: dict[str, Any]) -> None:
    space = Space.of(Recipe(), fixed, "classification")
    for recipe in portfolio(space):
        where = KNOBS["lr"].search_by[("optimizer", recipe.optimizer)]
        assert where.low <= recipe.lr <= where.high, recipe.optimizer
