"""Standardisation: unit scale on training rows, blind to all others, safe on constants and rare values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from steepest.base.errors import BadData
from steepest.data.dataset import Column, DataSet
from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.data.standardise import CLIP, Standardiser


def make(x: np.ndarray, y: np.ndarray | None = None, scaled: list[bool] | None = None) -> DataSet:
    names = tuple(map(str, range(x.shape[1])))
    return DataSet(
        name="toy",
        task="regression",
        target="y",
        classes=(),
        x=x.astype(np.float32),
        y=np.arange(len(x), dtype=np.float64) if y is None else y,
        feature_names=names,
        scaled=np.array(scaled if scaled is not None else [True] * x.shape[1]),
        columns=tuple(Column(name, "number") for name in names),
        test_rows=None,
        notes=(),
    )


CELLS = st.floats(-1e6, 1e6, width=32) | st.just(float("nan"))


@given(arrays(np.float32, (12, 3), elements=CELLS), st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_held_out_rows_change_nothing(x: np.ndarray, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(12)[:8]
    others = np.setdiff1d(np.arange(12), rows)
    changed, y = x.copy(), np.arange(12.0)
    changed[others], y[others] = 1e30, -1e9
    one, two = Standardiser.fit(make(x), rows), Standardiser.fit(make(changed, y), rows)
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.scale, two.scale)
    assert (one.y_mean, one.y_scale) == (two.y_mean, two.y_scale)


@given(arrays(np.float32, (12, 3), elements=CELLS))
@settings(max_examples=60, deadline=None)
def test_results_are_finite_and_clipped(x: np.ndarray) -> None:
    out = Standardiser.fit(make(x), np.arange(6)).x(x)
    assert out.dtype == np.float32
    assert (np.abs(out) <= CLIP).all()
    assert (out[np.isnan(x)] == 0).all()


def test_equals_scikit_learn() -> None:
    data = read("breast_cancer")
    rows = outer_split(data, 0).train
    ours = Standardiser.fit(data, rows, clip=np.inf).x(data)
    oracle = StandardScaler().fit(data.x[rows].astype(np.float64)).transform(data.x)
    np.testing.assert_allclose(ours, oracle, rtol=1e-4, atol=1e-4)


def test_constants_and_rare_pixels_do_not_explode() -> None:
    data = read("digits")
    for seed in range(5):
        rows = outer_split(data, seed).train
        standardiser = Standardiser.fit(data, rows)
        constant = data.x[rows].min(axis=0) == data.x[rows].max(axis=0)
        assert constant.any()
        assert (standardiser.scale[constant] == 1).all()
        assert np.abs(standardiser.x(data)).max() <= CLIP
    assert np.abs(Standardiser.fit(data, rows, clip=np.inf).x(data)).max() > 30


def test_a_constant_that_float_sums_do_not_hit_exactly_is_constant() -> None:
    x = np.full((1000, 1), 0.1, np.float32)
    assert Standardiser.fit(make(x), np.arange(1000)).x(np.array([[0.1]])).item() == pytest.approx(
        0, abs=1e-6
    )


def test_zeros_and_ones_are_left_alone() -> None:
    x = np.array([[0, 5], [1, 7], [1, 9]])
    out = Standardiser.fit(make(x, scaled=[False, True]), np.arange(3)).x(x)
    np.testing.assert_array_equal(out[:, 0], [0, 1, 1])
    np.testing.assert_allclose(out[:, 1], [-1.2247449, 0, 1.2247449], rtol=1e-6)


def test_extreme_magnitudes() -> None:
    x = np.array([[3e38, 1e-44], [-3e38, 0.0], [0.0, 2e-44]])
    assert np.isfinite(Standardiser.fit(make(x), np.arange(3)).x(x)).all()


def test_input_is_not_written_to() -> None:
    x = np.array([[1.0, np.nan], [3.0, 4.0]], np.float32)
    before = x.copy()
    Standardiser.fit(make(x), np.arange(2)).x(x)
    np.testing.assert_array_equal(x, before)


def test_targets_go_there_and_back() -> None:
    y = np.array([3.0, 5.0, 10.0, 100.0])
    standardiser = Standardiser.fit(make(np.zeros((4, 1)), y), np.arange(3))
    assert (standardiser.y_mean, standardiser.y_scale) == (6.0, pytest.approx(np.std([3, 5, 10])))
    np.testing.assert_allclose(standardiser.unscale_y(standardiser.y(y)), y)
    assert Standardiser.fit(make(np.zeros((4, 1)), np.ones(4)), np.arange(3)).y_scale == 1.0


def test_classes_are_not_scaled() -> None:
    standardiser = Standardiser.fit(read("iris"), np.arange(150))
    assert (standardiser.y_mean, standardiser.y_scale) == (0.0, 1.0)


def test_no_rows_are_refused() -> None:
    with pytest.raises(BadData, match="rows must not be empty"):
        Standardiser.fit(make(np.zeros((3, 1))), np.empty(0, np.int64))
