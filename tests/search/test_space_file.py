"""A space file is read with what YAML makes of it; what is wrong is said with the line."""

from pathlib import Path

import pytest

from steepest.base.errors import BadRecipe
from steepest.base.recipe import KNOBS
from steepest.search.asked import declared, fixed_of
from steepest.search.space_file import read_space

TEXT = """
lr: 1e-4..1e-1:log
lr[optimizer=sgd]: 0.01..1:log   # the rest as above
dropout: 0|0.05..0.5
width: [16, 32]
l2: [1e-3, 0]
momentum: 0.9
"""


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "space.yaml").write_text(text)
    return tmp_path / "space.yaml"


def test_a_file_says_what_the_command_line_can(tmp_path: Path) -> None:
    known = read_space(written(tmp_path, TEXT))
    line = {
        "lr": "1e-4..1e-1:log",
        "lr[optimizer=sgd]": "0.01..1:log",
        "dropout": "0|0.05..0.5",
        "width": "16,32",
        "l2": "1e-3,0",
        "momentum": "0.9",
    }
    assert declared(known, KNOBS) == declared(line, KNOBS)
    assert fixed_of(known) == fixed_of(line) == {"momentum": 0.9}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr: [1, 2\nx: 3\n", "line 2 must be YAML"),
        ("lr: 1..2\nl2: 0,1\nlr: 3..4\n", "line 3 must name lr once: line 1"),
        ("", "`knob: range` lines, but got 'nothing'"),
        ("- lr\n", "but got 'a list'"),
        ("1..2\n", "but got 'one value'"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        read_space(written(tmp_path, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=r"readable file.*nofile\.yaml"):
        read_space(tmp_path / "nofile.yaml")
