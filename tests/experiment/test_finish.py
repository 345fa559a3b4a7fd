"""Which network is handed out, and what is written down of the test."""

from collections.abc import Callable

import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.experiment.baselines import Bar
from steepest.experiment.finish import final_networks, handed_out, network_of, note_test, parameters_of
from steepest.experiment.part import Part
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained

CALM = Recipe(width=8, depth=1, epochs=3, batch_size=16)
MakeStudy = Callable[..., Study]


def trained(study: Study) -> dict[str, list[Trained]]:
    wild = CALM.replace(optimizer="sgd", lr=1e4, activation="identity", depth=2, epochs=9)
    return final_networks(study, [("winner", CALM.replace(epochs=9)), ("default", wild)], 3, 3, Part(0, 4, 0))


def test_the_first_seed_is_handed_out_whatever_its_score(make_study: MakeStudy) -> None:
    study = make_study()
    networks = trained(study)
    rows = networks["winner"]
    assert handed_out(study, rows) is rows[0]
    assert handed_out(study, [networks["default"][0], rows[2], rows[1]]) is rows[2]  # unless it diverged
    assert [t.fate for t in networks["default"]] == ["diverged"] * 3


def test_one_recipe_under_two_names_is_trained_once(make_study: MakeStudy) -> None:
    study = make_study()
    same = CALM.replace(momentum=0.5)  # which its optimizer has not
    networks = final_networks(study, [("winner", CALM), ("default", same)], 2, 3, Part(0, 4, 0))
    assert len(study.members) == 2
    assert networks["winner"] == networks["default"] == study.members
    assert len({t.member.seed for t in study.members}) == 2
    apart = make_study()
    final_networks(apart, [("winner", CALM), ("default", CALM.replace(lr=0.01))], 2, 3, Part(0, 4, 0))
    assert len(apart.members) == 4


def test_the_user_is_told_where_all_diverged(make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    study, said = make_study(), []
    monkeypatch.setattr(study.listener, "say", said.append)
    rows = trained(study)["default"]
    assert handed_out(study, rows) is rows[0]
    assert len(said) == 1
    assert "failed" in said[0]


def test_every_test_score_is_written_at_once(make_study: MakeStudy) -> None:
    study = make_study()
    networks = trained(study)
    body = note_test(study, networks, networks["winner"][1], Bar(study, 3))
    assert body["winner"]["scores"] == [t.score for t in networks["winner"]]
    assert body["winner"]["sd"] > 0 or len(set(body["winner"]["scores"])) == 1
    assert (body["default"]["mean"], body["default"]["sd"]) == (None, None)
    assert body["metrics"]["accuracy"] == networks["winner"][1].score
    assert "loss" not in body["metrics"]
    (document,) = study.journal.documents("test")
    assert document.body["winner"] == body["winner"]


def test_the_network_is_the_member(make_study: MakeStudy) -> None:
    study = make_study()
    assert study.source is not None
    member = trained(study)["winner"][0]
    fold = study.fold(3)
    with torch.no_grad():
        out = network_of(study, member)(torch.from_numpy(fold.standard.x(study.source.x[fold.held_out])))
    hits = out.argmax(1).numpy() == study.source.y[fold.held_out]
    assert float(hits.mean()) == pytest.approx(member.score)
    study.settle([member], "finished")
    with pytest.raises(RuntimeError, match="was not kept"):
        parameters_of(study, member)
