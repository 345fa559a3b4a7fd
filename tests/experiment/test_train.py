"""`train`: what an interruption and a divergence leave, and say."""

import os
import signal
from pathlib import Path

import pytest

from steepest.apps import api
from steepest.base.progress import Progress
from steepest.experiment.train import Diverged


class Impatient:
    """Presses Ctrl-C once the training runs."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def progress(self, snapshot: Progress) -> None:
        if (
            snapshot.stage == "train"
            and snapshot.steps_per_second
            and not any("Stopping" in s for s in self.said)
        ):
            os.kill(os.getpid(), signal.SIGINT)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def test_ctrl_c_stops_the_training_and_says_so(tmp_path: Path) -> None:
    listener = Impatient()
    with pytest.raises(KeyboardInterrupt):
        api.train("iris", recipe={"epochs": 40}, out=tmp_path, listener=listener)
    assert any("Stopping the training" in s for s in listener.said)
    assert (tmp_path / "study.db").exists()
    assert not (tmp_path / "model.safetensors").exists()


def test_a_divergence_names_the_remedy(tmp_path: Path) -> None:
    wild = {"epochs": 5, "optimizer": "sgd", "lr": 1e4, "activation": "identity", "depth": 3}
    with pytest.raises(Diverged, match=r"by epoch \d+. Lower lr, or set clip_norm=1"):
        api.train("iris", recipe=wild, out=tmp_path)
