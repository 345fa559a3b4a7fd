"""What one predictor gains over others on the same rows, with an interval over rows and over the others."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.seeds import generator
from steepest.evidence.paired import Floats, proportion

RESAMPLES = 2_000
_TOGETHER = 4_000_000
"""Most numbers of a block of resamples: what a processor keeps at hand."""


class Gain(NamedTuple):
    """A mean difference with its interval; NaN at both ends where rows are too few to resample."""

    mean: float
    low: float
    high: float


def gain(
    scores: Callable[[Floats], Floats],
    clusters: npt.NDArray[np.int64],
    *,
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Gain:
    """How much the first of several predictors scores above the mean of the others.

        g = S_0(w) - (1/M)·Σ_m S_m(w),    w: how often each row counts

    Two things are drawn anew, and the percentiles of g are the interval: the rows, whole clusters at a time,
    since others might have been held out; and the M others, since other seeds might have been trained. The
    first predictor stays as it is: it is what is handed out.

    Args:
        scores: weights of rows [R, N] → scores [R, 1 + M], the first predictor first.
        clusters: number of the cluster of each row, [N]: rows that depend on each other share one.
        alpha: share of intervals allowed to miss the truth.
        seed: fixes the draws.
        resamples: how many.

    Example:
        >>> right = np.array([[1, 1, 1, 0, 1, 1], [1, 0, 1, 0, 1, 1], [1, 1, 0, 0, 1, 1]], float)
        >>> found = gain(lambda w: w @ right.T / w.sum(1, keepdims=True), np.arange(6))
        >>> round(found.mean, 3), found.low <= found.mean <= found.high
        (0.167, True)

    Raises:
        BadInput: no rows, or no other predictor.

    References:
        Owen 2007 (Annals of Applied Statistics 1), "The pigeonhole bootstrap": drawing rows and columns of a
        table anew overstates the variance of its mean slightly. Departure: the first column stays.
    """
    level = proportion("alpha", alpha)
    if not len(clusters):
        raise BadInput("clusters", "must have one row or more", 0, "Score on rows.")
    whole = scores(np.ones((1, len(clusters))))
    others = whole.shape[1] - 1
    if others < 1:
        raise BadInput("scores", "must be of one other predictor or more", others, "Compare with something.")
    _, place = np.unique(clusters, return_inverse=True)
    count = int(place.max()) + 1
    mean = float(whole[0, 0] - whole[0, 1:].mean())
    if count < 2:
        return Gain(mean, float("nan"), float("nan"))
    draw = generator(seed, "gain")
    found: list[Floats] = []
    block = max(1, _TOGETHER // len(clusters))
    for start in range(0, resamples, block):
        some = min(block, resamples - start)
        rows = draw.multinomial(count, np.full(count, 1 / count), size=some)[:, place]
        drawn = scores(rows.astype(np.float64))
        share = draw.multinomial(others, np.full(others, 1 / others), size=some) / others
        found.append(drawn[:, 0] - (drawn[:, 1:] * share).sum(1))
    low, high = np.quantile(np.concatenate(found), [level / 2, 1 - level / 2])
    return Gain(mean, float(low), float(high))
