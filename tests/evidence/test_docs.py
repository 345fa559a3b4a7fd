"""The examples of the page on evidence are true."""

import doctest
from pathlib import Path


def test_every_example_of_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "evidence.md"
    found = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert found.attempted > 20
    assert found.failed == 0
