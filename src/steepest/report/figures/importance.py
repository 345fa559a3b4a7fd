"""How much each knob sets the best members apart: one bar per knob, with its interval."""

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, titles
from steepest.report.records import KnobImportance
from steepest.report.scales import Scale

KNOWN = 0.05
"""Adjusted chance up to which a knob is said to matter."""

SHOWN = 8
"""Knobs that the page has room for; all of them are in the JSON and the data frame."""

ROW, BAR, LETTER = 26.0, 12.0, 7.2


def shown(facts: Facts) -> tuple[KnobImportance, ...]:
    """The rows that the page has room for."""
    return facts.importance.rows[:SHOWN] if facts.importance else ()


def draw_importance(facts: Facts, width: float) -> Drawing | None:
    """Bars of shares from 0 to 1; those that stand out from chance in colour."""
    rows = shown(facts)
    if not rows:
        return None
    left = LETTER * max(len(row.knob) for row in rows) + 20
    margins = Margins(left=left, right=52, top=6, bottom=40)
    height = margins.top + ROW * len(rows) + margins.bottom
    most = max([0.1, *(row.high for row in rows)])
    x = Scale(0.0, most, left, width - margins.right)
    drawing = Drawing(width, height, "share of each knob in what sets the best members apart")
    bottom = height - margins.bottom
    for value, label in x.ticks(int(width // 120)):
        drawing.line((x(value), margins.top), (x(value), bottom), "grid")
        drawing.text((x(value), bottom + 18), label, "tick", "middle")
    for place, row in enumerate(rows):
        kind = "found" if row.p_adjusted <= KNOWN else "other"
        middle = margins.top + ROW * (place + 0.5)
        drawing.text((left - 12, middle + 4), row.knob, f"row {kind}", "end")
        if row.share > 0:
            drawing.box((x.start, middle - BAR / 2), x(row.share) - x.start, BAR, f"share {kind}")
        drawing.line((x(row.low), middle), (x(row.high), middle), "whisker share")
        drawing.text((width - 4, middle + 4), f"{100 * row.share:.0f} %", f"value {kind}", "end")
    titles(drawing, "share of all knobs", "", margins)
    return drawing
