"""How many replicates settle a question, asked before and after spending them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.paired import proportion

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")

MOST = 100_000  # replicates nobody will run


def power_to_differ(n: int, effect: float, sd: float, *, alpha: float = 0.05, overlap: float = 0.0) -> float:
    """P(the interval excludes 0) if the true mean difference is `effect`: noncentral t, two-sided.

    With se = sd·√(1/n + overlap) and t* = t(n−1, 1−α/2), the chance is P(|T| > t*), T noncentral t with n − 1
    degrees of freedom and noncentrality effect/se.

    Args:
        n: replicates.
        effect: true mean difference.
        sd: standard deviation of the differences.
        alpha: two-sided level.
        overlap: n_test/n_train where splits overlap (`resampled`), else 0.

    Example:
        >>> round(power_to_differ(20, effect=0.66, sd=1.0), 2)
        0.8

    References:
        Cohen (1988), Statistical Power Analysis, ch. 2.
    """
    if n < 2:
        return 0.0
    if sd == 0.0:
        return float(effect != 0.0)
    bound = stats.t.isf(proportion("alpha", alpha) / 2, n - 1)
    noncentrality = effect / (sd * np.sqrt(1 / n + overlap))
    # P(T < −t*) is written as the mirrored upper tail: scipy's lower tail is NaN far out
    upper, lower = stats.nct.sf(bound, n - 1, noncentrality), stats.nct.sf(bound, n - 1, -noncentrality)
    return min(1.0, float(upper + lower))


def power_to_equate(
    n: int, effect: float, sd: float, rope: float, *, alpha: float = 0.05, overlap: float = 0.0
) -> float:
    """P(the interval lies inside ±rope) if the true mean difference is `effect`: normal approximation.

        Φ((rope − effect)/se − t*) − Φ(t* − (rope + effect)/se), never below 0

    Example:
        >>> round(power_to_equate(20, effect=0.0, sd=1.0, rope=0.8), 2)
        0.86

    References:
        Two one-sided tests at α/2 each: Schuirmann (1987), J. Pharmacokinetics and Biopharmaceutics 15.
    """
    if n < 2 or rope <= 0:
        return 0.0
    if sd == 0.0:
        return float(abs(effect) < rope)
    error = sd * np.sqrt(1 / n + overlap)
    bound = stats.t.isf(proportion("alpha", alpha) / 2, n - 1)
    inside = stats.norm.cdf((rope - effect) / error - bound) - stats.norm.cdf(bound - (rope + effect) / error)
    return max(0.0, float(inside))


def replicates_needed(
    effect: float,
    sd: float,
    *,
    rope: float = 0.0,
    alpha: float = 0.05,
    target: float = 0.8,
    overlap: float = 0.0,
    at_least: int = 2,
) -> int | None:
    """Fewest replicates that settle the question with chance `target`, if effect and sd are as given.

    Settled means: the interval excludes 0, or lies inside ±rope; whichever is the likelier of the two. None
    if 100 000 are too few. That happens at effect 0 without a rope, and where splits overlap: more splits of
    the same rows cannot push the standard error below sd·√overlap. Only more data can.

    Args:
        effect: mean difference to plan for.
        sd: standard deviation of the differences.
        rope: half-width of the region of practical equivalence, 0 for none.
        alpha: two-sided level.
        target: the chance wanted, the power.
        overlap: n_test/n_train where splits overlap, else 0.
        at_least: smallest answer wanted.

    Example:
        >>> replicates_needed(effect=0.5, sd=1.0)
        34
        >>> replicates_needed(effect=0.1, sd=1.0, rope=0.6)
        35
        >>> replicates_needed(effect=0.2, sd=1.0, overlap=0.25) is None
        True
    """
    proportion("target", target)
    if not (sd >= 0 and np.isfinite(sd) and np.isfinite(effect)):
        raise BadInput(
            "sd and effect", "must be finite, sd not negative", (sd, effect), "Measure them first."
        )

    def settles(n: int) -> bool:
        differ = power_to_differ(n, effect, sd, alpha=alpha, overlap=overlap)
        equate = power_to_equate(n, effect, sd, rope, alpha=alpha, overlap=overlap)
        return max(differ, equate) >= target

    return smallest_count(settles, max(at_least, fewest_replicates(alpha)))


def fewest_replicates(alpha: float = 0.05, family: int = 1) -> int:
    """Below this many replicates an exact sign-flip test can never reject, whatever the scores.

    n runs have 2ⁿ sign vectors, so the smallest two-sided p is 2/2ⁿ; the strictest step of Holm's adjustment
    over `family` comparisons asks for α/family.

    Example:
        >>> fewest_replicates(0.05), fewest_replicates(0.05, family=10)
        (6, 9)
    """
    if family < 1:
        raise BadInput("family", "must be at least 1 comparison", family, "Count the contenders but one.")
    return int(np.ceil(np.log2(2 * family / proportion("alpha", alpha)) - 1e-9))


def smallest_count(holds: Callable[[int], bool], start: int) -> int | None:
    """Smallest n ≥ start where `holds`, which must stay true once true; None beyond MOST."""
    below, above = start - 1, start
    while not holds(above):
        below, above = above, 2 * above
        if below >= MOST:
            return None
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if holds(middle) else (middle, above)
    return above
