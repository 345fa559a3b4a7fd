"""The frame of a picture: margins, grid, ticks and titles; and where an axis may leave outliers out."""

from collections.abc import Sequence
from dataclasses import dataclass

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.scales import Bands, Scale, span

ENDS_AT_ONE = ("accuracy", "balanced_accuracy", "r2", "auc", "roc_auc", "f1", "macro_f1", "exact_match")


@dataclass(frozen=True, slots=True)
class Margins:
    """Room around the plotting area, in pixels."""

    left: float = 54
    right: float = 14
    top: float = 28
    bottom: float = 42


def grid(drawing: Drawing, x: Scale, y: Scale, about: int = 5) -> None:
    """Horizontal lines at the ticks of y, with labels on their left."""
    for value, label in y.ticks(about):
        drawing.line((x.start, y(value)), (x.end, y(value)), "grid")
        drawing.text((x.start - 8, y(value) + 4), label, "tick", "end")


def foot(
    drawing: Drawing, x: Scale | Bands, bottom: float, about: int = 6, at: Sequence[float] | None = None
) -> None:
    """The horizontal axis: a line, ticks and labels; at round values, or at those given."""
    drawing.line((x.start, bottom), (x.end, bottom), "axis")
    marks = (
        [(x(option), str(option)) for option in x.options]
        if isinstance(x, Bands)
        else [(x(value), label) for value, label in (x.ticks(about) if at is None else _named(at))]
    )
    for place, label in marks:
        if isinstance(x, Scale):
            drawing.line((place, bottom), (place, bottom + 4), "axis")
        drawing.text((place, bottom + 18), label, "tick", "middle")


def _named(values: Sequence[float]) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in values]


def score_axis(facts: Facts, scores: Sequence[float], start: float, end: float) -> Scale:
    """An axis for many values of the study's measure. Those that end at 1 are stretched towards it."""
    if facts.study.lower:
        low, high = typical([-score for score in scores])
        return Scale(-high, -low, start, end)
    low, high = typical(scores)
    if not reaches_one(facts) or max(scores) > 1.0:
        return Scale(low, high, start, end)
    nearest = min((1.0 - score for score in scores if score < 1.0), default=0.01)
    return Scale(low, 1.0 - max(nearest, 1e-4) * 0.8, start, end, top=1.0)


def reaches_one(facts: Facts) -> bool:
    """Whether the study's score is one whose best value is 1."""
    return facts.study.score_name.lower().replace(" ", "_") in ENDS_AT_ONE


def titles(drawing: Drawing, x: str, y: str, margins: Margins) -> None:
    """The titles of the axes: y above its labels, x below its right end."""
    if y:
        drawing.text((2, 12), y, "title")
    if x:
        drawing.text((drawing.width - margins.right, drawing.height - 4), x, "title", "end")


def typical(values: Sequence[float], keep: float = 0.93) -> tuple[float, float]:
    """The range of the best `keep` of some scores: a few disasters do not squeeze everything else.

    The rest is left out only where it would take more than half of the axis.

    Example:
        >>> typical([0.0] + [0.9, 0.91, 0.92] * 10)[0] > 0.89
        True
        >>> typical([0.5, 0.7, 0.9])[0] < 0.5
        True
    """
    ordered = sorted(values)
    cut = ordered[int(len(ordered) * (1 - keep))] if ordered else 0.0
    crowded = bool(ordered) and cut - ordered[0] > ordered[-1] - cut
    return span([v for v in ordered if v >= cut] if crowded else ordered)
