"""The cycles a date is part of: the week, the year and the day, each as a sine and a cosine."""

import numpy as np
from numpy.typing import NDArray

from steepest.data.dataset import Floats

PARTS = ("day of the week", "day of the year", "time of day")
"""Cycles that dates may vary in."""

_MICROSECONDS = 86_400_000_000
_LEAST = 1e-6  # a wave that spans less does not vary: it is rounding


def parts_of(days: NDArray[np.float64]) -> tuple[str, ...]:
    """The cycles in which dates differ.

    Args:
        days: [N] since 1970-01-01, NaN where missing.

    Example:
        >>> parts_of(np.array([0.0, 7.0, 14.0, np.nan]))
        ('day of the year',)
    """
    known = days[~np.isnan(days)]
    if not len(known):
        return ()
    return tuple(part for part in PARTS if np.ptp(waves(known, part), axis=0).max() > _LEAST)


def waves(days: NDArray[np.float64], part: str) -> Floats:
    """Sine and cosine of how far into its cycle each date is; both 0 where it is missing.

        (sin 2πp, cos 2πp),    p = share of the week from Monday, of the year or of the day that is over

    Args:
        days: [N] since 1970-01-01, NaN where missing.
        part: one of `PARTS`.

    Returns:
        float32 [N, 2].

    Example:
        >>> waves(np.array([0.0, 0.25, np.nan]), "time of day").round(3).tolist()
        [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    known = ~np.isnan(days)
    turn = 2.0 * np.pi * _share(days[known], part)
    pair = np.zeros((len(days), 2), np.float32)
    pair[known] = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    return pair


def _share(days: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    if part == "time of day":
        return days % 1.0
    if part == "day of the week":
        return (np.floor(days) + 3.0) % 7.0 / 7.0  # 1970-01-01 was a Thursday
    stamps = np.round(days * _MICROSECONDS).astype(np.int64).astype("datetime64[us]")
    years = stamps.astype("datetime64[Y]")
    start, end = (each.astype("datetime64[us]") for each in (years, years + 1))
    share: NDArray[np.float64] = (stamps - start) / (end - start)
    return share
