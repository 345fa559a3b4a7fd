"""The commands for well-known files read what the page says they read, and three of them run to the end."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from steepest.apps.cli.main import main
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data"
SECTION = (ROOT / "docs" / "data.md").read_text(encoding="utf-8").split("## Public data sets", 1)[1]
SHOWN = re.findall(r"^    (steepest tune (\S+).*)\n    # (.*)$", SECTION, flags=re.MULTILINE)
RUN = {"german.csv": [], "horse-colic.csv": [], "daily-min-temperatures.csv": ["--network", "mlp"]}
"""Small files, and what keeps their networks small."""


def present(command: str) -> None:
    files = [word for word in shlex.split(command) if "." in word and not word.startswith("pm2")]
    missing = [name for name in files if not (REAL / name).is_file()]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not present")


def test_the_page_has_a_command_for_each() -> None:
    assert len(SHOWN) == 11
    assert SECTION.count("    steepest ") == len(SHOWN)


@pytest.mark.parametrize(("command", "_file", "summary"), SHOWN, ids=[file for _, file, _ in SHOWN])
def test_each_command_reads_what_the_page_says(
    command: str, _file: str, summary: str, reads: Callable[[str], DataSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    present(command)
    monkeypatch.chdir(REAL)
    assert reads(command).summary == summary


@pytest.mark.parametrize("file", RUN)
def test_small_ones_run_to_the_end(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = (command for command, name, _ in SHOWN if name == file)
    present(command)
    monkeypatch.chdir(REAL)
    _, *words = shlex.split(command)
    if "--budget" in words:
        place = words.index("--budget")
        del words[place : place + 2]
    out = tmp_path / "run"
    short = ["--budget", "9trials", "--fix", "epochs=1", "--workers", "0", "--quiet", "--out", str(out)]
    assert main([*words, *RUN[file], *short]) == 0
    assert Recipe.load(out / "recipe.yaml").epochs == 1
    assert (out / "report.html").stat().st_size > 0
