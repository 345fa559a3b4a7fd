import re

import pytest

from steepest.report.facts import Facts, read_facts
from steepest.report.markdown import to_markdown
from steepest.report.records import FoundRecipe, Study


def test_a_finished_study_in_markdown(story):
    text = to_markdown(read_facts(story()))
    assert text.startswith("# digits: better than the default\n")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == [
        "Finalists, retrained on fresh seeds",
        "The bar to clear",
        "What was tried",
        "The recipe",
        "The data",
        "How this was made",
    ]
    assert "| `optimizer` | nadamw | adamw |" in text
    assert "64 columns" in text
    assert "…" in text  # not every column is named


@pytest.mark.parametrize("options", [{}, {"until": "search"}, {"until": "start"}, {"regression": True}])
def test_rows_of_a_table_have_equal_length(story, options):
    text = to_markdown(read_facts(story(**options)))
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "None" not in text


def test_names_are_not_markup():
    text = to_markdown(Facts(Study(data="a*b_<i>", notes=("# not a heading",))))
    assert "a\\*b\\_\\<i\\>" in text
    assert "- \\# not a heading" in text


def test_a_recipe_that_stayed_the_default():
    assert "Every knob at its default." in to_markdown(
        Facts(Study(), recipe=FoundRecipe(values={"lr": 1e-3}))
    )
