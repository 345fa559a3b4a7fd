"""`steepest rules`: every update rule with its equation, defaults and bytes per parameter."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from steepest.rules.card import Card

EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest rules[/cyan]

  [cyan]steepest rules adamw[/cyan]
"""


def rules(
    name: Annotated[
        str | None, typer.Argument(help="One rule, in full; without a name, all of them in a line each.")
    ] = None,
) -> None:
    """List the update rules: equation, settings and defaults, source, and memory traffic per parameter."""
    from steepest.rules.card import card
    from steepest.rules.catalogue import DROP_INS

    if name is not None:
        typer.echo(_whole(card(name)))
        return
    for each in DROP_INS:
        facts = card(each)
        typer.echo(f"{each:<20} {facts.bytes_per_parameter:>3} B  {facts.purpose}")
    typer.echo(
        "\nB: bytes of memory traffic per float32 parameter and step. `steepest rules NAME` shows the rest."
    )


def _whole(facts: "Card") -> str:
    """Everything on a rule's card, as text."""
    indent = "\n    "
    lines = [
        f"{facts.name}: {facts.purpose}",
        "",
        indent.lstrip("\n") + facts.equation.replace("\n", indent),
        "",
        "Settings (default, interval):",
    ]
    for each in facts.arguments[1:]:
        interval = f"  {each.interval}" if each.interval else ""
        lines.append(f"    {each.name} = {each.default}{interval}  {each.meaning}")
    lines += [
        "",
        f"State: {facts.state}",
        f"Traffic: {facts.bytes_per_parameter} bytes per float32 parameter and step",
        f"Source: {facts.source}",
        f"Departures: {facts.departures}",
        "",
        f"Drop-in: steepest.rules.{facts.drop_in}(network.parameters())",
    ]
    return "\n".join(lines)
