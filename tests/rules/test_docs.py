"""The pages are what the docstrings say, their examples run, and every rule says everything it must."""

import doctest
import importlib.util
from pathlib import Path

import pytest

from steepest import rules
from steepest.base.errors import BadInput
from steepest.rules.card import SECTIONS, card, read_docstring
from steepest.rules.catalogue import DROP_INS, RULES
from steepest.rules.two_moment import OPTIMIZERS

DOCS = Path(__file__).parents[2] / "docs" / "rules"
spec = importlib.util.spec_from_file_location("build", DOCS / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


@pytest.mark.parametrize("name", build.pages())
def test_page_is_current(name):
    assert (DOCS / name).read_text(encoding="utf-8") == build.pages()[name], "run python docs/rules/build.py"


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_examples_on_pages_run(path):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.testfile(str(path), module_relative=False, optionflags=flags, encoding="utf-8")
    assert outcome.failed == 0
    assert outcome.attempted > 0 or path.name in ("conventions.md", "pictures.md")


@pytest.mark.parametrize("name", DROP_INS)
def test_every_rule_says_everything(name):
    _, sections = read_docstring(DROP_INS[name])
    assert set(sections) == set(SECTIONS)
    facts = card(name)
    assert facts.purpose.endswith(".")
    assert all(argument.meaning for argument in facts.arguments)
    assert ">>>" in facts.example
    assert any(word in facts.source for word in ("19", "20")), "a source has a year"
    assert f"`{facts.drop_in}`" in (DOCS / "README.md").read_text(encoding="utf-8")


def test_names_agree_everywhere():
    assert {rule.__name__ for rule in DROP_INS.values()} == set(rules.__all__)
    assert set(DROP_INS) | {"rmsprop_momentum"} == set(RULES)
    assert list(DROP_INS)[: len(OPTIMIZERS)] == list(OPTIMIZERS)
    assert sorted(rules.__all__) == sorted(set(rules.__all__))
    with pytest.raises(BadInput, match="Did you mean 'adam'"):
        card("adm")


def test_pictures_are_drawn_from_the_rules():
    path = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    pictures = importlib.util.module_from_spec(path)
    path.loader.exec_module(pictures)
    for name, (height, start, _, floor) in pictures.PICTURES.items():
        title = f"<title>Paths of six rules: {height.__doc__}</title>"
        assert title in (DOCS / f"{name}.svg").read_text(encoding="utf-8"), (
            "run python docs/rules/pictures.py"
        )
        assert f"({name}.svg)" in (DOCS / "pictures.md").read_text(encoding="utf-8")
        points, _ = pictures.path("adam", height, start, floor)
        assert float(height(points[-1:])) < float(height(points[:1]))
