"""Looking before all replicates are in, without fooling oneself.

Testing at 5 % after 8, 14 and 20 replicates is wrong in far more than 5 % of studies of nothing. The remedy:
stricter levels, such that all looks together err with probability α. Pocock's is one level for every look;
Wang and Tsiatis' are stricter early than late and so cost less power at the end. All are computed here by
recursive integration, for any spacing of looks.
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

POCOCK = 0.5
"""The shape of Pocock's bounds: one level for every look."""

LATE = 0.1
"""The shape that comparisons take. Looking at 10, 15 and 20 replicates of two contenders that are 1 SD
apart, it finds 81.7 % where Pocock's finds 76.4 % (`python benchmarks/evidence.py --comparisons 2000`)."""


class Look(NamedTuple):
    """Where a study stands in its plan of looks, and the level that holds there."""

    number: int
    planned: int
    alpha: float


def crossing_probability(looks: Sequence[float], critical: float | Sequence[float]) -> float:
    """P(|Z_k| ≥ c_k at some look k) when there is nothing to find.

    The sum S_k of n_k standard normal increments has Z_k = S_k/√n_k. With g₁ the density of S₁,

        g_{k+1}(s) = ∫ g_k(u) φ((s − u)/√Δ)/√Δ du   over |u| < c_k·√n_k,   Δ = n_{k+1} − n_k

    and 1 − ∫g_K is the answer. Gauss-Legendre nodes, dense enough for the narrowest step.

    Args:
        looks: replicates at each look, increasing; only ratios matter.
        critical: c_k, the bound on |Z| at each look; one number for the same at all.

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
    reach = np.broadcast_to(np.asarray(critical, dtype=np.float64), n.shape) * np.sqrt(n)
    span = 2 * reach
    count = int(min(2_000, max(64, np.ceil(4 * np.max(span[:-1] / np.sqrt(steps[1:]), initial=0.0)))))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    places = nodes * reach[0]
    mass = weights * reach[0] * stats.norm.pdf(places, scale=np.sqrt(n[0]))
    for far, step in zip(reach[1:], steps[1:], strict=True):
        onward = nodes * far
        kernel = stats.norm.pdf(onward[:, None], loc=places[None, :], scale=np.sqrt(step))
        mass = weights * far * (kernel @ mass)
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
    return look_levels(looks, alpha)[0]


def look_levels(looks: Sequence[float], alpha: float = 0.05, shape: float = POCOCK) -> tuple[float, ...]:
    """The two-sided level of each look that keeps the whole study at `alpha`.

        c_k = c·(n_k/n_K)^(shape − ½)   with c such that P(|Z_k| ≥ c_k at some look) = α

    Args:
        looks: replicates n_k at each look, increasing, any spacing.
        alpha: error allowed to the whole study.
        shape: 0.5 spends evenly (Pocock), 0 hardly at all before the end (O'Brien and Fleming).

    Example:
        >>> [round(level, 4) for level in look_levels([10, 15, 20], shape=LATE)]
        [0.0069, 0.0215, 0.0405]

    References:
        Wang & Tsiatis (1987), Approximately optimal one-parameter boundaries for group sequential trials,
        Biometrics 43; O'Brien & Fleming (1979), Biometrics 35.

    Raises:
        BadInput: for a shape outside 0 to 0.5, or looks that do not increase.
    """
    if not 0.0 <= shape <= POCOCK:
        raise BadInput("shape", "must lie between 0 and 0.5", shape, "0.5 is Pocock's, 0 O'Brien-Fleming's.")
    return _levels(tuple(_increasing(looks).tolist()), proportion("alpha", alpha), float(shape))


def place(n: int, looks: Sequence[int], alpha: float = 0.05, shape: float = POCOCK) -> Look:
    """Which look `n` replicates are, and its level; `shape` as for `look_levels`.

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
    number = int(np.searchsorted(plan, n)) + 1
    return Look(number, plan.size, look_levels(looks, alpha, shape)[number - 1])


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
def _levels(looks: tuple[float, ...], alpha: float, shape: float) -> tuple[float, ...]:
    if len(looks) == 1:
        return (alpha,)
    lowest = float(stats.norm.isf(alpha / 2)) - 1e-6  # one look, which the last of a late shape nearly is
    highest = float(stats.norm.isf(alpha / (2 * len(looks))))  # Bonferroni, which no last look needs
    rising = (np.asarray(looks) / looks[-1]) ** (shape - POCOCK)

    def excess(last: float) -> float:
        return crossing_probability(looks, (last * rising).tolist()) - alpha

    last = optimize.brentq(excess, lowest, highest, xtol=1e-10)
    return tuple(float(2 * stats.norm.sf(bound)) for bound in last * rising)
