"""A point of the unit cube becomes a recipe, and evenly spread points become the declared distributions."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import generator
from steepest.search.space import Origin, Space, cube

DRAWS = 1200
WHOLE = Space.of(Recipe(), {}, "classification")


def drawn(space: Space, origin: Origin) -> list[Recipe]:
    """Recipes at independent uniform points, the same in every run."""
    points = generator(7, "points").random((DRAWS, len(space.names)))
    return [space.recipe(point, origin) for point in points.tolist()]


RECIPES: dict[Origin, list[Recipe]] = {"prior": drawn(WHOLE, "prior"), "uniform": drawn(WHOLE, "uniform")}
BY_ADAMW: dict[Origin, list[Recipe]] = {
    origin: drawn(Space.of(Recipe(), {"optimizer": "adamw"}, "classification"), origin)
    for origin in ("prior", "uniform")
}
RELEVANT_ALWAYS = [n for n in WHOLE.names if not set(KNOBS[n].when) - {"network"}]


@pytest.mark.parametrize("origin", ["prior", "uniform"])
@pytest.mark.parametrize("name", [n for n in RELEVANT_ALWAYS if isinstance(KNOBS[n].search, Choice)])
def test_a_choice_has_its_weights(name: str, origin: Origin) -> None:
    where = WHOLE.where(name, WHOLE.base.model_dump())
    assert isinstance(where, Choice)
    counts = Counter(getattr(r, name) for r in RECIPES[origin])
    assert set(counts) <= set(where.options)
    weights = np.array(where.weights if origin == "prior" and where.weights else [1.0] * len(where.options))
    found = stats.chisquare([counts[o] for o in where.options], DRAWS * weights / weights.sum())
    assert found.pvalue > 1e-3, (name, counts)


@pytest.mark.parametrize("origin", ["prior", "uniform"])
@pytest.mark.parametrize("name", [n for n in RELEVANT_ALWAYS if isinstance(KNOBS[n].search, Range)])
def test_a_number_has_its_distribution_and_off_gets_half(name: str, origin: Origin) -> None:
    values = np.array([getattr(r, name) for r in BY_ADAMW[origin]])
    where = WHOLE.where(name, {"optimizer": "adamw"})
    assert isinstance(where, Range)
    if where.off is not None:
        off = int((values == where.off).sum())
        assert stats.binomtest(off, DRAWS, 0.5).pvalue > 1e-3
        values = values[values != where.off]
    assert where.low <= values.min() <= values.max() <= where.high
    low, high = (np.log([where.low, where.high])) if where.scale == "log" else (where.low, where.high)
    shown = np.log(values) if where.scale == "log" else values
    if origin == "prior" and where.center is not None:
        center = np.log(where.center) if where.scale == "log" else where.center
        sd = (high - low) / 4
        expected: Any = stats.truncnorm((low - center) / sd, (high - center) / sd, center, sd)
    else:
        expected = stats.uniform(low, high - low)
    assert stats.kstest(shown, expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("origin", ["prior", "uniform"])
def test_the_rate_keeps_to_the_range_of_the_optimizer(origin: Origin) -> None:
    seen = set()
    for recipe in RECIPES[origin]:
        where = KNOBS["lr"].search_by[("optimizer", recipe.optimizer)]
        assert where.low <= recipe.lr <= where.high
        seen.add(recipe.optimizer)
    knob = KNOBS["optimizer"].search
    assert isinstance(knob, Choice)
    assert seen == set(knob.options)


@pytest.mark.parametrize("origin", ["prior", "uniform"])
def test_knobs_that_do_not_matter_keep_the_base_value(origin: Origin) -> None:
    for recipe in RECIPES[origin]:
        assert Recipe(**recipe.relevant()) == recipe


def test_fixed_knobs_are_not_searched() -> None:
    fixed = {"optimizer": "sgd", "lr": 0.7, "width": 17, "epochs": 4}
    space = Space.of(Recipe(), fixed, "classification")
    assert not set(fixed) & set(space.names)
    for point in cube(len(space.names), 64, seed=3).tolist():
        for origin in ("prior", "uniform"):
            recipe = space.recipe(point, origin)
            assert {name: getattr(recipe, name) for name in fixed} == fixed


def test_a_fixed_optimizer_outside_the_search_gives_the_rate_its_own_range() -> None:
    space = Space.of(Recipe(), {"optimizer": "gd"}, "classification")
    where = KNOBS["lr"].search_by[("optimizer", "gd")]
    rates = [space.recipe(p, "uniform").lr for p in cube(len(space.names), 32, 0).tolist()]
    assert where.low <= min(rates) < max(rates) <= where.high


def test_a_linear_network_leaves_the_hidden_knobs_alone() -> None:
    space = Space.of(Recipe(), {"network": "linear"}, "classification")
    base = Recipe(network="linear")
    for point in cube(len(space.names), 32, 0).tolist():
        recipe = space.recipe(point, "uniform")
        for name in ("depth", "width", "activation", "dropout"):
            assert getattr(recipe, name) == getattr(base, name)


def test_regression_does_not_search_label_smoothing() -> None:
    assert "label_smoothing" in WHOLE.names
    assert "label_smoothing" not in Space.of(Recipe(), {}, "regression").names


def test_nothing_left_to_search_is_refused() -> None:
    fixed = {n: getattr(Recipe(), n) for n, k in KNOBS.items() if k.search is not None}
    with pytest.raises(BadRecipe, match="at least one knob"):
        Space.of(Recipe(), fixed, "classification")


@given(st.integers(0, 2**40), st.integers(1, 70), st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_a_cube_is_inside_distinct_and_a_function_of_its_seed(seed: int, count: int, dimensions: int) -> None:
    points = cube(dimensions, count, seed)
    assert points.shape == (count, dimensions)
    assert ((points > 0) & (points < 1)).all()
    assert len(np.unique(points, axis=0)) == count
    np.testing.assert_array_equal(points, cube(dimensions, count, seed))
    assert not np.array_equal(points, cube(dimensions, count, seed + 1))


@given(st.integers(0, 2**40))
@settings(max_examples=20, deadline=None)
def test_a_cube_is_more_even_than_chance(seed: int) -> None:
    for column in cube(5, 64, seed).T:  # one Sobol point in each of 64 equal intervals
        assert sorted((column * 64).astype(int).tolist()) == list(range(64))


@given(st.lists(st.floats(1e-9, 1 - 1e-9), min_size=len(WHOLE.names), max_size=len(WHOLE.names)))
@settings(max_examples=100, deadline=None)
def test_every_point_is_a_valid_recipe(point: list[float]) -> None:
    for origin in ("prior", "uniform"):
        recipe = WHOLE.recipe(point, origin)
        assert Recipe.from_yaml(recipe.to_yaml()) == recipe
