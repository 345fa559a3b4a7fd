"""The live panel of a running study: a listener that draws itself in a terminal.

Sentences and finished stages scroll above; below them one panel shows where the study stands:

    ✓ calibrate     3.1 s   bar to clear: accuracy 0.9694
    ╭─ steepest · digits ────────────────────────────────────────────────────────╮
    │ ✓ read  ✓ calibrate  ● search  ○ confirm  ○ test  ○ write                  │
    │ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━──────────────   58 %   25 s left   │
    │ members    31 training of 412 started        17,900 member-steps/s         │
    │ accuracy   0.9812 best so far                above the bar by 0.0118       │
    ╰──────────────────────────────────────── Ctrl-C ends the search and confirms ╯
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from steepest.apps.cli import snapshots
from steepest.base.progress import Progress

WIDTH = 80
"""Columns of the panel: what fits a plain terminal reads well in a wide one."""
REDRAWS = 4
"""Redraws per second; each takes a few milliseconds from the study."""


class LivePanel:
    """A listener that keeps one panel up to date at the foot of the terminal.

    Use it as a context: the panel appears at once, while the heavy rooms are still being loaded, and leaves
    at the end; what was said and the finished stages stay.

    Args:
        console: where to draw.
        title: the data set's name.
        stages: stages in the order they are expected; an unexpected one is shown all the same.
        hint: what Ctrl-C will do.
    """

    def __init__(self, console: Console, title: str, stages: Sequence[str], hint: str) -> None:
        self._console = console
        self._title, self._stages, self._hint = title, tuple(stages), hint
        self._snapshot: Progress | None = None
        self._arrived = time.perf_counter()
        self._stage_began = 0.0
        self._live = Live(
            get_renderable=self._draw, console=console, refresh_per_second=REDRAWS, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._snapshot is not None:
            self._finish_stage(self._snapshot, self._elapsed())
        self._live.stop()
        self._console.print()

    def progress(self, snapshot: Progress) -> None:
        """Remember the snapshot; a change of stage leaves a line behind."""
        before = self._snapshot
        if before is not None and before.stage != snapshot.stage:
            known = replace(before, bar=snapshot.bar or before.bar, score_name=snapshot.score_name)
            self._finish_stage(known, snapshot.elapsed)
        if before is None or before.stage != snapshot.stage:
            self._stage_began = snapshot.elapsed if before is not None else 0.0
        self._snapshot = snapshot if snapshot.stage != snapshots.DONE else None
        self._arrived = time.perf_counter()

    def say(self, sentence: str) -> None:
        """Print the sentence above the panel."""
        line = Table.grid(padding=(0, 1))
        line.add_row(Text(" ·", style="dim"), Text(sentence))
        self._console.print(line, width=min(WIDTH, self._console.width))

    def _elapsed(self) -> float:
        """Seconds since the study began, going on between snapshots."""
        since = time.perf_counter() - self._arrived
        return since + (self._snapshot.elapsed if self._snapshot else 0.0)

    def _finish_stage(self, last: Progress, now: float) -> None:
        took = snapshots.seconds(now - self._stage_began)
        line = Text.assemble(
            (" ✓ ", "green"), (f"{last.stage:<10}", "bold"), (f"{took:>12}   ", "dim"), _outcome(last)
        )
        self._console.print(line)

    def _draw(self) -> RenderableType:
        last, since = self._snapshot, time.perf_counter() - self._arrived
        if last is None:
            body: RenderableType = Text(f"loading … {snapshots.seconds(since)}", style="dim")
        else:
            body = Group(self._rail(last), _bar(last, since), _figures(last))
        return Panel(
            body,
            title=Text.assemble(("steepest", "bold"), f" · {self._title}"),
            title_align="left",
            subtitle=Text(self._hint, style="dim"),
            subtitle_align="right",
            border_style="cyan",
            box=box.ROUNDED,
            width=min(WIDTH, self._console.width),
        )

    def _rail(self, last: Progress) -> Text:
        """All stages in one line: done, running, to come."""
        stages = self._stages if last.stage in self._stages else (*self._stages, last.stage)
        here = stages.index(last.stage)
        rail = Text(no_wrap=True, overflow="ellipsis")
        for place, stage in enumerate(stages):
            if place < here:
                rail.append(f"✓ {stage}  ", style="green")
            elif place == here:
                rail.append(f"● {stage}  ", style="bold cyan")
            else:
                rail.append(f"○ {stage}  ", style="dim")
        return rail


def _bar(last: Progress, since: float) -> Table:
    """The share of the budget that is spent, and what is left of it."""
    row = Table.grid(expand=True, padding=(0, 2, 0, 0))
    row.add_column(ratio=1)
    row.add_column(justify="right")
    row.add_column(justify="right", min_width=10)
    share = min(max(last.share, 0.0), 1.0)
    row.add_row(
        ProgressBar(total=1.0, completed=share, complete_style="cyan", finished_style="green"),
        f"{share:.0%}",
        snapshots.left(last, since),
    )
    return row


def _figures(last: Progress) -> Table:
    """Members and steps; the best score against the bar."""
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=9, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    speed = f"{last.steps_per_second:,.0f} member-steps/s" if last.steps_per_second > 0 else ""
    table.add_row("members", snapshots.members(last) if last.started else "none yet", speed)
    best = (
        Text.assemble((snapshots.score(last, last.best), "bold"), " best so far")
        if last.best is not None
        else ""
    )
    gap = snapshots.margin(last)
    if gap:
        against = Text(gap, style="green" if snapshots.leads(last) else "yellow")
    else:
        against = Text(f"bar {snapshots.score(last, last.bar)}" if last.bar is not None else "", style="dim")
    table.add_row(snapshots.name(last), best or "none yet", against)
    return table


def _outcome(last: Progress) -> str:
    """What a finished stage leaves to be read above the panel."""
    name = snapshots.name(last)
    if last.stage == "calibrate" and last.bar is not None:
        return f"bar to clear: {name} {snapshots.score(last, last.bar)}"
    if last.stage == "search" and last.best is not None:
        return f"{last.started:,} members, best {name} {snapshots.score(last, last.best)}"
    return ""
