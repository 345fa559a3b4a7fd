"""A text becomes windows of characters and what follows each."""

from pathlib import Path

import numpy as np
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.split import outer_split
from steepest.data.text import decoded, read_text

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def write(folder: Path, content: bytes | str, name: str = "song.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_targets_are_inputs_one_later(tmp_path: Path) -> None:
    song = "".join(np.random.default_rng(0).choice(list("ab\n\té好🙂"), 1003))
    data = read_text(write(tmp_path, song), window=10)
    assert (data.name, data.task, data.form, data.shape, data.reach) == (
        "song",
        "next-token",
        "text",
        (10,),
        10,
    )
    assert (data.x.dtype, data.y.dtype) == (np.int32, np.int64)
    assert data.x.shape == data.y.shape == (100, 10)
    assert data.vocabulary == data.classes == tuple(sorted(set(song)))
    assert data.outputs == 7
    letters = np.array(data.vocabulary)
    assert "".join(letters[data.x.ravel()]) == song[:1000]
    assert "".join(letters[data.y.ravel()]) == song[1:1001]
    assert data.moments is not None
    assert data.moments[:3].tolist() == [1, 11, 21]
    assert data.test_rows is not None
    assert data.test_rows.tolist() == list(range(90, 100))
    assert outer_split(data, 0).held_out.tolist() == list(range(90, 100))
    assert data.groups.tolist() == list(range(100))
    assert not any("\n" in note or "\t" in note for note in (*data.notes, data.summary))


def test_what_is_said(tmp_path: Path) -> None:
    assert read_text(write(tmp_path, "ab" * 200), window=10).notes == (
        "Each of 400 characters is a token, one of 2 different ones.",
        "Windows of 10 characters do not overlap; characters left out at the end: 9.",
        "The last 4 windows of the text (10%) are the test set.",
    )


@pytest.mark.parametrize(
    ("raw", "text", "note"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n", ""),
        ("é".encode("utf-8-sig"), "é", ""),
        ("é".encode("utf-16"), "é", "UTF-16"),
        ("é".encode("latin-1"), "é", "not UTF-8 (read as Latin-1)"),
        (b"a" * 200 + b"\x12", "a" * 200 + "\x12", "marred by stray control characters"),
    ],
)
def test_decoding(raw: bytes, text: str, note: str) -> None:
    assert decoded(raw, "here") == (text, note)


def test_a_repair_is_said(tmp_path: Path) -> None:
    data = read_text(write(tmp_path, ("né" * 200).encode("latin-1")), window=5)
    assert data.notes[0] == "The file is not UTF-8 (read as Latin-1)."


REFUSED: dict[str, tuple[bytes | str | None, dict[str, object], type[Exception], str]] = {
    "window 0": (
        "ab" * 200,
        {"window": 0},
        BadInput,
        "window must be a whole number of at least 1, but got 0",
    ),
    "window 1.5": ("ab" * 200, {"window": 1.5}, BadInput, "window must be a whole number"),
    "unit": (
        "ab" * 200,
        {"unit": "charakter"},
        BadInput,
        "unit must be a known unit.*Did you mean 'character'",
    ),
    "too short": (
        "ab" * 640,
        {},
        BadData,
        "song.txt must have at least 1,281 characters for 20 windows of 64, but got '1,280 characters'. Give",
    ),
    "empty": (b"", {}, BadData, "song.txt must hold text, but got 'an empty file'. Check"),
    "blanks": (b" \n" * 999, {}, BadData, "song.txt must hold text, but got 'only blanks'"),
    "zero bytes": (b"abc\0" * 999, {}, BadData, "song.txt must be a text file, but got 'bytes that are no"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(80), {}, BadData, "song.txt must be a text file"),
    "half UTF-16": ("é".encode("utf-16") + b"a", {}, BadData, "song.txt must be whole UTF-16 text"),
    "no file": (None, {}, BadData, "data must be a file that exists, but got '.*song.txt'. Check the path"),
    "too many": (
        "".join(map(chr, [*range(32, 0xD800), *range(0xE000, 0x1A000)])),
        {},
        BadData,
        "song.txt must have at most 65,000 different characters, but got '1",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_refused(wrong: str, tmp_path: Path) -> None:
    content, asked, error, pattern = REFUSED[wrong]
    path = tmp_path / "song.txt" if content is None else write(tmp_path, content)
    with pytest.raises(error, match=pattern) as caught:
        read_text(path, **asked)  # type: ignore[arg-type]
    assert caught.value.remedy  # type: ignore[attr-defined]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="must be a file, but got 'a folder'"):
        read_text(tmp_path)


def test_shakespeare() -> None:
    path = SHARED / "tinyshakespeare.txt"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    data = read_text(path)
    assert data.summary == (
        "tinyshakespeare: prediction of the next token, 17,428 texts of 64 tokens, 65 different ones"
    )
    assert data.test_rows is not None
    assert data.test_rows[0] == round(0.9 * 17_428)
