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
