"""A known recipe moves the prior towards itself; what is drawn evenly keeps to the whole range."""

from collections import Counter

import pytest

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.search.asked import declared
from steepest.search.policy import Policy
from steepest.search.prior import around
from steepest.search.space import Space, cube

KNOWN = Recipe(optimizer="momentum", lr=0.3, width=200, dropout=0.4, weight_decay=0.0, momentum=0.9)
DRAWS = 2048


def space(asked: dict[str, object] | None = None, recipe: Recipe = KNOWN) -> Space:
    found = declared(asked or {}, KNOBS)
    plain = Space.of(recipe, {}, "classification", families=("mlp", "linear"), extra=found, asked=found)
    return around(plain, recipe)


def drawn(where: Space, origin: str) -> list[Recipe]:
    return [where.recipe(p, origin) for p in cube(len(where.names), DRAWS, 5).tolist()]  # type: ignore[arg-type]


def test_numbers_lie_around_the_recipes_for_its_optimizer_alone() -> None:
    rates = space().knob("lr").search_by
    assert rates["optimizer", "momentum"] == Range(1e-3, 1.0, center=0.3, scale="log")
    assert rates["optimizer", "adamw"] == KNOBS["lr"].search_by["optimizer", "adamw"]
    assert space().knob("dropout").search == Range(0.02, 0.5, center=0.4, off=0.0)
    assert space().knob("weight_decay").search == KNOBS["weight_decay"].search, "it is off"


def test_half_of_the_prior_has_the_recipes_names() -> None:
    for knob in ("optimizer", "network", "width"):
        named = [getattr(r, knob) for r in drawn(space(), "prior") if knob != "width" or r.network == "mlp"]
        share = Counter(named)[getattr(KNOWN, knob)] / len(named)
        assert share > 0.49, (knob, Counter(named))


def test_even_draws_keep_to_every_option() -> None:
    for knob, expected in (("optimizer", 1 / 8), ("width", 1 / 5)):
        of_mlp = [getattr(r, knob) for r in drawn(space(), "uniform") if r.network == "mlp"]
        counts = Counter(of_mlp)
        assert counts[getattr(KNOWN, knob)] / len(of_mlp) == pytest.approx(expected, rel=0.25)


def test_declared_ranges_are_widened_to_hold_the_recipe() -> None:
    far = Recipe(lr=0.5, depth=6, warmup=0.3)
    where = space(recipe=far)
    assert where.knob("lr").search_by["optimizer", "adamw"] == Range(1e-4, 0.5, center=0.5, scale="log")
    for name in ("depth", "warmup"):
        search = where.knob(name).search
        assert isinstance(search, Choice)
        assert search.options[-1] == getattr(far, name)
        assert sum(search.weights or ()) == pytest.approx(1)


def test_a_recipe_outside_of_what_is_asked_is_refused() -> None:
    with pytest.raises(BadRecipe, match=r"lr of the recipe.*must lie in the range.*1e-05\.\.0\.01.*0\.3"):
        space({"lr": "1e-5..1e-2"})
    assert space({"lr": "1e-5..1"}).knob("lr").search_by["optimizer", "momentum"].center == 0.3  # type: ignore[union-attr]


def test_earlier_finalists_open_the_first_wave_inside_the_space() -> None:
    found = declared({"dropout": "0,0.1"}, KNOBS)
    plain = Space.of(Recipe(), {"depth": 2}, "classification", extra=found, asked=found)
    where = around(plain, Recipe(), [Recipe(optimizer="sgd", lr=0.4, depth=3, dropout=0.3), Recipe(lr=0.02)])
    wave = Policy(where, seed=0).first_wave(30)
    assert [p.origin for p in wave[:3]] == ["user", "user", "portfolio"]
    first = wave[0].recipe
    assert (first.optimizer, first.lr, first.depth, first.dropout) == ("sgd", 0.4, 2, 0.0)
    assert {p.origin for p in wave} == {"user", "portfolio", "prior", "uniform"}
