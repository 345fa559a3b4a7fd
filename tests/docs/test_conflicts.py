"""The page on conflicts: commands are understood, its lists complete, its arithmetic right."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from steepest.apps.cli.conflicts import Strategies
from steepest.apps.cli.main import app
from steepest.experiment.pairs import KNOWN
from steepest.experiment.switches import combinations, switch
from steepest.report.conflicts import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "conflicts.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^    steepest (conflicts [^#\n]*)", PAGE, re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    name, *arguments = shlex.split(command)
    found = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    with found.make_context(name, list(arguments)) as context:
        assert combinations(context.params["switches"] or ())


def test_known_pairs_are_those_that_there_are() -> None:
    section = PAGE.split("## Known pairs")[1].split("## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| .+ \| (.+) \|$", section, re.MULTILINE)
    assert {name for name, _ in rows} == {each.name for each in KNOWN}
    sources = {each.name: each.source for each in KNOWN}
    for name, said in rows:
        assert all(year in sources[name] for year in re.findall(r"\d{4}", said))


def test_the_help_names_every_known_pair() -> None:
    (argument,) = (each for each in Strategies.__metadata__ if hasattr(each, "help"))
    assert all(f"{each.name}" in argument.help for each in KNOWN)


def test_verdicts_are_those_that_there_are() -> None:
    section = PAGE.split("## The verdicts")[1].split("## ")[0]
    names = re.findall(r"^\| ([a-z ]+) \|", section, re.MULTILINE)
    assert names[1:] == [name for name, _ in KINDS.values()]


def test_switches_of_the_table_are_read() -> None:
    for text in re.findall(r"^\| `(\w+=[^`]+)` \|", PAGE, re.MULTILINE):
        assert switch(text).on


def test_the_interactions_of_the_example_are_those_of_its_means() -> None:
    example = PAGE.split("## An example")[1].split("## ")[0].replace("−", "-")
    named = dict(re.findall(r"^    (.+?)  +(?:unresolved|synergy) +([+-]\d\.\d+) \[", example, re.MULTILINE))
    named["activation=relu,sigmoid × depth=1,8"] = re.findall(r"interaction is ([+-]0\.\d+) \[", example)[-1]
    means = re.findall(r"^    (.+?)  +(0\.\d+) +(0\.\d+) +(0\.\d+) +(0\.\d+) +±", example, re.MULTILINE)
    assert {name for name, *_ in means} == set(named)
    for name, *four in means:
        y00, y10, y01, y11 = map(float, four)
        assert y11 - y10 - y01 + y00 == pytest.approx(float(named[name]), abs=0.0021)  # of rounded means
