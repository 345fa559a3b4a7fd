"""`steepest data`: what is read, before anything is trained."""

from typing import Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.reading import reads_data

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest data people.csv --target income[/cyan]

  [cyan]steepest data people.csv --target income --column age=number --column id=drop[/cyan]

  [cyan]steepest data sales.csv --forecast units --horizon 7[/cyan]
"""


@reads_data
def data(
    data: options.Data,
    *,
    how: dict[str, Any],
) -> None:
    """Show what steepest reads from DATA: task, size, every decision and repair, and what each column became.

    Takes the options that `tune` takes for its data; nothing is trained and nothing is written.
    """
    from steepest.data.listing import column_lines  # here, because it brings pandas: see steepest.apps.cli
    from steepest.data.read import read

    found = read(data, **how)
    lines = [found.summary, *(f"- {note}" for note in found.notes)]
    if found.columns:
        lines += ["", *column_lines(found)]
    typer.echo("\n".join([*lines, "", f"fingerprint {found.fingerprint}"]))
