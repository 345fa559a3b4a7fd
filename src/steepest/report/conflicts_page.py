"""A search for conflicts as a self-contained page in the report's style, and as Markdown."""

from collections.abc import Sequence

from steepest.report import conflicts, numbers
from steepest.report.conflicts import Conflicts
from steepest.report.figures.heat import draw_heat
from steepest.report.page import both, environment


def to_html(facts: Conflicts) -> str:
    """The whole page."""
    text = environment().get_template("conflicts.html.jinja")
    return text.render(
        facts=facts, crossed=facts, seen=facts.facts, map=both(draw_heat, facts), words=conflicts, n=numbers
    )


def to_markdown(facts: Conflicts) -> str:
    """Verdicts, means and how it was made, for a pull request, a notebook or an e-mail."""
    seen = facts.facts
    blocks = [
        f"# {seen['data']}: {conflicts.headline(facts)}",
        conflicts.lead(facts),
        f"{seen['summary']}. {conflicts.design(facts)}.",
        _table(conflicts.columns(), [cells for _, cells in conflicts.cells(facts)]),
        f"Mean {facts.measure} with neither strategy, one, the other, both:",
        _table(conflicts.mean_columns(), [cells for _, cells in conflicts.mean_cells(facts)]),
    ]
    blocks.append("\n".join(f"- {row.name}: {conflicts.told(row)}." for row in facts.pairs))
    blocks += [conflicts.meaning(), conflicts.tuning(facts), *conflicts.designs(facts), *seen["notes"]]
    if seen.get("command"):
        blocks.append(f"```\n{seen['command']}\n```")
    return "\n\n".join(blocks) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in line) + " |"
        for line in lines
    )
