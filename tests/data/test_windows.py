"""How long windows are, and how they are cut."""

import numpy as np
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.windows import cut_windows, usual_window, whole_number


@pytest.mark.parametrize("value", [0, -3, 1.5, "7", None, True, np.nan, np.bool_(True)], ids=repr)
def test_no_whole_number(value: object) -> None:
    with pytest.raises(
        BadInput, match=r"horizon must be a whole number of at least 1, but got .* Try horizon"
    ):
        whole_number("horizon", value)


def test_whole_numbers() -> None:
    assert (whole_number("window", 1), whole_number("window", np.int64(7))) == (1, 7)


@pytest.mark.parametrize(
    ("steps", "horizon", "season", "window"),
    [
        (9999, 1, 1, 32),
        (9999, 1, 24, 48),
        (9999, 24, 24, 96),
        (9999, 20, 24, 96),
        (9999, 1, 128, 128),
        (9999, 1, 129, 32),
        (9999, 500, 1, 512),
        (100, 1, 12, 25),
        (3, 1, 1, 1),
    ],
)
def test_usual_window(steps: int, horizon: int, season: int, window: int) -> None:
    assert usual_window(steps, horizon, season) == window


def test_windows_are_the_steps_before_each_moment() -> None:
    features = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    moments = np.array([4, 9, 50])
    x = cut_windows(features, moments, 4, "t")
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert x.flags.owndata
    for row, moment in zip(x, moments, strict=True):
        np.testing.assert_array_equal(row.reshape(4, 3), features[moment - 4 : moment])


def test_too_much_to_hold_is_refused() -> None:
    many = np.broadcast_to(np.int64(0), (3_000_000,))
    with pytest.raises(BadData, match=r"at most 2,147,483,648 numbers .*3,000,000 windows of 500 × 2"):
        cut_windows(np.zeros((500, 2), np.float32), many, 500, "t")
