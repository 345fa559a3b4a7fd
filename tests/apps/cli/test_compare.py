"""`steepest compare`: the table, the files, and one message for whatever cannot be used."""

import json
from pathlib import Path

import pytest

from steepest.apps.cli.main import main

QUICK = ["--fix", "width=8", "--fix", "depth=1", "--folds", "3", "--seeds", "1", "--epochs", "1"]


def test_the_table_and_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    arguments = ["compare", "iris", "batch_size=8,64", *QUICK, "--rates", "same", "--out", str(out)]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert "batch_size (examples in one step): 2 values × 3 folds × 1 seed, 1 epoch each" in shown.out
    assert shown.out.rstrip().endswith(f"page      {out / 'compare.html'}")
    assert "steepest compare iris" in (out / "compare.html").read_text(encoding="utf-8")
    assert "- 3 runs of each value are too few for a verdict" in shown.err


def test_json_holds_every_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", "iris", "optimizer=sgd,adam", *QUICK, "--rates", "same", "--against", "adam"]
    assert main([*arguments, "--json", "--out", str(tmp_path / "run")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in found["rows"]] == ["sgd", "adam"]
    assert found["reference"] == "adam"
    assert found["folder"] == str(tmp_path / "run")


BAD = {
    "no knob": (["batch_size"], "compare must be given KNOB=VALUE,VALUE, but got 'batch_size'"),
    "an empty value": (["batch_size=16,,32"], "compare must be given KNOB=VALUE,VALUE"),
    "an unknown knob": (["batchsize=16,32"], "Did you mean 'batch_size'?"),
    "a knob fixed and compared": (["depth=1,2", "lr=0.1,0.2", "--fix", "depth=1"], "depth must be left free"),
    "too many": (["depth=1,2,3,4,5,6", "width=8,16,32,64,128,256"], "must be given at most 32 contenders"),
    "one network": (["nets.py:make"], "must be given two contenders or more, but got 'nets.py:make'"),
    "a network twice": (["n.py:a,n.py:a"], "network must not have the same one twice, but got 'n.py:a'"),
    "networks and knobs": (["n.py:a,n.py:b", "lr=0.1,0.2"], "of your own must be compared without"),
    "a recipe that is not there": (["a.yaml", "b.yaml"], "recipe must be a readable file"),
    "a pattern of nothing": (["recipes/*.yaml"], "recipes must be there, but got 'recipes/*.yaml'"),
    "recipes and knobs": (["a.yaml", "b.yaml", "lr=0.1,0.2"], "recipes must be compared alone"),
    "a margin below nothing": (["lr=0.1,0.2", "--margin", "-1"], "margin must be a difference of the score"),
    "out of range": (["dropout=0.1,1.5"], "dropout must lie in [0, 0.95], but got 1.5"),
    "the wrong type": (["batch_size=16,big"], "batch_size must be a whole number, but got 'big'"),
    "an unknown name": (["optimizer=sgd,adm"], "Did you mean 'adam'?"),
    "one value": (["batch_size=16"], "batch_size must have two values or more to compare, but got '16'"),
    "a value twice": (["batch_size=16,32,16"], "batch_size must not have the same value twice, but got '16'"),
    "one fold": (["batch_size=16,32", "--folds", "1"], "folds must be a whole number, 2 or more, but got 1"),
    "more folds than a class has rows": (
        ["batch_size=16,32", "--folds", "60"],
        "folds must be at most 50, the rows of the rarest class 'setosa', but got 60",
    ),
    "no seeds": (["batch_size=16,32", "--seeds", "0"], "seeds must be a whole number, 1 or more, but got 0"),
    "a network that does not suit": (["network=mlp,cnn"], "network must suit iris"),
    "families for a network of your own": (
        ["network=mlp,cnn", "--data", "iris"],
        "network must be left out for a network of your own, but got ['mlp', 'cnn']",
    ),
    "a knob that does not suit": (["flip=0,0.5"], "flip matters only for data of the form image"),
    "a knob of another optimizer": (["momentum=0.8,0.9"], "Fix optimizer=momentum."),
    "a batch of all rows": (["batch_size=16,4000"], "batch_size must be at most 96"),
    "an unknown way with rates": (["batch_size=16,32", "--rates", "tunde"], "Did you mean 'tuned'?"),
    "scaled rates of another knob": (["depth=1,2", "--rates", "scaled"], "for batch_size only"),
    "a reference that is no value": (["batch_size=16,32", "--against", "64"], "against must be one of"),
    "a budget of members": (["batch_size=16,32", "--budget", "9trials"], "budget must be a time"),
    "epochs twice": (["epochs=1,2", "--epochs", "3"], "--epochs must be left out where epochs are compared"),
    "the knob fixed": (["lr=0.1,0.2", "--fix", "lr=0.3"], "lr must be left free"),
    "an unknown objective": (["lr=0.1,0.2", "--objective", "acuracy"], "Did you mean 'accuracy'?"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_code_2_and_one_message(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, says = BAD[case]
    monkeypatch.chdir(tmp_path)
    data = "mynet:make" if "--data" in arguments else "iris"
    assert main(["compare", data, *arguments, "--quiet"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--suite", "smal", "lr=0.1,0.2"], "Did you mean 'small'?"),
        (["--suite", "small", "a.yaml"], "--suite must come with knobs alone"),
        (["--suite", "small", "lr=0.1,0.2", "--target", "y"], "Leave out how data is read"),
        (["--suite", "small", "lr=0.1"], "lr must have two values or more to compare"),
    ],
)
def test_a_suite_that_makes_no_sense_is_refused(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments, "--quiet"]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_suite_shows_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("steepest.experiment.suite.SUITES", {"small": ("iris", "wine")})
    arguments = ["compare", "--suite", "small", "optimizer=sgd,adam", *QUICK, "--rates", "same"]
    assert main([*arguments, "--quiet", "--out", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "No optimizer is shown to be better than another over 2 data sets" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if "page" not in line)
