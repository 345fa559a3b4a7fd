"""What a run counts as that ended in NaN or infinity.

Dropping such a run, or its pair, would reward the contender that breaks on hard seeds. So it counts as the
worst run of the comparison, and the verdict says how many there were.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from steepest.evidence.paired import Floats, column


class Filled(NamedTuple):
    """Finite scores with the number of diverged runs on each side; empty if no run at all was finite."""

    a: Floats
    b: Floats
    diverged_a: int
    diverged_b: int


def fill(a: npt.ArrayLike, b: npt.ArrayLike, floor: float | None = None) -> Filled:
    """Give every diverged run one shared score below all others.

    With `floor`, what a useless network scores (chance accuracy, say), it is the lower of that and the worst
    finite score. Without, it is the worst finite score less the range of all finite scores: strictly worse
    than anything seen, at a distance set by the scores themselves, so verdicts do not depend on the unit.
    A replicate on which both diverged is a tie.

    Args:
        a, b: scores, higher better, shape (n,); NaN, inf and −inf all mean diverged.
        floor: score of a useless network, in the metric's unit.

    Example:
        >>> filled = fill([0.9, float("nan"), 0.8], [0.7, 0.8, 0.8])
        >>> filled.a.round(3).tolist(), filled.diverged_a
        ([0.9, 0.5, 0.8], 1)
    """
    left, right = column("a", a, finite=False), column("b", b, finite=False)
    broken_a, broken_b = ~np.isfinite(left), ~np.isfinite(right)
    counts = int(broken_a.sum()), int(broken_b.sum())
    finite = np.concatenate([left[~broken_a], right[~broken_b]])
    if not finite.size:
        return Filled(finite, finite, *counts)
    worst = float(finite.min())
    if floor is not None:
        worst = min(worst, floor)
    elif np.ptp(finite) > 0:
        worst -= float(np.ptp(finite))
    else:  # every run that ended scored the same: any lower number says as much
        worst -= max(abs(worst), 1.0)
    return Filled(np.where(broken_a, worst, left), np.where(broken_b, worst, right), *counts)
