"""The page on explanations: its commands are understood, its numbers are those of the code."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from steepest.apps.cli.main import app
from steepest.evidence.verdict import FEWEST as PAIRS
from steepest.experiment.importances import FEWEST
from steepest.experiment.path_scope import ALPHA, EARLY, FEWEST_CHOOSING, MOST_PAIRS, MOST_SWITCHES, looks

PAGE = (Path(__file__).parents[2] / "docs" / "explain.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    steepest ([^#\n]*)", PAGE, re.MULTILINE)
NUMBERS = {3: "three", 6: "six", 12: "twelve", 40: "forty"}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    name, *arguments = shlex.split(command)
    found = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    with found.make_context(name, arguments) as context:
        assert context.params["budget"]


def test_numbers_are_those_of_the_code() -> None:
    assert f"fewer than {FEWEST} of them" in PAGE
    words = " ".join(PAGE.split())
    assert f"{NUMBERS[PAIRS]} at least and more by the number of steps" in words
    assert f"as many as the budget pays for, {NUMBERS[MOST_PAIRS]} at most" in words
    assert f"from {_looked_at(1)} replicates on for one step, {_looked_at(5)} for five" in words
    assert f"at a level of {EARLY:g}" in words
    assert f"the other {ALPHA - EARLY:g}" in words
    assert f"order ({NUMBERS[FEWEST_CHOOSING]} at least)" in PAGE
    assert f"{2**MOST_SWITCHES:,} settings for {NUMBERS[MOST_SWITCHES]} switches" in PAGE


def _looked_at(steps: int) -> int:
    """The fewest pairs that are judged halfway."""
    return next(pairs for pairs in range(1, MOST_PAIRS) if len(looks(pairs, steps)) > 1)
