"""A recipe names the user's own network, and is the same in every form."""

from typing import Any

import pytest

from steepest.base.errors import BadRecipe
from steepest.base.recipe import Recipe

OWN = Recipe(
    network="own",
    factory="nets/mynet.py:make",
    own={"width": 64, "sizes": [8, [4, 4]], "gated": True, "rate": 1e-5, "kind": "gru", "seed": None},
    replaced={"dropout": 0.2, "norm": "own", "activation": "gelu"},
    start_from="a.pt",
    start_match="matching",
)


def test_it_is_the_same_in_every_form() -> None:
    assert Recipe.from_yaml(OWN.to_yaml()) == OWN
    assert Recipe.from_yaml(OWN.to_yaml("image", "classification")) == OWN
    assert Recipe.model_validate_json(OWN.model_dump_json()) == OWN
    assert Recipe.make(**OWN.dotted()) == OWN
    assert hash(Recipe.make(**OWN.dotted())) == hash(OWN)
    assert OWN.own["sizes"] == (8, (4, 4))
    assert "own: {gated: true, kind: gru, rate: 1.0e-05," in OWN.to_yaml()


def test_knobs_of_it_change_one_by_one() -> None:
    changed = OWN.replace(**{"own.width": 32, "replaced.norm": "batch"})
    assert changed.own == {**OWN.own, "width": 32}
    assert changed.replaced == {**OWN.replaced, "norm": "batch"}
    assert OWN.replace(own={"width": 32}).own == changed.own
    assert Recipe.from_yaml("network: own\nown: {rate: 1e-3}\nown.more: 2").own == {"rate": 1e-3, "more": 2}


def test_its_weights_start_as_it_says_unless_asked_otherwise() -> None:
    assert OWN.initialisation == "own"
    assert Recipe(network="own", initialisation="orthogonal").initialisation == "orthogonal"
    assert Recipe().initialisation != "own"


def test_what_makes_a_difference_is_part_of_the_key() -> None:
    assert len({OWN.key(), OWN.replace(**{"own.width": 32}).key(), OWN.replace(start_from="b.pt").key()}) == 3
    assert Recipe(own={"width": 3}, factory="mynet:make").key() == Recipe().key()
    assert not {"own", "replaced", "factory", "start_from", "start_match"} & Recipe().relevant().keys()
    assert "factory" not in Recipe().to_yaml()


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"own": {"width": {1, 2}}}, "own must hold plain values"),
        ({"own": {"net": object()}}, "own must hold plain values"),
        ({"own": 3}, "own input should be a valid dictionary"),
        ({"replaced": {"dropout": 1.5}}, r"replaced.dropout must lie in \[0, 0.95\]"),
        ({"replaced.activation": "rellu"}, "replaced.activation must be a known name.*'relu'"),
        ({"replaced.width": 3}, "replaced.width must be a known knob"),
        ({"start_match": "some"}, "start_match must be a known name"),
        ({"owm.width": 3}, "knob 'owm.width' must be a known knob"),
    ],
)
def test_what_no_recipe_can_hold_is_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        Recipe.make(**knobs)
