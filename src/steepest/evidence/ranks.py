"""Who comes first how often: mean ranks, and the groups within which nobody is told apart.

Mean ranks are a picture, not a test: whether A and B differ must not depend on who else took part, as it does
in Nemenyi's test. So groups come from tests of the two contenders alone, adjusted by Holm.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.diverged import fill
from steepest.evidence.family import holm
from steepest.evidence.paired import column, differences, wilcoxon_p
from steepest.evidence.resampled import resampled_t

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")


@dataclass(frozen=True)
class Told:
    """Two contenders, the p of their difference and Holm's; `apart` where that is at most the level."""

    a: str
    b: str
    p_value: float
    p_adjusted: float
    apart: bool


@dataclass(frozen=True)
class Ranking:
    """Contenders from the best mean rank to the worst.

    Args:
        names, mean_ranks: 1 is the best; equal scores share their ranks, diverged runs come last.
        pairs: every two, with their test.
        groups: stretches of two or more neighbours, as long as can be, none of whose members are told apart.
    """

    names: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    pairs: tuple[Told, ...]
    groups: tuple[tuple[str, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def ranking(
    scores: Mapping[str, npt.ArrayLike], *, alpha: float = 0.05, overlap: float | None = None
) -> Ranking:
    """Rank contenders on every replicate (or task), and group those that are not told apart.

    Args:
        scores: contender → scores, higher better, shape (n,), the same replicates in the same order; NaN
            means diverged.
        alpha: chance of even one pair of equals told apart.
        overlap: n_test/n_train where replicates share rows; the p of a pair is then the larger of Wilcoxon's
            and Nadeau and Bengio's, since Wilcoxon's takes replicates for independent.

    Raises:
        BadInput: for fewer than two contenders, or unequal numbers of replicates.

    Example:
        >>> base = [0.90, 0.92, 0.91, 0.93, 0.94, 0.95, 0.96, 0.97]
        >>> better = [s + 0.01 + i / 1e4 for i, s in enumerate(base)]
        >>> found = ranking({"sgd": base, "adam": better, "adamw": [s + 1e-5 for s in better][::-1]})
        >>> found.names, found.mean_ranks[-1], found.groups
        (('adam', 'adamw', 'sgd'), 2.625, (('adam', 'adamw'), ('adamw', 'sgd')))

    References:
        Benavoli, Corani & Mangili (2016), Should we really use post-hoc tests based on mean-ranks?, JMLR 17;
        Wilcoxon (1945); Holm (1979).
    """
    columns = {name: column(name, values, finite=False) for name, values in scores.items()}
    sizes = {values.size for values in columns.values()}
    if len(columns) < 2 or len(sizes) > 1:
        constraint = "must hold two contenders or more with as many replicates each"
        raise BadInput("scores", constraint, {n: v.size for n, v in columns.items()}, "Pair the runs.")
    table = np.array([np.where(np.isfinite(v), v, -np.inf) for v in columns.values()])
    means = stats.rankdata(-table, axis=0).mean(axis=1)
    order = sorted(range(len(columns)), key=lambda i: (means[i], i))
    names = tuple(list(columns)[i] for i in order)
    pairs = list(combinations(names, 2))
    p_values = [_p(columns[a], columns[b], overlap) for a, b in pairs]
    told = tuple(
        Told(a, b, p, adjusted, adjusted <= alpha)
        for (a, b), p, adjusted in zip(pairs, p_values, holm(p_values), strict=True)
    )
    return Ranking(names, tuple(float(means[i]) for i in order), told, _groups(names, told))


def _p(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], overlap: float | None) -> float:
    filled = fill(a, b)
    if not filled.a.size:  # every run of both diverged
        return 1.0
    d = differences(filled.a, filled.b)
    p = wilcoxon_p(d)
    return p if overlap is None else float(np.fmax(p, resampled_t(d, overlap).p_value))


def _groups(names: tuple[str, ...], told: tuple[Told, ...]) -> tuple[tuple[str, ...], ...]:
    apart = {frozenset((pair.a, pair.b)) for pair in told if pair.apart}
    found: list[tuple[str, ...]] = []
    reached = 0
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and not any(
            frozenset((names[last + 1], names[i])) in apart for i in range(first, last + 1)
        ):
            last += 1
        if last > first and last + 1 > reached:  # one that lies within an earlier one adds nothing
            found.append(names[first : last + 1])
            reached = last + 1
    return tuple(found)
