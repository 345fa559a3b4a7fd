"""How much care each contender's rate needs: the range of good rates as a line on a logarithmic axis."""

from steepest.report.comparison import Comparison
from steepest.report.drawing import Drawing
from steepest.report.frame import Margins, foot, titles
from steepest.report.numbers import finite
from steepest.report.scales import Scale

LINE, LETTER = 26.0, 7.5
ROOM = 1.6
"""Factor by which the axis goes on beyond the ranges."""

KINDS = {"found": "found", "default": "default", "other": "baseline"}


def draw_good_rates(facts: Comparison, width: float) -> Drawing | None:
    """A line from the lowest to the highest good rate, a dot at the rate in use, an arrow at open ends."""
    shown = [(e, e.good_rates) for e in facts.entries if e.good_rates and finite([e.good_rates["low"]])]
    if not shown:
        return None
    margins = Margins(left=min(24 + LETTER * max(len(e.label) for e, _ in shown), width / 3), top=10)
    height = margins.top + margins.bottom + LINE * len(shown)
    low = min(min(good["low"], entry.rate) for entry, good in shown) / ROOM
    high = max(max(good["high"], entry.rate) for entry, good in shown) * ROOM
    x = Scale(low, high, margins.left, width - margins.right, log=True)
    drawing = Drawing(width, height, "Range of good learning rates of each contender")
    for place, (entry, good) in enumerate(shown):
        y, kind = margins.top + LINE * (place + 0.5), KINDS[entry.role]
        start, end = x(good["low"]), x(good["high"])
        drawing.line((start, y), (end, y), f"whisker {kind}")
        for is_open, tip, way in ((good["open_below"], start, -1), (good["open_above"], end, 1)):
            if is_open:
                drawing.path([(tip, y - 5), (tip + 8 * way, y), (tip, y + 5)], f"whisker {kind}")
        drawing.dots([(x(float(entry.rate)), y)], f"score-dot {kind}")
        drawing.text((margins.left - 10, y + 4), entry.label, f"row {kind}", "end")
    foot(drawing, x, height - margins.bottom)
    titles(drawing, "learning rate", "", margins)
    return drawing
