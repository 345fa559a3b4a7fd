"""Commands hand their options on, print where they should, and end with the right code."""

import json
import shlex
import sys
import time

import pytest

from steepest.apps import going_on
from steepest.apps.cli.main import main
from steepest.base.errors import BadData, StoreError
from steepest.base.recipe import Recipe


def test_tune_hands_every_option_on(face, tmp_path, capsys):
    out = tmp_path / "deep" / "run"
    arguments = ["tune", "people.csv", "--target", "income", "--budget", "3m", "--objective", "accuracy"]
    arguments += ["--seed", "7", "--out", str(out), "--no-header", "--task", "classification"]
    arguments += [
        "--workers",
        "1",
        "--precision",
        "float32",
        "--fix",
        "lr=1e-3",
        "--fix",
        "optimizer=adam",
        "--set",
        "width=16..64",
        "--limit",
        "parameters<=5k",
        "--stop-at",
        "0.98",
        "--strategy",
        "random",
        "--sampler",
        "qmc",
        "--storage",
        "postgresql://db/studies?study=people",
        "--keep",
        "ensemble",
        "--quiet",
    ]
    assert main(arguments) == 0
    name, data, options = face.calls[0]
    options.pop("listener")
    assert options.pop("started") <= time.perf_counter()
    assert (name, data) == ("tune", "people.csv")
    assert options == {
        "target": "income",
        "budget": "3m",
        "objective": "accuracy",
        "seed": 7,
        "out": out,
        "header": False,
        "task": "classification",
        "network": None,
        "start_from": None,
        "matching": False,
        "workers": 1,
        "precision": "float32",
        "fix": {"lr": 1e-3, "optimizer": "adam"},
        "space": {"width": "16..64"},
        "limits": ["parameters<=5k"],
        "stop_at": 0.98,
        "strategy": "random",
        "sampler": "qmc",
        "storage": "postgresql://db/studies?study=people",
        "keep": "ensemble",
        "command": "steepest " + shlex.join(arguments),
    }
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "better than the default by 0.012 [0.006, 0.018], n = 10",
        "",
        "  page      runs/fake/report.html",
    ]
    assert captured.err == ""


@pytest.mark.parametrize(
    ("given", "column", "enough"),
    [
        (["--target", "0.98"], None, 0.98),
        (["--target", "3"], "3", None),
        (["--target", "0.98", "--stop-at", "0.9"], "0.98", 0.9),
    ],
)
def test_a_target_with_a_point_is_a_score_that_is_enough(face, given, column, enough):
    assert main(["tune", "people.csv", *given, "--quiet"]) == 0
    options = face.calls[0][2]
    assert (options.get("target"), options["stop_at"]) == (column, enough)


def test_who_goes_on_hands_on_when_that_was_asked(monkeypatch, tmp_path):
    heard = {}

    def resume(folder, **asked):
        heard.update(asked, folder=folder)
        raise StoreError("Enough.")

    monkeypatch.setattr(going_on, "resume", resume)
    before = time.perf_counter()
    assert main(["tune", "--resume", str(tmp_path)]) == 2
    assert heard["folder"] == tmp_path
    assert before <= heard["started"] <= time.perf_counter()


def test_train_reads_the_recipe_before_anything_else(face, tmp_path, capsys):
    recipe = Recipe(optimizer="sgd", lr=0.1, depth=1)
    (tmp_path / "recipe.yaml").write_text(recipe.to_yaml())
    assert main(["train", "digits", "--recipe", str(tmp_path / "recipe.yaml"), "--seed", "3", "-q"]) == 0
    name, data, options = face.calls[0]
    assert (name, data, options["recipe"], options["seed"]) == ("train", "digits", recipe, 3)
    assert capsys.readouterr().err == ""


def test_what_is_left_out_reaches_the_face_as_undecided(face):
    assert main(["tune", "digits", "--quiet"]) == 0
    _, _, options = face.calls[0]
    assert [options[n] for n in ("objective", "out", "network", "workers")] == [None] * 4
    assert not {"target", "header", "task", "kind", "columns"} & options.keys()
    assert (options["budget"], options["seed"], options["fix"]) == ("60s", 0, {})


