"""Which value of a knob is best, and how sure that is: each value at its best, not on average.

Most trials of a good optimizer have a bad learning rate. What counts is how well a value can do where the
other knobs suit it: the mean of its best quarter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.seeds import generator
from steepest.evidence.importance import Cells, best_of, cut, grouped, resamples
from steepest.evidence.paired import Floats

BEST_SHARE = 0.25
FEWEST = 4
"""Trials of a value below which it has no best quarter to speak of."""

RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a knob, or one range of values.

    Args:
        label: the value.
        n: trials that have it.
        at_best: mean score of the best quarter of these; None where they are too few.
        low, high: 5 to 95 % of that mean over bootstrap resamples.
        sure: share of resamples in which no other value does better.
    """

    label: str
    n: int
    at_best: float | None = None
    low: float | None = None
    high: float | None = None
    sure: float = 0.0


def values(
    name: str,
    column: Sequence[Any],
    scores: npt.ArrayLike,
    *,
    top: int,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
) -> list[Value]:
    """The values of a knob, best first.

    Args:
        name: of the knob.
        column: each trial's value, shape (n,); None where it has none.
        scores: higher better, shape (n,); NaN means diverged, never
            among the best.
        top: number of trials that decides how finely numbers are cut, as in `importances`.
        groups: each trial's group, shape (n,), where trials were drawn in groups.
        seed: fixes the resamples.

    Example:
        >>> scores = [0.9, 0.8, 0.1, 0.2, 0.7, 0.6, 0.5, 0.4]
        >>> best, other = values("norm", ["batch"] * 4 + ["none"] * 4, scores, top=5)
        >>> best.label, best.at_best, other.at_best
        ('batch', 0.9, 0.7)
    """
    score = np.asarray(scores, dtype=np.float64)
    if score.ndim != 1 or not score.size:
        raise BadInput("scores", "must hold one score per trial", score.shape, "Pass at least one.")
    cells = cut(name, column, score.size, top)
    times = resamples(grouped(groups, score.size), RESAMPLES, generator(seed, "values"))
    drawn = _at_best(cells, score, times)  # (R, values)
    known = np.where(np.isnan(drawn), -np.inf, drawn)
    leads = (known == known.max(axis=1, keepdims=True)) & np.isfinite(known)
    sure = (leads / np.maximum(leads.sum(axis=1, keepdims=True), 1)).mean(axis=0)
    found = []
    for k, mean in enumerate(_at_best(cells, score, np.ones((1, score.size)))[0]):
        n, some = int(np.sum(cells.codes == k)), drawn[np.isfinite(drawn[:, k]), k]
        if np.isnan(mean) or not some.size:
            found.append(Value(cells.labels[k], n))
            continue
        low, high = np.quantile(some, [0.05, 0.95])
        found.append(Value(cells.labels[k], n, float(mean), float(low), float(high), float(sure[k])))
    return sorted(found, key=lambda v: (v.at_best is None, -(v.at_best or 0.0)))


def _at_best(cells: Cells, score: Floats, times: Floats) -> Floats:
    """Mean of the best quarter of every value's trials, shape (resamples, values); NaN where too few."""
    found = np.full((len(times), cells.values), np.nan)
    for k in range(cells.values):
        own = cells.codes == k
        best = best_of(score[own], times[:, own], BEST_SHARE)
        count, total = best.sum(axis=1), best @ np.nan_to_num(score[own])
        enough = (times[:, own].sum(axis=1) >= FEWEST) & (count > 0)
        np.divide(total, count, out=found[:, k], where=enough)
    return found
