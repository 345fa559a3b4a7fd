"""Windows: how long they are, and how a series is cut into them."""

from operator import index

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData, BadInput
from steepest.data.dataset import Floats, Rows

LEAST_STEPS = 32
MOST_STEPS = 512
LONGEST_SEASON = 128
MOST_NUMBERS = 2**31
"""Windows overlap, so they hold many more numbers than the series: at most so many, 8 GiB."""


def whole_number(argument: str, value: object) -> int:
    """A whole number of at least 1.

    Raises:
        BadInput: anything else.

    Example:
        >>> whole_number("horizon", 3)
        3
    """
    try:
        number = 0 if isinstance(value, bool | np.bool_) else index(value)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number < 1:
        raise BadInput(argument, "must be a whole number of at least 1", value, f"Try {argument} 24.")
    return number


def usual_window(steps: int, horizon: int, season: int) -> int:
    """How many steps to look back on where nobody says so.

    The fewest whole seasons that make max(32, 4·horizon) steps, if a season has at most 128 steps; else
    max(32, 4·horizon). At most 512, and at most a quarter of the series.

    Example:
        >>> usual_window(10_000, 1, season=24), usual_window(10_000, 24, season=365), usual_window(40, 1, 1)
        (48, 96, 10)
    """
    least = max(LEAST_STEPS, 4 * horizon)
    if season <= LONGEST_SEASON:
        least = -(-least // season) * season
    return max(1, min(least, MOST_STEPS, steps // 4))


def cut_windows(features: Floats, moments: Rows, window: int, where: str) -> Floats:
    """The `window` steps before each moment, one row each.

    Args:
        features: [S, F].
        moments: [N], each at least `window`.
        window: steps T.
        where: the source, for errors.

    Returns:
        float32 [N, T·F], contiguous; the F features of the oldest step come first.

    Raises:
        BadData: more than 2³¹ numbers.

    Example:
        >>> cut_windows(np.arange(8, dtype=np.float32).reshape(4, 2), np.array([2, 3]), 2, "t").tolist()
        [[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0]]
    """
    width = features.shape[1]
    numbers = len(moments) * window * width
    if numbers > MOST_NUMBERS:
        limit = f"must make at most {MOST_NUMBERS:,} numbers in windows"
        found = f"{len(moments):,} windows of {window} × {width} = {numbers:,}"
        raise BadData(where, limit, found, "Give a smaller window, or resample it to longer steps.")
    flat = np.ascontiguousarray(features, np.float32).reshape(-1)
    view: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(flat, window * width)[::width]
    return view[moments - window]
