"""The picture of a front has a dot for each recipe, and is left out where there is only one."""

from steepest.report.facts import Facts
from steepest.report.figures import draw_front
from steepest.report.markdown import to_markdown
from steepest.report.records import FrontRow, Study
from steepest.report.text import to_text
from steepest.report.wording import front_row

ROWS = (
    FrontRow(4, {}, 0.95, (20_000.0, 0.002), "finalist 1", 0.93, 0.01, 8),
    FrontRow(9, {}, 0.90, (500.0, 0.0001)),
)
FACTS = Facts(Study(score_name="accuracy"), front=ROWS, front_costs=("parameters", "latency"))


def test_a_dot_for_each_and_one_for_what_was_confirmed() -> None:
    drawing = draw_front(FACTS, 600.0)
    assert drawing is not None
    text = str(drawing)
    assert sum(dot.count("h0") for dot in text.split("<path") if "score-dot" in dot) == 3
    assert "accuracy against parameters" in text


def test_one_recipe_is_no_front_to_draw() -> None:
    assert draw_front(Facts(Study(), front=ROWS[:1], front_costs=FACTS.front_costs), 600.0) is None
    assert draw_front(Facts(Study()), 600.0) is None


def test_words() -> None:
    assert front_row(FACTS, ROWS[1]).endswith("with 500 parameters and 0.1 ms (member 9)")
    assert ", confirmed 0.93" in front_row(FACTS, ROWS[0])


def test_a_default_that_exceeds_a_limit_is_said_everywhere() -> None:
    facts = Facts(Study(limits=("parameters<=5k",)), obeying="the default exceeds what is allowed")
    assert "limits    the default exceeds what is allowed" in to_text(facts)
    assert "searched  parameters<=5k" in to_text(facts)
    assert "The default exceeds what is allowed." in to_markdown(facts)
