"""Strategies as users name them, and what they are told when that makes no sense."""

import re
from typing import Any

import pytest

from steepest.base.errors import BadInput
from steepest.data.read import read
from steepest.experiment.corners import crossed
from steepest.experiment.pairs import KNOWN, Combination, Switch
from steepest.experiment.switches import combinations, switch


def test_nothing_asks_for_all_that_are_known() -> None:
    assert combinations([]) == KNOWN
    assert len({each.name for each in KNOWN}) == len(KNOWN)
    assert all(each.expected and each.source for each in KNOWN)


def test_a_switch_reads_text_and_mappings_alike() -> None:
    assert switch("norm=batch") == switch({"norm": "batch"})
    assert switch("dropout=0, 0.3") == switch({"dropout": (0.0, 0.3)})
    assert switch("epochs=x0.25").on == {"epochs": "x0.25"}
    strong = switch({"shift": 0.1, "rotate": 10.0})
    assert (strong.name, strong.knobs) == ("shift=0.1 rotate=10.0", ("shift", "rotate"))


REFUSED: dict[str, tuple[list[Any], str]] = {
    "one switch": (["dropout=0.3"], "must be given two switches or more, but got 'dropout=0.3'"),
    "the same knob": (["dropout=0.3", "dropout=0.5"], "dropout must be set by one switch only"),
    "an unknown knob": (["dropuot=0.3", "norm=batch"], "Did you mean 'dropout'?"),
    "an unknown value": (["dropout=0.3", "norm=bath"], "Did you mean 'batch'?"),
    "out of range": (["dropout=1.5", "norm=batch"], "dropout must lie in [0, 0.95]"),
    "an unknown pair": (["dropout-nrm"], "Did you mean 'dropout-norm'?"),
    "names beside switches": (["dropout-norm", "l2=0.1"], "must be given names of pairs, or switches"),
    "no value": (["dropout=", "norm=batch"], "must be given knob=on or knob=off,on"),
    "three values": (["dropout=0,0.1,0.2", "norm=batch"], "must be given knob=on or knob=off,on"),
    "off as on": (["dropout=0.3,0.3", "norm=batch"], "dropout must differ between off and on"),
    "times a word": (["norm=x4", "dropout=0.3"], "norm must be a number to be multiplied"),
    "no mapping": ([3, "norm=batch"], "must be given knobs with their values when on"),
    "too many": ([f"own.k{i}=1" for i in range(12)], "must be given at most 11 switches"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(case: str) -> None:
    asked, message = REFUSED[case]
    with pytest.raises(BadInput, match=re.escape(message)):
        combinations(asked)


def yours(*asked: Any) -> Combination:
    (found,) = combinations(asked)
    return found


UNSUITED: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], str]] = {
    "already so": ("iris", ("norm=none", "dropout=0.3"), {}, "switch norm=none must change the recipe"),
    "another form": ("iris", ("flip=0.5", "dropout=0.3"), {}, "matters only for data of the form image"),
    "another task": ("diabetes", ("label_smoothing=0.1", "dropout=0.3"), {}, "matters only for the task"),
    "another optimizer": ("iris", ("momentum=0.5", "dropout=0.3"), {}, "only where optimizer is momentum"),
    "fixed": ("iris", ("norm=batch", "dropout=0.3"), {"norm": "layer"}, "norm must be left free"),
    "exclude each other": (
        "iris", ("network=linear", "dropout=0.3"), {},
        "switch dropout=0.3 must be able to act whether the other switches are on or off",
    ),
    "exclude, once on": (
        "iris", ("optimizer=sgd", "beta1=0.8"), {}, "It excludes optimizer=sgd, on",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSUITED)
def test_what_cannot_matter_here_is_refused(case: str) -> None:
    data, asked, fixed, message = UNSUITED[case]
    with pytest.raises(BadInput, match=re.escape(message)):
        crossed(yours(*asked), read(data), fixed)


def test_a_factor_multiplies_what_the_recipe_would_have() -> None:
    found = crossed(yours("optimizer=sgd", "lr=x4"), read("iris"), {})
    rates = [(c.recipe.optimizer, c.recipe.lr) for c in found.corners]
    usual = dict(rates[:2])
    assert rates[2:] == [(name, pytest.approx(4 * lr)) for name, lr in usual.items()]
    assert rates[0][1] != rates[1][1]


def test_a_factor_multiplies_what_is_fixed() -> None:
    (asked,) = combinations(["averaging-short"])
    found = crossed(asked, read("iris"), {"epochs": 30})
    assert [c.recipe.epochs for c in found.corners] == [30, 30, 10, 10]


def test_what_is_a_switch_is_not_tuned() -> None:
    tuned = {}
    for asked in (("dropout=0.3", "norm=batch"), ("dropout=0.3", "lr=x4"), ("dropout=0.3", "l2=0.01")):
        corners = crossed(yours(*asked), read("iris"), {}).corners
        tuned[asked[1]] = {(c.rate, c.decay) for c in corners}
    assert tuned == {"norm=batch": {(True, True)}, "lr=x4": {(False, True)}, "l2=0.01": {(True, False)}}
    assert {c.rate for c in crossed(yours("dropout=0.3", "norm=batch"), read("iris"), {}, False).corners} == {
        False
    }


def test_a_ladder_stands_where_the_batch_has_it() -> None:
    found = crossed(yours("batch_size=x4", "dropout=0.3"), read("digits"), {"optimizer": "sgd"})
    rates = {c.recipe.batch_size: c.recipe.lr for c in found.corners}
    assert rates[256] == pytest.approx(4 * rates[64])


@pytest.mark.parametrize("name", [each.name for each in KNOWN])
def test_known_pairs_suit_digits_or_say_why_not(name: str) -> None:
    (known,) = combinations([name])
    if name == "augmentation-short":
        with pytest.raises(BadInput, match="only for data of the form image"):
            crossed(known, read("digits"), {})
    else:
        assert len(crossed(known, read("digits"), {}).corners) == 2 ** len(known.switches)


def test_off_values_hold_where_the_default_is_another() -> None:
    asked = Combination("x", (Switch("a", {"norm": "batch"}, {"norm": "layer"}), switch("dropout=0.2")))
    assert [c.recipe.norm for c in crossed(asked, read("iris"), {}).corners] == ["layer", "batch"] * 2
