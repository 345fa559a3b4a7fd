"""What a study leaves of its networks: by default, as asked, on a full disk, where a replicate diverged."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from steepest.base.budget import Budget
from steepest.base.errors import BadInput, StoreError
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment import ensembling, keeping, states
from steepest.experiment.ensembling import ensemble_of, residual_noise
from steepest.experiment.keeping import read_keep
from steepest.experiment.settings import Settings
from steepest.experiment.study import Study
from steepest.experiment.tune import Finished, go_on, tune
from steepest.networks.ensemble_file import load_ensemble
from steepest.store.opening import open_journal
from steepest.training import checkpoint
from steepest.training.source import ports_of

KNOBS = {"epochs": 4, "width": 8, "depth": 1}


def settings(folder: Path, *keep: str) -> Settings:
    return Settings(
        Budget.parse("6trials"), 0, folder, fixed=KNOBS, start=Recipe(**KNOBS), workers=0, keep=keep
    )


def document(folder: Path, kind: str) -> Any:
    with open_journal(folder) as journal:
        return journal.document(kind).body


@pytest.fixture(scope="module")
def iris() -> DataSet:
    return read("iris")


@pytest.fixture(scope="module")
def whole(iris: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A study that keeps everything."""
    folder = tmp_path_factory.mktemp("kept") / "run"
    return tune(lambda: iris, settings(folder, "finalists", "ensemble"), Silent())


def test_names_are_read() -> None:
    assert read_keep("finalists, ensemble") == ("finalists", "ensemble")
    with pytest.raises(BadInput, match=r"Did you mean.*ensemble"):
        read_keep("ensembles")


def test_by_default_the_network_and_its_optimizers_state(iris: DataSet, tmp_path: Path) -> None:
    found = tune(lambda: iris, settings(tmp_path / "run"), Silent())
    assert found.ensemble is None
    kept = {row["name"]: row["bytes"] for row in document(tmp_path / "run", "kept")["rows"]}
    assert kept == {
        name: (tmp_path / "run" / name).stat().st_size
        for name in ("model.safetensors", "checkpoint.safetensors")
    }
    stack = checkpoint.load(tmp_path / "run" / "checkpoint.safetensors", ports_of(iris))
    (member,) = stack.members
    assert member.recipe.key() == found.recipe.key()
    if not found.recipe.averaging:
        weights = load_file(tmp_path / "run" / "model.safetensors")
        assert sum(stack.state.theta.sum(1)).item() == pytest.approx(
            sum(w.sum().item() for w in weights.values()), rel=1e-4
        )
    assert stack.state.rule.steps.item() > 0


def test_every_finalists_replicates_are_kept(whole: Finished, iris: DataSet) -> None:
    folder = whole.settings.folder
    with open_journal(folder) as journal:
        planned = [plan for plan in journal.members() if plan.stage == "confirm"]
    found = {
        path.stem: checkpoint.load(path, ports_of(iris))
        for path in (folder / "finalists").glob("*.safetensors")
    }
    labels = {plan.label for plan in planned}
    assert {name.replace("-", " ") for name in found} == labels
    for name, stack in found.items():
        its = [plan.member for plan in planned if plan.label == name.replace("-", " ")]
        assert [m.number for m in stack.members] == its
    assert not (folder / "states").exists()


def test_the_ensemble_and_what_it_gains(whole: Finished, iris: DataSet) -> None:
    folder = whole.settings.folder
    body = document(folder, "ensemble")
    ensemble = whole.ensemble
    assert ensemble is not None
    assert len(ensemble) == body["members"] == len(body["score_singles"])
    with open_journal(folder) as journal:
        rows = journal.document("study").body["test_rows"]
    assert body["rows"] == rows
    assert body["train_rows"] < body["all_rows"]
    assert body["score_gain"]["mean"] == pytest.approx(body["score"] - np.mean(body["score_singles"]))
    assert body["loss"] >= np.mean(body["loss_singles"])  # by Jensen's inequality, on any rows
    assert body["score_whole"] == pytest.approx(
        [s for s in document(folder, "test")["winner"]["scores"] if s is not None]
    )
    x = torch.from_numpy(iris.x[:9].copy())
    assert torch.equal(load_ensemble(folder)(x), ensemble(x))


