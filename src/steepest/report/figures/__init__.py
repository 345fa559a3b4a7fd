"""The pictures of the report, one file each: facts in, SVG out; None where there is nothing to draw."""

from steepest.report.figures.baselines import draw_baselines
from steepest.report.figures.curves import draw_curves
from steepest.report.figures.differences import draw_differences
from steepest.report.figures.examples import draw_changed, draw_forecast
from steepest.report.figures.explanation import draw_explanation
from steepest.report.figures.front import draw_front
from steepest.report.figures.importance import draw_importance
from steepest.report.figures.knobs import Panel, draw_knobs
from steepest.report.figures.search import draw_search

__all__ = [
    "Panel",
    "draw_baselines",
    "draw_changed",
    "draw_curves",
    "draw_differences",
    "draw_explanation",
    "draw_forecast",
    "draw_front",
    "draw_importance",
    "draw_knobs",
    "draw_search",
]
