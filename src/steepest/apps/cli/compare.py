"""`steepest compare`: values of knobs, networks or whole recipes, by cross-validation."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.contenders import Tokens, sorted_out, value_of
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.folder import writable
from steepest.apps.cli.output import listening, show
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

  [cyan]steepest compare digits optimizer=sgd,adam activation=relu,gelu --each[/cyan]

  [cyan]steepest compare digits recipes/*.yaml runs/digits-1[/cyan]  [dim]whole recipes[/dim]

  [cyan]steepest compare digits mynet:small,mynet:large[/cyan]  [dim]networks of your own[/dim]

  [cyan]steepest compare --suite small optimizer=sgd,adam[/cyan]  [dim]over the bundled data sets[/dim]

  [cyan]steepest compare mynet:make own.width=32,64 --data digits[/cyan]  [dim]your own network[/dim]
"""


Values = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CONTENDERS…",
        help="KNOB=VALUE,VALUE (several knobs: all combinations), recipe files, run folders, or networks of "
        "your own as module:function,module:function.",
        show_default=False,
    ),
]
Each = Annotated[
    bool,
    typer.Option(
        "--each",
        help="Of several knobs, one change at a time against the default.",
        rich_help_panel=options.SEARCH,
    ),
]
Looks = Annotated[
    bool,
    typer.Option(
        "--looks/--no-looks",
        help="Stop before all rounds are in once every verdict is clear. The error stays at 5 %.",
        rich_help_panel=options.SEARCH,
    ),
]
Decays = Annotated[
    bool | None,
    typer.Option(
        "--decays/--no-decays",
        help="Whether each contender's weight decay is tuned too. It is, where rates are, if not given.",
        show_default=False,
        rich_help_panel=options.SEARCH,
    ),
]
Margin = Annotated[
    float | None,
    options.work(
        "SCORE", "The smallest difference that matters to you. The spread between runs, if not given or less."
    ),
]
Suite = Annotated[
    str | None,
    typer.Option(
        "--suite",
        metavar="NAME",
        help="Compare over several data sets instead of DATA: small are the bundled ones.",
        show_default=False,
        rich_help_panel=options.DATA,
    ),
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
    values: Values = None,
    source: options.DataOption = None,
    suite: Suite = None,
    each: Each = False,
    folds: options.Folds = 5,
    seeds: options.Seeds = 4,
    looks: Looks = True,
    epochs: options.Epochs = None,
    rates: Rates = None,
    decays: Decays = None,
    margin: Margin = None,
    against: Against = None,
    fix: options.Fix = None,
    budget: Limit = None,
    objective: options.Objective = None,
    seed: options.Seed = 0,
    out: options.Out = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Compare values of knobs, recipes or networks on DATA, each at a learning rate of its own.

    By cross-validation: every contender trains on the same folds from the same seeds. Says which are better,
    with intervals of the paired differences, what they cost, and how soon each comes near the best.

    Writes a run folder: a page to read (compare.html) and every number behind it (compare.json).
    """
    settings: dict[str, Any] = {"each": each, "folds": folds, "seeds": seeds, "rates": rates}
    settings |= {"decays": decays, "seed": seed, **({} if epochs is None else {"epochs": epochs})}
    alone = {"looks": looks, "margin": margin, "against": against, "objective": objective}
    if suite is not None:
        if how or source or against or objective or margin is not None:
            remedy = "Leave out how data is read, --against, --objective and --margin."
            raise BadInput("--suite", "must come with knobs alone", suite, remedy)
        asked = sorted_out([data, *(values or [])])
        run, title = _over_a_suite(suite, asked), f"suite {suite}"
    else:
        data, network = data_and_network(data, source)
        asked = sorted_out(values or [])
        _refuse_twice(asked, network, epochs)
        settings |= {**alone, **how, "command": context.obj}
        run, title = _on(data, asked, network), data
    settings |= {"fix": parse_fix(fix or ()), "budget": None if budget is None else Budget.parse(budget)}
    settings |= {"out": writable(out)}
    with listening(title, STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        result = run({**settings, "listener": listener})
    show(result, as_json=as_json)


def _on(data: str, asked: Tokens, network: str | None) -> Callable[[dict[str, Any]], Any]:
    """Compares on one data set."""

    def run(settings: dict[str, Any]) -> Any:
        from steepest.apps import comparing  # here, because it brings torch: see steepest.apps.cli

        against = settings["against"]
        if against is not None and len(asked.knobs) == 1 and not settings["each"]:
            against = value_of(next(iter(asked.knobs)), against)
        more = {"recipes": asked.recipes or None, "network": asked.networks or network, "against": against}
        return comparing.compare(data, **{**settings, **more, **asked.knobs})

    return run


def _over_a_suite(name: str, asked: Tokens) -> Callable[[dict[str, Any]], Any]:
    """Compares over the data sets of a suite."""
    if asked.networks or asked.recipes:
        remedy = "Compare knobs, such as optimizer=sgd,adam."
        raise BadInput("--suite", "must come with knobs alone", [*asked.networks, *asked.recipes], remedy)

    def run(settings: dict[str, Any]) -> Any:
        from steepest.apps import suite  # here, because it brings torch: see steepest.apps.cli

        return suite.compare_suite(name, **{**settings, **asked.knobs})

    return run


def _refuse_twice(asked: Tokens, network: str | None, epochs: float | None) -> None:
    """Refuse what is compared and given besides."""
    if epochs is not None and "epochs" in asked.knobs:
        raise BadInput("--epochs", "must be left out where epochs are compared", epochs, "Name them once.")
    if network is not None and "network" in asked.knobs:
        remedy = "Compare its arguments: own.width=32,64."
        raise BadInput(
            "network", "must be left out for a network of your own", asked.knobs["network"], remedy
        )
    if asked.networks and (asked.knobs or network is not None):
        given = ", ".join(asked.knobs) or str(network)
        remedy = "Compare networks first, then the knobs of the better one."
        raise BadInput("networks", "of your own must be compared without other knobs", given, remedy)
