"""`explain` on a real small study: the way, what is kept, and what is refused."""

import json
import shutil

import pandas as pd
import pytest

import steepest as st
from steepest.apps.cli.main import main
from steepest.base.budget import Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.explaining import Why
from steepest.experiment.explaining import explain as find_way
from steepest.report.facts import read_facts
from steepest.store import Document, open_journal


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    home = tmp_path_factory.mktemp("explained")
    (home / "dull.yaml").write_text("lr: 1e-5\n")
    fix = {"epochs": 3, "depth": 1, "norm": "none", "bins": 0, "schedule": "constant", "batch_size": 16}
    return st.tune(
        "iris", budget="9trials", start_from=home / "dull.yaml", fix=fix, workers=0, out=home / "run"
    )


def test_the_way_is_trained_kept_and_shown(finished, tmp_path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    why = st.explain(folder, budget=None, workers=0)
    found = why.facts.explanation
    assert found.total.kind == "better"
    changed = [name for step in found.steps for name in step.changes]
    values = finished.facts.recipe
    assert {name for name in values.values if values.values[name] != values.default.get(name)} == set(changed)
    assert found.steps[-1].mean - found.start.score == pytest.approx(found.total.effect)
    with open_journal(folder) as journal:
        assert read_facts(journal).explanation == found
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Why it won" in page
    frame = why.to_frame()
    assert list(frame["step"][1:]) == [step.switch for step in found.steps]
    assert f"| {found.steps[0].verdict.kind} |" in why.to_markdown()
    assert "the whole way" in why.summary()
    assert "why" in st.runs(folder).show(str(folder))


def test_the_same_seed_finds_the_same_way(finished, tmp_path) -> None:
    scores = []
    for name in "ab":
        folder = shutil.copytree(finished.folder, tmp_path / name)
        found = st.explain(folder, budget=None, workers=0).facts.explanation
        scores.append([step.scores for step in found.steps])
    assert scores[0] == scores[1]


def test_a_study_that_was_explained_can_be_extended(finished, tmp_path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    st.explain(folder, budget="20s", workers=0)
    more = st.resume(folder, budget="2trials", workers=0)
    assert len(more.facts.of("search", "")) == len(finished.facts.of("search", "")) + 2


def test_another_winner_is_not_explained_by_the_way_to_the_last(finished, tmp_path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    st.explain(folder, budget=None, workers=0)
    with open_journal(folder) as journal:
        body = dict(journal.document("recipe").body)
        journal.claim()
        journal.record(documents=[Document("recipe", {**body, "key": "another"})])
        assert read_facts(journal).explanation is None


def test_other_data_are_refused(finished) -> None:
    with pytest.raises(BadInput, match="must be those that the study was begun with"):
        st.explain(finished.folder, "wine", workers=0)


def test_data_that_were_in_memory_are_given_again(tmp_path, capsys) -> None:
    """A frame has no place to be found at; the file of the same rows does."""
    rows = read("iris")
    frame = pd.DataFrame(rows.x, columns=list("abcd")).assign(kind=rows.y.astype(float) + 0.5)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "dull.yaml").write_text("lr: 1e-5\n")
    fix = {"epochs": 2, "depth": 1, "width": 8, "norm": "none", "bins": 0, "schedule": "constant"}
    read_in = {"target": "kind", "task": "regression"}
    frame = pd.read_csv(tmp_path / "rows.csv")
    st.tune(
        frame, budget="9trials", start_from=tmp_path / "dull.yaml", fix=fix, workers=0, out=tmp_path / "run",
        **read_in,
    )  # fmt: skip
    run = ["explain", str(tmp_path / "run"), "--workers", "0", "--quiet"]
    assert main(run) == 2
    assert 'st.explain("runs/x", data=...)' in " ".join(capsys.readouterr().err.split())
    again = ["--data", str(tmp_path / "rows.csv"), "--target", "kind", "--task", "regression"]
    assert main([*run, *again, "--budget", "60s", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"]["n"] == found["n"] >= 6
    with pytest.raises(BadInput, match="target must come with the data"):
        st.explain(tmp_path / "run", target="kind")
    with pytest.raises(BadInput, match="targt must be an argument of explain"):
        st.explain(tmp_path / "run", frame, targt="kind")


def test_budgets_that_decide_nothing_are_refused(finished, monkeypatch) -> None:
    with pytest.raises(BadBudget, match="must be a time"):
        st.explain(finished.folder, budget="90trials", workers=0)
    monkeypatch.setattr("steepest.experiment.path_runs.PathRuns._price", lambda _: 60.0)
    with pytest.raises(BadBudget, match="must pay for 6 pairs of trainings"):
        st.explain(finished.folder, budget="30s", workers=0)


def test_unfinished_studies_and_missing_ones_are_refused(tmp_path, capsys) -> None:
    with open_journal(tmp_path / "study.db", create=True):
        pass
    assert main(["explain", str(tmp_path)]) == 2
    assert "must be a finished study" in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "nowhere")]) == 2
    assert "must be a run folder" in capsys.readouterr().err


def test_a_default_that_won_needs_no_explanation() -> None:
    same = Why(Recipe(dropout=0.1), Recipe(dropout=0.1), "accuracy")
    with pytest.raises(BadInput, match="must have found another recipe than the default"):
        find_way(read("iris"), same, Silent(), Clock())