@pytest.mark.usefixtures("face")
def test_progress_goes_to_standard_error_as_plain_lines_where_there_is_no_terminal(capsys):
    assert main(["tune", "digits"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("better than the default")
    assert captured.err.splitlines() == [
        "[0.1 s] read 0%",
        "- column 'id' is an identifier: left out [see report]",
        "[1.0 s] calibrate 10%: 5 training of 5 started, 9,000 member-steps/s, 9.0 s left",
        "[2.0 s] search 20%: 32 training of 40 started, 17,250 member-steps/s, "
        "accuracy 0.9700 (above the bar by 0.0100), 8.0 s left",
        "[9.9 s] write 99%: 64 started, accuracy 0.9800 (above the bar by 0.0200), 0.1 s left",
    ]


@pytest.mark.usefixtures("face")
def test_json_is_one_object_on_standard_output_and_lines_on_standard_error(capsys):
    assert main(["tune", "digits", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"verdict": "better", "loss": None, "folder": "runs/fake"}
    told = [json.loads(line) for line in captured.err.splitlines()]
    assert [next(iter(line)) for line in told] == ["progress", "say", "progress", "progress", "progress"]
    assert told[3]["progress"]["best"] == 0.97


@pytest.mark.usefixtures("face")
def test_quiet_json_says_nothing_on_standard_error(capsys):
    assert main(["tune", "digits", "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "better"
    assert captured.err == ""


@pytest.mark.parametrize(
    ("error", "code", "fragment"),
    [
        (
            BadData("target", "must be a column", "incom", "Did you mean 'income'?"),
            2,
            "Did you mean 'income'?",
        ),
        (StoreError("study.db is locked by another process."), 2, "study.db is locked"),
        (
            PermissionError(13, "Permission denied", "runs/x/study.db"),
            2,
            "runs/x/study.db cannot be used: Permis",
        ),
        (OSError(28, "No space left on device"), 2, "the disk is full"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_goes_wrong_is_told_in_one_message(face, capsys, error, code, fragment):
    face.raises = error
    assert main(["tune", "digits", "--quiet"]) == code
    captured = capsys.readouterr()
    assert fragment in captured.err
    assert "Traceback" not in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), OSError("no file behind this")])
def test_a_bug_keeps_its_traceback(face, error):
    face.raises = error
    with pytest.raises(type(error)):
        main(["tune", "digits", "--quiet"])


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["tun"], "Did you mean 'tune'?"),
        (["tune", "digits", "--buget", "60s"], "--budget"),
        (["tune"], "DATA must be given"),
        (["train", "digits"], "Missing option '--recipe'"),
        (["tune", "digits", "--seed", "one"], "--seed"),
        (["tune", "digits", "--seed", "-1"], "--seed"),
        (["tune", "digits", "--workers", "-1"], "--workers"),
    ],
)
def test_a_mistyped_command_line_ends_with_code_2_and_a_hint(arguments, fragment, capsys):
    assert main(arguments) == 2
    assert fragment in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["tune", "--help"], ["train", "--help"]])
def test_help_ends_well_and_shows_an_example(arguments, capsys):
    assert main(arguments) == 0
    assert "steepest tune" in capsys.readouterr().out.replace("steepest train", "steepest tune")


def test_every_option_of_every_command_has_help():
    import typer

    from steepest.apps.cli.main import app

    for name, command in typer.main.get_command(app).commands.items():
        for parameter in command.params:
            assert parameter.help, f"steepest {name}: {parameter.name} has no help"


def test_the_installed_command_ends_with_the_code_of_main(monkeypatch, capsys):
    from steepest.apps.cli.main import run

    monkeypatch.setattr(sys, "argv", ["steepest", "tune", "digits", "--budget", "0"])
    with pytest.raises(SystemExit) as end:
        run()
    assert end.value.code == 2
    assert "budget must be" in capsys.readouterr().err
