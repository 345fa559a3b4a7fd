"""What is asked of the space changes the declarations it names, and no others."""

import pytest

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.search.asked import declared, fixed_of, refuse_both, wishes
from steepest.search.policy import Policy
from steepest.search.portfolio import portfolio
from steepest.search.space import Space, cube
from steepest.search.suggest import Suggester


def space(asked: dict[str, object], **fixed: object) -> Space:
    found = declared(asked, KNOBS)
    return Space.of(Recipe(), fixed, "classification", extra=found, asked=found)


def drawn(where: Space, count: int = 128) -> list[Recipe]:
    points = cube(len(where.names), count, seed=1).tolist()
    return [where.recipe(p, "prior" if i % 2 else "uniform") for i, p in enumerate(points)]


def test_a_range_for_all_keeps_each_optimizers_centre_where_it_lies_inside() -> None:
    knob = declared({"lr": "1e-3..1e-1"}, KNOBS)["lr"]
    assert knob.search == Range(1e-3, 0.1, center=2e-3, scale="log")
    assert knob.search_by["optimizer", "momentum"] == Range(1e-3, 0.1, center=0.05, scale="log")
    assert knob.search_by["optimizer", "sgd"] == Range(1e-3, 0.1, scale="log")


def test_a_range_for_one_optimizer_leaves_the_others() -> None:
    knob = declared({"lr[optimizer=sgd]": "0.01..1"}, KNOBS)["lr"]
    assert knob.search_by["optimizer", "sgd"] == Range(0.01, 1.0, center=0.2, scale="log")
    assert knob.search_by["optimizer", "adamw"] == KNOBS["lr"].search_by["optimizer", "adamw"]
    for recipe in drawn(space({"lr[optimizer=sgd]": "0.01..0.02", "optimizer": "sgd,adamw"})):
        low, high = (0.01, 0.02) if recipe.optimizer == "sgd" else (1e-4, 3e-2)
        assert low <= recipe.lr <= high


def test_both_together_in_either_order() -> None:
    texts = {"lr": "1e-4..1e-2", "lr[optimizer=sgd]": "0.5..1"}
    one, other = declared(texts, KNOBS), declared(dict(reversed(texts.items())), KNOBS)
    assert one == other
    assert one["lr"].search_by["optimizer", "sgd"] == Range(0.5, 1.0, scale="log")
    assert space(texts).everywhere("lr") == Range(1e-4, 1.0, center=2e-3, scale="log")


def test_a_knob_that_hangs_on_the_optimizer_is_drawn_after_it() -> None:
    found = drawn(space({"dropout[optimizer=sgd]": "0.4..0.5", "optimizer": "sgd,adam"}))
    assert {r.optimizer for r in found} == {"sgd", "adam"}
    assert all(0.4 <= r.dropout <= 0.5 for r in found if r.optimizer == "sgd")
    assert any(r.dropout < 0.4 for r in found if r.optimizer == "adam")


def test_a_knob_that_is_not_searched_by_default_is_added() -> None:
    where = space({"mixup": "0.1..0.4", "focal[optimizer=adam]": "1..2"})
    assert {"mixup", "focal"} <= set(where.names)
    found = drawn(where)
    assert all(0.1 <= r.mixup <= 0.4 for r in found)
    assert all((1 <= r.focal <= 2) == (r.optimizer == "adam") for r in found)


def test_declared_conditions_hold_as_ever() -> None:
    for recipe in drawn(space({"momentum": "0.5..0.7"})):
        inside = 0.5 <= recipe.momentum <= 0.7
        assert inside == (recipe.optimizer in ("momentum", "nesterov"))


def test_portfolio_mutations_and_model_keep_to_what_is_asked() -> None:
    where = space({"optimizer": "sgd,rmsprop", "lr": "5e-3..5e-2", "dropout": "0,0.2", "width": "50..60"})

    def keeps(recipe: Recipe) -> bool:
        named = recipe.optimizer in ("sgd", "rmsprop") and recipe.dropout in (0, 0.2)
        return named and 5e-3 <= recipe.lr <= 5e-2 and 50 <= recipe.width <= 60

    policy = Policy(where, seed=0)
    first = policy.first_wave(40)
    assert len(first) == 40
    assert all(keeps(p.recipe) for p in first)
    assert all(keeps(recipe) for recipe in portfolio(where))
    wave = policy.model_wave(30, [Recipe(), first[0].recipe], 1)
    assert {p.origin for p in wave} == {"tpe", "mutation", "prior", "uniform"}
    assert all(keeps(p.recipe) for p in wave)


def test_an_optimizer_that_is_not_asked_for_gives_way_with_its_rate() -> None:
    where = space({"optimizer": "sgd*2,momentum"}, depth=1)
    assert where.tidy(Recipe(optimizer="adamw", lr=1e-3, depth=1).dotted()).lr == 0.2


def test_single_values_are_fixed() -> None:
    asked = {"lr": "1e-3", "depth": [2], "optimizer": Choice(("sgd",)), "dropout": 0.1, "width": "16,32"}
    assert fixed_of(asked) == {"lr": 1e-3, "depth": 2, "optimizer": "sgd", "dropout": 0.1}
    assert set(declared(asked, KNOBS)) == {"width"}


def test_contradictions_and_unknown_names_are_refused() -> None:
    with pytest.raises(BadRecipe, match="--fix lr must not be in --set too"):
        refuse_both({"lr": "1..2"}, {"lr": 1.0}, "--set", "--fix")
    with pytest.raises(BadRecipe, match="must not be in space too"):
        refuse_both({"lr[optimizer=sgd]": "1..2"}, {"lr": 1.0})
    for key, message in {
        "lrr": "Did you mean 'lr'",
        "own": "known knob",
        "replaced.bias": "known knob",
        "epochs": "not searched",
        "start_from": "--start-from",
        "lr[optimizer=sgdd]": "Did you mean 'sgd'",
        "lr[depth=2]": "Choose from: network, optimizer",
        "lr[optimizer]": "must name knobs as lr",
    }.items():
        with pytest.raises(BadRecipe, match=message):
            wishes({key: "1..2"})


def test_a_sampler_knows_every_place() -> None:
    where = space({"width": "8,16", "width[network=mlp]": "24..48", "lr[optimizer=sgd]": "1..9"}, depth=1)
    assert where.everywhere("width") == Range(24.0, 48.0, whole=True)
    high = where.everywhere("lr")
    assert isinstance(high, Range)
    assert high.high == 9.0
    suggester = Suggester(where, 0)
    assert all(24 <= suggester.ask().width <= 48 for _ in range(5))
