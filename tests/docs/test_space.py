"""The page on the space: its commands are read and suit their data; its table shows what is meant."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.search.grammar import read

PAGE = (Path(__file__).parents[2] / "docs" / "space.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (steepest tune .*)$", PAGE, re.MULTILINE)
FILE = re.search(r"^    # space\.yaml\n((?:    .+\n)+)", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_read(
    command: str, reads: Callable[[str], DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert FILE is not None
    (tmp_path / "space.yaml").write_text(FILE[1].replace("    ", ""))
    (tmp_path / "runs" / "digits-1").mkdir(parents=True)
    for place in (tmp_path, tmp_path / "runs" / "digits-1"):
        (place / "recipe.yaml").write_text(Recipe(lr=0.02).to_yaml())
    assert reads(command).name == "digits"


def test_the_table_means_what_it_says() -> None:
    for text in re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE):
        knob = "optimizer" if "sgd" in text else "width" if "16," in text else "lr"
        where = read(text.replace("\\|", "|"), knob, knob, KNOBS[knob])
        assert isinstance(where, Range) == (".." in text)
        assert isinstance(where, Choice) == (".." not in text)


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    found: dict[str, object] = {}
    exec(code[1], found)
    assert "mixup 0.1..0.4" in str(found["result"])
