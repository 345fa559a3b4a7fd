"""Many contenders at once: every pair judged, and the whole table allowed to err with probability α.

Ten comparisons at 5 % each find a "winner" among equals in four of ten tables. Holm's adjustment keeps the
chance of even one false "better" or "worse" at α, whatever the dependence between the rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput, closest
from steepest.evidence.looks import POCOCK, place
from steepest.evidence.verdict import Verdict, judge


@dataclass(frozen=True)
class Row:
    """One comparison of a family: `contender` against `reference`, its verdict and its adjusted p."""

    contender: str
    reference: str
    verdict: Verdict
    p_adjusted: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "contender": self.contender,
            "reference": self.reference,
            "p_adjusted": None if np.isnan(self.p_adjusted) else self.p_adjusted,
            "verdict": self.verdict.to_dict(),
        }


def holm(p_values: npt.ArrayLike) -> list[float]:
    """Holm's adjusted p-values, in the order given; a NaN stays NaN and does not count.

    p₍ᵢ₎ adjusted = max over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎), p sorted upwards.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6.

    Departures: written out, because statsmodels' version collects garbage on every call (50 ms and more).
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")  # NaN last
    count = int(np.sum(~np.isnan(p)))
    steps = p[order] * (count - np.arange(p.size))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(value) for value in adjusted]


def step_levels(
    p_values: npt.ArrayLike,
    alpha: float = 0.05,
    looks: Sequence[int] | None = None,
    n: int | None = None,
    shape: float = POCOCK,
) -> list[float]:
    """The share of `alpha` Holm gives each p: α/m to the smallest, α/(m − 1) to the next, until one fails.

    From the first failure on the share stays, so "p ≤ its share" is exactly "Holm rejects", and an interval
    at that level can stand beside the verdict without contradicting it.

    Args:
        p_values: of one look.
        alpha: chance of even one false rejection, over all looks together.
        looks: replicates at each planned look; p is then held against the look's level for its share, so that
            every contender spends its share over all looks.
        n: replicates of this look; None for the last.
        shape: how the looks share alpha; see `looks.look_levels`.

    Example:
        >>> step_levels([0.001, 0.9, 0.02], alpha=0.06)
        [0.02, 0.06, 0.03]
        >>> step_levels([0.001, 0.9, 0.04], alpha=0.06)
        [0.02, 0.03, 0.03]
        >>> step_levels([0.019, 0.02], alpha=0.05, looks=[10, 20])  # 0.019 is above Pocock's 0.0143
        [0.025, 0.025]

    References:
        Ye, Li, Liu & Yao (2013), A group sequential Holm procedure, Statistics in Medicine 32.
    """
    p = np.asarray(p_values, dtype=np.float64)
    count = max(1, int(np.sum(~np.isnan(p))))
    levels, passed = np.zeros(p.size), 0
    for index in np.argsort(np.where(np.isnan(p), np.inf, p), kind="stable"):
        levels[index] = alpha / (count - passed)
        bound = levels[index]
        if looks is not None:
            bound = place(n or looks[-1], looks, float(levels[index]), shape).alpha
        if not p[index] <= bound:
            break
        passed = min(passed + 1, count - 1)
    levels[levels == 0] = alpha / (count - passed)
    return [float(level) for level in levels]


def against_reference(
    scores: Mapping[str, npt.ArrayLike],
    reference: str,
    *,
    rope: float | None = None,
    alpha: float = 0.05,
    overlap: float | None = None,
    seed: int = 0,
    floor: float | None = None,
    metric: str = "score",
    lower: bool = False,
    looks: Sequence[int] | None = None,
    shape: float = POCOCK,
) -> list[Row]:
    """Every contender against one reference.

    Args:
        scores: contender → scores, higher better, shape (n,), all on the same replicates.
        reference: the name of the one to beat.
        alpha: chance of even one false "better" or "worse" in the table.
        rope, overlap, seed, floor, metric, lower, looks, shape: as for `verdict.judge`.

    Example:
        >>> base = [0.90, 0.91, 0.89, 0.92, 0.90, 0.91, 0.90]
        >>> scores = {"default": base, "adam": [s + 0.01 + i / 1e4 for i, s in enumerate(base)], "sgd": base}
        >>> [(row.contender, row.verdict.kind) for row in against_reference(scores, "default")]
        [('adam', 'better'), ('sgd', 'equivalent')]
    """
    if reference not in scores:
        raise BadInput("reference", "must be one of the contenders", reference, closest(reference, scores))
    pairs = [(name, reference) for name in scores if name != reference]
    judged = partial(
        judge, rope=rope, overlap=overlap, seed=seed, floor=floor, metric=metric, lower=lower, looks=looks,
        shape=shape,
    )  # fmt: skip
    return _table(scores, pairs, alpha, judged, looks, shape)


def all_pairs(
    scores: Mapping[str, npt.ArrayLike],
    *,
    rope: float | None = None,
    alpha: float = 0.05,
    overlap: float | None = None,
    seed: int = 0,
    floor: float | None = None,
    metric: str = "score",
) -> list[Row]:
    """Every contender against every other, each pair once, in the order given; see `against_reference`.

    Example:
        >>> rows = all_pairs({"a": [1, 2, 3, 4, 5, 6], "b": [1, 2, 3, 4, 5, 6], "c": [6, 1, 4, 2, 5, 3]})
        >>> [(row.contender, row.reference) for row in rows]
        [('a', 'b'), ('a', 'c'), ('b', 'c')]
    """
    judged = partial(judge, rope=rope, overlap=overlap, seed=seed, floor=floor, metric=metric)
    return _table(scores, list(combinations(scores, 2)), alpha, judged)


def _table(
    scores: Mapping[str, npt.ArrayLike],
    pairs: Sequence[tuple[str, str]],
    alpha: float,
    judged: Callable[..., Verdict],
    looks: Sequence[int] | None = None,
    shape: float = POCOCK,
) -> list[Row]:
    if not pairs:
        raise BadInput(
            "scores", "must hold two contenders or more", sorted(scores), "Add one to compare with."
        )
    first = [judged(scores[a], scores[b], alpha=alpha, against=b) for a, b in pairs]
    p_values = [v.p_value for v in first]
    levels = step_levels(p_values, alpha, looks, first[0].n, shape)
    final = [
        v if level == alpha else judged(scores[a], scores[b], alpha=level, against=b)
        for (a, b), v, level in zip(pairs, first, levels, strict=True)
    ]
    return [Row(a, b, v, p) for (a, b), v, p in zip(pairs, final, holm(p_values), strict=True)]
