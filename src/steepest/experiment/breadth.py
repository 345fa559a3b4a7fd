"""How wide the range of good learning rates is: a method that works at one rate only is worth less."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steepest.experiment.ladder import Ladder


@dataclass(frozen=True, slots=True)
class Breadth:
    """The unbroken stretch of rates around the best one that score within a margin of it.

    Args:
        low, high: its first and last rate; NaN where no rate worked.
        decades: its width; each rate stands for one step of the ladder, so that a lone rate has a width too.
        open_below, open_above: it reaches the ladder's end, so that it may go on beyond.
        scores: (rate, mean score) of every rate that most ladders tried; NaN where any of its runs diverged.
    """

    low: float
    high: float
    decades: float
    open_below: bool
    open_above: bool
    scores: tuple[tuple[float, float], ...]


def breadth(ladders: Sequence[Ladder], margin: float) -> Breadth | None:
    """The good rates of one contender, by the mean score of all its runs at each rate.

    Args:
        ladders: one per run, all around the same rate.
        margin: scores this much below the best still count as good.

    Returns:
        None without a ladder.

    Example:
        >>> ladder = Ladder.around(1e-2, 5)
        >>> for rate, score in zip(list(ladder.waiting), (0.2, 0.9, 0.92, 0.91, float("nan"))):
        ...     ladder.add(rate, score, 0.1)
        >>> found = breadth([ladder], margin=0.05)
        >>> found.low, found.high, round(found.decades, 2), found.open_above
        (0.00316, 0.0316, 1.5, False)
    """
    tried = [ladder for ladder in ladders if ladder.found]
    if not tried:
        return None
    means = _means(tried)
    known = [i for i, (_, score) in enumerate(means) if math.isfinite(score)]
    if not known:
        return Breadth(math.nan, math.nan, 0.0, False, False, tuple(means))
    best = max(known, key=lambda i: means[i][1])
    bound = means[best][1] - margin
    first = last = best
    while first > 0 and means[first - 1][1] >= bound:
        first -= 1
    while last + 1 < len(means) and means[last + 1][1] >= bound:
        last += 1
    low, high = means[first][0], means[last][0]
    decades = math.log10(high / low) + math.log10(tried[0].step)
    return Breadth(low, high, decades, first == 0, last == len(means) - 1, tuple(means))


def _means(ladders: Sequence[Ladder]) -> list[tuple[float, float]]:
    """Mean scores of the rates that at least half of the ladders tried, upwards."""
    found: dict[float, list[float]] = {}
    for ladder in ladders:
        for rate, pair in ladder.found.items():
            found.setdefault(rate, []).append(pair[0] if all(map(math.isfinite, pair)) else math.nan)
    return [
        (rate, float(np.mean(scores)))
        for rate, scores in sorted(found.items())
        if 2 * len(scores) >= len(ladders)
    ]
