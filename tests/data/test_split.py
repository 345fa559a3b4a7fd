"""Splits are partitions, stratified, reproducible, and never part equal rows."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import BadData, BadInput
from steepest.data.dataset import Column, DataSet
from steepest.data.split import Split, inner_split, outer_split


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
