"""The page of a comparison: self-contained, in the report's style."""

from steepest.report import comparison, numbers
from steepest.report.comparison import Comparison
from steepest.report.figures.tradeoff import draw_tradeoff
from steepest.report.page import both, environment


def to_html(facts: Comparison) -> str:
    """The whole page."""
    text = environment().get_template("comparison.html.jinja")
    return text.render(
        facts=facts, seen=facts.facts, figure=both(draw_tradeoff, facts), words=comparison, n=numbers
    )
