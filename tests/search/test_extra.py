"""Knobs beyond the fields of a recipe, such as arguments of the user's own network, are searched too."""

import pytest

from steepest.base.knobs import Choice, Knob, Range
from steepest.base.recipe import Recipe
from steepest.search.policy import Policy
from steepest.search.space import Space, rounded

OWN = {"network": ("own",)}
EXTRA = {
    "own.width": Knob("", search=Range(8, 64, scale="log", whole=True), when=OWN),
    "own.rate": Knob("", search=Range(0.1, 1.0), when=OWN),
    "replaced.norm": Knob("", search=Choice(("own", "batch")), when=OWN),
}
BASE = Recipe(
    network="own", factory="m:make", own={"width": 16, "rate": 0.5, "kept": 3}, replaced={"norm": "own"}
)
FIXED = {"network": "own", "factory": "m:make"}
SPACE = Space.of(BASE, FIXED, "classification", families=("own",), extra=EXTRA)


def test_every_way_of_proposing_moves_them() -> None:
    policy = Policy(SPACE, seed=0)
    first = policy.first_wave(60)
    for proposal in first:
        score = 1 / proposal.recipe.own["width"]
        policy.suggester.tell(proposal.recipe, {3: score, 9: score}, finished=True)
    later = policy.model_wave(60, [p.recipe for p in first[:5]], wave=1)
    for origin in ("prior", "uniform", "tpe", "mutation"):
        recipes = [p.recipe for p in [*first, *later] if p.origin == origin]
        widths = [recipe.own["width"] for recipe in recipes]
        assert all(type(width) is int and 8 <= width <= 64 for width in widths)
        assert len(set(widths)) > 1, origin
        assert len({recipe.own["rate"] for recipe in recipes}) > 1, origin
        assert {recipe.replaced["norm"] for recipe in recipes} == {"own", "batch"}, origin
        assert {recipe.own["kept"] for recipe in recipes} == {3}


def test_knobs_of_the_families_are_left_alone() -> None:
    assert not {"depth", "width", "activation", "norm", "dropout", "kernel"} & set(SPACE.names)
    assert {"own.width", "own.rate", "replaced.norm"} <= set(SPACE.names)
    assert SPACE.where("initialisation", BASE.dotted()) != SPACE.knob("initialisation").search
    fixed = Space.of(BASE, {**FIXED, "own.width": 9}, "classification", families=("own",), extra=EXTRA)
    assert "own.width" not in fixed.names
    assert fixed.recipe([0.5] * len(fixed.names), "prior").own["width"] == 9


@pytest.mark.parametrize(("value", "kept"), [(0.123456, 0.1235), (2.0, 1.0), (0.00001, 0.1)])
def test_values_are_brought_into_their_range(value: float, kept: float) -> None:
    assert rounded(Range(0.1, 1.0), value) == kept
    assert rounded(Range(3, 9, whole=True), 4.4) == 4
