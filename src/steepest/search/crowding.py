"""An order of members by score and costs: front by front, and within a front who stands alone first."""

import math
from collections.abc import Sequence

from steepest.search.front import fronts


def by_fronts(scores: Sequence[float], costs: Sequence[Sequence[float]]) -> list[int]:
    """Positions, best first: by front, then by crowding distance (NSGA-II, Deb et al. 2002, section III B).

    The distance of a member is the sum over score and costs of the gap between its neighbours, as a part of
    the front's extent; the ends of a front stand alone.

    Args:
        scores: higher is better, no NaN.
        costs: of each, the same number; lower is better.

    Example:
        >>> by_fronts([0.9, 0.8, 0.79, 0.5, 0.1], [(100,), (60,), (59,), (10,), (70,)])
        [0, 3, 2, 1, 4]
    """
    rows = [(score, *cost) for score, cost in zip(scores, costs, strict=True)]
    order: list[int] = []
    for front in fronts(scores, costs):
        distance = dict.fromkeys(front, 0.0)
        for aim in range(len(rows[0])):
            along = sorted(front, key=lambda i, aim=aim: (rows[i][aim], i))  # type: ignore[misc]
            extent = rows[along[-1]][aim] - rows[along[0]][aim]
            distance[along[0]] = distance[along[-1]] = math.inf
            for before, i, after in zip(along, along[1:], along[2:], strict=False):
                distance[i] += (rows[after][aim] - rows[before][aim]) / extent if extent else 0.0
        order += sorted(front, key=lambda i: (-distance[i], -scores[i], i))
    return order


def best_first(
    reached: Sequence[int], scores: Sequence[float], costs: Sequence[Sequence[float]]
) -> list[int]:
    """Positions of members that came to different rungs, best first: who came furthest, then `by_fronts`.

    Without costs the score decides within a rung, and the earlier of equals comes first.

    Args:
        reached: the last round of each, 0 for who failed.
        scores: there, higher is better.
        costs: of each, lower is better; () where the score alone counts.

    Example:
        >>> best_first([9, 3, 9, 0], [0.5, 0.9, 0.6, 0.0], [(10,), (20,), (20,), (10,)])
        [2, 0, 1, 3]
    """
    if not any(costs):
        return sorted(range(len(scores)), key=lambda i: (-reached[i], -scores[i], i))
    order: list[int] = []
    for rung in sorted({r for r in reached if r}, reverse=True):
        there = [i for i, r in enumerate(reached) if r == rung]
        order += [there[k] for k in by_fronts([scores[i] for i in there], [costs[i] for i in there])]
    return order + [i for i, r in enumerate(reached) if not r]
