"""Time and work: what is spent, what training costs, and that no clock enters where work is counted."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.pace import Pace
from steepest.experiment.purse import Time, Work
from steepest.experiment.settings import Settings
from steepest.experiment.study import Study
from steepest.experiment.tune import tune
from steepest.store.opening import open_journal
from steepest.store.records import MemberPlan

SMALL = Recipe(width=8, depth=1, epochs=4)


def test_work_is_what_the_rounds_cost(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("iris", "1e9flops")
    purse = Work(study)
    assert (purse.spent(), purse.limit, purse.writing) == (0, 1e9, 0)
    members = study.plan([(SMALL, "default", r, r, r) for r in range(3)], "calibrate")
    study.train(members, 4, [2, 4], math.inf)
    rows, operations = 0.8 * len(study.outer.train), 3 * 2 * (4 * 8 + 8 * 3) - 2 * 4 * 8
    assert study.operations_of(SMALL) == round(rows * operations)
    assert purse.spent() == 3 * 4 * study.operations_of(SMALL) == purse.price([SMALL] * 3, 4)


def test_networks_of_all_rows_cost_more(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("iris", "1e9flops")
    study.train(study.plan([(SMALL, "", 0, 3, 0)], "final"), 4, [4], math.inf)
    assert study.operations == pytest.approx(1.25 * Work(study).price([SMALL], 4), rel=1e-6)


def test_the_purse_is_what_the_budget_limits(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("iris", "60s")
    pace = Pace.of(study)
    assert pace.purse is pace.time
    assert pace.purse.alarm(42.0) == 42.0
    study.settings = dataclasses.replace(study.settings, budget=Budget.parse("1e9flops"))
    assert pace.purse is pace.work
    assert pace.purse.alarm(42.0) == math.inf


def test_who_trains_alone_is_not_helped_by_other_workers(make_study: Callable[..., Study]) -> None:
    study: Study = make_study("iris")
    purse, large = Time(study), Recipe(width=512, depth=2)
    study.workers.count = 2
    assert purse.alone([large], 3) == pytest.approx(2 * purse.price([large], 3))
    assert purse.alone([large] * 2, 3) == pytest.approx(purse.price([large] * 2, 3))


def members(folder: Path) -> list[MemberPlan]:
    with open_journal(folder) as journal:
        return [dataclasses.replace(plan, sitting=0) for plan in journal.members()]


class Late(Clock):
    """A clock of a machine that needs an hour for everything."""

    def elapsed(self) -> float:
        return Clock.elapsed(self) + 3600.0


def test_a_budget_of_work_gives_the_same_study_at_any_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read("iris")

    def run(name: str) -> float:
        fixed = {"width": 8, "depth": 1, "batch_size": 64}
        settings = Settings(
            Budget.parse("1.5e8flops"), 0, tmp_path / name, fixed=fixed, start=Recipe(**fixed), workers=0
        )
        tune(lambda: data, settings, Silent())
        with open_journal(tmp_path / name) as journal:
            end = journal.document("end")
        assert end is not None
        assert end.body["reason"] == "budget"
        return sum(plan.stage == "search" for plan in members(tmp_path / name))

    assert run("quick") > 9
    monkeypatch.setattr("steepest.experiment.tune.Clock", Late)
    run("slow")
    assert members(tmp_path / "quick") == members(tmp_path / "slow")
