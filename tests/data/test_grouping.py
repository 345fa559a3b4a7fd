"""Groups of rows: from a column, merged with equal rows, whole in every split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import BadData
from steepest.data.grouping import merged
from steepest.data.split import fold_split, inner_split, outer_split
from steepest.data.table import from_table

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 6)), min_size=1, max_size=40)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_rows_are_merged_exactly_if_a_chain_joins_them(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    near = (first[:, None] == first) | ((second[:, None] == second) & (second >= 0)[:, None])
    for _ in range(6):
        near = near | (near.astype(int) @ near.astype(int) > 0)
    found = merged(first, second)
    np.testing.assert_array_equal(found[:, None] == found, near)
    assert set(found.tolist()) == set(range(found.max() + 1))


def wards(rows: int = 120) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": draw.normal(size=rows),
            "ward": draw.integers(0, 12, rows),
            "ill": draw.choice(["y", "n"], rows),
        }
    )


def test_groups_stay_whole_and_are_no_input() -> None:
    frame = wards()
    frame.loc[1, "a"] = frame.loc[0, "a"]  # equal rows of two wards join these
    frame.loc[7, "ward"] = None
    data = from_table(frame, "ill", name="t", where="t.csv", group="ward")
    assert data.feature_names == ("a",)
    assert "Left out: 'ward' (it says which rows stay together)." in data.notes
    assert any(
        note.startswith("Rows of one 'ward' stay on one side of every split: 12") for note in data.notes
    )
    assert data.groups[0] == data.groups[1]
    same = frame["ward"].to_numpy()[:, None] == frame["ward"].to_numpy()
    assert (data.groups[:, None] == data.groups)[same].all()
    outer = outer_split(data, 3)
    for split in (outer, inner_split(data, outer.train, 3, 1), fold_split(data, np.arange(120), 0, 5, 2)):
        assert not set(data.groups[split.train]) & set(data.groups[split.held_out])
        assert len(split.held_out)


def test_groups_hold_where_equal_rows_may_be_parted() -> None:
    frame = wards().assign(a=lambda each: each["ward"] % 3)
    data = from_table(frame, "ill", name="t", where="t.csv", group="ward")
    assert len(np.unique(data.groups)) == 12


def test_equal_rows_that_would_join_all_groups_are_parted() -> None:
    frame = wards().sort_values("ward", ignore_index=True)
    starts = np.flatnonzero(np.diff(frame["ward"]))  # the last row of a ward equals the first of the next
    frame.loc[starts + 1, "a"] = frame.loc[starts, "a"].to_numpy()
    data = from_table(frame, "ill", name="t", where="t.csv", group="ward")
    assert "Equal rows would join 120 rows of several groups to one, so they may be parted." in data.notes
    assert len(np.unique(data.groups)) == 12


def test_groups_in_given_test_rows_are_counted() -> None:
    rows = np.arange(100, 120)
    data = from_table(wards(), "ill", name="t", where="t.csv", group="ward", test_rows=rows)
    assert any("groups; " in note and "in the given test rows" in note for note in data.notes)


@pytest.mark.parametrize(
    ("group", "fragments"),
    [
        ("wrd", ("group must be a column of t.csv", "Did you mean 'ward'?")),
        ("ill", ("must not be the target",)),
        ("two", ("at least 3 groups", "but got 2")),
        ("lists", ("group 'lists' of t.csv must hold one value", "[1] in data row 1")),
    ],
)
def test_wrong_groups_are_refused(group: str, fragments: tuple[str, ...]) -> None:
    frame = wards().assign(two=["a", "b"] * 60, lists=[[1]] * 120)
    with pytest.raises(BadData) as caught:
        from_table(frame, "ill", name="t", where="t.csv", group=group)
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy
