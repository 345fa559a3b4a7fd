"""Intervals when the splits overlap: repeated random splits or cross-validation of one data set.

Runs on overlapping splits share training rows, so n of them carry less than n independent runs' worth. The
plain variance s²/n then shrinks to nothing as splits are added, though the rows stay the same.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.paired import Interval, column, proportion

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")


class Resampled(NamedTuple):
    """Nadeau and Bengio's corrected t: interval, two-sided p, and the corrected standard error."""

    interval: Interval
    p_value: float
    standard_error: float


def corrected_variance(d: npt.ArrayLike, overlap: float) -> float:
    """Variance of the mean difference over overlapping splits: (1/n + n_test/n_train)·s².

    Args:
        d: differences, one per split, shape (n,), n ≥ 2.
        overlap: n_test / n_train of one split; k-fold cross-validation has 1/(k − 1). 0 means no overlap.

    Example:
        >>> round(corrected_variance([1.0, 2.0, 3.0, 4.0], overlap=0.25), 4)  # (0.25 + 0.25)·5/3
        0.8333

    References:
        Nadeau & Bengio (2003), Inference for the generalization error, Machine Learning 52.
    """
    d = column("d", d)
    if not (np.isfinite(overlap) and overlap >= 0):
        raise BadInput(
            "overlap", "must be n_test/n_train of a split, 0 or more", overlap, "5 folds have 0.25."
        )
    if d.size < 2:
        return float("nan")
    return float((1 / d.size + overlap) * d.var(ddof=1))


def resampled_t(d: npt.ArrayLike, overlap: float, alpha: float = 0.05) -> Resampled:
    """Student's interval and test with the corrected variance, n − 1 degrees of freedom.

    Args:
        d: differences, one per split, shape (n,).
        overlap: n_test / n_train of one split.
        alpha: share of intervals allowed to miss the truth.

    Example:
        >>> found = resampled_t([1.0, 2.0, 3.0, 4.0], overlap=0.25)
        >>> round(found.interval.low, 3), round(found.interval.high, 3), round(found.p_value, 3)
        (-0.405, 5.405, 0.071)

    References:
        Nadeau & Bengio (2003), as above; Bouckaert & Frank (2004) confirm its replicability.
    """
    d = column("d", d)
    error = float(np.sqrt(corrected_variance(d, overlap)))
    mean, degrees = float(d.mean()), d.size - 1
    if np.isnan(error):
        return Resampled(Interval(np.nan, np.nan), float("nan"), error)
    half = float(stats.t.isf(proportion("alpha", alpha) / 2, degrees)) * error
    if error == 0.0:
        p_value = 1.0 if mean == 0.0 else 0.0
    else:
        p_value = float(2 * stats.t.sf(abs(mean) / error, degrees))
    return Resampled(Interval(mean - half, mean + half), p_value, error)
