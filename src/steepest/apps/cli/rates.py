"""`steepest rates`: which learning rates work."""

import math
from typing import Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.reading import reads_data

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest rates digits[/cyan]

  [cyan]steepest rates people.csv --target income --fix optimizer=momentum --fix batch_size=256[/cyan]
"""
BAR = 40


@reads_data
def rates(
    data: options.Data,
    *,
    how: dict[str, Any],
    fix: options.Fix = None,
    low: Annotated[float, typer.Option(help="Lowest rate of the ladder.")] = 1e-5,
    high: Annotated[float, typer.Option(help="Highest rate of the ladder.")] = 3.0,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each run.")] = 4,
    seed: options.Seed = 0,
) -> None:
    """Find the learning rates that work on DATA: a range, not a point.

    Trains a ladder of rates side by side from the same starts, each over three seeds, for a few epochs.
    """
    changes = parse_fix(fix or ())
    from steepest.apps import api  # here, because it brings torch: see steepest.apps.cli

    found = api.rate_range(data, changes, low=low, high=high, epochs=epochs, seed=seed, **how)
    top = max(found.start, 1e-12)
    typer.echo("     lr  held-out loss")
    for rung in found.ladder:
        works = found.low <= rung.lr <= found.high
        filled = BAR if math.isinf(rung.loss) else round(BAR * min(rung.loss / top, 1.0))
        loss = "diverged" if math.isinf(rung.loss) else f"{rung.loss:.4f}"
        mark = " ◀ best" if rung.lr == found.best else ""
        typer.echo(f"{rung.lr:7.2g}  {'█' if works else '░'}{('█' if works else '░') * filled} {loss}{mark}")
    typer.echo(f"\n{found.sentence}")
