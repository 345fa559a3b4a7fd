"""A contender's two verdicts, on these rows and beyond them, in the measure itself."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steepest.report.numbers import signed


@dataclass(frozen=True, slots=True)
class Judged:
    """A value's verdict against the reference on these rows; `beyond` is the one for new rows of the kind."""

    label: str
    kind: str
    sentence: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    n: int | None = None
    n_needed: int | None = None
    chance: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    correlation: float | None = None
    beyond: "Judged | None" = None


def judged(row: Mapping[str, Any], sign: float) -> Judged:
    """From one row of a table of verdicts, as a comparison's file holds it.

    Args:
        row: see `steepest.evidence.family.Row.to_dict`.
        sign: −1 where the measure is the negative of the score.
    """
    v = row["verdict"]
    low, high = ends(v.get("low"), v.get("high"), sign)
    names = ("level", "n", "n_needed", "p_value", "correlation")
    return Judged(
        row["contender"], v["kind"], v["sentence"], turned(v.get("effect"), sign), low, high,
        chance=v.get("p_superior"), p_adjusted=row.get("p_adjusted"), **{name: v.get(name) for name in names},
    )  # fmt: skip


def turned(score: float | None, sign: float) -> float | None:
    """A score as the measure.

    Example:
        >>> turned(-0.25, -1.0), turned(None, 1.0)
        (0.25, None)
    """
    return None if score is None else sign * score


def ends(low: float | None, high: float | None, sign: float) -> tuple[float | None, float | None]:
    """An interval of scores as one of the measure, the lower end first.

    Example:
        >>> ends(-0.3, -0.1, -1.0)
        (0.1, 0.3)
    """
    first, last = sorted((turned(low, sign), turned(high, sign)), key=_nothing_last)
    return first, last


def _nothing_last(value: float | None) -> float:
    return math.inf if value is None else value


def carries(row: Judged) -> bool:
    """Whether what holds on these rows is known to hold beyond them.

    Example:
        >>> wide = Judged("adam", "unresolved", "")
        >>> carries(Judged("adam", "better", "", beyond=wide)), carries(Judged("adam", "better", ""))
        (False, True)
    """
    return row.beyond is None or row.beyond.kind == row.kind


def beyond(row: Judged, decimals: int) -> str:
    """What is known of new rows, in a sentence; nothing for files that do not say.

    Example:
        >>> wide = Judged("adam", "unresolved", "", low=-0.001, high=0.004, level=0.95, n_needed=80)
        >>> beyond(Judged("adam", "better", "", beyond=wide), 3)
        'Beyond these rows: not shown, [−0.001, +0.004] (95 %); about 80 runs would show it.'
    """
    wide = row.beyond
    if wide is None:
        return ""
    kind = "not shown" if wide.kind == "unresolved" else wide.kind
    where = ""
    if wide.low is not None and wide.high is not None and wide.level is not None:
        where = f", [{signed(wide.low, decimals)}, {signed(wide.high, decimals)}] ({100 * wide.level:.3g} %)"
    advice = ""
    if wide.kind == "unresolved":
        advice = "; more rows might show it, more runs would not"
        if wide.n_needed:
            advice = f"; about {wide.n_needed} runs would show it"
    return f"Beyond these rows: {kind}{where}{advice}."


def reach(rows: Sequence[Judged]) -> list[str]:
    """What the two verdicts mean, where there are two."""
    if all(row.beyond is None for row in rows):
        return []
    return [
        "Verdicts are about these rows: what they say would hold if all were trained again, on fresh folds "
        "unless the rows follow in time. Beyond these rows means other rows of the same kind. All folds hold "
        "most of the same rows, so these intervals are wider (Nadeau and Bengio 2003); only more rows narrow "
        "them."
    ]
