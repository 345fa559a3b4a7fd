"""Wording of one progress snapshot, shared by the panel and the plain lines."""

import math

from steepest.base.progress import Progress

DONE = "done"
"""The stage that follows the last one: there is nothing left to show."""


def seconds(value: float) -> str:
    """A duration: seconds below two minutes, then minutes, then hours.

    Example:
        >>> seconds(3.14159), seconds(75), seconds(200), seconds(7300)
        ('3.1 s', '75 s', '3 min 20 s', '2 h 01 min')
    """
    value = max(value, 0.0)
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def score(value: float | None) -> str:
    """A score to four digits, a dash where there is none yet.

    Example:
        >>> score(0.98123), score(None)
        ('0.9812', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.4f}"


def members(snapshot: Progress) -> str:
    """How many train, of how many that were started.

    Example:
        >>> members(Progress("search", 1.0, 0.1, started=1412, alive=31))
        '31 training of 1,412 started'
        >>> members(Progress("write", 1.0, 0.1, started=1412))
        '1,412 started'
    """
    if not snapshot.alive:
        return f"{snapshot.started:,} started"
    return f"{snapshot.alive:,} training of {snapshot.started:,} started"


def margin(snapshot: Progress) -> str:
    """Where the best score stands against the bar, in words; empty before both are known.

    Example:
        >>> margin(Progress("search", 1.0, 0.1, best=0.98, bar=0.97))
        'above the bar by 0.0100'
    """
    if snapshot.best is None or snapshot.bar is None:
        return ""
    gap = snapshot.best - snapshot.bar
    return f"{'above' if gap >= 0 else 'below'} the bar by {abs(gap):.4f}"
