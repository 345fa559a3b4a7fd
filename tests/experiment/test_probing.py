"""What a study keeps of its probes, and how a divergence is explained by them."""

import math
from pathlib import Path

import pytest

from steepest.apps import api
from steepest.experiment.probing import fault_words, probe_bodies
from steepest.experiment.train import Diverged
from steepest.store import open_journal
from steepest.training.job import Done
from steepest.training.probes.declared import PROBES
from steepest.training.probes.watch import Look

LAYERS = {"weights": ("0.weight",), "activations": (), "places": ("0.weight", "loss")}


def look(member: int, round_: int, fault: float = math.nan) -> Look:
    place = 1.0 if fault == fault else math.nan
    values = {"batch_loss": 1 / 3, "update_ratio": [2 / 3], "fault_step": fault, "fault_place": place}
    return Look(member, round_, values, LAYERS)


def test_one_document_per_member_with_short_numbers() -> None:
    done = Done((), (), None, 1.0, looks=(look(4, 1), look(5, 1), look(6, 1), look(4, 3, fault=17.0)))
    first, second = probe_bodies(done, {4, 6}, lambda rounds: rounds / 2)
    assert first == {
        "member": 4,
        "layers": {"weights": ["0.weight"], "activations": []},
        "looks": [
            {"epoch": 0.5, "batch_loss": 0.333333, "update_ratio": [0.666667]},
            {"epoch": 1.5, "batch_loss": 0.333333, "update_ratio": [0.666667], "fault_step": 17.0,
             "fault_place": "loss"},
        ],
    }  # fmt: skip
    assert second["member"] == 6


def test_a_fault_is_told_of_its_member_alone() -> None:
    looks = [look(4, 1), look(5, 1, fault=3.0)]
    assert fault_words(looks, 4) == ""
    assert fault_words(looks, 5) == ", first at step 3 in loss"
    assert fault_words((), 5) == ""


def test_train_keeps_its_probes(tmp_path: Path) -> None:
    result = api.train("iris", recipe={"epochs": 45, "width": 8, "depth": 1}, out=tmp_path)
    frame = result.probes
    assert set(frame.label) == {"winner"}
    assert sorted(set(frame.step)) == [1, 81]
    per_look = set(PROBES) - {"fault_step", "fault_place"}
    assert set(frame[frame.step == 1].probe) == per_look
    ratios = frame[(frame.probe == "update_ratio") & (frame.step == 1)]
    assert list(ratios.layer) == ["0.weight", "3.weight"]
    assert (ratios.value > 0).all()


def test_a_divergence_is_placed_in_the_journal(tmp_path: Path) -> None:
    wild = {"epochs": 5, "optimizer": "sgd", "lr": 1e4, "activation": "identity", "depth": 3}
    with pytest.raises(Diverged):
        api.train("iris", recipe=wild, out=tmp_path)
    with open_journal(tmp_path) as journal:
        (outcome,) = journal.outcomes()
        document = journal.documents("probes")[-1]
    assert "first at step" in outcome.cause
    assert document.body["looks"][-1]["fault_place"] in outcome.cause
