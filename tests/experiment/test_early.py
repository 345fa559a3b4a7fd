"""Early stopping of `train`: what stops it, what is kept, and that the script trains as long."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import steepest
from steepest.apps import api
from steepest.apps.result import Result
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import Split, inner_split, outer_split
from steepest.experiment.train import Diverged
from steepest.networks.architecture import spec_of
from steepest.store.opening import open_journal
from steepest.training.job import Job, run
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.state import StackState
from steepest.training.stopping import PATIENCE

RECIPE = {"depth": 1, "width": 16, "epochs": 100, "schedule": "cosine", "lr": 0.01, "batch_size": 32}


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []

    def progress(self, snapshot: Any) -> None:
        """Takes no notice."""

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Heard]:
    heard = Heard()
    folder = tmp_path_factory.mktemp("early")
    return api.train("iris", recipe=RECIPE, early_stop=True, out=folder, listener=heard), heard


def test_it_ends_early_and_says_when_and_why(trained: tuple[Result, Heard]) -> None:
    result, heard = trained
    (said,) = [s for s in heard.said if s.startswith("Training stopped")]
    assert f"of 100: no significant improvement over {PATIENCE} checks" in said
    assert "the best by accuracy on 24 rows held out for this." in said
    with open_journal(result.folder) as journal:
        curve = journal.curves()
        (outcome,) = journal.outcomes()
        sentence = journal.document("end").body["sentence"]  # type: ignore[union-attr]
    assert said[1:-1] in sentence
    assert 2 * PATIENCE <= len(curve) < 60
    assert outcome.status == "finished"
    scores = [point.score for point in curve]
    assert f"stopped at epoch {len(curve)} " in said
    assert f"that of epoch {int(np.argmax(scores)) + 1}," in said


def test_the_network_is_that_of_the_best_epoch_and_the_test_rows_had_no_part(
    trained: tuple[Result, Heard],
) -> None:
    result, _ = trained
    data = read("iris")
    outer = outer_split(data, 0)
    inner = inner_split(data, outer.train, 0, 0)
    with np.load(result.folder / "data.npz") as file:
        assert file["train_rows"].tolist() == inner.train.tolist()
        assert file["test_rows"].tolist() == outer.held_out.tolist()
    with open_journal(result.folder) as journal:
        scores = [point.score for point in journal.curves()]
    kept = int(np.argmax(scores)) + 1
    source = Source.of(data, [Split(inner.train, outer.held_out)])
    member = Member(0, Recipe(**RECIPE), 0)
    done = run(Job((member,), kept, (kept,)), source)
    assert done.state is not None
    assert result.test["winner"]["scores"] == [done.points[0].metrics["accuracy"][0]]
    saved = load_file(result.folder / "model.safetensors")
    for name, value in parameters(done.state, source, member).items():
        assert torch.equal(saved[name], value)


def parameters(state: StackState, source: Source, member: Member) -> dict[str, torch.Tensor]:
    layout = Layout(spec_of(member.recipe, source.ports), state.channels_last)
    return layout.named(state.theta[0], state.buffers[0])


def test_the_script_trains_as_long_by_the_planned_rates(trained: tuple[Result, Heard]) -> None:
    result, _ = trained
    with open_journal(result.folder) as journal:
        kept = int(np.argmax([point.score for point in journal.curves()])) + 1
    text = (result.folder / "train.py").read_text()
    assert "EPOCHS = 100  # that training was planned for, and the rates with it" in text
    assert f"STOP_AFTER = {kept}  # epochs, as early stopping found" in text
    ran = subprocess.run(
        [sys.executable, result.folder / "train.py"], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert f"epoch {kept}/{kept}:" in ran.stdout
    accuracy = float(ran.stdout.split("test accuracy ")[1].split()[0])
    assert abs(accuracy - result.test["winner"]["mean"]) <= 0.1  # other random numbers, 30 rows


def test_who_never_stops_is_trained_to_the_end(tmp_path: Path) -> None:
    heard = Heard()
    result = api.train(
        "iris", recipe={**RECIPE, "epochs": 6, "lr": 1e-4}, early_stop=True, out=tmp_path, listener=heard
    )
    assert any(s.startswith("Training ran all 6 epochs; the network is that of epoch ") for s in heard.said)
    with open_journal(result.folder) as journal:
        assert len(journal.curves()) == 6


def test_a_divergence_is_said_as_without(tmp_path: Path) -> None:
    wild = {"epochs": 5, "optimizer": "sgd", "lr": 1e4, "activation": "identity", "depth": 3}
    with pytest.raises(Diverged, match=r"by epoch \d+. Lower lr, or set clip_norm=1"):
        steepest.train("iris", recipe=wild, early_stop=True, out=tmp_path)


def test_forecasts_and_other_metrics_stop_too(tmp_path: Path) -> None:
    heard = Heard()
    result = api.train(
        "diabetes",
        recipe={**RECIPE, "lr": 0.03},
        objective="rmse",
        early_stop=True,
        out=tmp_path,
        listener=heard,
    )
    (said,) = [s for s in heard.said if s.startswith("Training stopped")]
    assert "the best by rmse on 71 rows" in said
    assert result.test["winner"]["mean"] < 0  # scores are higher-is-better
