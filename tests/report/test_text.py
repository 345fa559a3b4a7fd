import pytest

from steepest.report.facts import Facts, read_facts
from steepest.report.markdown import to_markdown
from steepest.report.records import Study
from steepest.report.text import to_text


def test_a_finished_study_in_a_terminal(story):
    text = to_text(read_facts(story()))
    lines = text.splitlines()
    assert lines[0].startswith("digits · classification · 10 classes · 1,797 rows × 64 columns")
    assert "▲ Better than the default" in lines
    for label in ("score", "bar", "recipe", "spent", "end"):
        assert sum(line.startswith(f"  {label} ") for line in lines) == 1
    assert "search 0." in text
    assert "→ confirmed 0." in text
    assert "on the test rows: cleared" in " ".join(text.split())
    assert "optimizer=nadamw lr=0.00422" in text
    assert "58.4 s, 232 members" in text


@pytest.mark.parametrize("options", [{}, {"until": "search"}, {"until": "start"}, {"regression": True}])
@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit(story, options, width):
    assert max(map(len, to_text(read_facts(story(**options)), width).splitlines())) <= width


def test_signs_of_the_verdicts(story):
    assert "▼ Worse than" in to_text(read_facts(story(kind="worse", gain=-0.012)))
    assert "? Not decided yet" in to_text(read_facts(story(kind="unresolved", replicates=3, gain=0.004)))
    assert to_text(Facts(Study(data="x"))).splitlines()[1] == "… No verdict yet"


def test_a_bar_that_is_not_cleared_is_said(story):
    words = " ".join(to_text(read_facts(story(kind="worse", gain=-0.012))).split())
    assert "on the test rows: not cleared" in words


def test_what_was_asked_of_the_space_is_said():
    facts = Facts(Study(data="x", asked={"lr": "0.01..1:log", "optimizer": "adamw,sgd"}))
    assert "searched  lr 0.01..1:log; optimizer adamw,sgd" in to_text(facts)
    assert "Searched as asked: lr 0.01..1:log; optimizer adamw,sgd." in to_markdown(facts)
    assert "searched" not in to_text(Facts(Study(data="x")))


def test_the_flattery_is_told(story):
    text = " ".join(to_text(read_facts(story())).split())
    assert "the confirmed one; the best of 200 equal candidates is flattered by 0.0 seed SD" in text
    assert "confirmed 0.9" in text.replace("\u00a0", " ")
    assert " ± " in text.replace("\u00a0", " ").partition("→ confirmed")[2][:20]
