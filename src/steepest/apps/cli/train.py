"""`steepest train`: train one network by a known recipe."""

from pathlib import Path
from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.folder import writable
from steepest.apps.cli.output import listening, show
from steepest.apps.cli.reading import reads_data
from steepest.base.recipe import Recipe

STAGES = ("read", "train", "write")
HINT = "Ctrl-C stops"

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest train people.csv --target income --recipe runs/people/recipe.yaml[/cyan]

  [cyan]steepest train digits --recipe recipe.yaml --seed 1 --out runs/again[/cyan]

  [cyan]steepest train digits --recipe recipe.yaml --early-stop[/cyan]

A recipe is a list of `knob: value` lines; knobs that are left out keep their defaults.
"""


@reads_data
def train(
    context: typer.Context,
    data: options.Data,
    *,
    how: dict[str, Any],
    recipe: Annotated[
        Path, options.work("FILE", "Recipe to follow, such as the recipe.yaml of a run folder.")
    ],
    start_from: options.StartFrom = None,
    matching: options.Matching = False,
    objective: options.Objective = None,
    early_stop: Annotated[
        bool,
        typer.Option(
            "--early-stop",
            help="End once a fifth of the development rows, kept back for this, shows no more improvement, "
            "and keep the best epoch's network.",
            rich_help_panel=options.SEARCH,
        ),
    ] = False,
    seed: options.Seed = 0,
    out: options.Out = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Train one network on DATA by a known recipe, and score it on the test set.

    Writes the same files as `tune`, but for the search: the network, the recipe and a plain PyTorch script.
    """
    known = Recipe.load(recipe)
    folder = writable(out)
    with listening(data, STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        from steepest.apps import api  # here, because it brings torch: see steepest.apps.cli

        result = api.train(
            data,
            recipe=known,
            start_from=start_from,
            matching=matching,
            **how,
            objective=objective,
            early_stop=early_stop,
            seed=seed,
            out=folder,
            listener=listener,
            command=context.obj,
        )
    show(result, as_json=as_json)
