"""`steepest conflicts`: which strategies help, hinder or replace each other."""

from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.folder import writable
from steepest.apps.cli.output import listening, show
from steepest.apps.cli.own import data_and_network
from steepest.apps.cli.reading import reads_data
from steepest.base.budget import Budget

STAGES = ("read", "time", "rates", "decays", "folds", "write")
HINT = "Ctrl-C stops"

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest conflicts digits --budget 10m[/cyan]  [dim]all known pairs that suit the data[/dim]

  [cyan]steepest conflicts digits dropout-norm mixup-smoothing[/cyan]

  [cyan]steepest conflicts digits dropout=0.3 norm=batch --margin 0.005[/cyan]

  [cyan]steepest conflicts runs/digits-1 dropout=0.3 norm=batch[/cyan]  [dim]in the recipe it found[/dim]

  [cyan]steepest conflicts people.csv weight_decay=0,0.1 batch_size=x4 lr=x4 --target income[/cyan]
"""

Strategies = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SWITCH…]",
        help="Two or more of KNOB=ON, KNOB=OFF,ON or KNOB=x4 (times), all crossed; or names of known pairs: "
        "dropout-norm, mixup-smoothing, l2-adam, l2-decay, augmentation-short, averaging-short, batch-rate, "
        "selu-lecun, depth-residual, decay-norm-rate, norm-small-batch. All of these if none is given.",
        show_default=False,
    ),
]
Rates = Annotated[
    str,
    options.work(
        "WAY",
        "tuned: each setting and run its own rate and decay, the best of ladders; same: as the recipe says.",
        shows=True,
    ),
]
Margin = Annotated[
    float | None,
    options.work(
        "NUMBER",
        "An interaction up to this does not matter, in the score's unit. The runs' noise if not given.",
    ),
]
Limit = Annotated[
    str | None,
    options.work(
        "LIMIT", "Wall time of everything (60s, 3m): seeds, rates, then pairs are left out until it suffices."
    ),
]


@reads_data
def conflicts(
    context: typer.Context,
    data: options.Data,
    *,
    how: dict[str, Any],
    switches: Strategies = None,
    source: options.DataOption = None,
    folds: options.Folds = 10,
    seeds: options.Seeds = 2,
    epochs: options.Epochs = None,
    rates: Rates = "tuned",
    margin: Margin = None,
    fix: options.Fix = None,
    budget: Limit = None,
    objective: options.Objective = None,
    seed: options.Seed = 0,
    workers: options.Workers = None,
    out: options.Out = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find out which strategies conflict on DATA, which are redundant, and which do more together.

    Every pair trains with neither, one, the other and both, each at learning rates of its own, on the same
    folds from the same seeds. Says which pairs interact, with intervals, and the four means behind each.

    DATA may be the run of a finished study: strategies are then tried in the recipe it found, and what is
    found is kept in the run and shown on its page.

    Writes a run folder: a page (conflicts.html), the same as Markdown, and every number (conflicts.json).
    """
    data, network = data_and_network(data, source)
    fixed = parse_fix(fix or ())
    limit = Budget.parse(budget) if budget is not None else None
    folder = writable(out)
    with listening(data, STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        from steepest.apps import conflicting  # here, because it brings torch: see steepest.apps.cli

        result = conflicting.conflicts(
            data,
            *(switches or ()),
            folds=folds,
            seeds=seeds,
            epochs=epochs,
            rates=rates,
            margin=margin,
            objective=objective,
            fix=fixed,
            network=network,
            budget=limit,
            seed=seed,
            out=folder,
            workers=workers,
            listener=listener,
            command=context.obj,
            **how,
        )
    show(result, as_json=as_json)
