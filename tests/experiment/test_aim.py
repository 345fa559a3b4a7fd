"""A score that is enough: the search stops there, and only if confirmation holds it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment import tune as course
from steepest.experiment.aim import TRIES
from steepest.experiment.confirmation import Confirmed, confirm
from steepest.experiment.pace import LOOKS
from steepest.experiment.settings import Settings
from steepest.experiment.tune import go_on, tune
from steepest.store.opening import open_journal

FIXED = {"epochs": 4, "width": 8, "depth": 1, "batch_size": 32}


def end(
    folder: Path, data: str, stop_at: float, objective: str | None = None, course: Callable[..., Any] = tune
) -> tuple[dict[str, Any], int]:
    """How a study ended, and the members its search began."""
    settings = Settings(
        Budget.parse("24trials"), 0, folder, objective, fixed=FIXED, start=Recipe(**FIXED), workers=0,
        stop_at=stop_at, keep=("finalists", "ensemble"), limits=("parameters<=100k",),
    )  # fmt: skip
    course(lambda: read(data), settings, Silent())
    with open_journal(folder) as journal:
        document = journal.document("end")
        begun = sum(plan.stage == "search" and not plan.label for plan in journal.members())
    assert document is not None
    return dict(document.body), begun


def test_the_search_stops_where_it_has_enough(tmp_path: Path) -> None:
    body, begun = end(tmp_path, "wine", 0.9)
    assert body["reason"] == "target"
    assert begun < 24
    assert "accuracy 0.9 was reached: " in body["sentence"]
    assert "with 95 % confidence" in body["sentence"]


def test_losses_are_to_fall_below_it(tmp_path: Path) -> None:
    body, begun = end(tmp_path, "wine", 0.5, "log_loss")
    assert body["reason"] == "target"
    assert begun < 24
    assert "log_loss 0.5 was reached: 0." in body["sentence"]


def test_what_is_out_of_reach_costs_nothing(tmp_path: Path) -> None:
    body, begun = end(tmp_path, "wine", 2.0)
    assert (body["reason"], begun) == ("trials", 24)
    assert "accuracy 2 was not reached in confirmation" in body["sentence"]


def test_where_confirmation_does_not_hold_it_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "holds", lambda _study, _confirmed: False)
    body, begun = end(tmp_path, "wine", 0.8)
    assert (body["reason"], begun) == ("trials", 24)
    with open_journal(tmp_path) as journal:
        folds = {plan.split for plan in journal.members() if plan.stage == "confirm"}
        verdicts = {str(document.body): document.body["n"] for document in journal.documents("verdict")}
    assert 1 < len(verdicts) <= TRIES
    assert len(folds) >= sum(verdicts.values()), "no fold confirms twice"


def everything(folder: Path) -> dict[str, str]:
    """What a study found, but for how long it took."""
    with open_journal(folder) as journal:
        kinds = ("verdict", "finalists", "curse", "recipe", "kept", "ensemble", "end")
        found: dict[str, Any] = {
            kind: [{k: v for k, v in d.body.items() if "second" not in k} for d in journal.documents(kind)]
            for kind in kinds
        }
        found["members"] = [replace(plan, sitting=0) for plan in journal.members()]
        found["curves"] = [replace(point, sitting=0) for point in journal.curves()]
    for path in sorted(folder.rglob("*.safetensors")):
        found[path.name] = {name: tensor.tolist() for name, tensor in sorted(load_file(path).items())}
    return {name: repr(value) for name, value in found.items()}


def confirmations(folder: Path) -> dict[str, set[int]]:
    """By recipe, but for the default's, the confirmations it took part in."""
    found: dict[str, set[int]] = {}
    with open_journal(folder) as journal:
        for plan in journal.members():
            if plan.stage == "confirm" and plan.label != "default":
                found.setdefault(json.dumps(plan.recipe), set()).add(plan.replicate // LOOKS[-1])
    return found


def test_a_recipe_that_fell_short_is_not_confirmed_again_and_the_best_is_handed_out(tmp_path: Path) -> None:
    body, begun = end(tmp_path, "wine", 0.99)
    assert (body["reason"], begun) == ("trials", 24)
    known = confirmations(tmp_path)
    assert all(len(tries) == 1 for tries in known.values())
    assert len(set.union(*known.values())) > 1
    with open_journal(tmp_path) as journal:
        verdicts = [document.body for document in journal.documents("verdict")]
        tested = journal.document("recipe")
    assert tested is not None
    means = [max(np.mean(v["winner_scores"]), np.mean(v["default_scores"])) for v in verdicts]
    assert means[-1] == max(means)


def test_it_goes_on_with_what_was_confirmed_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in its second confirmation, and again after the last: the same study, states and all."""
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    end(straight, "wine", 0.99)
    wanted = everything(straight)
    found, begun = [], confirm

    def in_the_second(*args: Any) -> Confirmed:
        found.append(args)
        if len(found) == 2:
            raise RuntimeError("stopped")
        return begun(*args)

    def at_the_end(*_: Any) -> Any:
        raise RuntimeError("stopped")

    for name, fail in (("confirm", in_the_second), ("best_of", at_the_end)):
        monkeypatch.setattr(course, name, fail)
        with pytest.raises(RuntimeError, match="stopped"):
            end(stopped, "wine", 0.99, course=tune if name == "confirm" else go_on)
        monkeypatch.undo()
    end(stopped, "wine", 0.99, course=go_on)
    assert "ensemble.safetensors" in wanted
    assert everything(stopped) == wanted


def test_a_number_is_needed() -> None:
    with pytest.raises(BadInput, match="stop_at must be a number"):
        Settings(Budget.parse("60s"), 0, Path(), stop_at=float("nan"))
