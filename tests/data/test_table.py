"""Tables that are large or odd: many columns, many values, one value many times."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steepest.data.columns import MOST_CODES, distinct_texts
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.table import from_table


def make(frame: pd.DataFrame, **options: object) -> DataSet:
    return from_table(frame, "ill", name="toy", where="toy.csv", **options)


def flags(rows: int) -> np.ndarray:
    return np.arange(rows) % 2


def test_codes_count_values_by_frequency() -> None:
    counts = {f"v{n}": 80 - n for n in range(79)}
    words = [word for word, count in counts.items() for _ in range(count)] + ["once"]
    frame = pd.DataFrame({"c": words, "d": range(0, 2 * len(words), 2), "ill": flags(len(words))})
    frame = frame.sample(frac=1.0, random_state=0)
    data = make(frame)
    column = data.columns[0]
    assert column.kind == "code"
    assert column.values == tuple(counts)
    assert data.cardinalities == ((0, 80),)
    assert data.scaled.tolist() == [False, True]
    expected = [0 if word == "once" else int(word[1:]) + 1 for word in frame["c"]]
    np.testing.assert_array_equal(data.x[:, 0], expected)


def test_missing_codes_are_0_and_need_no_mark() -> None:
    words = [f"v{n % 101}" if n % 5 else None for n in range(700)]
    data = make(pd.DataFrame({"a": np.linspace(0, 1, 700), "c": words, "ill": flags(700)}))
    assert data.feature_names == ("a", "c")
    assert (data.x[::5, 1] == 0).all()
    assert (np.delete(data.x[:, 1], np.s_[::5]) > 0).all()
    assert data.cardinalities == ((1, len(data.columns[1].values) + 1),)


def test_codes_stop_at_the_most() -> None:
    words = [f"v{n}" for n in range(MOST_CODES + 500)] * 2
    data = make(pd.DataFrame({"c": words, "ill": flags(len(words))}))
    assert data.x.max() == MOST_CODES
    assert int((data.x == 0).sum()) == 1000


UNUSED: dict[str, list[object]] = {
    "nearly every row has its own value": [f"7f9c24e8-3b12-4fef-91e0-56a2d5a1f{n:03}" for n in range(60)],
    "nearly every row has its own value, as": [f"Jan de {n}" for n in range(60)],
    "it is free text, which --kind text reads": [f"patient {n} said that it hurt" for n in range(60)],
    "it holds numbers and words ('x0' in data row 1)": [n if n % 9 else f"x{n}" for n in range(60)],
    "its numbers are too large for float32": [1e300 * n for n in range(60)],
}


@pytest.mark.parametrize(("note", "cells"), UNUSED.items())
def test_columns_that_teach_nothing_are_left_out(note: str, cells: list[object]) -> None:
    data = make(pd.DataFrame({"c": cells, "x": np.linspace(0, 1, 60) ** 2, "ill": flags(60)}))
    assert data.columns[0].kind == "left out"
    assert data.columns[0].note.startswith(note)


def test_mixed_types_are_words_and_said() -> None:
    cells = [1, 2.5, "old", 1, None, "2"] * 10
    data = make(pd.DataFrame({"c": cells, "ill": flags(60)}))
    assert data.columns[0].values == ("1", "2", "2.5", "old")
    assert "Repaired: 'c' holds numbers and words ('old' in data row 3), taken as words." in data.notes


def test_ten_thousand_columns_are_read() -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(30, 10_000)).round(3)).assign(ill=flags(30))
    data = make(frame)
    assert data.x.shape == (30, 10_000)
    assert len(data.notes) < 5


def test_a_long_column_of_one_category_costs_its_codes_only(tmp_path: Path) -> None:
    """Texts are found once: a gigabyte of one word must not become a gigabyte of Python strings."""
    rows = 200_000
    word = "a rather long name of the only town there is in the whole of this table" * 3
    column = pd.Series([word] * rows, dtype="str")
    tracemalloc.start()
    codes, texts, _ = distinct_texts(column)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert texts == [word]
    assert len(codes) == rows
    assert peak < 60 * rows  # codes and hashes, but not the 200 bytes of each cell
    pd.DataFrame({"t": column[:500], "a": np.linspace(0, 1, 500), "ill": flags(500)}).to_csv(
        tmp_path / "one.csv", index=False
    )
    assert "Left out: 't' (it never changes)." in read(tmp_path / "one.csv", "ill").notes