def stopped(monkeypatch: pytest.MonkeyPatch, iris: DataSet, asked: Settings) -> None:
    """Run a study until its ensemble is written, where the disk is full."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ensembling, "save_ensemble", full)
        with pytest.raises(StoreError, match="No space left on device"):
            tune(lambda: iris, asked, Silent())


@pytest.mark.parametrize("lost", [False, True])
def test_on_a_full_disk_nothing_is_lost(
    whole: Finished, iris: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    asked = settings(tmp_path / "run", "finalists", "ensemble")
    stopped(monkeypatch, iris, asked)
    assert (asked.folder / "states").exists()
    if lost:  # what was kept until then is trained again
        shutil.rmtree(asked.folder / "states")
    found = go_on(lambda: iris, asked, Silent())
    assert found.ensemble is not None
    for path in whole.settings.folder.rglob("*.safetensors"):
        again = load_file(asked.folder / path.relative_to(whole.settings.folder))
        assert all(torch.equal(tensor, again[name]) for name, tensor in load_file(path).items()), path.name
    assert document(asked.folder, "ensemble") == document(whole.settings.folder, "ensemble")
    assert not (asked.folder / "states").exists()


def test_states_that_vanish_while_a_study_runs_are_missed(
    iris: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> bool:
        return False

    monkeypatch.setattr(states, "bring_back", gone)
    with pytest.raises(StoreError, match="Go on with the study"):
        tune(lambda: iris, settings(tmp_path / "run", "ensemble"), Silent())


def test_a_diverged_replicate_is_left_out_and_said(
    iris: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = keeping.keep_replicates

    def spoilt(study: Study, part: Any, members: Any, first: int) -> None:
        for t in members:
            if t.plan.replicate == 2:
                t.fate, t.state = "diverged", None
        known(study, part, members, first)

    monkeypatch.setattr("steepest.experiment.confirmation.keep_replicates", spoilt)
    found = tune(lambda: iris, settings(tmp_path / "run", "ensemble"), Silent())
    body = document(tmp_path / "run", "ensemble")
    assert [row["cause"] for row in body["left_out"]] == ["diverged"]
    assert found.ensemble is not None
    assert len(found.ensemble) == body["members"]


def test_noise_is_that_of_rows_held_out(make_study: Any) -> None:
    study = make_study("diabetes")
    plans = [(Recipe(width=4, depth=1, epochs=2), "confirm", r, r, r) for r in range(3)]
    members = study.plan(plans, "confirm")
    study.train(members, 2, [2], float("inf"))
    y, errors = study.data.y, []
    each = [
        ensemble_of(study, [t], 0.0).each(torch.from_numpy(study.data.x.copy()))[0].numpy() for t in members
    ]
    for row in range(study.data.rows):
        held = [
            e[row] for e, t in zip(each, members, strict=True) if row in study.fold(t.member.fold).held_out
        ]
        errors += [(y[row] - np.mean(held)) ** 2] if held else []
    assert residual_noise(study, members) == pytest.approx(np.mean(errors), rel=1e-4)


def test_an_ensemble_gains_where_networks_overfit(make_study: Any) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 10))
    y = np.where(draw.random(400) < 0.25, draw.integers(0, 2, 400), x[:, 0] + x[:, 1] > 0).astype(int)
    study = make_study((x, y))
    recipe = Recipe(width=64, depth=2, epochs=40, lr=0.01)
    replicates = study.plan([(recipe, "confirm", r, r % 3, r) for r in range(9)], "confirm")
    final = study.plan([(recipe, "final", 99, 3, 0)], "final")
    study.train([*replicates, *final], 40, [40], float("inf"))
    for t in replicates:
        t.fate = "finished"
    ensembling.note_ensemble(study, final[0], final, replicates, 3)
    body = study.journal.document("ensemble").body
    assert body["members"] == 9
    assert body["loss_gain"]["low"] > 0.05
    assert body["score_gain"]["mean"] > 0
