"""`steepest cost`: parameters, operations, bytes and time, before anything is trained for long."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.lines import to_json
from steepest.apps.cli.own import data_and_network
from steepest.apps.cli.reading import reads_data
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

  [cyan]steepest cost mynet:make --data digits[/cyan]  [dim]your own network[/dim]
"""
LABEL, NUMBER = 26, 15
"""Columns of the labels, and of the numbers beside them."""


@reads_data
def cost(
    data: options.Data,
    *,
    how: dict[str, Any],
    source: options.DataOption = None,
    recipe: Annotated[
        Path | None,
        options.work(
            "FILE",
            "Recipe to cost, such as the recipe.yaml of a run folder; --fix wins over it. The default recipe "
            "if not given.",
        ),
    ] = None,
    fix: options.Fix = None,
    most: Annotated[
        str | None,
        options.work("N", "List the networks of at most N parameters instead: 100k, 2M, 250000."),
    ] = None,
    seed: options.Seed = 0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object, numbers in full.", rich_help_panel=options.OUTPUT),
    ] = False,
) -> None:
    """Say what a recipe costs on DATA: parameters, operations, bytes, and seconds per epoch on this machine.

    Counts follow from the network's shape. The time is measured: some steps are trained, and scaled to an
    epoch. With --most it answers the reverse: which depths and widths stay within so many parameters.
    """
    data, network = data_and_network(data, source)
    changes = parse_fix(fix or ())
    known = Recipe.load(recipe) if recipe else None
    from steepest.apps import api  # here, because it brings torch: see steepest.apps.cli

    facts: Costing | Sizing
    if most is None:
        facts = api.cost(data, known, fix=changes, network=network, seed=seed, **how)
        text = cost_text(facts)
    else:
        if network is not None:
            remedy = "Leave --most out, and fix its arguments: --fix own.width=64."
            raise BadInput("--most", "must be left out for a network of your own", most, remedy)
        facts = api.networks_within(data, most, known, fix=changes, **how)
        text = sizing_text(facts)
    typer.echo(to_json(facts.to_dict(), indent=2) if as_json else text)


def cost_text(facts: "Costing") -> str:
    """The facts as an aligned table of at most 80 columns."""
    one, recipe = facts.one, facts.recipe
    rule = f"{facts.slots} number{'' if facts.slots == 1 else 's'} per parameter ({recipe.optimizer})"
    batch = f"for a batch of {facts.batch:,}"
    lines = [
        facts.data,
        ", ".join([*_network(recipe, facts.layers), recipe.optimizer, f"batches of {facts.batch:,}"]),
        "",
        "Network",
        row("parameters", f"{one.parameters:,}"),
        row("operations, forward", f"{one.flops_forward:,}", "FLOP per example"),
        row("operations, training", f"{one.flops_training:,}", "FLOP per example, with backward"),
        "",
        "Memory while it trains",
        row("weights", size(one.weight_bytes)),
        row("gradients", size(one.gradient_bytes)),
        row("optimizer state", size(one.optimizer_bytes), rule),
        row("activations", size(one.activation_bytes), batch),
        row("together", size(one.training_bytes)),
        row(
            "a full stack", size(facts.stack_bytes), f"{facts.stack_members} network{_s(facts.stack_members)}"
        ),
        "",
        f"Time of one epoch: {facts.epoch_rows:,} rows, {facts.epoch_steps:,} step{_s(facts.epoch_steps)}",
        *_times(facts),
    ]
    return "\n".join(lines)


def _network(recipe: Recipe, layers: Sequence[int]) -> list[str]:
    """The network in a few words."""
    if recipe.network == "own":
        return [recipe.factory, *(f"{name}={value}" for name, value in recipe.own.items())]
    first = f"{recipe.network} {shape(layers)}".rstrip()
    known = recipe.relevant()
    norm = [f"{recipe.norm} norm"] if known.get("norm", "none") != "none" else []
    activation = [recipe.activation] if "activation" in known else []
    return [first, *activation, *norm]


