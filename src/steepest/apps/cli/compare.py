"""`steepest compare`: the values of one knob, by cross-validation."""

from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.folder import writable
from steepest.apps.cli.lines import to_json
from steepest.apps.cli.output import listening
from steepest.apps.cli.own import data_and_network
from steepest.apps.cli.reading import reads_data
from steepest.base.budget import Budget
from steepest.base.errors import BadInput

STAGES = ("read", "rates", "folds", "write")
HINT = "Ctrl-C stops"

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest compare digits batch_size=16,32,64,128,256[/cyan]

  [cyan]steepest compare people.csv optimizer=sgd,adam --target income --folds 10 --budget 3m[/cyan]

  [cyan]steepest compare digits batch_size=16,256 --fix optimizer=momentum --rates scaled[/cyan]

  [cyan]steepest compare mynet:make own.width=32,64 --data digits[/cyan]  [dim]your own network[/dim]
"""


Values = Annotated[
    list[str],
    typer.Argument(
        metavar="KNOB=VALUE,VALUE…", help="The knob to compare, and its values.", show_default=False
    ),
]
Folds = Annotated[int, options.work("N", "Parts the rows are dealt into.", shows=True)]
Seeds = Annotated[
    int,
    options.work("N", "Rounds of cross-validation, each with folds and starts of its own.", shows=True),
]
Epochs = Annotated[
    float | None, options.work("N", "Epochs of every training. The recipe's own if not given.")
]
Rates = Annotated[
    str | None,
    options.work(
        "WAY",
        "tuned: each value and fold its own rate, the best of a ladder; scaled: by the batch size; "
        "same: as the recipe has it. Tuned if not given.",
    ),
]
Against = Annotated[
    str | None,
    options.work(
        "VALUE", "The value to hold the others against. The default one, or the first, if not given."
    ),
]
Limit = Annotated[
    str | None,
    options.work(
        "LIMIT", "Wall time of everything (60s, 3m): seeds, then rates are left out until it suffices."
    ),
]


@reads_data
def compare(
    context: typer.Context,
    data: options.Data,
    *,
    how: dict[str, Any],
    values: Values,
    source: options.DataOption = None,
    folds: Folds = 5,
    seeds: Seeds = 2,
    epochs: Epochs = None,
    rates: Rates = None,
    against: Against = None,
    fix: options.Fix = None,
    budget: Limit = None,
    objective: options.Objective = None,
    seed: options.Seed = 0,
    out: options.Out = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Compare values of one knob on DATA by cross-validation, each at a learning rate of its own.

    Every value trains on the same folds from the same seeds. Says which values are better, with intervals of
    the paired differences, what they cost, and how soon each comes near the best.

    Writes a run folder: a page to read (compare.html) and every number behind it (compare.json).
    """
    data, network = data_and_network(data, source)
    knobs = parse_values(values)
    fixed = parse_fix(fix or ())
    if epochs is not None and "epochs" in knobs:
        raise BadInput("--epochs", "must be left out where epochs are compared", epochs, "Name them once.")
    if network is not None and "network" in knobs:
        remedy = "Compare its arguments: own.width=32,64."
        raise BadInput("network", "must be left out for a network of your own", knobs["network"], remedy)
    limit = Budget.parse(budget) if budget is not None else None
    chosen = _one(next(iter(knobs)), against) if against is not None and len(knobs) == 1 else against
    folder = writable(out)
    with listening(data, STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        from steepest.apps import comparing  # here, because it brings torch: see steepest.apps.cli

        result = comparing.compare(
            data,
            folds=folds,
            seeds=seeds,
            rates=rates,
            against=chosen,
            objective=objective,
            fix=fixed,
            budget=limit,
            seed=seed,
            out=folder,
            listener=listener,
            command=context.obj,
            **{**how, "network": network, **({} if epochs is None else {"epochs": epochs}), **knobs},
        )
    if as_json:
        typer.echo(to_json({**result.to_dict(), "folder": str(result.folder)}, indent=2))
    else:
        typer.echo(f"{result.summary()}\n\n  page      {result.report()}")


def parse_values(settings: list[str]) -> dict[str, list[Any]]:
    """`KNOB=VALUE,VALUE` as a mapping, each value checked as in `--fix`.

    Example:
        >>> parse_values(["batch_size=16,64"])
        {'batch_size': [16, 64]}

    Raises:
        BadInput: for other text, an unknown knob, a value out of range or of the wrong type.
    """
    knobs: dict[str, list[Any]] = {}
    for setting in settings:
        name, separator, text = (part.strip() for part in setting.partition("="))
        if not separator or not name or not all(part.strip() for part in text.split(",")):
            remedy = "For example: batch_size=16,64,256."
            raise BadInput("compare", "must be given KNOB=VALUE,VALUE", setting, remedy)
        knobs[name] = [*knobs.get(name, []), *(_one(name, part) for part in text.split(","))]
    return knobs


def _one(knob: str, text: str) -> Any:
    return parse_fix([f"{knob}={text}"])[knob]
