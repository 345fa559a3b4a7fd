"""Which results no other beats in everything: sorting by fronts, and the volume that a front covers.

Deb et al. 2002 (NSGA-II, IEEE Transactions on Evolutionary Computation 6(2)): the first front holds whoever
is dominated by nobody, the next whoever is dominated by the first alone, and so forth.
"""

import math
from collections.abc import Sequence


def fronts(scores: Sequence[float], costs: Sequence[Sequence[float]], noise: float = 0.0) -> list[list[int]]:
    """Positions by front, the best front first; within one by score, best first.

    One dominates another if its score is at least as high and each of its costs as low, and one of them is
    better. Scores that differ by no more than `noise` are told apart by cost, and by nothing where costs are
    equal too. Who has no score comes last, on a front of its own.

    Args:
        scores: higher is better; NaN for none.
        costs: of each, the same number; lower is better.
        noise: differences of scores up to this are ties.

    Example:
        >>> fronts([0.9, 0.8, 0.7, float("nan")], [(100,), (50,), (60,), (1,)])
        [[0, 1], [2], [3]]
    """
    known = [i for i, score in enumerate(scores) if not math.isnan(score)]
    left = sorted(known, key=lambda i: (-scores[i], *costs[i], i))
    failed = [i for i, score in enumerate(scores) if math.isnan(score)]
    found = _with_ties(left, scores, costs, noise) if noise else _placed(left, scores, costs)
    return [*found, failed] if failed else found


def _placed(
    order: Sequence[int], scores: Sequence[float], costs: Sequence[Sequence[float]]
) -> list[list[int]]:
    """Fronts of members that come best score first: whoever dominates one of them has come before it.

    So each is placed once, on the first front without anybody who dominates it, and the fronts before it are
    known to hold one: it is found by bisection (ENS: Zhang, Tian, Cheng and Jin 2015, IEEE Transactions on
    Evolutionary Computation 19(2)).
    """
    found: list[list[int]] = []
    for i in order:
        low, high = 0, len(found)
        while low < high:
            middle = (low + high) // 2
            if any(_dominates(j, i, scores, costs, 0.0) for j in reversed(found[middle])):
                low = middle + 1
            else:
                high = middle
        if low == len(found):
            found.append([])
        found[low].append(i)
    return found


def _with_ties(
    left: list[int], scores: Sequence[float], costs: Sequence[Sequence[float]], noise: float
) -> list[list[int]]:
    """Fronts where close scores are told apart by cost alone."""
    found: list[list[int]] = []
    while left:
        front = [i for i in left if not any(_dominates(j, i, scores, costs, noise) for j in left)]
        front = front or left[:1]  # ties by noise may go round in a circle
        found.append(front)
        left = [i for i in left if i not in set(front)]
    return found


def _dominates(
    a: int, b: int, scores: Sequence[float], costs: Sequence[Sequence[float]], noise: float
) -> bool:
    cheaper = all(x <= y for x, y in zip(costs[a], costs[b], strict=True))
    if not cheaper or scores[a] < scores[b] - noise:
        return False
    return tuple(costs[a]) != tuple(costs[b]) or scores[a] > scores[b] + noise


def hypervolume(points: Sequence[tuple[float, float]], reference: tuple[float, float]) -> float:
    """The area that is dominated by (score, cost) points and dominates the reference.

    Args:
        points: (score, cost): higher scores and lower costs are better.
        reference: a lower score and a higher cost; points that do not dominate it cover nothing.

    Example:
        >>> hypervolume([(0.9, 100.0), (0.8, 50.0)], (0.5, 200.0))
        55.0
    """
    low, most = reference
    inside = sorted({(cost, score) for score, cost in points if score > low and cost < most})
    area, best = 0.0, low
    for cost, score in inside:
        if score > best:
            area, best = area + (most - cost) * (score - best), score
    return round(area, 12)
