"""Wording of one progress snapshot, shared by the panel and the plain lines."""

import math

from steepest.base.progress import Progress
from steepest.report.records import LOSSES, measure_name

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


def left(snapshot: Progress, since: float = 0.0) -> str:
    """What is left of the budget, in its own unit; the time taken where there is none.

    Args:
        snapshot: the latest.
        since: seconds that have gone by since.

    Example:
        >>> from steepest.base.budget import Spent
        >>> left(Progress("search", 12.0, 0.2, seconds_left=48.0, spent=Spent("s", 12, 60)), 1.0)
        '47 s left'
        >>> left(Progress("search", 12.0, 0.2, spent=Spent("trials", 31, 150)))
        '31 of 150 trials'
        >>> left(Progress("search", 12.0, 0.2, spent=Spent("flops", 2.1e11, 1e12)))
        '2.1e+11 of 1e+12 flops'
    """
    spent = snapshot.spent
    if spent is not None and spent.unit != "s":
        used, limit = (f"{n:,.0f}" if spent.unit == "trials" else f"{n:.2g}" for n in spent[1:])
        return f"{used} of {limit} {spent.unit}"
    if snapshot.seconds_left is None:
        return f"{seconds(snapshot.elapsed + since)} so far"
    return f"{seconds(snapshot.seconds_left - since)} left"


def score(snapshot: Progress, value: float | None) -> str:
    """A score as its measure, to about five digits; a dash where there is none yet.

    Example:
        >>> score(Progress("search", 1.0, 0.1, score_name="accuracy"), 0.98123)
        '0.9812'
        >>> score(Progress("search", 1.0, 0.1, score_name="mae"), -1234.5)
        '1,234.5'
    """
    if value is None or math.isnan(value):
        return "–"
    return _digits(-value if snapshot.score_name in LOSSES else value)


def name(snapshot: Progress) -> str:
    """What is measured, in words."""
    return measure_name(snapshot.score_name or "score")


def leads(snapshot: Progress) -> bool:
    """Whether the best score clears the bar."""
    return snapshot.best is not None and snapshot.bar is not None and snapshot.best >= snapshot.bar


def _digits(value: float) -> str:
    size = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{min(max(4 - size, 0), 4)}f}".replace("-", "−")


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
        >>> margin(Progress("search", 1.0, 0.1, best=-1.5, bar=-2.0, score_name="mae"))
        'below the bar by 0.5000, which is better'
    """
    if snapshot.best is None or snapshot.bar is None:
        return ""
    gap, lower = snapshot.best - snapshot.bar, snapshot.score_name in LOSSES
    place = "above" if leads(snapshot) != lower else "below"
    return f"{place} the bar by {_digits(abs(gap))}" + ", which is better" * (lower and leads(snapshot))
