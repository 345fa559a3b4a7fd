"""`steepest cost`: parameters, operations, bytes and time, before anything is trained for long."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steepest.apps.cli import options
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.lines import to_json
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe

if TYPE_CHECKING:
    from steepest.experiment.costing import Costing
    from steepest.experiment.sizing import Sizing
    from steepest.experiment.timing import Timing

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest cost digits[/cyan]

  [cyan]steepest cost people.csv --target income --fix width=512 --fix depth=3[/cyan]

  [cyan]steepest cost digits --most 100k[/cyan]
"""
LABEL, NUMBER = 26, 15
"""Columns of the labels, and of the numbers beside them."""


def cost(
    data: options.Data,
    *,
    target: options.Target = None,
    header: options.Header = None,
    task: options.Task = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Recipe to cost, such as the recipe.yaml of a run folder. The default recipe if not given.",
            show_default=False,
            rich_help_panel=options.SEARCH,
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            "--fix",
            metavar="KNOB=VALUE",
            help="A knob of the recipe, as in `tune`; goes before --recipe.",
            show_default=False,
            rich_help_panel=options.SEARCH,
        ),
    ] = None,
    most: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="List the networks of at most N parameters instead: 100k, 2M, 250000.",
            show_default=False,
            rich_help_panel=options.SEARCH,
        ),
    ] = None,
    seed: options.Seed = 0,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON object, numbers in full.", rich_help_panel=options.OUTPUT
        ),
    ] = False,
) -> None:
    """Say what a recipe costs on DATA: parameters, operations, bytes, and seconds per epoch on this machine.

    Counts follow from the network's shape. The time is measured: some steps are trained and scaled to an epoch.
    With --most it answers the reverse: which depths and widths stay within so many parameters.
    """
    changes = parse_fix(fix or ())
    known = Recipe.load(recipe) if recipe else None
    from steepest.apps import api  # here, because it brings torch: see steepest.apps.cli

    facts: Costing | Sizing
    if most is None:
        facts = api.cost(data, known, target=target, fix=changes, seed=seed, header=header, task=task)
        text = _costing
    else:
        facts = api.networks_within(data, most, known, target=target, fix=changes, header=header, task=task)
    typer.echo(to_json(facts.to_dict(), indent=2) if as_json else text(facts))
