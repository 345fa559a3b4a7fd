"""The page on the search: its tables name every strategy and sampler, and the files it names are there."""

import re
from pathlib import Path

from steepest.search.rivals import STRATEGIES
from steepest.search.rungs import rung_rounds
from steepest.search.suggest import SAMPLERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


def test_every_strategy_and_sampler_has_its_row() -> None:
    rows = set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE))
    assert rows == {*STRATEGIES, *SAMPLERS}


def test_files_are_where_it_says() -> None:
    named = re.findall(r"`(search/\w+\.py)`", PAGE)
    assert named
    assert [path for path in named if not (ROOT / "src" / "steepest" / path).exists()] == []


def test_rungs_are_where_it_says() -> None:
    assert rung_rounds(27) == [1, 3, 9, 27]
