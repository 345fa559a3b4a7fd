"""A whole search for conflicts: settings train once, on the same folds, on ladders of training rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Progress, Silent
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment import conflict_runs, conflicting
from steepest.experiment.conflict_runs import Runs
from steepest.experiment.conflict_scope import STEPS, Extent, Work, affordable
from steepest.experiment.conflicted import Conflicted
from steepest.experiment.conflicting import Asked, conflicts
from steepest.experiment.ladder import RUNGS
from steepest.experiment.processes import Start
from steepest.experiment.scope import FEWER_RUNGS
from steepest.experiment.switches import combinations
from steepest.experiment.workers import Workers
from steepest.training.job import Done, Job, run
from steepest.training.member import Member
from steepest.training.source import Source

SMALL = {"width": 8, "depth": 1}


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def progress(self, snapshot: Progress) -> None:
        assert 0.0 <= snapshot.share <= 1.0


class Watched(Workers):
    """Keeps what it is given to do."""

    seen: "list[Watched]"

    def __init__(self, count: int, start: Start) -> None:
        super().__init__(count, start)
        self.jobs: list[Job] = []
        self.seen.append(self)

    def serve(self, source: Source) -> None:
        self.source = source
        super().serve(source)

    def run(self, jobs: Sequence[Job], *more: Any, **named: Any) -> list[Done]:
        self.jobs += jobs
        return super().run(jobs, *more, **named)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    Watched.seen = []
    monkeypatch.setattr(conflicting, "Workers", Watched)
    return Watched.seen


def asked(*switches: str, **given: Any) -> Asked:
    known = {"folds": 3, "seeds": 2, "epochs": 1, "fixed": SMALL, "workers": 0}
    chosen = combinations(switches or ("dropout=0.3", "norm=batch"))
    return Asked(chosen, **{**known, **given})


def found(question: Asked, data: DataSet | None = None, heard: Heard | None = None) -> Conflicted:
    return conflicts(data or read("iris"), question, heard or Heard(), Clock())


def members(watched: list[Watched], ladders: bool) -> list[Member]:
    """Those of the ladders, on divisions of training rows, or those that count."""
    half = len(watched[0].source.folds) // 2
    return [m for job in watched[0].jobs for m in job.members if (m.fold >= half) == ladders]


def test_every_setting_meets_the_same_folds_from_the_same_seeds(watched: list[Watched]) -> None:
    result = found(asked())
    runs: dict[tuple[float, str], set[tuple[int, int]]] = {}
    for member in members(watched, ladders=False):
        key = member.recipe.dropout, member.recipe.norm
        runs.setdefault(key, set()).add((member.seed, member.fold))
    assert len(runs) == 4
    assert len({frozenset(each) for each in runs.values()}) == 1
    assert [len(s.scores) for s in result.settings] == [6] * 4
    assert len({seed for seed, _ in runs[0.0, "none"]}) == 6


def test_ladders_never_meet_the_rows_their_fold_holds_out(watched: list[Watched]) -> None:
    found(asked())
    folds = watched[0].source.folds
    assert {m.fold for m in members(watched, ladders=True)} == set(range(6, 12))
    for place in range(6, 12):
        touched = {*folds[place].train, *folds[place].held_out}
        assert touched == set(folds[place - 6].train)
        assert not touched & set(folds[place - 6].held_out)


def test_every_setting_has_the_same_budget_for_its_rate_and_decay(watched: list[Watched]) -> None:
    """Before a ladder grows: as many rates, and as many decays, for each setting and run."""
    found(asked())
    first = [m for job in watched[0].jobs[:2] for m in job.members]
    rates: dict[tuple[float, str, int], int] = {}
    for m in first:
        key = m.recipe.dropout, m.recipe.norm, m.fold
        rates[key] = rates.get(key, 0) + 1
    decays = {}
    for m in members(watched, ladders=True):
        if m.recipe.weight_decay != 0.01:
            decays.setdefault((m.recipe.dropout, m.recipe.norm, m.fold), set()).add(m.recipe.weight_decay)
    assert len(set(rates.values())) == 1
    assert len(decays) == 24
    assert {frozenset(each) for each in decays.values()} == {frozenset({0.0, 0.001, 0.1})}


def test_each_run_trains_at_what_its_ladders_found(watched: list[Watched]) -> None:
    result = found(asked())
    for setting in result.settings:
        for m in members(watched, ladders=False):
            if (m.recipe.dropout, m.recipe.norm) == (setting.recipe.dropout, setting.recipe.norm):
                assert setting.rates[m.fold] == m.recipe.lr
                assert setting.decays[m.fold] == m.recipe.weight_decay


def test_a_score_is_what_the_run_scores_alone(watched: list[Watched]) -> None:
    result = found(asked(tuned=False))
    (member,) = [
        m for m in members(watched, False) if m.fold == 4 and m.recipe.dropout and m.recipe.norm == "batch"
    ]
    alone = run(Job((member,), 1, (1,)), watched[0].source)
    assert result.settings[3].scores[4] == pytest.approx(alone.points[-1].metrics["accuracy"][0])


def test_the_four_means_are_those_of_the_settings() -> None:
    result = found(asked(tuned=False))
    (pair,) = result.pairs
    means = [result.settings[place].mean for (place,) in pair.settings]
    each = pair.found
    assert [each.mean_00, each.mean_10, each.mean_01, each.mean_11] == pytest.approx(means)
    assert each.effect == pytest.approx(means[3] - means[1] - means[2] + means[0])
    assert [result.settings[place].label for (place,) in pair.settings] == [
        "the default recipe", "dropout=0.3", "norm=batch",
        "norm=batch, dropout=0.3",
    ]  # fmt: skip


def test_settings_that_pairs_share_train_once(watched: list[Watched]) -> None:
    result = found(asked("mixup-smoothing", "dropout-norm", tuned=False))
    assert len(result.settings) == 7
    assert result.pairs[0].settings[0] == result.pairs[1].settings[0] == (0,)
    assert len(members(watched, ladders=False)) == 7 * 6


def test_settings_of_all_pairs_share_stacks(watched: list[Watched]) -> None:
    found(asked("mixup-smoothing", "dropout-norm", tuned=False))
    together = [{m.recipe.key() for m in job.members} for job in watched[0].jobs]
    assert len(together) < 7
    assert max(map(len, together)) >= 2


def test_three_switches_are_crossed_in_full() -> None:
    result = found(asked("dropout=0.3", "norm=batch", "activation=tanh", tuned=False, seeds=1))
    assert len(result.settings) == 8
    assert [(p.first, p.second) for p in result.pairs] == [
        ("dropout=0.3", "norm=batch"), ("dropout=0.3", "activation=tanh"), ("norm=batch", "activation=tanh"),
    ]  # fmt: skip
    for pair in result.pairs:
        assert sorted(place for corner in pair.settings for place in corner) == list(range(8))
    assert "all 8 settings of 3 switches" in result.facts["combinations"][0]["design"]


def test_it_is_a_function_of_its_seed() -> None:
    first, again, other = (found(asked(seed=seed, tuned=False)) for seed in (0, 0, 1))
    assert [s.scores for s in first.settings] == [s.scores for s in again.settings]
    assert [s.scores for s in first.settings] != [s.scores for s in other.settings]


def test_processes_change_nothing() -> None:
    here, there = (found(asked(tuned=False, workers=workers)) for workers in (0, 2))
    assert [s.scores for s in here.settings] == [s.scores for s in there.settings]


def test_runs_that_diverge_are_counted_and_kept() -> None:
    result = found(asked("lr=0.2,1e4", "dropout=0.3", fixed={**SMALL, "optimizer": "sgd"}, epochs=3),
                   read("diabetes"))  # fmt: skip
    (pair,) = result.pairs
    assert pair.diverged[1] == pair.diverged[3] == 6
    assert pair.diverged[0] == pair.diverged[2] == 0
    assert pair.found.n == 6
    assert pair.found.mean_10 < pair.found.mean_00
    broken = result.settings[pair.settings[1][0]]
    assert (broken.diverged, len(broken.scores)) == (6, 6)
    assert result.to_dict()["settings"][pair.settings[1][0]]["mean"] is None


def test_too_few_runs_are_told_before_they_are_spent() -> None:
    heard = Heard()
    result = found(asked(seeds=1, tuned=False), heard=heard)
    assert any("3 runs of each setting can never decide: 6 are needed" in said for said in heard.said)
    assert result.pairs[0].found.kind == "unresolved"


def test_what_so_many_runs_can_tell_is_told() -> None:
    heard = Heard()
    found(asked(tuned=False), heard=heard)
    assert any("6 runs of each setting, 1 pair: an interaction of about" in said for said in heard.said)


def test_known_pairs_that_do_not_suit_are_left_out_unless_they_are_named() -> None:
    known = tuple(c for c in combinations(()) if c.name in ("mixup-smoothing", "dropout-norm"))
    heard = Heard()
    question = replace(asked(tuned=False, seeds=1), combinations=known, named=False)
    result = found(question, read("diabetes"), heard)
    assert {pair.combination for pair in result.pairs} == {"dropout-norm"}
    assert any(said.startswith("mixup-smoothing is left out: ") for said in heard.said)
    with pytest.raises(BadInput, match="label smoothing matters only for the task classification"):
        found(replace(question, named=True), read("diabetes"))


def test_rows_in_time_count_each_fold_once() -> None:
    heard, steps = Heard(), np.arange(60)
    data = DataSet(
        name="waves", task="forecasting", target="y", classes=(), form="series", shape=(4, 1),
        x=np.sin(steps[:, None] / 5 + np.arange(4)).astype(np.float32), y=np.sin(steps / 5 + 4)[:, None],
        moments=steps + 4, groups=steps,
    )  # fmt: skip
    question = asked("dropout=0.3", "activation=tanh", tuned=False, fixed={**SMALL, "network": "mlp"})
    result = found(question, data, heard)
    assert result.pairs[0].found.n == 3
    assert len(result.settings[0].scores) == 6
    assert any("a fold counts once" in said for said in heard.said)
    assert any("3 runs of each setting can never decide" in said for said in heard.said)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"folds": 1}, "folds must be a whole number, 2 or more"),
        ({"seeds": 0}, "seeds must be a whole number, 1 or more"),
        ({"margin": 0.0}, "margin must be a positive number"),
        ({"budget": Budget.parse("10trials")}, "budget must be a time"),
    ],
)
def test_questions_that_make_no_sense_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        asked(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"folds": 51}, "folds must be at most 50"),
        ({"objective": "r2"}, "r2"),
        ({"combinations": combinations(["batch_size=9,999", "norm=batch"])}, "batch_size must be at most"),
    ],
)
def test_what_the_data_cannot_do_is_refused_before_anything_trains(
    given: dict[str, Any], message: str, watched: list[Watched]
) -> None:
    with pytest.raises(BadInput, match=message):
        found(replace(asked(), **given))
    assert watched == []


def test_a_budget_leaves_out_seeds_then_rates_then_decays_then_pairs() -> None:
    four = [Work(0.1, True, True)] * 4
    wanted = Extent(2, 3, 5, 3)
    least = Extent(1, 1, FEWER_RUNGS[1], 0).seconds([four], 10, 1)
    seen = [wanted]
    for left in np.linspace(wanted.seconds([four, four], 10, 1), least, 400):
        chosen = affordable(wanted, [four, four], 10, 1, float(left) + 1e-9, Budget.parse("60s"))
        assert chosen.seconds([four, four], 10, 1) <= left + 1e-9
        if chosen != seen[-1]:
            seen.append(chosen)
    assert [(e.combinations, e.seeds) for e in seen[:3]] == [(2, 3), (2, 2), (2, 1)]
    assert seen[-1] == Extent(1, 1, FEWER_RUNGS[1], 0)
    with pytest.raises(BadBudget, match="for the smallest search for conflicts"):
        affordable(wanted, [four, four], 10, 1, least - 1.0, Budget.parse("5s"))
    with pytest.raises(BadBudget, match=r"give it 9 epochs: --epochs 9\."):
        affordable(wanted, [four, four], 10, 1, least * 0.49, Budget.parse("5s"), epochs=20)


def test_a_budget_is_kept_and_what_it_left_out_is_said(
    watched: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runs, "pace", lambda self, *_: [1.0] * len(self.corners))
    wanted = Extent(2, 2, RUNGS, STEPS)
    budget = Budget.parse("600s")  # by that pace, one pair in the least way takes about 40 s a run of folds
    heard = Heard()
    result = found(asked("dropout-norm", "selu-lecun", budget=budget, folds=10), heard=heard)
    extent = Extent(len(result.pairs), result.facts["seeds"], result.facts["rungs"], result.facts["decays"])
    assert extent != wanted
    assert f"The budget of 600s pays for {extent.words}; {wanted.words} would take about" in heard.said[0]
    assert len(members(watched, ladders=False)) == len(result.settings) * 10 * extent.seeds


def test_pairs_that_a_budget_leaves_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runs, "pace", lambda self, *_: [1.0] * len(self.corners))
    heard = Heard()
    result = found(asked("dropout-norm", "selu-lecun", budget=Budget.parse("180s"), folds=10), heard=heard)
    assert {pair.combination for pair in result.pairs} == {"dropout-norm"}
    assert "Left out for want of time: selu-lecun." in heard.said


def test_a_pace_is_measured_for_every_setting() -> None:
    result = found(asked("dropout-norm", budget=Budget.parse("1h")))
    assert result.facts["seeds"] == 2
    assert not any("pays for" in note for note in result.facts["notes"])


def test_pairs_that_there_is_no_time_to_time_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflict_runs, "TIMING", 0.0)
    heard = Heard()
    result = found(
        asked("dropout-norm", "selu-lecun", "mixup-smoothing", budget=Budget.parse("1h")), heard=heard
    )
    assert {pair.combination for pair in result.pairs} == {"dropout-norm"}
    assert any("The first 1 of 3 were timed." in said for said in heard.said)
    assert "Left out for want of time: selu-lecun, mixup-smoothing." in heard.said
    assert len(result.settings[0].scores) == 6


def test_switches_are_turned_in_the_recipe_that_is_given() -> None:
    start = Recipe.make(**SMALL, epochs=1, activation="tanh", optimizer="sgd", lr=0.3)
    result = found(asked("dropout=0.3", "norm=batch", start=start, fixed={}, epochs=None, tuned=False))
    assert {s.recipe.activation for s in result.settings} == {"tanh"}
    assert {s.recipe.lr for s in result.settings} == {0.3}
    assert result.settings[0].label == "the found recipe"
    other = found(asked("optimizer=adam", "norm=batch", start=start, fixed={}, epochs=None, tuned=False))
    rates = {s.recipe.optimizer: s.recipe.lr for s in other.settings}
    assert rates["sgd"] == 0.3 > rates["adam"]


def test_a_setting_whose_rate_is_a_switch_says_that_it_is_not_tuned() -> None:
    result = found(asked("batch-rate", "dropout-norm", seeds=1, fixed={**SMALL, "batch_size": 8}))
    labels = [setting.label for setting in result.settings]
    assert len(set(labels)) == len(labels) == 8
    assert "the default recipe (rate not tuned)" in labels
    same = found(asked("batch-rate", seeds=1, tuned=False, fixed={**SMALL, "batch_size": 8}))
    assert not any("rate not tuned" in setting.label for setting in same.settings)
