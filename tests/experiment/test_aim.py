"""A score that is enough: the search stops there, and only if confirmation holds it."""

from pathlib import Path
from typing import Any

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment import tune as course
from steepest.experiment.aim import TRIES
from steepest.experiment.settings import Settings
from steepest.experiment.tune import tune
from steepest.store.opening import open_journal

FIXED = {"epochs": 4, "width": 8, "depth": 1, "batch_size": 32}


def end(folder: Path, data: str, stop_at: float, objective: str | None = None) -> tuple[dict[str, Any], int]:
    """How a study ended, and the members its search began."""
    settings = Settings(
        Budget.parse("24trials"), 0, folder, objective, fixed=FIXED, start=Recipe(**FIXED), workers=0,
        stop_at=stop_at,
    )  # fmt: skip
    tune(lambda: read(data), settings, Silent())
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
        verdicts = journal.documents("verdict")
    assert 1 < len(verdicts) <= TRIES
    assert len(folds) >= sum(document.body["n"] for document in verdicts), "no fold confirms twice"


def test_a_number_is_needed() -> None:
    with pytest.raises(BadInput, match="stop_at must be a number"):
        Settings(Budget.parse("60s"), 0, Path(), stop_at=float("nan"))
