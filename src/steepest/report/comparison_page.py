"""The page of a comparison: self-contained, in the report's style."""

from steepest.report import comparison, numbers
from steepest.report.comparison import Comparison
from steepest.report.figures.contenders import draw_contenders
from steepest.report.figures.good_rates import draw_good_rates
from steepest.report.figures.ranks import draw_ranks
from steepest.report.figures.tradeoff import draw_tradeoff
from steepest.report.page import both, environment


def to_html(facts: Comparison) -> str:
    """The whole page."""
    text = environment().get_template("comparison.html.jinja")
    return text.render(
        facts=facts,
        seen=facts.facts,
        figure=both(draw_tradeoff, facts),
        curves=both(draw_contenders, facts),
        ranks=both(draw_ranks, facts),
        breadth=both(draw_good_rates, facts),
        words=comparison,
        n=numbers,
    )
