"""One run for a terminal: its summary, its stages, what became of its members, and who leads."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from steepest.report import wording
from steepest.report.changes import default_recipe, in_words
from steepest.report.facts import Facts
from steepest.report.numbers import NONE, count, duration, finite, number
from steepest.report.records import Member
from steepest.report.runs import MEANINGS, Run
from steepest.report.text import LABEL, WIDTH, to_text

LEADERS = 10
_FATES = ("finished", "dropped", "diverged", "interrupted", "out of memory", "lost", "unfinished")
_HEADS = {"out of memory": "memory", "unfinished": "open"}


def show(run: Run, facts: Facts, top: int = LEADERS, width: int = WIDTH) -> str:
    """What `tune` printed, with stages, members and leaders below.

    Args:
        run: at a glance.
        facts: of the same run, with its members.
        top: leaders to show.
        width: of the terminal.

    Example:
        >>> from pathlib import Path
        >>> from steepest.report.records import Study
        >>> facts = Facts(Study(data="iris", budget="9trials"))
        >>> print(show(Run(Path("runs/iris"), facts), facts))
        iris
        … No verdict yet
          The study has not come to its confirmation.
        <BLANKLINE>
          run       runs/iris: unfinished (it was killed, or stopped before its end; it
                    can be resumed)
          asked     budget 9trials
    """
    lines = [to_text(facts, width), "", *_about(run, facts, width)]
    for heading, part in (
        ("Stages", _stages(facts)),
        ("Members", _members(facts)),
        ("Leaders of the search", leaders(facts, top, width)),
    ):
        found = list(part)
        lines += ["", heading, *found] if found else []
    return "\n".join(lines)


def _about(run: Run, facts: Facts, width: int) -> Iterator[str]:
    study = facts.study
    held = run.holder or MEANINGS[run.state]
    rows = {"run": f"{run.folder}: {run.state} ({held})"}
    asked = [f"budget {study.budget}"] if study.budget else []
    asked += [f"seed {study.seed}"] if study.seed is not None else []
    asked += [f"started {wording.when(facts)}"] if run.started is not None else []
    rows |= {"asked": ", ".join(asked), "command": study.command}
    for label, words in rows.items():
        indent = " " * (2 + LABEL)
        yield from textwrap.wrap(
            words,
            width,
            initial_indent=f"  {label:<{LABEL}}",
            subsequent_indent=indent,
            break_on_hyphens=False,
        )


def _stages(facts: Facts) -> Iterator[str]:
    rows = [
        [row.name, duration(row.seconds), count(row.members), count(row.member_steps)] for row in facts.stages
    ]
    return table(["stage", "time", "members", "member-steps"], rows, "lrrr")


def _members(facts: Facts) -> Iterator[str]:
    """Members by who proposed them, and by what became of them; the other stages below the search."""
    groups: dict[str, Counter[str]] = {}
    for m in facts.members:
        searched = m.stage == "search" and not m.label
        name = m.origin if searched else "play-off" if m.stage == "search" else m.stage
        groups.setdefault(name, Counter())[m.status] += 1
    if not groups:
        return iter(())
    fates = [fate for fate in _FATES if any(group[fate] for group in groups.values())]
    rows = [[n, count(g.total()), *(count(g[f]) if g[f] else NONE for f in fates)] for n, g in groups.items()]
    if len(rows) > 1:
        every = sum(groups.values(), Counter())
        rows.append(["all", count(every.total()), *(count(every[fate]) for fate in fates)])
    return table(
        ["origin", "started", *(_HEADS.get(f, f) for f in fates)], rows, "l" + "r" * (len(fates) + 1)
    )


def ranked(facts: Facts) -> list[Member]:
    """The search's members with a score: those that came furthest first, of these the best."""
    known = [m for m in facts.of("search", "") if finite([m.score])]
    return sorted(known, key=lambda m: (-m.epochs, -(m.score or 0.0), m.number))


def leaders(facts: Facts, top: int, width: int = WIDTH) -> Iterator[str]:
    """The best members of the search, one line each.

    Args:
        facts: of a run.
        top: how many.
        width: of the terminal; recipes are cut to fit.
    """
    base, digits = default_recipe(facts), wording.decimals(facts)
    rows = [
        [
            str(m.number),
            number(facts.study.shown(m.score), digits),
            f"{m.epochs:g}",
            m.origin,
            in_words(facts, m.recipe, base),
        ]
        for m in ranked(facts)[:top]
    ]
    return table(["member", facts.study.measure, "epochs", "origin", "what differs from the default"], rows,
                 "rrrll", width)  # fmt: skip


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str, width: int = WIDTH
) -> Iterator[str]:
    """Aligned lines under their heads; the last column is cut where the terminal ends.

    Args:
        heads: of the columns.
        rows: their cells.
        sides: "l" or "r" of each column.
        width: of the terminal.

    Example:
        >>> print("\\n".join(table(["stage", "time"], [["search", "42 s"]], "lr")))
          stage   time
          search  42 s
    """
    if not rows:
        return
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    left = width - 2 - sum(widths[:-1]) - 2 * (len(widths) - 1)
    for row in [heads, *rows]:
        cells = [
            text.rjust(room) if side == "r" else text.ljust(room)
            for text, room, side in zip(row, widths, sides, strict=True)
        ]
        if sides[-1] == "l":
            cells[-1] = _cut(row[-1], left)
        yield "  " + "  ".join(cells).rstrip()


def _cut(text: str, room: int) -> str:
    """A line of words cut at its end."""
    return text if len(text) <= room else f"{text[: max(room - 1, 1)].rstrip()}…"
