"""`steepest tune`: find the training recipe that works on a data set, and prove it."""

import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.fix import parse_fix, parse_space
from steepest.apps.cli.folder import writable
from steepest.apps.cli.output import listening, show
from steepest.apps.cli.own import data_and_network
from steepest.apps.cli.reading import reads_data
from steepest.apps.cli.resuming import is_given, needed, refuse_changes
from steepest.base.budget import Budget

STAGES = ("read", "calibrate", "search", "confirm", "test", "write")
HINT = "Ctrl-C ends the search and confirms what there is"

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest tune digits[/cyan]  [dim]a built-in data set, 60 seconds[/dim]

  [cyan]steepest tune people.csv --target income --budget 3m --out runs/people[/cyan]

  [cyan]steepest tune people.csv --target income --fix optimizer=adam --fix depth=2[/cyan]

  [cyan]steepest tune digits --set lr=1e-4..1e-1:log --set optimizer=adamw,sgd[/cyan]

  [cyan]steepest tune cifar.parquet --test cifar-test.parquet --budget 10m[/cyan]

  [cyan]steepest tune digits --start-from runs/digits-1 --budget 3m[/cyan]  [dim]from an earlier study[/dim]

  [cyan]steepest tune weather.csv --forecast temperature --horizon 7 --network rnn,mlp[/cyan]

  [cyan]steepest tune mynet:make --data people.csv --target income[/cyan]  [dim]your own network[/dim]

  [cyan]steepest tune --resume runs/digits-1[/cyan]  [dim]after a kill; with --budget 5m it does more[/dim]

  [cyan]steepest tune digits --budget 1e12flops --stop-at 0.98[/cyan]  [dim]the same on every machine[/dim]

  [cyan]steepest tune digits --budget 150trials --seed 1 --json > result.json[/cyan]

Ctrl-C once ends the search, confirms the best so far and still writes the run folder; twice stops at once.
"""

Limit = Annotated[
    str,
    options.work(
        "LIMIT",
        "Wall time for everything (90s, 10m, 2h), members to start (500trials), or floating-point operations "
        "of training (1e12flops); 10m,500trials ends with the first.",
        shows=True,
    ),
]
StopAt = Annotated[
    float | None,
    options.work("SCORE", "Stop once a recipe's score reaches this and confirmation holds it, such as 0.98."),
]
Network = Annotated[
    str | None,
    options.work(
        "FAMILIES",
        "Architectures that compete: linear, mlp, cnn, rnn, transformer, with commas between them. "
        "Those that suit the data if not given.",
    ),
]
Objective = Annotated[
    str | None,
    options.work(
        "SCORE[,COST]",
        "Score to maximise: accuracy for classes, r2 for numbers if not given. After a comma what is kept "
        "low: parameters, flops or latency.",
    ),
]
Resume = Annotated[
    Path | None,
    options.work(
        "FOLDER",
        "Go on with the study of this run folder; --budget, --fix and --set then say what to do beyond what "
        "it was begun for.",
    ),
]
Strategy = Annotated[
    str,
    options.work(
        "NAME",
        "How it is searched: steepest, or a rival to hold it against: random, top-k, halving, tpe-hyperband.",
        shows=True,
    ),
]
Sampler = Annotated[
    str,
    options.work(
        "NAME",
        "An Optuna sampler instead of our own model: tpe, gp, cmaes, random, qmc, nsgaii, or module:Class.",
    ),
]
Storage = Annotated[
    str | None,
    options.work("URL", "Keep the study in a database: postgresql://user@host/database?study=NAME."),
]


@reads_data
def tune(
    context: typer.Context,
    data: options.DataIfAny = None,
    *,
    how: dict[str, Any],
    source: options.DataOption = None,
    resume: Resume = None,
    budget: Limit = "60s",
    stop_at: StopAt = None,
    network: Network = None,
    start_from: options.BeginFrom = None,
    matching: options.Matching = False,
    objective: Objective = None,
    fix: options.Fix = None,
    changes: options.Set = None,
    space: options.SpaceFile = None,
    limits: options.Limits = None,
    seed: options.Seed = 0,
    out: options.Out = None,
    workers: options.Workers = None,
    precision: options.Precision = "auto",
    strategy: Strategy = "steepest",
    sampler: Sampler = "",
    storage: Storage = None,
    keep: options.Keep = "best",
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find the training recipe that works on DATA within a budget, and prove it.

    Tries optimizers, learning rates, schedules, batch sizes, penalties, dropout, initialisations, activations
    and network sizes; trains the candidates together and drops losers early; then retrains the winner and the
    default recipe on fresh seeds and says, with an interval, whether the winner is better.

    Writes a run folder: the recipe (recipe.yaml), the trained network (model.safetensors), a plain PyTorch
    script (train.py), a page to read (report.html) and every number behind it (study.db).
    """
    started, limit, folder = time.perf_counter(), Budget.parse(budget), writable(out)
    how, stop_at = _score_or_column(how, stop_at)
    fixed = parse_fix(fix or ())
    wanted = parse_space(changes or (), space, fixed)
    if resume is not None:
        refuse_changes(context, data, source, how)
        more = limit.text if is_given(context, "budget") else None
        _go_on(resume, more, fixed, wanted, workers, context.obj, started, quiet=quiet, as_json=as_json)
        return
    data, asked = data_and_network(needed(data), source, network)
    with listening(data, STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        from steepest.apps import api  # here, because it brings torch: see steepest.apps.cli

        result = api.tune(
            data, **how, budget=limit.text, stop_at=stop_at, started=started, objective=objective, seed=seed,
            out=folder, fix=fixed, space=wanted, limits=limits or (),
            network=asked if asked is None or ":" in asked else asked.split(","), start_from=start_from,
            matching=matching, workers=workers, precision=precision, strategy=strategy, sampler=sampler,
            storage=storage, keep=keep, listener=listener, command=context.obj,
        )  # fmt: skip
    show(result, as_json=as_json)


def _score_or_column(how: dict[str, Any], stop_at: float | None) -> tuple[dict[str, Any], float | None]:
    """`--target 0.98` names no column: it is a score that is enough, as `--stop-at 0.98` says.

    Example:
        >>> _score_or_column({"target": "0.98", "kind": "table"}, None)
        ({'kind': 'table'}, 0.98)
        >>> _score_or_column({"target": "3"}, None)  # a column's number
        ({'target': '3'}, None)
    """
    target = str(how.get("target", ""))
    if stop_at is not None or not re.fullmatch(r"-?\d*\.\d+", target):
        return how, stop_at
    return {name: value for name, value in how.items() if name != "target"}, float(target)


def _go_on(folder: Path, *asked: Any, quiet: bool, as_json: bool) -> None:
    """The same for a study that goes on; `asked` is (budget, fix, space, workers, command, started)."""
    budget, fix, space, workers, command, started = asked
    with listening(str(folder), STAGES, quiet=quiet, as_json=as_json, hint=HINT) as listener:
        from steepest.apps import going_on  # here, because it brings torch: see steepest.apps.cli

        result = going_on.resume(
            folder, budget=budget, fix=fix, space=space, workers=workers, started=started, listener=listener,
            command=command,
        )  # fmt: skip
    show(result, as_json=as_json)
