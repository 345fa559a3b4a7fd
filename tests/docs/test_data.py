"""The page on data: every command reads the files it is about, as the page describes it, and examples run."""

import doctest
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from steepest.data.dataset import DataSet
from steepest.data.split import outer_split

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
GENERAL = PAGE.read_text(encoding="utf-8").split("## Public data sets", 1)[0]
COMMANDS = re.findall(r"^    (steepest tune .*)$", GENERAL, flags=re.MULTILINE)
READS = {
    "steepest tune people.csv --target income": "80 rows, 14 inputs, columns left out: 1",
    "steepest tune plain.csv --no-header --target 6": "classification of '6'",
    "--column id=drop": "80 rows, 16 inputs, columns left out: 1",
    "--group patient": "80 rows, 13 inputs, columns left out: 2",
    "--test people-test.csv": "120 rows",
    "--target age --task regression": "regression of 'age', 79 rows",
    "photos.parquet": "84 images of 3×16×16",
    "photos/": "60 images of 3×16×16",
    "photos.zip": "60 images of 3×20×20",
    "scans.npz": "40 images of 1×12×12",
    "digits": "1,797 images of 1×8×8",
    "steepest tune sales.csv --forecast sold": "windows of 35 steps",
    "--horizon 7 --window 28": "windows of 28 steps",
    "shuffled.csv": "windows of 35 steps",
    "book.txt": "texts of 32 tokens",
    "reviews/": "40 texts",
    "reviews.tar.gz": "texts of 40 tokens",
    "tickets.csv": "classification of 'team'",
}
"""What ends a command, or names its file, and what is then read."""


def people(rows: int, draw: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "patient": draw.integers(0, 20, rows),
            "age": draw.integers(18, 90, rows).astype(object),
            "zip": draw.choice([1011, 1012, 1013], rows),
            "town": draw.choice(["Ede", "Goes", "Urk"], rows),
            "born": pd.date_range("1990-01-03", periods=rows, freq="37D").strftime("%Y-%m-%d"),
            "income": draw.choice(["low", "high"], rows),
            "score": draw.normal(size=rows).round(3),
        }
    )
    frame.loc[3, "age"], frame.loc[5, "town"] = "?", None
    return frame


def write_tables(draw: np.random.Generator) -> None:
    frame = people(80, draw)
    frame.to_csv("people.csv", index=False)
    frame.to_csv("plain.csv", index=False, header=False)
    people(40, draw).to_csv("people-test.csv", index=False)
    days = pd.date_range("2020-01-01", periods=300).strftime("%Y-%m-%d")
    sales = pd.DataFrame({"day": days, "sold": draw.normal(size=300).round(2), "price": draw.random(300)})
    sales.to_csv("sales.csv", index=False)
    sales.sample(frac=1, random_state=0).to_csv("shuffled.csv", index=False)
    text = [" ".join(draw.choice(["the", "card", "was", "refused", "again", "today"], 9)) for _ in range(60)]
    pd.DataFrame({"said": text, "team": ["bank", "shop", "post"] * 20}).to_csv("tickets.csv", index=False)


def write_images(draw: np.random.Generator) -> None:
    for kind in ("cat", "dog"):
        Path("photos", kind).mkdir(parents=True)
        for number in range(30):
            pixels = draw.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"photos/{kind}/{number}.png")
    files = sorted(Path("photos").rglob("*.png"))
    with zipfile.ZipFile("photos.zip", "w") as archive:
        for file in files:
            archive.write(file)
    for name, chosen in (("photos", files), ("photos-test", files[:12] + files[-12:])):
        images = []
        for place, file in enumerate(chosen):
            small = Image.open(file).resize((16, 16)).rotate(90 * (name == "photos-test"))
            small.save("one.png")
            images.append({"bytes": Path("one.png").read_bytes(), "path": f"{place}.png"})
        frame = pd.DataFrame({"image": images, "label": [int("dog" in str(file)) for file in chosen]})
        frame.to_parquet(f"{name}.parquet")
    np.savez("scans.npz", x=draw.integers(0, 256, (40, 12, 12)), y=np.arange(40) % 2)


def write_texts(draw: np.random.Generator) -> None:
    words = ["to", "be", "or", "not", "that", "is", "the", "question"]
    Path("book.txt").write_text(" ".join(draw.choice(words, 4000)) + ".\n")
    for kind in ("bad", "good"):
        Path("reviews", kind).mkdir(parents=True)
        for number in range(20):
            Path("reviews", kind, f"{number}.txt").write_text(" ".join(draw.choice([*words, kind], 60)))
    with tarfile.open("reviews.tar.gz", "w:gz") as archive:
        archive.add("reviews")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files of the names that the page uses."""
    place, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for write in (write_tables, write_images, write_texts):
            write(draw)
    return place


def wanted(command: str) -> str:
    """What the command reads: by its end, else by the file it names."""
    named = [end for end in READS if command.endswith(end)] or [
        name for name in READS if name == command.split()[2]
    ]
    return READS[max(named, key=len)]


def test_every_case_is_on_the_page() -> None:
    assert len(COMMANDS) == len(READS)
    assert {wanted(command) for command in COMMANDS} == set(READS.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads(
    command: str, folder: Path, reads: Callable[[str], DataSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    data = reads(command)
    assert wanted(command) in data.summary
    split = outer_split(data, 0)
    if "--test" in command:
        assert np.array_equal(split.held_out, data.test_rows)
    if "--group" in command:
        assert any(note.startswith("Rows of one 'patient' stay on one side") for note in data.notes)
    if "--mirrored" in command or "--oriented" in command:
        assert data.oriented == ("--oriented" in command)


def test_examples_run() -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags, encoding="utf-8")
    assert outcome.failed == 0
    assert outcome.attempted > 10
