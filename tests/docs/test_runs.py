"""The page on earlier runs: its commands are understood, its states and forms are all there are."""

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import typer

from steepest.apps.cli.main import app
from steepest.apps.run_export import FORMS
from steepest.report.runs import MEANINGS, State

PAGE = (Path(__file__).parents[2] / "docs" / "runs.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    steepest (runs [^#\n]*)", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", sorted({c.strip() for c in COMMANDS}))
def test_commands_are_understood(command: str) -> None:
    _, name, *arguments = shlex.split(command)
    group = typer.main.get_command(app).commands["runs"]  # type: ignore[attr-defined]
    found = group.commands[name]
    with found.make_context(name, list(arguments)) as context:
        assert context.info_name == name


def test_states_are_those_that_there_are() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", PAGE.split("## Show")[0], re.MULTILINE))
    assert {name: words for name, words in rows.items() if name != "state"} == MEANINGS
    assert set(MEANINGS) == set(get_args(State))


def test_forms_are_those_that_there_are() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE.split("## Export")[1], re.MULTILINE)) == FORMS
