"""`steepest explain`: why the winner of a finished study won."""

from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.lines import to_json
from steepest.apps.cli.output import listening
from steepest.apps.cli.reading import reads_data
from steepest.base.budget import Budget

STAGES = ("read", "time", "order", "steps", "write")
HINT = "Ctrl-C stops; nothing is written before the end"

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest explain runs/digits-1[/cyan]

  [cyan]steepest explain digits-1 --budget 5m[/cyan]  [dim]more replicates, more switches apart[/dim]

  [cyan]steepest explain people-1 --data people.csv --target income[/cyan]  [dim]data that have moved[/dim]

  [cyan]steepest explain digits-1 --json | jq '.steps[] | {switch, share}'[/cyan]
"""

Again = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="The data once more, where they have moved or were objects in memory. They must be the same.",
        show_default=False,
        rich_help_panel=options.DATA,
    ),
]
Limit = Annotated[str, options.work("LIMIT", "Wall time of everything (60s, 3m).", shows=True)]


@reads_data
def explain(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A finished study: its folder, or its name under runs/.", show_default=False
        ),
    ],
    *,
    how: dict[str, Any],
    data: Again = None,
    budget: Limit = "60s",
    workers: options.Workers = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find out why the winner of a study won: the way to it from the default, one switch at a time.

    Every step is trained anew on splits and seeds of its own and tested against the step before, first the
    switch that gains most. Says what share of the gain each switch has.

    What is found is kept in the run, and shown on its page (report.html).
    """
    limit = Budget.parse(budget)
    with listening(run, STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        from steepest.apps import explaining  # here, because it brings torch: see steepest.apps.cli

        result = explaining.explain(run, data, budget=limit, workers=workers, listener=listener, **how)
    if as_json:
        typer.echo(to_json({**result.to_dict(), "folder": str(result.folder)}, indent=2))
    else:
        typer.echo(f"{result.summary()}\n\n  page      {result.report()}")
