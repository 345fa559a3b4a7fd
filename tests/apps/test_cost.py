"""`steepest cost` from the shell: the table, the JSON object, and every way it is asked wrongly."""

import json
from pathlib import Path

import pytest

import steepest
from steepest.apps.cli.cost import cost_text, duration, shape, size, sizing_text
from steepest.apps.cli.main import main
from steepest.base.recipe import Recipe
from steepest.experiment import costing, timing


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(timing, "LONG_ENOUGH", 0.01)
    monkeypatch.chdir(tmp_path)


def test_the_table_holds_counts_bytes_and_measured_time(capsys):
    assert main(["cost", "digits"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert captured.err == ""
    assert lines[1] == "mlp 64 → 128 → 128 → 10, relu, adamw, batches of 64"
    for line in (
        "  parameters                         26,122",
        "  operations, forward                51,712  FLOP per example",
        "  operations, training              138,752  FLOP per example, with backward",
        "  weights                         102.0 KiB",
        "  optimizer state                 204.1 KiB  2 numbers per parameter (adamw)",
        "  a full stack                      9.7 MiB  16 networks",
        "Time of one epoch: 1,438 rows, 23 steps",
    ):
        assert line in lines
    assert any(line.startswith("  alone ") and "n = " in line for line in lines)
    assert any(line.startswith("  in a stack of 16 ") and "each" in line for line in lines)
    assert any(line.startswith("Measured: ") and "steps in" in line for line in lines)
    assert [line for line in lines[1:] if len(line) > 80] == []
    assert not Path("runs").exists()


def test_json_is_one_object(capsys):
    assert main(["cost", "iris", "--json", "--fix", "width=8", "--fix", "depth=1"]) == 0
    captured = capsys.readouterr()
    facts = json.loads(captured.out)
    assert facts["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    assert facts["time"]["stacked"]["members"] == facts["stack"]["members"] == 64
    assert captured.err == ""


def test_most_lists_networks_and_trains_nothing(capsys, monkeypatch):
    monkeypatch.setattr(timing.Probe, "timing", lambda _: pytest.fail("nothing is timed"))
    assert main(["cost", "digits", "--most", "5k"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "digits: mlp networks of at most 5,000 parameters, largest first"
    assert lines[3] == "      2      42           4,966  64 → 42 → 42 → 10       the widest that fits"
    assert "      1      64           4,810  64 → 64 → 10" in lines
    assert lines[-1] == "Take the first with  --fix depth=2 --fix width=42"


def test_what_the_list_advises_can_be_asked(capsys):
    assert main(["cost", "iris", "--most", "300"]) == 0
    advice = capsys.readouterr().out.splitlines()[-1].removeprefix("Take the first with  ").split()
    found = steepest.networks_within("iris", 300).networks[0]
    assert main(["cost", "iris", *advice, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == found.parameters


def test_fix_wins_over_the_recipe_file_and_only_fix_holds_a_size_still(capsys):
    Path("recipe.yaml").write_text(Recipe(width=16, depth=3, norm="layer", optimizer="sgd").to_yaml())
    assert main(["cost", "iris", "--recipe", "recipe.yaml", "--fix", "depth=1", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["layers"], facts["recipe"]["norm"], facts["bytes"]["optimizer"]) == ([4, 16, 3], "layer", 0)
    assert (
        main(["cost", "iris", "--recipe", "recipe.yaml", "--most", "2k", "--fix", "depth=1", "--json"]) == 0
    )
    networks = json.loads(capsys.readouterr().out)["networks"]
    assert {n["depth"] for n in networks} == {1}
    assert len({n["width"] for n in networks}) > 1


def test_the_python_face_gives_the_same_facts():
    found = steepest.cost("iris", {"depth": 1, "width": 8}, fix={"width": 16})
    assert (found.recipe.width, found.one.parameters) == (16, 131)
    assert "131" in cost_text(found)
    assert "linear" in sizing_text(steepest.networks_within("iris", "1k", fix={"network": "linear"}))


def test_what_could_not_be_timed_says_why(monkeypatch, capsys):
    monkeypatch.setattr(costing, "_memory", lambda: 1)
    assert main(["cost", "iris"]) == 0
    assert "not measured: it needs more than half of this machine's memory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        (["--fix", "widht=3"], ["'widht'", "Did you mean 'width'?"]),
        (["--fix", "width=0"], ["width must lie in [1, 65536]", "0"]),
        (["--fix", "width"], ["--fix must read knob=value"]),
        (["--recipe", "none.yaml"], ["recipe must be a readable file", "none.yaml"]),
        (["--most", "0"], ["most must be a whole number of parameters, at least 1", "'0'", "100k"]),
        (["--most", "banana"], ["most must be", "'banana'", "100k"]),
        (["--most", "-100k"], ["most must be", "'-100k'"]),
        (["--most", "1.5"], ["most must be a whole number", "'1.5'"]),
        (["--most", ""], ["most must be a whole number", "''"]),
        (["--most", "50"], ["most must be at least 85", "'50'", "64 → 1 → 10"]),
        (["--most", "50", "--fix", "depth=3", "--fix", "width=64"], ["must be at least 13,130"]),
    ],
)
def test_bad_input_ends_with_code_2_and_one_message(options, fragments, capsys):
    assert main(["cost", "digits", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (message,) = captured.err.splitlines()
    assert message.startswith("error: ")
    for fragment in fragments:
        assert fragment in message


def test_a_bad_number_is_refused_before_the_data_is_read(capsys):
    assert main(["cost", "nowhere.csv", "--most", "banana"]) == 2
    assert "banana" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.996e-4, "1 ms"), (0.9996, "1 s"), (99.96, "1.67 min"), (7200, "2.0 h"), (0.0, "0 µs")],
)
def test_durations_change_unit_before_they_overflow(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (2**20 - 1, "1.0 MiB"), (2**50, "1,024.0 TiB")]
)
def test_sizes_change_unit_before_they_overflow(count, text):
    assert size(count) == text


def test_a_shape_of_two_layers():
    assert shape((4, 3)) == "4 → 3"
