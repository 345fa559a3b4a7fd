"""The score of every recipe trained to the end against what it costs; the front in colour."""

import itertools

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, grid, titles
from steepest.report.numbers import finite
from steepest.report.scales import Scale, span

HEIGHT = 340.0
MARGINS = Margins()
LOG_FROM = 8.0
"""Ratio of the highest to the lowest cost from which their axis is logarithmic."""


def draw_front(facts: Facts, width: float) -> Drawing | None:
    """One dot per recipe on the front, joined; a ring where it was confirmed, at the confirmed score."""
    rows = [row for row in facts.front if finite([row.score]) and row.costs]
    if len(rows) < 2:
        return None
    shown, study = sorted(rows, key=lambda row: row.costs[0]), facts.study
    costs = [row.costs[0] for row in shown]
    scores = finite(study.shown(v) for row in shown for v in (row.score, row.confirmed_mean) if v is not None)
    low, high = min(costs), max(costs)
    log = low > 0 and high / low >= LOG_FROM
    right, bottom = width - MARGINS.right, HEIGHT - MARGINS.bottom
    ends = (low / 1.15, high * 1.15) if log else span(costs)
    x, y = Scale(*ends, MARGINS.left, right, log=log), Scale(*span(scores), bottom, MARGINS.top)
    drawing = Drawing(width, HEIGHT, f"{study.measure} against {facts.front_costs[0]} of the front's recipes")
    grid(drawing, Scale(0.0, 1.0, MARGINS.left, right), y)
    foot(drawing, x, bottom, about=int(width // 130))
    points = [(x(row.costs[0]), y(study.shown(row.score or 0.0))) for row in shown]
    for before, after in itertools.pairwise(points):
        drawing.line(before, after, "whisker found")
    drawing.dots(points, "score-dot found")
    for row, (across, _) in zip(shown, points, strict=True):
        if row.confirmed_mean is not None:
            drawing.dots([(across, y(study.shown(row.confirmed_mean)))], "score-dot default")
    titles(drawing, facts.front_costs[0], study.measure, MARGINS)
    return drawing
