"""Conflicts around the recipe of a finished study: its data, its recipe, its run and its page."""

import json
import shutil

import pytest

import steepest as st
from steepest.apps.cli.main import main
from steepest.base.errors import BadInput
from steepest.report.conflicts import headline
from steepest.report.facts import read_facts
from steepest.report.markdown import to_markdown
from steepest.report.numbers import number, signed
from steepest.store import Document, open_journal

QUICK = {"folds": 3, "seeds": 2, "rates": "same", "workers": 0}
SWITCHES = "dropout=0,0.3", "label_smoothing=0,0.1"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    home = tmp_path_factory.mktemp("studied")
    (home / "dull.yaml").write_text("lr: 1e-5\n")
    fix = {"epochs": 3, "depth": 1, "norm": "none", "bins": 0, "schedule": "constant", "batch_size": 16}
    return st.tune(
        "iris", budget="9trials", start_from=home / "dull.yaml", fix=fix, workers=0, out=home / "run"
    )


@pytest.fixture(scope="module")
def found(finished, tmp_path_factory):
    folder = shutil.copytree(finished.folder, tmp_path_factory.mktemp("crossed") / "run")
    return st.conflicts(folder, *SWITCHES, **QUICK)


def test_switches_are_turned_in_the_recipe_that_was_found(finished, found) -> None:
    winner = finished.facts.recipe.values
    recipe = found.settings[0].recipe
    for knob in ("width", "optimizer", "lr", "activation", "epochs", "batch_size"):
        assert getattr(recipe, knob) == winner[knob]
    assert {(s.recipe.dropout, s.recipe.label_smoothing) for s in found.settings} == {
        (0.0, 0.0), (0.3, 0.0), (0.0, 0.1), (0.3, 0.1),
    }  # fmt: skip


def test_what_is_found_stands_in_the_run_and_on_its_page(found) -> None:
    with open_journal(found.folder) as journal:
        facts = read_facts(journal)
    (pair,) = found.to_dict()["pairs"]
    digits = found._facts.decimals
    told = [
        signed(pair["effect"], digits),
        *(number(pair[f"mean_{c}"], digits) for c in ("00", "10", "01", "11")),
    ]
    page = (found.folder / "report.html").read_text(encoding="utf-8")
    section = page.split("Which strategies go together")[1].split("</section>")[0]
    words = to_markdown(facts).split("## Which strategies go together")[1].split("## ")[0]
    for text in (section, words, found.to_markdown()):
        assert all(each in text for each in told)
    assert 'href="conflicts.html"' in section
    assert (found.folder / "conflicts.html").is_file()
    shown = " ".join(st.runs(found.folder).show(str(found.folder)).split())
    assert f"conflicts {headline(found._facts)}." in shown
    assert facts.conflicts["pairs"] == json.loads((found.folder / "conflicts.json").read_text())["pairs"]


def test_asked_again_it_takes_the_place_of_what_was_found(finished, found, tmp_path) -> None:
    folder = shutil.copytree(found.folder, tmp_path / "run")
    arguments = ["activation=relu,tanh", "dropout=0,0.1", "--folds", "3", "--seeds", "1", "--rates", "same"]
    assert main(["conflicts", str(folder), *arguments, "--workers", "0", "--quiet"]) == 0
    with open_journal(folder) as journal:
        facts = read_facts(journal)
    assert [pair["first"] for pair in facts.conflicts["pairs"]] == ["activation=relu,tanh"]
    assert finished.facts.conflicts is None


def test_another_recipe_is_not_shown_with_the_conflicts_of_the_last(found, tmp_path) -> None:
    folder = shutil.copytree(found.folder, tmp_path / "run")
    with open_journal(folder) as journal:
        body = dict(journal.document("recipe").body)
        journal.claim()
        journal.record(documents=[Document("recipe", {**body, "key": "another"})])
        assert read_facts(journal).conflicts is None


@pytest.mark.parametrize("given", [{"out": "elsewhere"}, {"network": "mlp"}, {"target": "y"}])
def test_what_the_study_has_settled_is_refused(finished, given) -> None:
    with pytest.raises(BadInput, match=f"{next(iter(given))} must be left out where a run is given"):
        st.conflicts(finished.folder, *SWITCHES, **QUICK, **given)


def test_an_unfinished_study_is_refused(tmp_path, capsys) -> None:
    with open_journal(tmp_path / "study.db", create=True):
        pass
    assert main(["conflicts", str(tmp_path), *SWITCHES]) == 2
    assert "must be a finished study" in capsys.readouterr().err
