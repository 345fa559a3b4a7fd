"""Mean ranks on a line, and bars over those that are not told apart."""

from steepest.report.comparison import Comparison
from steepest.report.drawing import Drawing
from steepest.report.frame import Margins, foot, titles
from steepest.report.scales import Scale

LINE, BAR, LETTER = 22.0, 9.0, 7.5
KINDS = {"found": "found", "default": "default", "other": "baseline"}


def draw_ranks(facts: Comparison, width: float) -> Drawing | None:
    """One row per contender from the best, a dot at its mean rank; groups as bars above."""
    ranked = sorted(
        ((entry.rank, entry) for entry in facts.entries if entry.rank is not None), key=lambda pair: pair[0]
    )
    if len(ranked) < 2:
        return None
    margins = Margins(left=min(24 + LETTER * max(len(e.label) for _, e in ranked), width / 3), top=14)
    above = margins.top + BAR * len(facts.groups)
    height = above + LINE * len(ranked) + margins.bottom
    x = Scale(1.0, float(len(ranked)), margins.left, width - margins.right - 6)
    places = {entry.label: x(rank) for rank, entry in ranked}
    words = ", ".join(f"{entry.label} {rank:.2f}" for rank, entry in ranked)
    drawing = Drawing(width, height, f"Mean ranks: {words}")
    for row, group in enumerate(facts.groups):
        y = margins.top + BAR * row
        drawing.line((places[group[0]] - 4, y), (places[group[-1]] + 4, y), "whisker default")
    for row, (rank, entry) in enumerate(ranked):
        y, kind = above + LINE * (row + 0.5), KINDS[entry.role]
        drawing.line((x.start, y), (x.end, y), "grid")
        drawing.dots([(x(rank), y)], f"score-dot {kind}")
        drawing.text((margins.left - 10, y + 4), entry.label, f"row {kind}", "end")
    foot(drawing, x, height - margins.bottom, at=range(1, len(ranked) + 1))
    titles(drawing, "mean rank", "", margins)
    return drawing
