"""A folder of runs as a table, one line each."""

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime

from steepest.report.numbers import NONE, count, decimals_for, number
from steepest.report.runs import Run, Unread

HEADS = ("run", "data", "started", "budget", "state", "members", "confirmed", "verdict")
RIGHT = {"members"}
LEAST = {"run": 12, "data": 8}
"""Columns that give way where the terminal is narrow, and what they keep at least."""


def to_text(
    runs: Sequence[Run],
    unread: Sequence[Unread] = (),
    width: int | None = None,
    today: datetime | None = None,
) -> str:
    """The table, newest first as given, and below it what could not be read.

    Args:
        runs: one line each.
        unread: folders that hold no study that can be read.
        width: of the terminal; None leaves lines as long as they are, for pipes.
        today: moments of another year are shown with it.

    Example:
        >>> from pathlib import Path
        >>> from steepest.report.facts import Facts
        >>> from steepest.report.records import Study
        >>> facts = Facts(Study(data="iris", budget="60s", started="2026-08-14T09:31:07+00:00"))
        >>> print(to_text([Run(Path("runs/iris-1"), facts, 17)], today=datetime(2026, 9, 1)))
        run     data  started       budget  state       members  confirmed  verdict
        iris-1  iris  14 Aug 09:31  60s     unfinished       17  –          –
        <BLANKLINE>
        1 unfinished study: steepest tune --resume FOLDER goes on with it.
    """
    lines = _table([_row(run, today or datetime.now(UTC)) for run in runs], width) if runs else []
    waiting = sum(run.state == "unfinished" for run in runs)
    if waiting:
        words = f"{waiting} unfinished stud{'y' if waiting == 1 else 'ies'}"
        lines += [
            "",
            f"{words}: steepest tune --resume FOLDER goes on with {'it' if waiting == 1 else 'one'}.",
        ]
    if unread:
        lines += ([""] if lines else []) + ["Not read"]
    for each in unread:
        text = f"{each.folder.name}: {each.reason}"
        wrapped = (
            textwrap.wrap(text, width - 2, subsequent_indent="  ", break_on_hyphens=False)
            if width
            else [text]
        )
        lines += [f"  {line}" for line in wrapped]
    return "\n".join(lines)


def _row(run: Run, today: datetime) -> dict[str, str]:
    study, confirmed = run.facts.study, run.confirmed
    noise = run.facts.calibration.sd if run.facts.calibration else None
    score = number(study.shown(confirmed), decimals_for(noise, confirmed))
    return {
        "run": run.name,
        "data": study.data,
        "started": _moment(run.started, today),
        "budget": study.budget or NONE,
        "state": run.state,
        "members": count(run.members),
        "confirmed": score if confirmed is None else f"{score} {study.measure}",
        "verdict": run.verdict or NONE,
    }


def _moment(started: datetime | None, today: datetime) -> str:
    if started is None:
        return NONE
    return (
        f"{started.day} {started:%b %H:%M}"
        if started.year == today.year
        else f"{started.day} {started:%b %Y}"
    )


def _table(rows: list[dict[str, str]], width: int | None) -> list[str]:
    """Aligned lines.

    Where they do not fit, these give way in turn: the measure's name, the time of day, gaps, long names.
    """
    gap = 2
    if width is not None and _needed(rows, gap) > width:
        rows = [{**row, "confirmed": row["confirmed"].split(" ")[0]} for row in rows]
    if width is not None and _needed(rows, gap) > width:
        rows = [{**row, "started": " ".join(row["started"].split(" ")[:2])} for row in rows]
    widths = _widths(rows)
    giving = sum(max(widths[name] - least, 0) for name, least in LEAST.items())
    if width is not None and _needed(rows, gap) - giving > width:
        gap = 1
    over = 0 if width is None else _needed(rows, gap) - width
    for name, least in LEAST.items():
        given = min(max(over, 0), max(widths[name] - least, 0))
        widths[name], over = widths[name] - given, over - given
    return [_line({name: name for name in HEADS}, widths, gap), *(_line(row, widths, gap) for row in rows)]


def _needed(rows: list[dict[str, str]], gap: int) -> int:
    return sum(_widths(rows).values()) + gap * (len(HEADS) - 1)


def _widths(rows: list[dict[str, str]]) -> dict[str, int]:
    return {name: max(len(name), *(len(row[name]) for row in rows)) for name in HEADS}


def _line(row: dict[str, str], widths: dict[str, int], gap: int) -> str:
    cells = []
    for name in HEADS:
        text, room = shortened(row[name], widths[name]), widths[name]
        cells.append(text.rjust(room) if name in RIGHT else text.ljust(room))
    return (" " * gap).join(cells).rstrip()


def shortened(text: str, room: int) -> str:
    """A name cut in its middle, where its end tells it from others too.

    Example:
        >>> shortened("customers-2026-compare-12", 14)
        'customer…re-12'
    """
    if len(text) <= room:
        return text
    tail = (room - 1) * 2 // 5
    return f"{text[: room - 1 - tail]}…{text[len(text) - tail :]}"
