"""How much is left to gain among the best: do they differ at all, or only by luck?

The scores by which leaders were chosen cannot say: they were chosen for them. So they are scored again on
fresh seeds, all on the same ones, and the variance between them is held against the variance within.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.curse import expected_maximum

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")


@dataclass(frozen=True, slots=True)
class Room:
    """What the leaders' fresh scores say.

    Args:
        leaders, rounds: how many, and scores of each.
        noise: σ, standard deviation of one score of a leader, less what all share on a seed.
        spread: τ, standard deviation of the leaders' true quality; 0 where chance explains all.
        spread_high: upper end of its interval (one-sided, 95 %).
        gain: what choosing the truly best one adds to the leaders' mean: E_k·τ.
        gain_high: the same at the upper end.
        p_value: chance of leaders that differ as much if all were equally good.
    """

    leaders: int
    rounds: int
    noise: float
    spread: float
    spread_high: float
    gain: float
    gain_high: float
    p_value: float


def room(scores: npt.ArrayLike, alpha: float = 0.05) -> Room:
    """Analysis of variance of leaders × rounds.

    With mean squares MS_b between leaders and MS_w of what leader and round together leave,

        σ² = MS_w        τ² = max(0, (MS_b − MS_w)/r)        F = MS_b/MS_w

    and the upper end of τ² is (F/F_α − 1)·MS_w/r with F_α the lower α quantile of F with k − 1 and
    (k − 1)(r − 1) degrees of freedom. E_k is the expected maximum of k standard normals.

    Args:
        scores: of k leaders on r rounds, shape (k, r), higher better; all finite.
        alpha: share of upper ends allowed to lie too low.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> alike = room(rng.normal(0, 0.01, size=(12, 3)))
        >>> alike.p_value > 0.05, alike.gain_high < 0.02
        (True, True)

    References:
        Searle, Casella & McCulloch (1992), Variance Components, §3.6.
    """
    y = np.asarray(scores, dtype=np.float64)
    if y.ndim != 2 or min(y.shape) < 2 or not np.isfinite(y).all():
        raise BadInput(
            "scores",
            "must be finite, of two leaders and two rounds at least",
            y.shape,
            "Leave out the others.",
        )
    k, r = y.shape
    means, rounds = y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
    between = float(r * np.sum((means - y.mean()) ** 2) / (k - 1))
    within = float(np.sum((y - means - rounds + y.mean()) ** 2) / ((k - 1) * (r - 1)))
    freedom = k - 1, (k - 1) * (r - 1)
    ratio = between / within if within > 0 else (np.inf if between > 0 else 1.0)
    spread = np.sqrt(max(0.0, (between - within) / r))
    upper = np.sqrt(max(0.0, (between / stats.f.ppf(alpha, *freedom) - within) / r))
    best = expected_maximum(k)
    return Room(
        k,
        r,
        float(np.sqrt(within)),
        float(spread),
        float(upper),
        float(best * spread),
        float(best * upper),
        float(stats.f.sf(ratio, *freedom)),
    )
