"""A test table of its own: which columns go under which, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData
from steepest.data.delimited import read_delimited
from steepest.data.given_test import join_frames
from steepest.data.split import outer_split
from steepest.data.table import from_table

REAL = Path(__file__).parents[3] / "shared" / "data"
TRAIN = pd.DataFrame({"age": [31, 40, 28], "town": ["Ede", "Urk", "Ede"], "pay": ["low", "high", "low"]})
TEST = pd.DataFrame({"pay": ["high", "low"], "town": ["Urk", "Goes"], "age": [50, 61]})


def test_columns_are_matched_by_name() -> None:
    frame, rows, notes = join_frames(TRAIN, TEST, "a.csv", "b.csv", "pay")
    assert list(frame.columns) == ["age", "town", "pay"]
    assert frame["town"].tolist() == ["Ede", "Urk", "Ede", "Urk", "Goes"]
    assert rows.tolist() == [3, 4]
    assert notes == ("Test rows: 2, from b.csv.",)


def test_columns_without_names_are_matched_by_place() -> None:
    plain = TRAIN.set_axis(["0", "1", "2"], axis=1)
    other = TEST[["age", "town", "pay"]]
    for first, second in ((plain, other), (TRAIN, other.set_axis(["0", "1", "2"], axis=1))):
        frame, _, _ = join_frames(first, second, "a.csv", "b.csv", 2)
        assert list(frame.columns) == list(first.columns)
        assert frame.iloc[:, 1].tolist() == ["Ede", "Urk", "Ede", "Urk", "Goes"]


def test_dots_leave_labels_only_where_that_makes_them_known() -> None:
    dotted = TEST.assign(pay=["high.", "low."])
    frame, _, notes = join_frames(TRAIN, dotted, "a.csv", "b.csv", "pay")
    assert frame["pay"].tolist()[3:] == ["high", "low"]
    assert notes[0] == "Labels of 'pay' in b.csv end in a dot, which is dropped: 'high.', 'low.'."
    kept = join_frames(TRAIN, TEST.assign(pay=["high.", "some."]), "a.csv", "b.csv", "pay")
    assert kept.frame["pay"].tolist()[3:] == ["high.", "some."]


def test_categories_and_other_types_are_joined_by_value() -> None:
    listed = TRAIN.astype({"town": "category"})
    frame, _, _ = join_frames(listed, TEST.astype({"town": "category", "age": "string"}), "a", "b", "pay")
    assert frame["town"].tolist()[3:] == ["Urk", "Goes"]
    assert [str(age) for age in frame["age"]] == ["31", "40", "28", "50", "61"]


@pytest.mark.parametrize(
    ("test", "fragments"),
    [
        (TEST.drop(columns="town"), ("b.csv must have the columns of a.csv", "no 'town'", "Rename")),
        (TEST.assign(extra=1), ("also 'extra'",)),
        (TEST.rename(columns={"town": "city"}), ("no 'town' and also 'city'",)),
        (TEST.iloc[:0], ("b.csv must have rows",)),
        (TEST.set_axis(["a", "a", "b"], axis=1), ("b.csv", "'a' twice")),
        (TEST.iloc[:, :2].set_axis(["0", "1"], axis=1), ("as many columns as a.csv (3)", "but got 2")),
    ],
)
def test_tables_that_differ_are_refused(test: pd.DataFrame, fragments: tuple[str, ...]) -> None:
    with pytest.raises(BadData) as caught:
        join_frames(TRAIN, test, "a.csv", "b.csv", "pay")
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy


def test_a_class_that_only_test_rows_have_is_refused() -> None:
    train = pd.DataFrame({"a": np.linspace(0, 1, 30), "ill": ["y", "n"] * 15})
    test = pd.DataFrame({"a": [0.5], "ill": ["maybe"]})
    frame, rows, _ = join_frames(train, test, "a.csv", "b.csv", "ill")
    with pytest.raises(
        BadData, match="each class among the training rows, but got 'maybe only in test rows'"
    ):
        from_table(frame, "ill", name="t", where="a.csv", test_rows=rows)
    unknown = frame.assign(ill=frame["ill"].where(frame["ill"] != "maybe"))
    with pytest.raises(BadData, match="in no test row"):
        from_table(unknown, "ill", name="t", where="a.csv", test_rows=rows)


def test_adult_is_joined_and_split_as_given() -> None:
    if not (REAL / "adult-test.csv").is_file():
        pytest.skip("adult-test.csv is not present")
    train, _ = read_delimited(REAL / "adult-train.csv")
    test, _ = read_delimited(REAL / "adult-test.csv")
    frame, rows, notes = join_frames(train, test, "adult-train.csv", "adult-test.csv", 14)
    data = from_table(frame, 14, name="adult", where="adult-train.csv", test_rows=rows, notes=notes)
    assert data.classes == ("<=50K", ">50K")
    split = outer_split(data, 0)
    assert (len(split.train), len(split.held_out)) == (32561, 16281)
    assert any("end in a dot" in note for note in data.notes)
