"""Learning curves of all contenders, with the 95 % interval of each mean as a band."""

from collections.abc import Sequence

from steepest.report.comparison import Comparison, Entry
from steepest.report.drawing import Drawing, Point
from steepest.report.frame import Margins, foot, grid, titles, typical
from steepest.report.numbers import finite
from steepest.report.scales import Scale

EARLY = 0.12
"""Share of training whose scores may be cut off, where they would squeeze the rest."""

APART = 14.0
"""Pixels between names."""

LETTER = 7.5
KINDS = {"found": "found", "default": "default", "other": "baseline"}


def draw_contenders(facts: Comparison, width: float) -> Drawing | None:
    """One line and one band per contender; None where training was scored at its end alone."""
    shown = [entry for entry in facts.entries if len(entry.curve) > 1 and _late(entry)]
    if not shown:
        return None
    height, longest = 340.0, max(len(entry.label) for entry in shown)
    margins = Margins(right=min(20 + LETTER * longest, width / 3))
    x = Scale(0.0, max(e.curve[-1][0] for e in shown), margins.left, width - margins.right)
    values = [value for entry in shown for value in _late(entry)]
    low, high = typical([-v for v in values]) if facts.lower else typical(values)
    low, high = (-high, -low) if facts.lower else (low, high)
    y = Scale(low, high, height - margins.bottom, margins.top)
    drawing = Drawing(width, height, f"Mean {facts.measure} of each contender over epochs")
    grid(drawing, x, y)
    inner = Drawing(width, height, "")
    order = sorted(shown, key=lambda entry: ("other", "default", "found").index(entry.role))
    for entry in order:
        inner.path(_area(entry, x, y), f"band {KINDS[entry.role]}", closed=True)
    for entry in order:
        points = [(x(e), _free(y, v)) for e, v in entry.curve if v is not None]
        inner.path(points, f"curve {KINDS[entry.role]}")
    drawing.window((x.start, y.end), x.end - x.start, y.start - y.end, inner)
    foot(drawing, x, y.start)
    titles(drawing, "epochs", f"held-out {facts.measure}", margins)
    _names(drawing, shown, x, y)
    return drawing


def _late(entry: Entry) -> list[float]:
    """What the axis must hold: the mean and its interval, but for the very beginning."""
    begin = EARLY * entry.curve[-1][0]
    means = [v for e, v in entry.curve if e >= begin]
    ends = [v for e, low, high in entry.band if e >= begin for v in (low, high)]
    return finite([*means, *ends])


def _area(entry: Entry, x: Scale, y: Scale) -> list[Point]:
    known = [(e, low, high) for e, low, high in entry.band if low is not None and high is not None]
    upper = [(x(e), _free(y, high)) for e, _, high in known]
    return upper + [(x(e), _free(y, low)) for e, low, _ in reversed(known)]


def _free(y: Scale, value: float) -> float:
    """A height that may lie beyond the axis: the window cuts it off."""
    return y.start + (value - y.low) / (y.high - y.low) * (y.end - y.start)


def _names(drawing: Drawing, shown: Sequence[Entry], x: Scale, y: Scale) -> None:
    """Names beside the ends of the curves, moved apart where they would overlap."""
    ends = sorted(
        ((y(entry.curve[-1][1]), entry) for entry in shown if entry.curve[-1][1] is not None),
        key=lambda pair: pair[0],
    )
    taken = y.end - APART
    room = y.start - APART * len(ends)
    for place, (height, entry) in enumerate(ends):
        taken = max(taken + APART, min(height, room + APART * (place + 1)))
        drawing.text((x.end + 8, taken + 4), entry.label, f"name {KINDS[entry.role]}")
