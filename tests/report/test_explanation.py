"""The way from the default to the winner in words, table and picture."""

from dataclasses import replace

import pytest

from steepest.report.explanation import rows, sentence, to_markdown, to_text
from steepest.report.facts import Facts
from steepest.report.figures import draw_explanation
from steepest.report.markdown import to_markdown as report
from steepest.report.page import to_html
from steepest.report.records import Explanation, PathStep, Scores, Study, Verdict
from steepest.report.text import to_text as summary


def step(switch: str, kind: str, mean: float, gain: float, share: float | None) -> PathStep:
    verdict = Verdict(kind, gain, gain - 0.004, gain + 0.004, n=12)
    return PathStep(switch, {switch: [0, 1]}, (mean,) * 12, mean, 0.003, 0, verdict, share, 0.1, 0.9)


@pytest.fixture
def facts() -> Facts:
    way = Explanation(
        start=Scores(score=0.950, sd=0.004),
        steps=(
            step("lr", "better", 0.970, 0.020, 0.8),
            step("width", "unresolved", 0.978, 0.008, 0.32),
            step("norm", "worse", 0.975, -0.003, -0.12),
            step("l1", "equivalent", 0.975, 0.0, 0.0),
        ),
        total=Verdict("better", 0.025, 0.02, 0.03, n=12),
        n=12,
        choosing=3,
        trainings=87,
        seconds=21.0,
    )
    return Facts(Study(data="digits", score_name="accuracy"), explanation=way)


def test_every_face_says_what_the_gain_is_made_of(facts) -> None:
    said = sentence(facts)
    assert said == (
        "80 % of the gain is lr (10 to 90 %); norm costs some of it; l1 changes nothing that matters; "
        "of width it is not known whether it helps"
    )
    for text in (summary(facts), to_text(facts)):
        assert said in " ".join(text.split())
    for text in (to_markdown(facts), report(facts), to_html(facts)):
        assert "0 % of the gain is lr" in " ".join(text.split())


def test_the_table_has_the_default_every_step_and_the_whole_way(facts) -> None:
    found = rows(facts)
    assert [row[0] for row in found] == ["the default", "lr=1", "width=1", "norm=1", "l1=1", "the whole way"]
    assert found[1][2:] == ("+0.0200 [+0.0160, +0.0240]", "better", "80 % (10 to 90 %)")
    assert found[3][4].startswith("−12 %")
    assert found[-1][2] == "+0.0250 [+0.0200, +0.0300]"


def test_a_way_that_gains_nothing_is_not_shared_out(facts) -> None:
    total = Verdict("unresolved", 0.001, -0.004, 0.006, n=12)
    words = sentence(replace(facts, explanation=replace(facts.explanation, total=total)))
    assert words == "on fresh splits the winner is not known to be better: +0.0010 [−0.0040, +0.0060]"
    assert "of the gain" not in words


def test_no_single_step_may_be_told_from_chance(facts) -> None:
    few = facts.explanation.steps[1:2]
    words = sentence(replace(facts, explanation=replace(facts.explanation, steps=few)))
    assert words.startswith("the whole way gains +0.0250")
    assert "no single step is told from chance; of width" in words


def test_a_loss_falls(facts) -> None:
    lower = replace(facts, study=Study(data="x", score_name="log_loss"))
    assert rows(lower)[1][2] == "−0.0200 [−0.0240, −0.0160]"


@pytest.mark.parametrize("width", [760, 340])
def test_the_picture_has_a_bar_per_step(facts, width) -> None:
    drawing = str(draw_explanation(facts, width))
    assert drawing.count("<rect") == 4
    assert drawing.count('class="whisker share"') == 4
    assert draw_explanation(Facts(Study()), width) is None
