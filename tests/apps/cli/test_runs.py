"""`steepest runs` on a real small study: listed, shown, compared, exported, pruned; bad input."""

import csv
import json
import shutil
from pathlib import Path

import optuna
import pyarrow.parquet as pq
import pytest

import steepest as st
from steepest.apps.cli.main import main
from steepest.search.silence import quiet
from steepest.store import open_journal


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of iris, twice in one folder."""
    home = tmp_path_factory.mktemp("home") / "runs"
    fixed = {"epochs": 3, "network": "linear"}
    st.tune("iris", budget="9trials", fix=fixed, workers=0, out=home / "iris-0")
    shutil.copytree(home / "iris-0", home / "iris-1")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, as `runs` in the working directory."""
    shutil.copytree(made, tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["runs", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_list_and_its_json(capsys):
    lines = said(capsys, "list").splitlines()
    assert [line.split()[0] for line in lines] == ["run", "iris-1", "iris-0"]
    assert "finished" in lines[1]
    assert "9trials" in lines[1]
    body = json.loads(said(capsys, "list", "--json"))
    assert [(run["name"], run["state"], run["measure"]) for run in body["runs"]] == [
        ("iris-1", "finished", "accuracy"), ("iris-0", "finished", "accuracy"),
    ]  # fmt: skip


@pytest.mark.usefixtures("home")
def test_show_a_run_and_a_member(capsys):
    text = said(capsys, "show", "iris-0", "--top", "2")
    for fragment in ("iris · classification", "Stages", "Members", "Leaders of the search"):
        assert fragment in text
    leader = text.rstrip().splitlines()[-2].split()[0]
    member = said(capsys, "show", "runs/iris-0", "--member", leader)
    assert member.startswith(f"Member {leader} of iris, in the search")
    assert "It was trained to its end after 3 epochs with accuracy" in member
    body = json.loads(said(capsys, "show", "iris-0", "--member", leader, "--json"))
    assert [m["number"] for m in body["facts"]["members"]] == [int(leader)]


@pytest.mark.usefixtures("home")
def test_compare(capsys):
    text = said(capsys, "compare", "iris-0", "iris-1")
    assert "What was asked is the same, and so are the recipes." in text
    assert "Scores may be held against each other" in text
    assert json.loads(said(capsys, "compare", "iris-0", "iris-1", "--json"))["comparable"] is True


def test_export_to_every_form(home, capsys):
    members = json.loads(said(capsys, "show", "iris-0", "--json"))["members"]
    assert said(capsys, "export", "iris-0") == "runs/iris-0/members.csv\nruns/iris-0/curves.csv\n"
    with (home / "iris-0" / "members.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == members
    said(capsys, "export", "iris-0", "--to", "parquet", "--out", "tables")
    assert pq.read_table("tables/members.parquet").num_rows == members
    said(capsys, "export", "iris-0", "--to", "json", "--out", "deep/er/all.json")
    assert len(json.loads(Path("deep/er/all.json").read_text())["members"]) == members
    assert "optuna-dashboard sqlite:///runs/iris-0/optuna.db" in said(capsys, "export", "iris-0", "--optuna")
    with quiet():
        study = optuna.load_study(study_name="iris-0", storage="sqlite:///runs/iris-0/optuna.db")
        again = optuna.load_study(study_name="iris-0 again", storage="sqlite:///runs/iris-0/optuna.db")
    assert len(study.trials) + len(again.trials) == members
    assert len(study.trials) == 9
    assert study.best_trial.params["lr"] > 0


def test_prune_says_what_networks_take_and_asks_before_they_go(home, capsys):
    run = home / "iris-0"
    (run / "finalists").mkdir()
    (run / "finalists" / "default.safetensors").write_bytes(b"x" * 2048)
    told = said(capsys, "prune", "iris-0")
    assert "iris-0: kept, nothing to free; finalists 2.0 KiB: only with --networks" in told
    assert main(["runs", "prune", "iris-0", "--networks"]) == 2
    assert "--networks must be confirmed" in capsys.readouterr().err
    told = said(capsys, "prune", "iris-0", "--networks", "--yes")
    assert "iris-0: 2.0 KiB, finalists 2.0 KiB" in told
    assert "Freed 2.0 KiB in 1 run." in told
    assert not (run / "finalists").exists()
    assert (run / "model.safetensors").exists()


def test_prune_asks_before_whole_folders(home, capsys):
    (home / "iris-0" / "report.html.part").write_text("x" * 2048)
    assert "Would free 2.0 KiB in 1 run." in said(capsys, "prune", "--keep-best", "0", "--dry-run")
    assert "Freed 2.0 KiB in 1 run." in said(capsys, "prune", "iris-0")
    assert "Nothing to free." in said(capsys, "prune", "runs", "--older-than", "1d")
    assert main(["runs", "prune", "iris-0", "--whole"]) == 2
    assert "must be confirmed" in capsys.readouterr().err
    assert (home / "iris-0").exists()
    said(capsys, "prune", "iris-0", "--whole", "--yes")
    assert [each.name for each in home.iterdir()] == ["iris-1"]


def test_an_empty_folder_has_no_runs(tmp_path, capsys):
    assert said(capsys, "list", str(tmp_path)).startswith("No runs in ")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["show", "iris-7"], "Did you mean 'iris-"),
        (["show", "runs"], "It holds runs: name one of broken, iris-0, iris-1, young."),
        (["show", "iris-0", "--member", "5000"], "Members are numbered 0 to "),
        (["show", "runs/broken"], "is not a study's journal"),
        (["compare", "iris-0", "runs/iris-0"], "each named once"),
        (["export", "iris-0", "--to", "parket"], "Did you mean 'parquet'?"),
        (["export", "runs/young"], "Nothing was trained that could be exported."),
        (["export", "runs/young", "--optuna"], "Nothing was trained that could be exported."),
        (["export", "iris-0", "--to", "json", "--out", "runs/iris-0/study.db"], "nothing is overwritten"),
        (["export", "iris-0", "--to", "csv", "--out", "runs/iris-0/study.db"], "name a folder"),
        (["export", "iris-0", "--optuna", "--out", "runs/iris-0/study.db"], "an Optuna storage"),
        (["export", "iris-0", "--to", "csv", "--follow"], "must go with --to optuna"),
        (["export", "iris-0", "--to", "csv", "--optuna"], "must not contradict --optuna"),
        (["prune"], "must be told which runs are meant"),
        (["prune", "--older-than", "a month"], "hours, days or weeks"),
        (["list", "rusn"], "Did you mean 'runs'?"),
        (["list", "runs/iris-0/study.db"], "(a file)"),
    ],
)
def test_bad_input_is_one_message(home, capsys, arguments, fragment):
    (home / "broken").mkdir()
    (home / "broken" / "study.db").write_text("this is not a database")
    open_journal(home / "young", create=True).close()  # killed before anything was planned
    before = {path: path.read_bytes() for path in sorted(home.rglob("*.db"))}
    assert main(["runs", *arguments]) == 2
    captured = capsys.readouterr()
    assert fragment in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert before == {path: path.read_bytes() for path in sorted(home.rglob("*.db"))}
