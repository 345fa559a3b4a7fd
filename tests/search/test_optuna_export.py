"""A study that was exported is one that Optuna itself could have written."""

import math
import shutil
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.search import optuna_export
from steepest.search.optuna_export import About, export_to_optuna
from steepest.search.optuna_trials import Knobs, trials_of
from steepest.search.silence import quiet
from steepest.store import CurvePoint, Document, Journal, MemberPlan, Outcome, open_journal

ABOUT = About("iris-1", "accuracy", facts={"data": "iris"})


def plan(member: int, stage: str = "search", label: str = "", **knobs: object) -> MemberPlan:
    recipe = Recipe().replace(**knobs).dotted()
    return MemberPlan(member, stage, label, recipe, 100 + member, 0, member % 3, 51, "prior")  # type: ignore[arg-type]


def points(member: int, *scores: float) -> list[CurvePoint]:
    return [CurvePoint(member, 3.0**i, 4 * 3**i, 0.5, 0.4, score) for i, score in enumerate(scores)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path / "run", create=True) as made:
        about = {"task": "classification", "form": "table", "started": "2026-08-14T09:31:07+00:00"}
        made.record(documents=[Document("study", about)])
        made.plan(
            [
                plan(0, "calibrate", "default"),
                plan(1, lr=0.1, optimizer="sgd", dropout=0.2),
                plan(2, lr=0.003, width=128),
                plan(3, lr=0.03, weight_decay=0.0),
                plan(4, lr=0.01, beta1=0.8),
                plan(5, "confirm", "finalist 1", lr=0.1, optimizer="sgd"),
            ]
        )
        curves = [
            *points(0, 0.5),
            *points(1, 0.6, 0.7, 0.9),
            *points(2, 0.4),
            *points(3, math.nan),
            *points(4, 0.3),
        ]
        ends = [
            Outcome(0, "finished", "", 0.5, 1.0, 0.2),
            Outcome(1, "finished", "", 0.9, 9.0, 2.5),
            Outcome(2, "dropped", "not among the best at epoch 1", 0.4, 1.0, 0.1),
            Outcome(3, "diverged", "the loss stopped being a number", None, 1.0, 0.1),
        ]
        made.record(curves, ends)
        yield made


def loaded(path: Path, name: str) -> optuna.Study:
    with quiet():
        return optuna.load_study(study_name=name, storage=f"sqlite:///{path}")


def by_member(study: optuna.Study) -> dict[int, FrozenTrial]:
    return {trial.user_attrs["member"]: trial for trial in study.trials}


