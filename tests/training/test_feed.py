"""Batches: each member's own order over its own fold, by its seed alone, standardised as declared."""

import dataclasses

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.data.arrays import from_arrays
from steepest.data.split import Split
from steepest.training.feed import Feed, batch_weights
from steepest.training.member import Member
from steepest.training.source import Fold, Source


def members(*seeds_and_folds: tuple[int, int]) -> list[Member]:
    return [Member(k, Recipe(), seed, fold) for k, (seed, fold) in enumerate(seeds_and_folds)]


def uneven(source: Source) -> Source:
    """The same rows with folds of different lengths: 70, 60 and 41 training rows."""
    cut = [
        Fold(f.train[: len(f.train) - less], f.held_out[: len(f.held_out) - less // 4], f.standard)
        for f, less in zip(source.folds, (0, 10, 29), strict=True)
    ]
    return dataclasses.replace(source, folds=tuple(cut))


def test_an_epoch_visits_every_training_row_once(classification: Source) -> None:
    source = uneven(classification)
    feed = Feed(source, members((1, 0), (1, 1), (2, 2)), torch.float32)
    for epoch in range(3):
        order = feed.order(epoch).numpy()
        assert order.shape == (3, 70)
        for row, fold in zip(order, source.folds, strict=True):
            n = len(fold.train)
            np.testing.assert_array_equal(np.sort(row[:n]), fold.train)
            assert (row[n:] == row[0]).all()


def test_order_is_the_seeds_and_nobody_elses(classification: Source) -> None:
    feed = Feed(classification, members((1, 0), (2, 0), (1, 0), (1, 1)), torch.float32)
    alone = Feed(classification, members((2, 0)), torch.float64)
    first, second = feed.order(0), feed.order(1)
    torch.testing.assert_close(first[0], first[2], rtol=0, atol=0)
    torch.testing.assert_close(first[1], alone.order(0)[0], rtol=0, atol=0)
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], second[0])
    of_fold = [(0, 0), (3, 1)]
    positions = [np.searchsorted(classification.folds[f].train, first[k].numpy()) for k, f in of_fold]
    np.testing.assert_array_equal(*positions)  # members of one replicate go through their folds alike


def test_held_out_rows_are_the_folds(classification: Source) -> None:
    source = uneven(classification)
    feed = Feed(source, members((1, 0), (1, 2)), torch.float32)
    rows = feed.held_out().numpy()
    assert feed.held_out_rows == [20, 13]
    np.testing.assert_array_equal(rows[0], source.folds[0].held_out)
    np.testing.assert_array_equal(rows[1, :13], source.folds[2].held_out)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_inputs_are_standardised_by_each_members_fold(task: str, request: pytest.FixtureRequest) -> None:
    source: Source = request.getfixturevalue(task)
    assert np.isnan(source.x).any()
    feed = Feed(source, members((1, 0), (1, 1), (3, 2)), torch.float32)
    rows = feed.order(0)[:, :33]
    out = torch.full((3, 33, source.x.shape[1]), torch.nan)
    returned = feed.inputs(rows, out)
    assert returned.data_ptr() == out.data_ptr()
    for k, fold in enumerate(source.folds):
        want = fold.standard.x(source.x[rows[k].numpy()])
        np.testing.assert_allclose(out[k].numpy(), want, rtol=1e-6, atol=1e-7)
        assert np.isfinite(want).all()


def test_classes_are_served_as_they_are(classification: Source) -> None:
    feed = Feed(classification, members((1, 0), (1, 1)), torch.float32)
    rows = feed.held_out()
    np.testing.assert_array_equal(feed.targets(rows).numpy(), classification.y[rows.numpy()])


def test_numbers_are_standardised_and_the_source_is_left_alone(regression: Source) -> None:
    before = regression.y.copy()
    feed = Feed(regression, members((1, 0), (1, 1)), torch.float64)
    rows = feed.order(0)
    for _ in range(2):
        y = feed.targets(rows).numpy()
        for k in range(2):
            want = regression.folds[k].standard.y(regression.y[rows[k].numpy()])
            np.testing.assert_allclose(y[k], want, rtol=1e-12)
            assert abs(y[k].mean()) < 1e-12
    np.testing.assert_array_equal(regression.y, before)


@pytest.mark.parametrize(("start", "batch"), [(0, 4), (3, 4), (7, 4), (9, 3)])
def test_weights_average_over_real_rows(start: int, batch: int) -> None:
    counts = [10, 8, 5]
    weights = batch_weights(counts, start, batch, torch.float64).numpy()
    for row, n in zip(weights, counts, strict=True):
        real = min(max(n - start, 0), batch)
        np.testing.assert_allclose(row[:real], 1 / max(real, 1))
        assert (row[real:] == 0).all()


@pytest.mark.parametrize("missing", [False, True])
def test_bins_are_those_of_each_members_fold(missing: bool) -> None:
    frame = np.random.default_rng(0).gamma(0.3, size=(80, 3)).astype(np.float32)
    frame[::3, 1] = 0.0  # a value that many rows share
    frame[:, 2] = frame[:, 2].round(1)  # bins without width
    if missing:
        frame[5::7, 0] = np.nan
    data = from_arrays(frame, np.arange(80.0), name="toy", where="toy")
    splits = [Split(np.arange(50), np.arange(50, 80)), Split(np.arange(30, 80), np.arange(30))]
    source = Source.of(data, splits)
    members = [Member(k, Recipe(bins=8), k, k) for k in (0, 1)]
    feed = Feed(source, members, torch.float64)
    rows = torch.arange(40).repeat(2, 1)
    found = feed.inputs(rows, torch.empty(2, 40, data.x.shape[1] + 24, dtype=torch.float64))
    for k, fold in enumerate(source.folds):
        want = fold.standard.x(data.x[:40], bins=8)
        np.testing.assert_allclose(found[k].numpy(), want, atol=2e-5)
        np.testing.assert_allclose(feed.example(k, rows[k]).numpy(), want, atol=2e-5)
        inside = fold.standard.binned(data.x[fold.train], 8).reshape(50, 3, 8)
        assert (np.diff(inside, axis=2) <= 1e-6).all(), "a number fills its bins in order"
        assert inside.min() == 0.0
        assert inside.max() == 1.0
