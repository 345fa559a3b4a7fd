"""Beginning from a recipe file or from an earlier run: trial 0 is that recipe, its finalists follow."""

from pathlib import Path
from typing import Any

import pytest

from steepest.apps import api
from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.earlier import Earlier, read_earlier
from steepest.experiment.settings import Settings
from steepest.experiment.starting import begun, suited
from steepest.store.opening import open_journal
from steepest.store.records import Document, MemberPlan

IRIS = read("iris")


def folder(tmp_path: Path, task: str = "classification") -> Path:
    (tmp_path / "recipe.yaml").write_text(Recipe(lr=0.01, width=16).to_yaml())
    recipes = [Recipe(lr=0.01, width=16), Recipe(lr=0.02), Recipe(lr=0.02), Recipe(optimizer="sgd", lr=0.3)]
    with open_journal(tmp_path / "study.db", create=True) as journal:
        journal.record(documents=[Document("study", {"task": task, "form": "table"})])
        journal.plan(
            [
                MemberPlan(i, "confirm", f"finalist {1 + i}", r.dotted(), i, 0, 0, 1, "confirm")
                for i, r in enumerate(recipes)
            ]
            + [MemberPlan(9, "confirm", "default", Recipe(depth=1).dotted(), 0, 0, 0, 1, "confirm")]
        )
    return tmp_path


def settled(earlier: Earlier, **asked: Any) -> Settings:
    return suited(Settings(Budget.parse("20trials"), 0, Path(), earlier=earlier, **asked), IRIS)


def test_a_folder_gives_its_recipe_and_the_other_finalists(tmp_path: Path) -> None:
    known = read_earlier(folder(tmp_path))
    assert (known.recipe.lr, known.recipe.width) == (0.01, 16)
    assert [r.lr for r in known.others] == [0.02, 0.3]
    assert (known.task, known.form) == ("classification", "table")


@pytest.mark.parametrize("name", ["mine.yaml", "mine.json", "mine.YML"])
def test_a_file_is_a_recipe(tmp_path: Path, name: str) -> None:
    text = Recipe(lr=0.01).model_dump_json() if name.endswith("json") else "lr: 0.01\n"
    (tmp_path / name).write_text(text)
    assert read_earlier(tmp_path / name) == Earlier(str(tmp_path / name), Recipe(lr=0.01))


def test_trial_0_is_the_recipe_with_what_is_fixed() -> None:
    known = Earlier("mine.yaml", Recipe(optimizer="adamw", lr=0.01, width=16, label_smoothing=0.1))
    start = settled(known, fixed={"depth": 1}).start
    assert start == known.recipe.replace(depth=1)
    assert settled(known, fixed={"optimizer": "sgd"}).start.lr == 0.2, "at that optimizer's usual rate"
    assert begun(settled(known)) == (
        "trial 0 is the recipe of mine.yaml, its epochs as the budget allows (--fix epochs=… holds them)",
    )


def test_the_recipes_family_comes_first_and_has_to_compete() -> None:
    linear = Earlier("mine.yaml", Recipe(network="linear"))
    assert settled(linear).families == ("linear", "mlp")
    assert settled(linear, families=("mlp", "linear")).families == ("linear", "mlp")
    for asked in ({"families": ("mlp",)}, {"fixed": {"network": "mlp"}}, {"asked": {"network": "mlp,mlp"}}):
        with pytest.raises(BadInput):
            settled(linear, **asked)
    with pytest.raises(BadInput, match="must suit iris"):
        settled(Earlier("mine.yaml", Recipe(network="cnn")))


def test_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="must be of the task of iris, classification, but got 'regression'"):
        settled(read_earlier(folder(tmp_path, "regression")))


def test_a_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"must hold a recipe\.yaml"):
        read_earlier(tmp_path)


def test_matching_is_for_parameters(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="matching"):
        api.tune("iris", start_from=folder(tmp_path), matching=True, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