def test_params_scores_and_states(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "optuna.db"
    assert export_to_optuna(journal, path, ABOUT) == 6
    study = loaded(path, "iris-1")
    assert study.direction.name == "MAXIMIZE"
    assert study.metric_names == ["accuracy"]
    assert study.user_attrs["data"] == "iris"
    trials = by_member(study)
    assert {m: t.state.name for m, t in trials.items()} == {
        1: "COMPLETE", 2: "PRUNED", 3: "FAIL", 4: "RUNNING",
    }  # fmt: skip
    assert study.best_trial.user_attrs["member"] == 1
    assert trials[1].intermediate_values == {1: 0.6, 3: 0.7, 9: 0.9}
    assert (trials[1].value, trials[2].value, trials[3].value) == (0.9, 0.4, None)
    assert math.isnan(trials[3].intermediate_values[1])
    assert trials[1].duration == timedelta(seconds=2.5)
    assert trials[1].params["optimizer"] == "sgd"
    assert trials[1].params["dropout"] == 0.2
    assert trials[2].params["use dropout"] is False
    assert "dropout" not in trials[2].params
    assert "beta1" not in trials[1].params  # without effect under sgd
    assert trials[2].params["beta1"] == 0.9
    known = {"origin": "prior", "seed": 101, "split": 1, "stage": "search", "member": 1, "status": "finished"}
    assert known.items() <= trials[1].user_attrs.items()
    assert trials[3].user_attrs["cause"] == "the loss stopped being a number"


def test_members_that_were_trained_again_are_a_study_of_their_own(journal: Journal, tmp_path: Path) -> None:
    export_to_optuna(journal, tmp_path / "optuna.db", ABOUT)
    again = loaded(tmp_path / "optuna.db", "iris-1 again")
    assert [(t.user_attrs["stage"], t.user_attrs["label"]) for t in again.trials] == [
        ("calibrate", "default"), ("confirm", "finalist 1"),
    ]  # fmt: skip


def test_the_tables_hold_what_optuna_would_have_written(journal: Journal, tmp_path: Path) -> None:
    export_to_optuna(journal, tmp_path / "fast.db", ABOUT)
    fast = loaded(tmp_path / "fast.db", "iris-1").trials
    with quiet():
        slow = optuna.create_study(
            storage=f"sqlite:///{tmp_path / 'slow.db'}", study_name="iris-1", direction="maximize"
        )
        slow.add_trials(trials_of(journal, False)[""].values())
    assert [repr(t) for t in fast] == [repr(t) for t in slow.trials]
    dumps = []
    for name in ("fast", "slow"):
        with sqlite3.connect(tmp_path / f"{name}.db") as connection:
            tables = ("trial_params", "trial_values", "trial_intermediate_values", "trial_user_attributes")
            of_search = "trial_id IN (SELECT trial_id FROM trials WHERE study_id = 1)"
            rows = [connection.execute(f"SELECT * FROM {t} WHERE {of_search}").fetchall() for t in tables]
            dumps.append([sorted(map(repr, (row[1:] for row in each))) for each in rows])
    assert dumps[0] == dumps[1]


def test_unknown_tables_are_filled_in_optunas_own_way(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optuna_export, "known", lambda _: False)
    said: list[str] = []
    assert export_to_optuna(journal, tmp_path / "optuna.db", ABOUT, say=said.append) == 6
    assert "takes 6 trials one by one" in said[0]
    assert by_member(loaded(tmp_path / "optuna.db", "iris-1"))[1].value == 0.9
    with pytest.raises(BadInput, match="must not hold the study already"):
        export_to_optuna(journal, tmp_path / "optuna.db", ABOUT)
    with pytest.raises(BadInput, match="needs an Optuna whose tables"):
        export_to_optuna(journal, tmp_path / "other.db", ABOUT, follow=True)


def test_exporting_again_writes_anew_and_leaves_other_studies_alone(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "optuna.db"
    export_to_optuna(journal, path, ABOUT)
    export_to_optuna(journal, path, About("another", "accuracy"))
    before = [t._trial_id for t in loaded(path, "iris-1").trials]
    journal.plan([plan(6, lr=0.5)])
    journal.record(points(6, 0.95), [Outcome(6, "finished", "", 0.95, 1.0, 0.1)])
    export_to_optuna(journal, path, ABOUT)
    after = loaded(path, "iris-1").trials
    assert [t._trial_id for t in after][:4] == before
    assert [t.number for t in after] == [0, 1, 2, 3, 4]
    assert len(loaded(path, "another").trials) == 4
    assert loaded(path, "iris-1").best_value == 0.95


def test_losses_are_positive_and_to_be_minimised(journal: Journal, tmp_path: Path) -> None:
    export_to_optuna(journal, tmp_path / "optuna.db", About("iris-1", "RMSE", lower=True))
    study = loaded(tmp_path / "optuna.db", "iris-1")
    assert study.direction.name == "MINIMIZE"
    assert by_member(study)[2].value == -0.4


def test_a_study_is_followed_until_nobody_works_on_it(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optuna_export, "EVERY", 0.02)
    path, said, seen = tmp_path / "optuna.db", [], threading.Event()

    def say(line: str) -> None:
        said.append(line)
        seen.set()

    with open_journal(tmp_path / "run") as reader:
        follower = threading.Thread(
            target=export_to_optuna, args=(reader, path, ABOUT), kwargs={"follow": True, "say": say}
        )
        follower.start()
        assert seen.wait(30)
        assert said == ["6 trials, 2 of them running"]
        journal.record(points(4, 0.3, 0.5), [Outcome(4, "dropped", "", 0.5, 3.0, 0.3)])
        journal.plan([plan(6, lr=0.4, activation="tanh")])
        journal.close()
        follower.join(30)
        assert not follower.is_alive()
    assert said[-1] == "7 trials, 2 of them running"
    trials = by_member(loaded(path, "iris-1"))
    assert trials[4].state == TrialState.PRUNED
    assert trials[4].intermediate_values == {1: 0.3, 3: 0.5}
    assert trials[1].params["activation"] == "relu"  # tried in two ways since member 6 was planned
    assert trials[6].state == TrialState.RUNNING


def test_what_is_not_an_optuna_storage_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    text, other = tmp_path / "text.db", tmp_path / "run" / "study.db"
    text.write_text("hello, this is no database at all")
    copy = tmp_path / "copy.db"
    with open_journal(tmp_path / "second", create=True):
        pass
    shutil.copy(tmp_path / "second" / "study.db", copy)
    for path in (text, copy, other):
        before = path.read_bytes()
        with pytest.raises(BadInput, match="a new file or an Optuna storage"):
            export_to_optuna(journal, path, ABOUT)
        assert path.read_bytes() == before


def test_a_study_of_somebody_elses_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "optuna.db"
    with quiet():
        optuna.create_study(storage=f"sqlite:///{path}", study_name="iris-1")
    with pytest.raises(BadInput, match="that steepest did not write"):
        export_to_optuna(journal, path, ABOUT)


def test_distributions_hold_what_was_tried() -> None:
    recipes: list[dict[str, object]] = [
        Recipe(lr=1e-3, batch_size=64, dropout=0.3).dotted()
        | {"own.width": 8, "own.kind": "a", "own.odd": [1]},
        Recipe(lr=20.0, batch_size=48, flip=0.5).dotted()
        | {"own.width": 16, "own.kind": "b", "own.odd": [2]},
    ]
    for recipe in recipes:
        recipe["network"] = "own"
    params, where, rest = Knobs(recipes, "table").told(recipes[0])
    assert where["lr"] == FloatDistribution(1e-5, 20.0, log=True)
    assert isinstance(where["batch_size"], IntDistribution)
    assert where["own.kind"] == CategoricalDistribution(("a", "b"))
    assert params["own.width"] == 8
    assert rest == {"own.odd": [1]}
    assert "flip" not in params  # without effect on tables
    assert "depth" not in params  # never varied
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, value in params.items():
            assert where[name]._contains(where[name].to_internal_repr(value)), name
