"""The page on studies that go on: its commands are understood, its samplers are all there are."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from steepest.apps.cli.main import app
from steepest.search.samplers import SAMPLERS

PAGE = (Path(__file__).parents[2] / "docs" / "resume.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^    steepest (tune [^#\n]*)", PAGE, re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    name, *arguments = shlex.split(command)
    found = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    with found.make_context(name, arguments) as context:
        assert context.params["data"] or context.params["resume"]


def test_samplers_are_those_that_there_are() -> None:
    (names,) = re.findall(r"by name \(([^)]+)\)", PAGE)
    assert re.findall(r"`(\w+)`", names) == list(SAMPLERS)
