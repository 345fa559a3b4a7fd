"""Splits are partitions, stratified, reproducible, and never part equal rows."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import BadData, BadInput
from steepest.data.dataset import Column, DataSet
from steepest.data.split import ORIGINS, Split, fold_split, inner_split, outer_split


def make(y: list[int], x: list[int] | None = None, classes: int = 0) -> DataSet:
    """Rows with labels `y`; rows with equal `x` are equal."""
    values = np.arange(len(y)) if x is None else np.array(x)
    return DataSet(
        name="toy",
        task="classification" if classes else "regression",
        target="y",
        classes=tuple(map(str, range(classes))),
        x=values.astype(np.float32)[:, None],
        y=np.array(y, np.int64 if classes else np.float64),
        feature_names=("a",),
        scaled=np.array([True]),
        columns=(Column("a", "number"),),
        test_rows=None,
        notes=(),
    )


LABELS = st.lists(st.integers(0, 4), min_size=8, max_size=120)
SEEDS = st.integers(0, 2**32)
SHARES = st.sampled_from([0.1, 0.2, 0.25, 0.5])


def check_partition(split: Split, rows: np.ndarray) -> None:
    np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.held_out])), rows)
    for side in (split.train, split.held_out):
        assert side.dtype == np.int64
        assert len(side)
        assert (np.diff(side) > 0).all()


@given(LABELS, SEEDS, SHARES)
@settings(max_examples=60, deadline=None)
def test_classes_are_shared_out_evenly(labels: list[int], seed: int, share: float) -> None:
    data = make(labels, classes=5)
    split = outer_split(data, seed, share)
    check_partition(split, np.arange(len(labels)))
    total, held = np.bincount(data.y, minlength=5), np.bincount(data.y[split.held_out], minlength=5)
    exact = np.minimum(total * share, np.maximum(total - 1, 0))
    if len(labels) * share >= 5:  # below, one row may have to be held out against its class's share
        assert (np.abs(held - exact) < 1.0 + 1e-9).all()
    assert ((total - held)[total > 1] >= 1).all()


@given(LABELS, SEEDS)
@settings(max_examples=30, deadline=None)
def test_regression_holds_out_the_share(labels: list[int], seed: int) -> None:
    split = outer_split(make(labels), seed, 0.25)
    check_partition(split, np.arange(len(labels)))
    assert len(split.held_out) == max(round(0.25 * len(labels)), 1)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=30, max_size=120), SEEDS)
@settings(max_examples=60, deadline=None)
def test_equal_rows_stay_together(pairs: list[tuple[int, int]], seed: int) -> None:
    """Also where equal rows have different labels."""
    labels, values = map(list, zip(*pairs, strict=True))
    if len(set(values)) < 2:
        return
    data = make(labels, values, classes=3)
    split = outer_split(data, seed)
    check_partition(split, np.arange(len(labels)))
    assert not set(data.groups[split.train]) & set(data.groups[split.held_out])
    if len(set(values)) > 6:
        assert set(data.y[split.held_out]) <= set(data.y[split.train])


@given(SEEDS, st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_inner_splits_are_a_function_of_seed_and_index(seed: int, index: int) -> None:
    data = make([0, 1, 1, 2] * 15, classes=3)
    rows = outer_split(data, seed).train
    split, again = inner_split(data, rows, seed, index), inner_split(data, rows[::-1], seed, index)
    np.testing.assert_array_equal(split.held_out, again.held_out)
    check_partition(split, rows)
    fresh = inner_split(data, rows, seed, index + 1)
    assert split.held_out.tolist() != fresh.held_out.tolist()


def test_every_row_is_held_out_by_some_split() -> None:
    data = make([0] * 20 + [1] * 5, classes=2)
    seen = {
        row for index in range(60) for row in inner_split(data, np.arange(25), 0, index).held_out.tolist()
    }
    assert seen == set(range(25))


def test_splits_stay_what_they_are() -> None:
    """The same seed gives the same split in every version and on every machine."""
    data = make([0, 1] * 20, classes=2)
    assert outer_split(data, 0).held_out.tolist() == [2, 3, 8, 23, 24, 25, 27, 32]


def test_given_test_rows_are_taken_as_they_are() -> None:
    data = dataclasses.replace(make([0, 1] * 10, classes=2), test_rows=np.array([7, 3, 19]))
    split = outer_split(data, 5)
    assert split.held_out.tolist() == [3, 7, 19]
    assert len(split.train) == 17


def test_a_single_member_is_trained_on() -> None:
    data = make([0] * 15 + [1] * 14 + [2], classes=3)
    assert all(29 in outer_split(data, seed).train for seed in range(20))


def test_a_lump_larger_than_the_share_is_still_split() -> None:
    data = make([0] * 40, [0] * 25 + [1] * 15)
    split = outer_split(data, 0)
    assert split.held_out.tolist() == list(range(25, 40))


def test_equal_rows_alone_cannot_be_split() -> None:
    with pytest.raises(BadData, match="two different rows"):
        outer_split(make([0, 1] * 10, [3] * 20, classes=2), 0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 5])
def test_share_is_checked(share: float) -> None:
    with pytest.raises(BadInput, match="share must lie between 0 and 1"):
        outer_split(make([0, 1] * 10, classes=2), 0, share)


def ordered(rows: int = 200, reach: int = 1, **changes: object) -> DataSet:
    """Rows whose moments are shuffled."""
    moments = np.random.default_rng(0).permutation(rows) + 50
    return dataclasses.replace(make(list(range(rows))), moments=moments, reach=reach, **changes)


def check_in_time(data: DataSet, split: Split) -> None:
    """No target that is trained on ends after the first that is held out begins."""
    assert len(split.train)
    assert len(split.held_out)
    assert data.moments[split.train].max() + data.reach <= data.moments[split.held_out].min()


@pytest.mark.parametrize("reach", [1, 24])
def test_the_last_fifth_in_time_is_held_out(reach: int) -> None:
    data = ordered(reach=reach)
    split = outer_split(data, 0)
    check_in_time(data, split)
    assert sorted(data.moments[split.held_out]) == list(range(210, 250))
    assert sorted(data.moments[split.train]) == list(range(50, 211 - reach))
    assert outer_split(data, 9).held_out.tolist() == split.held_out.tolist()


@pytest.mark.parametrize("reach", [1, 24])
def test_inner_splits_roll_over_the_later_half(reach: int) -> None:
    data = ordered(reach=reach)
    rows = outer_split(data, 0).train
    splits = [inner_split(data, rows[::-1], 0, index) for index in range(ORIGINS)]
    for split in splits:
        check_in_time(data, split)
    held = np.concatenate([split.held_out for split in splits])
    later = rows[np.argsort(data.moments[rows])][len(rows) // 2 :]
    assert sorted(held.tolist()) == sorted(later.tolist())
    assert data.moments[splits[0].held_out].max() == data.moments[rows].max()
    again = inner_split(data, rows, 5, ORIGINS)
    assert again.held_out.tolist() == splits[0].held_out.tolist()


def test_test_rows_given_in_time_leave_out_overlapping_targets_only() -> None:
    data = ordered(reach=5)
    late = np.flatnonzero(data.moments >= 220)
    split = outer_split(dataclasses.replace(data, test_rows=late), 0)
    assert split.held_out.tolist() == late.tolist()
    assert sorted(data.moments[split.train]) == list(range(50, 216))


def test_a_reach_that_leaves_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(BadData, match=r"must have rows that end before step 210.*smaller horizon"):
        outer_split(ordered(reach=190), 0)


def test_rows_of_one_moment_stay_together() -> None:
    data = dataclasses.replace(make(list(range(100))), moments=np.repeat(np.arange(10), 10))
    for index in range(8):
        split = inner_split(data, np.arange(100), 0, index)
        check_in_time(data, split)
        assert not set(data.moments[split.train]) & set(data.moments[split.held_out])
    few = dataclasses.replace(make(list(range(100))), moments=np.repeat(np.arange(3), [40, 30, 30]))
    check_in_time(few, inner_split(few, np.arange(100), 0, 0))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), min_size=30, max_size=150),
    SEEDS,
    st.integers(2, 6),
)
@settings(max_examples=60, deadline=None)
def test_folds_hold_out_every_row_once(pairs: list[tuple[int, int]], seed: int, folds: int) -> None:
    labels, values = map(list, zip(*pairs, strict=True))
    if len(set(values)) < folds:
        return
    data = make(labels, values, classes=3)
    rows = np.arange(len(labels))
    splits = [fold_split(data, rows[::-1], seed, folds, index) for index in range(folds)]
    for split in splits:
        check_partition(split, rows)
        assert not set(data.groups[split.train]) & set(data.groups[split.held_out])
    assert sorted(np.concatenate([split.held_out for split in splits]).tolist()) == rows.tolist()


@given(LABELS, SEEDS, st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_folds_are_even_class_by_class(labels: list[int], seed: int, folds: int) -> None:
    data = make(labels, classes=5)
    held = [fold_split(data, np.arange(len(labels)), seed, folds, index).held_out for index in range(folds)]
    counts = np.array([np.bincount(data.y[rows], minlength=5) for rows in held])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_folds_of_time_expand() -> None:
    data = ordered(120, reach=3)
    splits = [fold_split(data, np.arange(120), 0, 5, index) for index in range(5)]
    for split in splits:
        check_in_time(data, split)
    held = np.concatenate([data.moments[split.held_out] for split in splits])
    assert sorted(held.tolist()) == list(range(70, 170))
    assert [len(split.train) for split in splits] == [18, 38, 58, 78, 98]


@pytest.mark.parametrize(
    ("folds", "index", "match"),
    [
        (1, 0, "folds must lie between 2 and 40"),
        (41, 0, "different rows or groups"),
        (5, 5, "between 0 and 4"),
    ],
)
def test_folds_are_checked(folds: int, index: int, match: str) -> None:
    with pytest.raises(BadInput, match=match):
        fold_split(make([0, 1] * 20, classes=2), np.arange(40), 0, folds, index)


def test_labels_and_steps_are_split_without_strata() -> None:
    several = dataclasses.replace(
        make(list(range(40))), task="multilabel", classes=("a", "b"), y=np.eye(2)[[0, 1] * 20]
    )
    steps = dataclasses.replace(make(list(range(40))), task="next-token", y=np.zeros((40, 3), np.int64))
    for data in (several, steps):
        check_partition(outer_split(data, 0), np.arange(40))
        check_partition(fold_split(data, np.arange(40), 0, 4, 1), np.arange(40))
