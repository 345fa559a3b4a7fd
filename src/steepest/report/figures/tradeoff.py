"""What a comparison trades: the score at the end against the time to a good one, one mark per value."""

from collections.abc import Sequence

from steepest.report.comparison import Comparison, Entry
from steepest.report.drawing import Drawing, Point
from steepest.report.frame import Margins, foot, grid, titles
from steepest.report.numbers import finite
from steepest.report.scales import Scale, span

HEIGHT = 380.0
MARGINS = Margins()
STRIP = 100.0
"""Width of the strip at the right for values that do not reach the target, in pixels."""

LOG_FROM = 8.0
"""Ratio of the longest to the shortest time from which their axis is logarithmic."""

LETTER, LINE = 8.0, 14.0


def draw_tradeoff(facts: Comparison, width: float) -> Drawing | None:
    """A dot at each value's mean and a line for its interval; further left is better."""
    shown = [entry for entry in facts.entries if finite([entry.mean])]
    if not shown:
        return None
    times = finite(entry.seconds_to_target for entry in shown)
    late = len(times) < len(shown)
    right, bottom = width - MARGINS.right, HEIGHT - MARGINS.bottom
    end = right - (STRIP if late and times else 0.0)
    y = Scale(
        *span(finite(v for e in shown for v in (e.low, e.mean, e.high, facts.target))), bottom, MARGINS.top
    )
    drawing = Drawing(
        width, HEIGHT, f"{facts.measure} of each {facts.knob}, and the seconds in which it reaches the target"
    )
    x = _axis(times, MARGINS.left, end)
    grid(drawing, Scale(0.0, 1.0, MARGINS.left, right), y)
    if facts.target is not None:
        drawing.line((MARGINS.left, y(facts.target)), (right, y(facts.target)), "bar")
        drawing.text((right, y(facts.target) + 14), "target", "note", "end")
    if times:
        foot(drawing, x, bottom, about=int(width // 110))
    if late:
        drawing.line((end + 8, bottom), (right, bottom), "axis")
        drawing.text(((end + 8 + right) / 2, bottom + 18), "not reached", "tick", "middle")
    places = _places(shown, x, end + 8 if times else MARGINS.left, right)
    _marks(drawing, places, shown, y)
    titles(drawing, "seconds to the target, one run" if times else "", f"{facts.measure} at the end", MARGINS)
    return drawing


def _axis(times: Sequence[float], start: float, end: float) -> Scale:
    low, high = (min(times), max(times)) if times else (0.0, 1.0)
    if low > 0 and high / low >= LOG_FROM:
        return Scale(low / 1.25, high * 1.25, start, end, log=True)
    return Scale(0.0, high * 1.12, start, end)


def _places(shown: Sequence[Entry], x: Scale, start: float, end: float) -> list[float]:
    """Where each value stands; those that never reach the target share the strip evenly."""
    late = [entry.label for entry in shown if entry.seconds_to_target is None]
    return [
        start + (late.index(entry.label) + 0.5) / len(late) * (end - start)
        if entry.seconds_to_target is None
        else x(entry.seconds_to_target)
        for entry in shown
    ]


def _marks(drawing: Drawing, places: Sequence[float], shown: Sequence[Entry], y: Scale) -> None:
    kinds = {"found": "found", "default": "default", "other": "baseline"}
    dots = [(x, y(entry.mean or 0.0)) for x, entry in zip(places, shown, strict=True)]
    for (x, _), entry in zip(dots, shown, strict=True):
        if entry.low is not None and entry.high is not None:
            drawing.line((x, y(entry.low)), (x, y(entry.high)), f"whisker {kinds[entry.role]}")
    for dot, entry in zip(dots, shown, strict=True):
        drawing.dots([dot], f"score-dot {kinds[entry.role]}")
    taken = [(x - 7, x + 7, height) for x, height in dots]
    for dot, entry in zip(dots, shown, strict=True):
        place, anchor, box = _free(dot, len(entry.label) * LETTER, taken, drawing.width)
        taken.append(box)
        drawing.text(place, entry.label, f"row {kinds[entry.role]}", anchor)


def _free(
    dot: Point, length: float, taken: Sequence[tuple[float, float, float]], width: float
) -> tuple[Point, str, tuple[float, float, float]]:
    """Where a label of this length covers nothing: beside the dot, else a little higher or lower."""
    x, middle = dot
    for rise in (0.0, -LINE, LINE, -2 * LINE, 2 * LINE):
        for anchor, left in (("start", x + 11), ("end", x - 11 - length)):
            box = (left, left + length, middle + rise)
            clear = all(box[1] < a or b < box[0] or abs(box[2] - h) >= LINE for a, b, h in taken)
            if clear and left >= 0 and box[1] <= width:
                return (x + 11 if anchor == "start" else x - 11, middle + rise + 4), anchor, box
    return (x + 11, middle + 4), "start", (x + 11, x + 11 + length, middle)
