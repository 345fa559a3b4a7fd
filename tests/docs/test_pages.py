"""The pages on networks and augmentation: commands suit their data, examples run, tables are complete."""

import doctest
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from steepest.base.architecture import FAMILIES, Norm
from steepest.base.augmentation import AugmentationKnobs
from steepest.base.recipe import KNOBS
from steepest.data.dataset import FORMS, DataSet
from steepest.networks.activations import ACTIVATIONS
from steepest.networks.families import families_for, suits
from steepest.networks.initialisation import SCHEMES
from steepest.networks.ports import Ports

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("networks", "augmentation")}
COMMANDS = [c for page in PAGES.values() for c in re.findall(r"^    (steepest tune .*)$", page, re.MULTILINE)]
PORTS = {
    "tables": Ports.table(8, 2),
    "images": Ports("image", (3, 32, 32), 10),
    "series": Ports("series", (32, 6), 1),
    "labelled texts": Ports("text", (64,), 2, tokens=100),
    "next character": Ports("text", (64,), 65, tokens=65, each=True),
}


def table(page: str, first: str) -> list[list[str]]:
    """The rows of the table whose first heading is `first`, cell by cell."""
    lines = PAGES[page].splitlines()
    heads = (place for place, line in enumerate(lines) if line.startswith("|---"))
    start = next(place - 1 for place in heads if lines[place - 1].startswith(f"| {first} |"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [rows[0], *rows[2:]]


def names(page: str, first: str) -> list[str]:
    return [name for row in table(page, first)[1:] for name in re.findall(r"`(\w+)`", row[0])]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_suit_their_data(
    command: str, reads: Callable[[str], DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    for number in range(40):
        folder = tmp_path / "photos" / ("cat", "dog")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    data = reads(command)
    assert data.form == ("image" if "image" in command or "photos" in command else "table")


@pytest.mark.parametrize("name", ["networks"])
def test_examples_run(name: str) -> None:
    outcome = doctest.testfile(str(DOCS / f"{name}.md"), module_relative=False, encoding="utf-8")
    assert (outcome.failed, outcome.attempted > 10) == (0, True)


def test_families_suit_what_the_page_says() -> None:
    (_, _, *forms), *rows = table("networks", "family")
    assert tuple(re.findall(r"\w+", row[0])[0] for row in rows) == FAMILIES
    for name, _, *cells in rows:
        family = name.strip("`")
        for form, cell in zip(forms, cells, strict=True):
            ports = PORTS[form]
            can = "no" if suits(family, ports) else "can"
            assert cell == ("**competes**" if family in families_for(ports) else can), (family, form)


def test_activations_and_their_gains() -> None:
    rows = {row[0].strip("`"): float(row[2]) for row in table("networks", "`activation`")[1:]}
    assert rows == {name: round(known.gain, 3) for name, known in ACTIVATIONS.items()}


def test_every_initialisation_and_norm_is_there() -> None:
    assert set(names("networks", "`initialisation`")) == {*SCHEMES, "own"}
    assert names("networks", "`norm`") == list(get_args(Norm))


def test_every_kind_of_augmentation_is_there() -> None:
    assert set(names("augmentation", "knob")) == set(AugmentationKnobs.model_fields)
    words = {"table": "tables", "image": "images", "series": "series", "text": "labelled texts"}
    for row in table("augmentation", "knob")[1:]:
        forms = KNOBS[row[0].strip("`")].forms
        assert row[1] == ", ".join(words[form] for form in FORMS if form in forms)


def test_what_is_searched_is_said() -> None:
    searched = [name for name in AugmentationKnobs.model_fields if KNOBS[name].search]
    assert searched == ["flip", "shift", "token_dropout"]
    assert "Searched are `flip` and `shift` for images and `token_dropout`" in PAGES["augmentation"]
