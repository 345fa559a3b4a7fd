"""`steepest report`: draw a study's page again from its journal, finished or not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.output import show
from steepest.base.errors import BadInput
from steepest.report.export import to_dict
from steepest.report.facts import Facts, read_facts
from steepest.report.page import write_page
from steepest.report.text import to_text
from steepest.store import open_journal

PAGE = "report.html"
EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest report runs/people[/cyan]

  [cyan]steepest report runs/people --json | jq .verdict[/cyan]

Reads study.db, so it also shows a study that was killed half-way.
"""


@dataclass(frozen=True, slots=True)
class Reopened:
    """A study read back from its run folder."""

    facts: Facts
    folder: Path

    def report(self) -> Path:
        """The page."""
        return self.folder / PAGE

    def summary(self) -> str:
        """The verdict and what led to it."""
        return to_text(self.facts)

    def to_dict(self) -> dict[str, Any]:
        """Every fact of the report."""
        return to_dict(self.facts)


def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A run folder, as tune writes it.", show_default=False),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Every fact as one JSON object.", rich_help_panel=options.OUTPUT)
    ] = False,
) -> None:
    """Write the report page of a study again, and print its verdict.

    The page is FOLDER/report.html, drawn from the numbers in FOLDER/study.db; nothing is trained again.
    """
    if not folder.is_dir():
        state = "a file" if folder.exists() else "nothing there"
        raise BadInput("folder", "must be a run folder", f"{folder} ({state})", "Check the path.")
    with open_journal(folder) as journal:
        facts = read_facts(journal)
    reopened = Reopened(facts, folder)
    write_page(facts, reopened.report())
    show(reopened, as_json=as_json)