def sizing_text(facts: "Sizing") -> str:
    """The networks that fit, largest first."""
    shapes = [shape(each.layers) for each in facts.networks]
    across = max(map(len, shapes))
    lines = [
        f"{facts.data}: {facts.family} networks of at most {facts.most:,} parameters, largest first",
        "",
        "  depth   width      parameters  layers",
    ]
    for each, layers in zip(facts.networks, shapes, strict=True):
        knobs = f"{each.depth:>7} {each.width:>7,}" if each.depth else f"{'–':>7} {'–':>7}"
        numbers = f"{knobs} {each.parameters:>15,}"
        lines.append(f"{numbers}  {layers:<{across}}  {each.mark}".rstrip())
    first = facts.networks[0]
    take = f"--fix depth={first.depth} --fix width={first.width}" if first.depth else "--fix network=linear"
    return "\n".join([*lines, "", f"Take the first with  {take}"])


def _times(facts: "Costing") -> list[str]:
    """The measured times, their spread, and what they rest on."""
    timings = [t for t in (facts.alone, facts.stacked) if t is not None]
    if not timings:
        return [f"  not measured: {facts.reason}"]
    lines = [_time(t) for t in timings]
    epochs = facts.recipe.epochs
    whole = [f"{duration(t.member_seconds * epochs)} {_where(t)}" for t in timings]
    lines.append(f"  {epochs:,} epoch{'' if epochs == 1 else 's'} of the recipe: {', '.join(whole)}")
    machine = facts.machine
    steps, seconds = sum(t.steps for t in timings), sum(t.seconds for t in timings)
    lines += [
        "",
        f"Measured: {steps:,} steps in {duration(seconds)}, without scoring; median, lowest to highest of n.",
        f"One core of {machine['cores']}, {machine['processor']}, torch {machine['torch']}.",
    ]
    dead = max(t.diverged for t in timings)
    if dead:
        lines.append(f"{dead} of {timings[-1].members} networks diverged in these steps: lower lr.")
    return lines


def _time(timing: "Timing") -> str:
    low, high = (duration(t / timing.members) for t in (timing.lowest, timing.highest))
    spread = f"{low} to {high}, n = {timing.repeats}{', each' if timing.members > 1 else ''}"
    return row(_where(timing), duration(timing.member_seconds), spread)


def _where(timing: "Timing") -> str:
    return "alone" if timing.members == 1 else f"in a stack of {timing.members}"


def row(label: str, number: str, note: str = "") -> str:
    """One line of the table.

    Example:
        >>> row("weights", "102.0 KiB", "float32")
        '  weights                     102.0 KiB  float32'
    """
    return f"  {label:<{LABEL}}{number:>{NUMBER}}  {note}".rstrip()


def shape(layers: Sequence[int]) -> str:
    """Layers with arrows; the middle of a deep network is left out.

    Example:
        >>> shape((64, 128, 10)), shape((64, *[8] * 32, 10))
        ('64 → 128 → 10', '64 → 8 → 8 → … → 8 → 10 (32 hidden)')
    """
    if len(layers) <= 6:
        return " → ".join(map(str, layers))
    ends = [*map(str, layers[:3]), "…", *map(str, layers[-2:])]
    return f"{' → '.join(ends)} ({len(layers) - 2} hidden)"


def size(count: int) -> str:
    """Bytes in the unit that fits.

    Example:
        >>> size(512), size(104_448), size(3 * 2**30)
        ('512 B', '102.0 KiB', '3.0 GiB')
    """
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.95 or unit == "TiB":
            break
    return f"{value:,.1f} {unit}"


def duration(seconds: float) -> str:
    """Seconds in the unit that fits, three figures.

    Example:
        >>> duration(0.00031), duration(0.0123), duration(7.5), duration(600)
        ('310 µs', '12.3 ms', '7.5 s', '10 min')
    """
    for factor, unit, most in (
        (1e6, "µs", 999.5),
        (1e3, "ms", 999.5),
        (1.0, "s", 99.95),
        (1 / 60, "min", 99.95),
    ):
        if seconds * factor < most:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds / 3600:,.1f} h"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
