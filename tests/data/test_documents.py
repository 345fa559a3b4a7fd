"""Labelled texts become codes of their last words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.class_folders import Entry, entries
from steepest.data.dataset import DataSet
from steepest.data.documents import documents, documents_from_columns
from steepest.data.words import MOST_WORDS

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def told(*texts: str | bytes, labels: str = "ab", test: tuple[int, ...] = ()) -> list[Entry]:
    found = []
    for row, text in enumerate(texts):
        raw = text.encode() if isinstance(text, str) else text
        label = labels[row % len(labels)]
        found.append(Entry(f"{label}/{row}.txt", label, lambda raw=raw: raw, row in test))  # type: ignore[misc]
    return found


def read(*texts: str | bytes, **asked: Any) -> DataSet:
    window = asked.pop("window", None)
    return documents(told(*texts, **asked), name="toy", where="toy.zip", window=window)


MANY = tuple(f"shared words and number{row} here" for row in range(40))


def test_codes_are_the_last_words_padded_in_front() -> None:
    data = read("one two three four five", "two", *["three four", "one five"] * 10, window=3)
    assert (data.task, data.form, data.shape, data.x.dtype) == ("classification", "text", (3,), np.int32)
    assert data.vocabulary == ("(padding)", "(unknown)", "five", "four", "one", "three", "two")
    decoded = [[data.vocabulary[code] for code in row] for row in data.x[:3]]
    assert decoded == [
        ["three", "four", "five"],
        ["(padding)", "(padding)", "two"],
        ["(padding)", "three", "four"],
    ]
    assert data.y[:3].tolist() == [0, 1, 0]
    assert data.classes == ("a", "b")
    assert data.moments is None
    assert "Of each text the last 3 words are read; texts that lose their beginning: 1 of 22." in data.notes


def test_words_of_one_text_share_a_code() -> None:
    data = read(*MANY)
    assert data.vocabulary == ("(padding)", "(unknown)", "and", "here", "shared", "words")
    assert data.x[:, 3].tolist() == [1] * 40
    assert "The vocabulary is 4 words of 44" in data.notes[1]
    assert "20.0% of what is written" in data.notes[1]


def test_a_vocabulary_is_capped_at_the_words_of_most_texts() -> None:
    rare = " ".join(f"w{n}" for n in range(MOST_WORDS + 50))
    data = read(*[rare + " often"] * 2, *["often seen"] * 30)
    assert len(data.vocabulary) == MOST_WORDS + 2
    assert data.vocabulary[2:4] == ("often", "seen")


def test_test_texts_lend_no_words_and_stay_the_test() -> None:
    texts = [*MANY[:30], *["secret shared words"] * 10]
    data = read(*texts, test=tuple(range(30, 40)))
    assert "secret" not in data.vocabulary
    assert data.test_rows is not None
    assert data.test_rows.tolist() == list(range(30, 40))
    assert "counted in the texts that are not for the test" in data.notes[1]
    assert data.shape == (5,)


def test_default_length_is_that_of_nine_tenths_up_to_256() -> None:
    assert read(*("x " * n for n in [3] * 37 + [50] * 3)).shape == (3,)
    assert read(*("x y " * n for n in [400] * 20)).shape == (256,)
    assert read(*(f"x y {n % 2}" for n in range(20))).shape == (3,)


def test_numbered_folders_are_in_order_and_words_stay_words() -> None:
    found = [Entry(f"{n}.txt", str(n % 11), MANY[n].encode) for n in range(33)]
    assert documents(found, name="toy", where="t").classes == tuple(map(str, range(11)))
    odd = [Entry(f"{n}.txt", ("none", "yes", "no")[n % 3], MANY[n].encode) for n in range(33)]
    assert documents(odd, name="toy", where="t").classes == ("no", "none", "yes")


def test_what_is_said_of_odd_files() -> None:
    texts = [*MANY, "naïve shared".encode("latin-1"), b"shared words" * 20 + b"\x12", MANY[0], MANY[0]]
    data = read(*texts)
    assert "Files that are not UTF-8 (read as Latin-1): 1." in data.notes
    assert "Files that are marred by stray control characters: 1." in data.notes


def test_single_member_and_equal_texts_are_said() -> None:
    texts = [" ".join(["x"] * (row + 1)) for row in range(40)]
    found = [*told(*texts), Entry("c/1.txt", "c", "x, and x".encode), *told(texts[1] + "!")]
    data = documents(found, name="toy", where="t", window=64)
    assert "Classes with a single text, which is trained on and never tested: 'c'." in data.notes
    assert data.groups.tolist() == [*range(41), 1]
    assert data.notes[-1] == (
        "Texts whose codes repeat another's exactly: 1; equal texts stay on one side of every split."
    )
    coarse = read(*["good", "bad"] * 20)
    assert coarse.groups.tolist() == list(range(40))
    assert coarse.notes[-1].endswith("over half: equal texts are split like any others.")
    leaking = read(*(f"{'x ' * n} y" for n in range(1, 21)), "x y", test=(20,))
    assert leaking.notes[-1].endswith("1 of the 1 test texts are also among the training texts.")


REFUSED: dict[str, tuple[Callable[[], DataSet], type[Exception], str]] = {
    "window": (lambda: read(*MANY, window=0), BadInput, "window must be a whole number of at least 1"),
    "empty file": (
        lambda: read(*MANY, b""),
        BadData,
        "a/40.txt of toy.zip must hold text, but got 'an empty file'. Check",
    ),
    "blank file": (lambda: read(*MANY, " \n"), BadData, "a/40.txt of toy.zip must hold text, .*only blanks"),
    "zero bytes": (lambda: read(*MANY, b"ab\0c"), BadData, "a/40.txt of toy.zip must be a text file"),
    "a picture": (
        lambda: read(*MANY, b"\x89PNG\x01\x02"),
        BadData,
        "a/40.txt of toy.zip must be a text file",
    ),
    "no words": (
        lambda: read(*MANY, "?!"),
        BadData,
        "a/40.txt of toy.zip must hold words, .*nothing but signs",
    ),
    "one class": (
        lambda: read(*MANY, labels="a"),
        BadData,
        "toy.zip must have at least two classes, but got \"only 'a'\"",
    ),
    "few": (lambda: read(*MANY[:19]), BadData, "toy.zip must have at least 20 texts, but got 19. Add"),
    "none": (lambda: read(), BadData, "toy.zip must have at least 20 texts, but got 0"),
    "test only": (lambda: read(*MANY, test=tuple(range(40))), BadData, "must have texts to train on"),
    "nothing shared": (
        lambda: read(*(f"w{n}" for n in range(30))),
        BadData,
        "toy.zip must have words that occur in 2 texts, but got 'none'. Each",
    ),
    "lengths": (
        lambda: columns(MANY, [1, 2]),
        BadData,
        r"labels of t.csv must be as many as texts \(40\), but got 2. Each",
    ),
    "lists": (
        lambda: columns([[1], *MANY[1:]]),
        BadData,
        "texts of t.csv must be text, .*list in data row 1'",
    ),
    "few rows": (lambda: columns(MANY[:9]), BadData, "t.csv must have at least 20 texts, but got 9"),
    "few labels": (
        lambda: columns(MANY, ["a", "b", *[None] * 38]),
        BadData,
        "t.csv must have at least 20 texts, but got 2",
    ),
    "one label": (
        lambda: columns(MANY, ["a"] * 40),
        BadData,
        "'label' of t.csv must have at least two classes",
    ),
    "label a row": (lambda: columns(MANY, list(range(40))), BadData, "must have labels that repeat"),
    "blank rows": (lambda: columns([""] * 40), BadData, "t.csv must have at least 20 texts, but got 0"),
}


def columns(texts: Any, labels: Any = None, **asked: Any) -> DataSet:
    labels = ["a", "b"] * (len(texts) // 2) + ["a"] * (len(texts) % 2) if labels is None else labels
    return documents_from_columns(texts, labels, name="toy", where="t.csv", **asked)


@pytest.mark.parametrize("wrong", REFUSED)
def test_refused(wrong: str) -> None:
    make, error, pattern = REFUSED[wrong]
    with pytest.raises(error, match=pattern) as caught:
        make()
    assert caught.value.remedy  # type: ignore[attr-defined]


def test_a_table_of_texts() -> None:
    texts = pd.Series([*MANY, None, "?!", 3.5, "shared words"])
    labels = pd.Series([*["good", "bad"] * 20, "good", "bad", "good", None])
    data = columns(texts, labels, target="mood", notes=("said",))
    assert data.summary.startswith("toy: classification of 'mood' (bad 48.8%, good 51.2%), 41 texts of 5")
    assert data.notes[:3] == (
        "said", "Rows without a word, dropped: 2.", "Rows without a target, dropped: 1.",
    )  # fmt: skip
    assert data.y[:2].tolist() == [1, 0]
    assert columns(list(texts), list(labels), target="mood").fingerprint == data.fingerprint


def test_a_table_is_read_like_files() -> None:
    from_files, from_table = read(*MANY), columns(MANY)
    np.testing.assert_array_equal(from_files.x, from_table.x)
    assert from_files.fingerprint == from_table.fingerprint


def test_review_polarity() -> None:
    path = SHARED / "review_polarity.tar.gz"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    data = documents(entries(path), name="reviews", where=path.name)
    assert data.summary.startswith(
        "reviews: classification of 'label' (neg 50.0%, pos 50.0%), 2,000 texts of 256"
    )
