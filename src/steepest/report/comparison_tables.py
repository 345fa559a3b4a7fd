"""A comparison as plain rows and as Markdown: the numbers of its page, for other tools."""

from typing import Any

from steepest.report.comparison import (
    Comparison,
    cells,
    columns,
    cost_cells,
    cost_columns,
    goal,
    headline,
    lead,
    pairing,
    rates,
    standing,
)
from steepest.report.judged import Judged, beyond, reach

Row = dict[str, Any]


def table_rows(facts: Comparison) -> list[Row]:
    """One row per contender: its score and costs, and its verdict against the reference.

    Numbers are the measure itself, so a loss is positive. What the reference or a diverged contender has
    not is None.
    """
    judged = {row.label: row for row in facts.verdicts}
    rows = []
    for entry in facts.entries:
        verdict, good = judged.get(entry.label), entry.good_rates or {}
        wider = verdict.beyond if verdict else None
        rows.append(
            {
                "contender": entry.label,
                "measure": facts.objective,
                "mean": entry.mean,
                "low": entry.low,
                "high": entry.high,
                "runs": entry.n,
                "diverged": entry.diverged,
                "verdict": verdict.kind if verdict else "reference",
                **{
                    name: getattr(verdict, name, None)
                    for name in ("effect", "p_value", "p_adjusted", "n_needed", "correlation")
                },
                "effect_low": verdict.low if verdict else None,
                "effect_high": verdict.high if verdict else None,
                "effect_level": verdict.level if verdict else None,
                "chance_better": verdict.chance if verdict else None,
                "beyond": wider.kind if wider else None,
                "beyond_low": wider.low if wider else None,
                "beyond_high": wider.high if wider else None,
                "mean_rank": entry.rank,
                "rate": entry.rate,
                "decay": entry.decay,
                "good_rates_low": good.get("low"),
                "good_rates_high": good.get("high"),
                "good_rates_decades": good.get("decades"),
                "parameters": entry.parameters,
                "operations": entry.operations,
                "seconds": entry.seconds,
                "tuning_seconds": entry.tuning_seconds,
                "seconds_per_epoch": entry.seconds_per_epoch,
                "epochs_to_target": entry.epochs_to_target,
                "seconds_to_target": entry.seconds_to_target,
            }
        )
    return rows


def to_markdown(facts: Comparison) -> str:
    """The tables, verdicts and notes."""
    parts = [f"## {headline(facts)}", lead(facts), str(facts.facts["summary"])]
    parts.append(_table([columns(facts), *(cell for _, cell in cells(facts))]))
    parts.append(_table([cost_columns(facts), *(cell for _, cell in cost_cells(facts))]))

    def said(row: Judged) -> str:
        wider = beyond(row, facts.decimals)
        return f"{row.sentence}. {wider}" if wider else row.sentence

    parts.append(
        _table([(facts.knob, f"against {facts.reference}"), *((v.label, said(v)) for v in facts.verdicts)])
    )
    parts += [
        *reach(facts.verdicts),
        *pairing(facts),
        *standing(facts),
        rates(facts),
        goal(facts),
        *map(str, facts.facts["notes"]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[Any]) -> str:
    """A Markdown table, its first row the head.

    Example:
        >>> print(_table([("a", "b"), ("x|y", "1")]))
        | a | b |
        |---|---|
        | x\\|y | 1 |
    """
    lines = ["| " + " | ".join(str(word).replace("|", "\\|") for word in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
