"""Methods across many data sets: interquartile means, performance profiles, pairwise tests over tasks.

Scores are normalised per task before they come here. Every row of a matrix is a run, every column a task, as
in Agarwal et al. (2021), arXiv 2108.13264. Tasks are the units of the tests: more seeds on one data set say
nothing about the next. Mean ranks are avoided, since a rank verdict on A and B depends on which others took
part (Benavoli, Corani & Mangili 2016, JMLR 17).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.base.seeds import generator
from steepest.evidence.family import holm
from steepest.evidence.paired import Floats, Interval, proportion, wilcoxon_p

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")

RESAMPLES = 2_000


class Estimate(NamedTuple):
    """A number and its bootstrap interval."""

    value: float
    interval: Interval


class Profile(NamedTuple):
    """Share of runs that score above each threshold, with a pointwise band; all of shape (thresholds,)."""

    thresholds: Floats
    share: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Pair:
    """Two methods over tasks: mean difference a − b, tasks won, tied and lost by a, Wilcoxon p, Holm p."""

    a: str
    b: str
    difference: float
    wins: int
    ties: int
    losses: int
    p_value: float
    p_adjusted: float


def interquartile_mean(scores: npt.ArrayLike) -> float:
    """Mean of the middle half of all runs of all tasks: robust like the median, efficient like the mean.

    Args:
        scores: finite, shape (runs, tasks).

    Example:
        >>> interquartile_mean([[0.0, 1.0, 2.0, 100.0], [0.0, 1.0, 2.0, 3.0]])
        1.5

    References:
        Agarwal et al. (2021), arXiv 2108.13264.
    """
    return float(stats.trim_mean(_matrix(scores), 0.25, axis=None))


def iqm_interval(
    scores: npt.ArrayLike, *, alpha: float = 0.05, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Interquartile mean with a stratified bootstrap interval: runs are resampled within each task.

    The tasks stay as they are, so the interval speaks of these tasks, not of tasks in general.

    Args:
        scores: finite, shape (runs, tasks); 5 runs or more give an interval worth reading.
        alpha: share of intervals allowed to miss the truth.
        seed: fixes the resamples.
        resamples: how many.

    Example:
        >>> estimate = iqm_interval([[0.1, 0.5], [0.2, 0.6], [0.3, 0.7], [0.2, 0.5]])
        >>> estimate.interval.low < estimate.value < estimate.interval.high
        True
    """
    matrix = _matrix(scores)

    def means(batch: Floats) -> Floats:  # (batch, runs, tasks) → (batch,)
        return np.asarray(stats.trim_mean(batch.reshape(len(batch), -1), 0.25, axis=1))

    draws = _stratified(matrix, means, seed, resamples)
    tail = proportion("alpha", alpha) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(interquartile_mean(matrix), Interval(float(low), float(high)))


def performance_profile(
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Profile:
    """Share of runs above each threshold τ, averaged over tasks: F(τ) = mean over tasks and runs of [x > τ].

    A curve that lies above another everywhere belongs to the better method; curves that cross tell where each
    is better, which one number hides.

    Args:
        scores: finite, shape (runs, tasks).
        thresholds: shape (thresholds,).
        alpha, seed, resamples: of the pointwise stratified bootstrap band.

    Example:
        >>> performance_profile([[0.2, 0.8], [0.4, 0.6]], [0.0, 0.3, 0.7]).share.tolist()
        [1.0, 0.75, 0.25]

    References:
        Agarwal et al. (2021), arXiv 2108.13264; Dolan & Moré (2002), Math. Programming 91.
    """
    matrix = _matrix(scores)
    at = np.asarray(thresholds, dtype=np.float64)

    def shares(batch: Floats) -> Floats:  # (batch, runs, tasks) → (batch, thresholds)
        return np.stack([np.mean(batch > tau, axis=(1, 2)) for tau in at], axis=1)

    draws = _stratified(matrix, shares, seed, resamples)
    tail = proportion("alpha", alpha) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return Profile(at, shares(matrix[None])[0], low, high)


def pairwise_over_tasks(means: Mapping[str, npt.ArrayLike]) -> list[Pair]:
    """Every two methods compared over tasks by Wilcoxon's signed-rank test, p adjusted by Holm.

    Args:
        means: method → its mean score per task, shape (tasks,), same tasks in the same order.

    Example:
        >>> means = {"a": [0.9, 0.8, 0.7, 0.9, 0.6, 0.5], "b": [0.8, 0.6, 0.4, 0.5, 0.1, 0.5]}
        >>> pair = pairwise_over_tasks(means)[0]
        >>> pair.wins, pair.ties, pair.losses, round(pair.difference, 3)
        (5, 1, 0, 0.25)

    References:
        Demšar (2006), JMLR 7; Benavoli, Corani & Mangili (2016), JMLR 17, for pairwise over mean
        ranks.
    """
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in means.items()}
    sizes = {name: c.shape for name, c in columns.items()}
    if (
        len(columns) < 2
        or len(set(sizes.values())) > 1
        or any(c.ndim != 1 or not c.size for c in columns.values())
    ):
        raise BadInput(
            "means", "must hold two methods or more over the same tasks", sizes, "Fill the gaps first."
        )
    if not all(np.isfinite(c).all() for c in columns.values()):
        raise BadInput(
            "means", "must be finite", "NaN or inf", "Give a failed task the score of a useless model."
        )
    pairs = list(combinations(columns, 2))
    gaps = [columns[a] - columns[b] for a, b in pairs]
    p_values = [wilcoxon_p(d) for d in gaps]
    return [
        Pair(a, b, float(d.mean()), int((d > 0).sum()), int((d == 0).sum()), int((d < 0).sum()), p, adjusted)
        for (a, b), d, p, adjusted in zip(pairs, gaps, p_values, holm(p_values), strict=True)
    ]


def _matrix(scores: npt.ArrayLike) -> Floats:
    matrix = np.asarray(scores, dtype=np.float64)
    if matrix.ndim != 2 or not matrix.size or not np.isfinite(matrix).all():
        raise BadInput(
            "scores", "must be a finite matrix (runs, tasks)", matrix.shape, "Fill diverged runs first."
        )
    return matrix


def _stratified(matrix: Floats, statistic: Callable[[Floats], Floats], seed: int, resamples: int) -> Floats:
    """The statistic of `resamples` matrices whose columns are resampled each for itself."""
    runs, tasks = matrix.shape
    rng, draws = generator(seed, "stratified"), []
    batch = max(1, 2_000_000 // matrix.size)  # numbers held at once
    for start in range(0, resamples, batch):
        size = (min(batch, resamples - start), runs, tasks)
        draws.append(statistic(matrix[rng.integers(0, runs, size=size), np.arange(tasks)]))
    return np.concatenate(draws)
