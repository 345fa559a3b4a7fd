"""`--set` and `--space`: the command line goes before the file, knob by knob."""

from pathlib import Path

import pytest

from steepest.apps.cli.fix import parse_space
from steepest.base.errors import BadRecipe

FILE = "lr: 1e-4..1e-1\nlr[optimizer=sgd]: 0.1..1\nwidth: 16,32\ndepth: 1,2\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "space.yaml").write_text(FILE)
    return tmp_path / "space.yaml"


def test_the_command_line_goes_before_the_file(file: Path) -> None:
    known = parse_space(["width=64,128", "dropout[network=mlp] = 0|0.1..0.2"], file, {"depth": 2})
    assert known == {
        "lr": "1e-4..1e-1",
        "lr[optimizer=sgd]": "0.1..1",
        "width": "64,128",
        "dropout[network=mlp]": "0|0.1..0.2",
    }


def test_a_range_for_all_replaces_the_files_for_one_optimizer(file: Path) -> None:
    assert set(parse_space(["lr=1e-3..1"], file, {})) == {"lr", "width", "depth"}
    kept = parse_space(["lr[optimizer=sgd]=1..2"], file, {})
    assert kept["lr"] == "1e-4..1e-1"
    assert kept["lr[optimizer=sgd]"] == "1..2"


@pytest.mark.parametrize("text", ["lr", "lr=", "=1..2", "[optimizer=sgd]=", "lr[optimizer=sgd]"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(BadRecipe, match="must"):
        parse_space([text], None, {})
