"""`steepest plan`: how networks would be trained on this data and machine, and what was measured."""

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.apps.cli import options
from steepest.apps.cli.cost import row, size
from steepest.apps.cli.fix import parse_fix
from steepest.apps.cli.lines import to_json
from steepest.apps.cli.own import data_and_network
from steepest.apps.cli.reading import reads_data
from steepest.base.recipe import Recipe

if TYPE_CHECKING:
    from steepest.experiment.plan import Plan, Planned, Shared
    from steepest.training.machine import Machine

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest plan digits[/cyan]

  [cyan]steepest plan cifar.parquet --precision float32[/cyan]

  [cyan]steepest plan weather.csv --forecast temperature --network rnn --fix width=128[/cyan]

  [cyan]steepest plan digits --recipe runs/digits/recipe.yaml --fresh[/cyan]

  [cyan]steepest plan mynet:make --data digits[/cyan]  [dim]your own network[/dim]
"""
COLUMNS = 80

BUSY = 0.5
"""Load average from which measured rates suffer."""


@reads_data
def plan(
    data: options.Data,
    *,
    how: dict[str, Any],
    source: options.DataOption = None,
    recipe: Annotated[
        Path | None,
        options.work(
            "FILE",
            "Recipe to plan for, such as the recipe.yaml of a run folder; --fix wins over it. "
            "The default recipe of each family if not given.",
        ),
    ] = None,
    network: Annotated[
        str | None,
        options.work(
            "FAMILIES",
            "Architectures, with commas between them. Those that suit the data if not given.",
            "--network",
            "--family",
        ),
    ] = None,
    fix: options.Fix = None,
    precision: options.Precision = "auto",
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Measure again what is kept from earlier.", rich_help_panel=options.SEARCH
        ),
    ] = False,
    seed: options.Seed = 0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object, numbers in full.", rich_help_panel=options.OUTPUT),
    ] = False,
) -> None:
    """Say how networks would be trained on DATA on this machine, and why, with what was measured.

    Measures some steps of real training in each way: as one stack of so many members, or one after the
    other; kernels with channels first or last; in float32 or bfloat16. What was measured is kept, and studies
    use it.
    """
    data, asked = data_and_network(data, source, network)
    changes = parse_fix(fix or ())
    known = Recipe.load(recipe) if recipe else None
    from steepest.apps import api  # here, because it brings torch: see steepest.apps.cli

    found = api.plan(
        data,
        known,
        fix=changes,
        network=asked if asked is None or ":" in asked else asked.split(","),
        precision=precision,
        fresh=fresh,
        seed=seed,
        **how,
    )
    typer.echo(to_json(found.as_dict(), indent=2) if as_json else plan_text(found))


def plan_text(plan: "Plan") -> str:
    """The plan as aligned text of at most 80 columns."""
    lines = [plan.data, "", "Machine", *_machine(plan.machine), "", *_workers(plan.shared)]
    for each in plan.planned:
        lines += ["", *_planned(each)]
    if plan.precision == "float32":
        lines += ["", "Rounding to bfloat16 was forbidden (--precision float32)."]
    return "\n".join(lines)


def _machine(machine: "Machine") -> list[str]:
    memory = f", {size(machine.memory)} of memory" if machine.memory else ""
    lines = [
        f"  {machine.processor}",
        f"  {machine.cores} core{'s' * (machine.cores > 1)}{memory}, torch {machine.torch}",
    ]
    for name, each in (("default library", machine.default), ("oneDNN", machine.onednn)):
        if each is not None:
            note = f"relative error {each.error:.0e}"
            lines.append(row(f"products, {name}", f"{each.rate / 1e9:,.0f} GFLOP/s", note))
    bfloat16 = "computed by the processor itself" if machine.bfloat16 else "not in the processor: not tried"
    cards = ", ".join(machine.graphics) or "none found"
    return [
        *lines,
        *wrapped(f"one core, float32; products go through {machine.products_words}", 4),
        *_updates(machine),
        row("copying", f"{machine.copy / 1e9:,.1f} GB/s", "one core, read and written once"),
        row("bfloat16", "", bfloat16),
        row("graphics card", "", cards),
        *_load(machine),
        "  Networks train on processors; no graphics card is used.",
    ]


def _updates(machine: "Machine") -> list[str]:
    if machine.updates is None:
        return []
    each = {"torch's kernels": machine.updates.fused, "compiled loop": machine.updates.loop}
    known = {name: seconds for name, seconds in each.items() if not math.isnan(seconds)}
    lines = [
        row(f"updates, {name}", f"{1e9 * seconds:.2f} ns", "a weight") for name, seconds in known.items()
    ]
    return [*lines, *wrapped(f"one core, AdamW in float32; updates are by {machine.updates.words}", 4)]


def _load(machine: "Machine") -> list[str]:
    if machine.load is None:
        return []
    busy = "others are at work: rates suffer" if machine.load >= BUSY else ""
    return [row("load average before", f"{machine.load:.2f}", busy)]


def _workers(shared: "Shared | None") -> list[str]:
    if shared is None:
        return ["Workers: one process of one thread, on the one core there is"]
    count, cores = shared.count, shared.cores
    heading = f"Workers: {count} processes of one thread each, one per core"
    why = "Chunks share nothing, so processes never wait for each other; threads would, at every product."
    if count == 1:
        heading = "Workers: this process alone, of one thread"
        why = "Other processes cannot import a network of this script or notebook."
    lines = [
        heading,
        row("1 process, 1 thread", f"{shared.one:,.0f}", "network steps a second"),
        row(f"1 process, {cores} threads", f"{shared.threads:,.0f}", _times(shared.threads, shared.one)),
    ]
    if count > 1:
        many = _times(shared.processes, shared.one)
        lines.append(row(f"{count} processes, 1 thread", f"{shared.processes:,.0f}", many))
    return [*lines, *wrapped(why, 2)]


def _planned(planned: "Planned") -> list[str]:
    recipe, choice = planned.recipe, planned.choice
    name = recipe.factory if recipe.network == "own" else recipe.network
    origin = "Measured earlier and kept; --fresh measures again." if planned.kept else "Measured now."
    lines = [
        f"{name}: {choice.way}",
        *wrapped(choice.why, 2),
        *wrapped(f"Networks of this kind: {choice.kind}. {origin}", 2),
        "",
        f"  {'way':<37}{'steps/s':>9}",
    ]
    for measured in choice.measured:
        chosen = measured.way == choice.way
        rate = f"{measured.rate:,.0f}" if measured.rate else "–"
        head = f"{'*' if chosen else ' ':>3} {measured.way!s:<35}{rate:>9}  "
        lines += wrapped(planned.against(measured) or "chosen", 0, head)
    lines.append("")
    if planned.not_stacked and planned.not_stacked not in choice.why:
        lines += wrapped(f"No stack: {planned.not_stacked}.", 2)
    sizes = planned.pieces
    several = f"{min(sizes)} to {max(sizes)}" if min(sizes) < max(sizes) else f"{max(sizes)}"
    together = "one network:" if planned.members == 1 else f"{planned.members} networks at most:"
    full = f"A chunk holds {together} {size(planned.chunk_bytes)}."
    wave = f"{sum(sizes)} such networks make {len(sizes)} chunks of {several}, which keep all cores busy."
    return [*lines, *wrapped(f"{full} {wave}", 2)]


def _times(rate: float, one: float) -> str:
    return f"{rate / one:.2g} times as many" if one else ""


def wrapped(text: str, indent: int, head: str = "") -> list[str]:
    """Text in lines of at most 80 columns, under its first word.

    Example:
        >>> wrapped("steps a second", 2)
        ['  steps a second']
        >>> wrapped("as fast", 0, "one by one  ")
        ['one by one  as fast']
    """
    first = " " * indent + head
    return textwrap.wrap(
        text, COLUMNS, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    )
