"""The prior is trusted where the best members lie near it, the incumbent where they lie near that one."""

import pytest

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.search.space import Space
from steepest.search.trust import LEAST, trust

SPACE = Space.of(Recipe(), {}, "classification")


def near(recipe: Recipe, count: int) -> list[Recipe]:
    """Recipes that differ from one in a knob each."""
    rates = generator(0, "rates").uniform(0.9, 1.1, count)
    return [recipe.replace(lr=recipe.lr * float(rate)) for rate in rates]


def drawn(count: int) -> list[Recipe]:
    points = generator(1, "points").random((count, len(SPACE.names))).tolist()
    return [SPACE.recipe(point, "prior") for point in points]


def test_members_around_the_incumbent_speak_for_it() -> None:
    incumbent = SPACE.recipe([0.97] * len(SPACE.names), "uniform")
    assert trust(SPACE, [incumbent, *near(incumbent, 8)], incumbent) < 0.4


def test_members_of_the_prior_speak_for_the_prior() -> None:
    incumbent = SPACE.recipe([0.97] * len(SPACE.names), "uniform")
    of_prior = trust(SPACE, [incumbent, *drawn(20)], incumbent)
    assert of_prior > 0.5
    assert of_prior > trust(SPACE, [incumbent, *near(incumbent, 20)], incumbent)


def test_the_better_a_member_the_more_it_says() -> None:
    incumbent = SPACE.recipe([0.97] * len(SPACE.names), "uniform")
    of_prior, of_incumbent = drawn(10), near(incumbent, 10)
    assert trust(SPACE, [*of_prior, *of_incumbent], incumbent) > trust(
        SPACE, [*of_incumbent, *of_prior], incumbent
    )


@pytest.mark.parametrize("seed", range(20))
def test_neither_is_ever_left_out(seed: int) -> None:
    points = generator(seed, "points").random((6, len(SPACE.names))).tolist()
    recipes = [SPACE.recipe(point, "uniform") for point in points]
    assert LEAST <= trust(SPACE, recipes, recipes[0]) <= 1 - LEAST


def test_alone_the_incumbent_says_nothing() -> None:
    assert trust(SPACE, [SPACE.base], SPACE.base) == 0.5
