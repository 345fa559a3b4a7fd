"""Looking before all replicates are in, without fooling oneself.

Testing at 5 % after 8, 14 and 20 replicates is wrong in far more than 5 % of studies of nothing. Pocock's
remedy: one stricter level for every look, such that all looks together err with probability α. The level is
computed here by recursive integration, for any spacing of looks.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.paired import Floats, proportion

if TYPE_CHECKING:
    from scipy import optimize, stats
else:
    optimize, stats = Later("scipy.optimize"), Later("scipy.stats")


class Look(NamedTuple):
    """Where a study stands in its plan of looks, and the level that holds there."""

    number: int
    planned: int
    alpha: float


def crossing_probability(looks: Sequence[float], critical: float) -> float:
    """P(|Z_k| ≥ critical at some look k) when there is nothing to find.

    The sum S_k of n_k standard normal increments has Z_k = S_k/√n_k. With g₁ the density of S₁,

        g_{k+1}(s) = ∫ g_k(u) φ((s − u)/√Δ)/√Δ du   over |u| < critical·√n_k,   Δ = n_{k+1} − n_k

    and 1 − ∫g_K is the answer. Gauss-Legendre nodes, dense enough for the narrowest step.

    Args:
        looks: replicates at each look, increasing; only ratios matter.
        critical: the bound on |Z| at every look.

    Example:
        >>> round(crossing_probability([1], 1.959964), 6)
        0.05
        >>> round(crossing_probability([1, 2, 3], 2.2895), 4)
        0.05

    References:
        Armitage, McPherson & Rowe (1969), Repeated significance tests on accumulating data, JRSS A 132.
    """
    n = _increasing(looks)
    steps = np.diff(n, prepend=0.0)
    span = 2 * critical * np.sqrt(n)
    count = int(min(2_000, max(64, np.ceil(4 * np.max(span[:-1] / np.sqrt(steps[1:]), initial=0.0)))))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    places = nodes * critical * np.sqrt(n[0])
    mass = weights * critical * np.sqrt(n[0]) * stats.norm.pdf(places, scale=np.sqrt(n[0]))
    for total, step in zip(n[1:], steps[1:], strict=True):
        onward = nodes * critical * np.sqrt(total)
        kernel = stats.norm.pdf(onward[:, None], loc=places[None, :], scale=np.sqrt(step))
        mass = weights * critical * np.sqrt(total) * (kernel @ mass)
        places = onward
    return float(1 - mass.sum())


def pocock_level(looks: Sequence[float], alpha: float = 0.05) -> float:
    """The two-sided level for each look, equal at all of them, that keeps the whole study at `alpha`.

    Args:
        looks: replicates at each look, increasing, any spacing.
        alpha: error allowed to the whole study.

    Example:
        >>> round(pocock_level([1, 2, 3]), 4)
        0.0221
        >>> round(pocock_level([8, 14, 20]), 4)
        0.0229

    References:
        Pocock (1977), Group sequential methods in the design and analysis of clinical trials, Biometrika 64;
        unequal spacing: Jennison & Turnbull (2000), Group Sequential Methods, ch. 2.

    Departures: the level is applied to exact and Student p-values, whose joint distribution is only
        approximately normal ("significance level approach" in Jennison & Turnbull).
    """
    return _pocock_level(tuple(_increasing(looks).tolist()), proportion("alpha", alpha))


def place(n: int, looks: Sequence[int], alpha: float = 0.05) -> Look:
    """Which look `n` replicates are, and its level.

    A study cut short between looks takes its look early: the level of the plan then stays on the strict side,
    since fewer looks are left than it pays for. More replicates than planned are refused.

    Example:
        >>> place(14, [8, 14, 20])
        Look(number=2, planned=3, alpha=0.022...)
    """
    plan = _increasing(looks)
    if n > plan[-1]:
        raise BadInput(
            "n", f"must not exceed the last planned look ({plan[-1]:g})", n, "Plan more looks first."
        )
    return Look(int(np.searchsorted(plan, n)) + 1, plan.size, pocock_level(looks, alpha))


def _increasing(looks: Sequence[float]) -> Floats:
    plan = np.asarray(looks, dtype=np.float64)
    if (
        plan.ndim != 1
        or not plan.size
        or not np.isfinite(plan).all()
        or np.any(np.diff(plan, prepend=0.0) <= 0)
    ):
        raise BadInput("looks", "must be increasing numbers of replicates", list(looks), "Try [8, 14, 20].")
    return plan


@lru_cache(maxsize=256)
def _pocock_level(looks: tuple[float, ...], alpha: float) -> float:
    lowest = float(stats.norm.isf(alpha / 2))  # one look
    highest = float(stats.norm.isf(alpha / (2 * len(looks))))  # Bonferroni
    if len(looks) == 1:
        return alpha
    critical = optimize.brentq(lambda z: crossing_probability(looks, z) - alpha, lowest, highest, xtol=1e-10)
    return float(2 * stats.norm.sf(critical))
