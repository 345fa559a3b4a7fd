"""The page on the engine: its numbers are those of the code, its files exist, its plan is as printed."""

import re
from pathlib import Path

import pytest

from steepest.apps.cli.main import main
from steepest.experiment import plan as planning
from steepest.experiment import study, ways
from steepest.training import matmul, measuring, planner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())


@pytest.mark.parametrize(
    "said",
    [
        f"{planner.WORTH:.2f} times as fast",
        f"within {planner.LOSS_SLACK:.0%}".replace("%", " %"),
        f"below {matmul.TOLERANCE:.0e}".replace("e-0", "e-"),
        f"a stretch of {measuring.STEPS} steps",
        "other networks: " + " and ".join(map(str, planner.MODULE_STACKS)),
        "{} products of {}×{} and {}×{} numbers".format(*matmul.PRODUCT[:3], *matmul.PRODUCT[2:]),
        f"{planning.WAVE} such networks make",
    ],
)
def test_numbers_are_those_of_the_code(said: str) -> None:
    assert said in TEXT


def test_a_study_measures_as_long_as_the_page_says() -> None:
    assert (ways.PATIENCE, study.PATIENCE_SHARE, measuring.ROUNDS) == (1.0, 1 / 200, 3)
    for said in ("at most for a second or a two-hundredth of its budget", "up to three more"):
        assert said in TEXT


def test_every_file_and_page_it_names_exists() -> None:
    files = re.findall(r"`([\w/]+/\w+\.py)`", PAGE)
    pages = re.findall(r"\]\((\w+\.md)\)", PAGE)
    assert len(files) > 6
    assert len(pages) > 2
    assert [f for f in files if not any((at / f).exists() for at in (ROOT, ROOT / "src" / "steepest"))] == []
    assert [p for p in pages if not (ROOT / "docs" / p).exists()] == []


def test_the_plan_that_is_shown_is_one_that_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "TURNS", 1)
    assert main(["plan", "digits"]) == 0
    printed = capsys.readouterr().out
    shown = PAGE.split("## Reading a plan")[1]
    for label in (
        "products, default library ",
        "copying ",
        "bfloat16 ",
        "graphics card ",
        "way  ",
        "  steps/s",
    ):
        assert f"  {label}" in printed
        assert f"  {label}" in shown
    for words in (
        "Networks train on processors; no graphics card is used.",
        "mlp: stacked, ",
        "A chunk holds ",
    ):
        assert words in printed
        assert words in shown
