"""`steepest plan` from the shell: what was chosen and why, as text and JSON, and what is asked wrongly."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import steepest
from steepest.apps.cli.main import main
from steepest.apps.cli.plan import plan_text
from steepest.base.recipe import Recipe
from steepest.experiment import plan as planning
from steepest.experiment.plan import Plan, Planned, Shared
from steepest.training.machine import Machine
from steepest.training.matmul import Products
from steepest.training.measuring import Measured
from steepest.training.planner import Choice
from steepest.training.updates import Updates
from steepest.training.way import Way

SLOW, FAST = Products(60e9, 4e-7), Products(140e9, 5e-7)
MACHINE = Machine("A processor", 2, 8 * 2**30, "2.13.0", SLOW, FAST, True, 9e9, True, 0.1, ())
SIXTEEN, ROUNDED = Way(True, 16), Way(False, 1, bfloat16=True)
CHOICE = Choice(
    "dense, norm none, about 524,288 bytes a member, batches of about 64",
    SIXTEEN,
    "6,406 steps a second, 3.3 times the slowest way's",
    (
        Measured(Way(True, 1), 1942.0, 0.5),
        Measured(SIXTEEN, 6406.0, 0.5),
        Measured(ROUNDED, 9000.0, 2.5, "its loss differs: 2.5, 0.5 in float32"),
        Measured(Way(False, 1), why_not="no time was left to measure it"),
    ),
)
EACH = Planned(Recipe(), CHOICE, kept=True, not_stacked="", member_bytes=2**20, pieces=(4,) * 8)


def text(**changes: object) -> str:
    given = {
        "precision": "auto",
        "machine": MACHINE,
        "shared": Shared(2, 2, 100.0, 50.0, 190.0),
        "planned": (EACH,),
    }
    return plan_text(Plan("digits: 1,797 rows", "f", **{**given, **changes}))  # type: ignore[arg-type]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(planning, "TURNS", 1)
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_the_whole_plan() -> None:
    assert text().splitlines() == [
        "digits: 1,797 rows",
        "",
        "Machine",
        "  A processor",
        "  2 cores, 8.0 GiB of memory, torch 2.13.0",
        "  products, default library      60 GFLOP/s  relative error 4e-07",
        "  products, oneDNN              140 GFLOP/s  relative error 5e-07",
        "    one core, float32; products go through oneDNN: as accurate, and the faster",
        "  copying                          9.0 GB/s  one core, read and written once",
        "  bfloat16                                   computed by the processor itself",
        "  graphics card                              none found",
        "  load average before                  0.10",
        "  Networks train on processors; no graphics card is used.",
        "",
        "Workers: 2 processes of one thread each, one per core",
        "  1 process, 1 thread                   100  network steps a second",
        "  1 process, 2 threads                   50  0.5 times as many",
        "  2 processes, 1 thread                 190  1.9 times as many",
        "  Chunks share nothing, so processes never wait for each other; threads would,",
        "  at every product.",
        "",
        "mlp: stacked, 16 members",
        "  6,406 steps a second, 3.3 times the slowest way's",
        "  Networks of this kind: dense, norm none, about 524,288 bytes a member, batches",
        "  of about 64. Measured earlier and kept; --fresh measures again.",
        "",
        "  way                                    steps/s",
        "    stacked, 1 member                      1,942  0.30 times as fast",
        "  * stacked, 16 members                    6,406  chosen",
        "    one by one, channels last, bfloat16    9,000  its loss differs: 2.5, 0.5 in",
        "                                                  float32",
        "    one by one, channels last                  –  no time was left to measure it",
        "",
        "  A chunk holds 16 networks at most: 16.0 MiB. 32 such networks make 8 chunks of",
        "  4, which keep all cores busy.",
    ]


def test_a_machine_of_another_kind() -> None:
    machine = Machine("A processor", 1, None, "2.13.0", SLOW, None, False, 9e9, False, None, ("A card",))
    found = text(machine=machine, shared=None)
    for line in (
        "  1 core, torch 2.13.0",
        "    one core, float32; products go through the default library: torch has no",
        "  bfloat16                                   not in the processor: not tried",
        "  graphics card                              A card",
        "Workers: one process of one thread, on the one core there is",
    ):
        assert line in found.splitlines()
    assert "load average" not in found


@pytest.mark.parametrize(
    ("updates", "lines"),
    [
        (
            Updates(1.2e-9, 0.75e-9, True),
            (
                "  updates, torch's kernels          1.20 ns  a weight",
                "  updates, compiled loop            0.75 ns  a weight",
                "    one core, AdamW in float32; updates are by the compiled loop, the faster",
            ),
        ),
        (
            Updates(1.2e-9, math.nan, False, "there is no C compiler"),
            (
                "    one core, AdamW in float32; updates are by torch's fused kernels: there is",
                "    no C compiler",
            ),
        ),
    ],
)
def test_what_computes_updates_is_said(updates: Updates, lines: tuple[str, ...]) -> None:
    found = text(machine=replace(MACHINE, updates=updates)).splitlines()
    for line in lines:
        assert line in found
    assert sum("a weight" in line for line in found) == (1 if updates.why_not else 2)


@pytest.mark.parametrize(("error", "words"), [(5e-7, "oneDNN is no faster"), (2e-3, "oneDNN would round")])
def test_why_onednn_is_not_taken(error: float, words: str) -> None:
    machine = Machine(
        "A processor", 2, None, "2.13.0", SLOW, Products(80e9, error), False, 9e9, True, 3.0, ()
    )
    found = " ".join(text(machine=machine).split())
    assert f"products go through the default library: {words}" in found
    assert "3.00 others are at work" in found


def test_a_network_that_only_this_process_can_import() -> None:
    found = text(shared=Shared(1, 2, 100.0, 50.0, float("nan")))
    assert "Workers: this process alone, of one thread" in found
    assert "nan" not in found


def test_a_network_that_cannot_be_stacked_and_float32_are_said() -> None:
    choice = Choice("a kind", Way(False), "100 steps a second", (Measured(Way(False), 100.0),))
    each = Planned(Recipe(), choice, False, "torch has no batched form of roll", 2**20, (1,) * 32)
    found = text(planned=(EACH, each), precision="float32")
    assert "  No stack: torch has no batched form of roll." in found.splitlines()
    assert "A chunk holds one network: 1.0 MiB." in found
    assert "Rounding to bfloat16 was forbidden (--precision float32)." in found


@pytest.mark.usefixtures("brief")
def test_a_plan_is_measured_printed_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "iris", "--fix", "width=8", "--fix", "depth=1"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert any(line.startswith("mlp: stacked, ") for line in lines)
    assert any(line.startswith("  * stacked, ") and line.endswith("  chosen") for line in lines)
    assert [line for line in lines[1:] if len(line) > 80] == []
    assert "Measured now." in captured.out
    assert not Path("runs").exists()
    Path("recipe.yaml").write_text(Recipe(width=32, depth=1, lr=0.1).to_yaml())
    arguments = ["--recipe", "recipe.yaml", "--fix", "width=8", "--precision", "float32", "--json"]
    assert main(["plan", "iris", *arguments]) == 0
    facts = json.loads(capsys.readouterr().out)
    (network,) = facts["networks"]
    assert (network["recipe"]["width"], network["recipe"]["lr"]) == (8, 0.1)
    assert network["kept"], "it is of the kind that was measured before"
    assert facts["precision"] == "float32"


@pytest.mark.usefixtures("brief")
def test_families_are_planned_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "iris", "--family", "mlp,linear", "--json"]) == 0
    networks = json.loads(capsys.readouterr().out)["networks"]
    assert [network["family"] for network in networks] == ["mlp", "linear"]
    found = steepest.plan("iris", network="linear")
    assert [each.recipe.network for each in found.planned] == ["linear"]


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        (["--fix", "widht=3"], ["'widht'", "Did you mean 'width'?"]),
        (["--fix", "width"], ["--fix must read knob=value"]),
        (["--recipe", "none.yaml"], ["recipe must be a readable file", "none.yaml"]),
        (["--network", "cnn"], ["network must suit digits", "cnn", "Choose from: mlp"]),
        (["--network", "mpl"], ["network", "'mpl'", "Did you mean 'mlp'?"]),
        (["--precision", "flaot32"], ["precision must be auto or float32", "Did you mean 'float32'?"]),
    ],
)
def test_bad_input_ends_with_code_2_and_one_message(
    options: list[str], fragments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "digits", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (message,) = captured.err.splitlines()
    assert message.startswith("error: ")
    for fragment in fragments:
        assert fragment in message


def test_a_bad_precision_is_refused_before_the_data_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("plan", "tune"):
        assert main([command, "nowhere.csv", "--precision", "float16"]) == 2
        assert "float16" in capsys.readouterr().err
