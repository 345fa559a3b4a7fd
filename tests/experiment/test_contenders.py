"""Who takes part: combinations, one change at a time, networks, whole recipes; and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.contenders import combined, contenders, networks, recipes
from steepest.experiment.earlier import Earlier

IRIS = read("iris")


def small(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 4), nn.ReLU(), nn.Linear(4, outputs))


def large(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, outputs))


def test_several_knobs_meet_in_all_combinations_each_at_its_usual_rate() -> None:
    title, values = combined({"optimizer": ["sgd", "adam"], "activation": ["relu", "tanh"]})
    found = contenders(IRIS, title, values, {"width": 8})
    assert [(c.recipe.optimizer, c.recipe.activation, c.recipe.lr) for c in found] == [
        ("sgd", "relu", 0.2), ("sgd", "tanh", 0.2), ("adam", "relu", 0.002), ("adam", "tanh", 0.002),
    ]  # fmt: skip
    assert {c.recipe.width for c in found} == {8}
    assert len({c.label for c in found}) == 4


def test_one_change_at_a_time_leaves_out_what_the_default_has_already() -> None:
    said: list[str] = []
    default = contenders(IRIS, *combined({"optimizer": ["sgd"], "depth": [1, 2, 3]}, each=True), {})[0]
    depth = default.recipe.depth
    title, values = combined({"optimizer": ["sgd"], "depth": [1, 2, 3]}, each=True)
    found = contenders(IRIS, title, values, {}, say=said.append)
    assert found[0].label == "default"
    assert f"depth={depth}" not in [c.label for c in found]
    assert said == [f"depth={depth}: the default has this value already, so it is no contender."]
    assert len(found) == 4


def test_networks_by_name_train_as_they_are() -> None:
    names = [f"{__name__}:small", f"{__name__}:large"]
    found = contenders(IRIS, *networks(names), {})
    assert [c.recipe.factory for c in found] == names
    assert [c.label for c in found] == names


def test_recipes_come_from_files_and_folders_under_short_names(tmp_path: Path) -> None:
    for name, width in (("wide", 64), ("narrow", 8)):
        (tmp_path / f"{name}.yaml").write_text(Recipe(width=width).to_yaml(), encoding="utf-8")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(Recipe(width=32).to_yaml(), encoding="utf-8")
    title, values = recipes([tmp_path / "wide.yaml", str(tmp_path / "narrow.yaml"), tmp_path / "run"])
    found = contenders(IRIS, title, values, {"depth": 1}, epochs=3)
    assert [(c.label, c.recipe.width) for c in found] == [("wide", 64), ("narrow", 8), ("run", 32)]
    assert {(c.recipe.depth, c.recipe.epochs) for c in found} == {(1, 3)}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a": Recipe()}, "must be given two contenders or more, but got 'a'"),
        ("a.yaml", "recipes must be a list of recipes"),
        ([Recipe(), Recipe(lr=0.1)], "recipes must have names"),
        (["a.yaml", "./a.yaml"], "recipes must not have the same one twice, but got 'a.yaml'"),
        (["a.yaml", "b.yaml"], "recipe must be a readable file"),
    ],
)
def test_recipes_that_are_none_are_refused(given: Any, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        recipes(given)
    assert says in str(refused.value)


def test_a_recipe_of_another_kind_of_data_is_refused_by_name() -> None:
    title, values = recipes({"mlp": Recipe(), "images": Recipe(network="cnn")})
    with pytest.raises(BadInput, match="recipe images: network must suit iris"):
        contenders(IRIS, title, values, {})


def test_a_run_on_another_task_is_refused_by_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Earlier("runs/other", Recipe(), task="regression", form="table")
    monkeypatch.setattr("steepest.experiment.contenders.read_earlier", lambda _place: other)
    title, values = recipes(["runs/other", "runs/mine"])
    with pytest.raises(BadInput, match="runs/other must be of the task of iris, classification"):
        contenders(IRIS, title, values, {})


@pytest.mark.parametrize(
    ("knobs", "each", "says"),
    [
        ({"depth": [1, 2], "width": [8]}, False, "width must have two values or more to compare"),
        ({"depth": list(range(1, 7)), "width": list(range(1, 7))}, False, "at most 32 contenders"),
        ({}, True, "must be given one knob"),
        ({"depth": []}, True, "depth must have a value"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(knobs: dict[str, Any], each: bool, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        combined(knobs, each)
    assert says in str(refused.value)


def test_values_of_several_knobs_may_come_as_arrays() -> None:
    _, values = combined({"depth": np.array([1, 2]), "width": (8, 16)})
    assert [dict(value.knobs) for value in values][-1] == {"depth": 2, "width": 16}
