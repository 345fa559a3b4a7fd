"""Many pairs of strategies at once: each named, and the whole table allowed to err with probability α.

A pair has four corners: neither strategy, the first, the second, both. Where more than two were crossed, a
corner is the mean over the settings of the others, replicate by replicate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.evidence.diverged import fill
from steepest.evidence.factorial import Interaction, interaction
from steepest.evidence.family import holm, step_levels
from steepest.evidence.paired import Floats
from steepest.evidence.rope import region, seed_noise

Quad = tuple[Floats, Floats, Floats, Floats]


@dataclass(frozen=True, eq=False)
class Square:
    """The runs behind one pair.

    Args:
        names: of the two strategies.
        corners: scores with neither, the first, the second, both, each [settings, n]; higher is better, NaN
            where a run diverged. All on the same replicates.
    """

    names: tuple[str, str]
    corners: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]


class Named(NamedTuple):
    """A pair's interaction, with its p adjusted for the table, and how many runs of each corner diverged."""

    names: tuple[str, str]
    found: Interaction
    p_adjusted: float
    diverged: tuple[int, int, int, int]


def squares(on: npt.NDArray[np.bool_], scores: npt.ArrayLike, names: Sequence[str]) -> list[Square]:
    """Every pair of the switches of one design.

    Args:
        on: whether switch j is on in setting i, [settings, m].
        scores: [settings, n].
        names: of the switches, m.

    Example:
        >>> from steepest.evidence.design import two_level
        >>> found = squares(two_level(3).on, np.zeros((8, 5)), ["a", "b", "c"])
        >>> [(pair.names, np.shape(pair.corners[3])) for pair in found]
        [(('a', 'b'), (2, 5)), (('a', 'c'), (2, 5)), (('b', 'c'), (2, 5))]
    """
    runs = np.asarray(scores, dtype=np.float64)
    found = []
    for first in range(len(names)):
        for second in range(first + 1, len(names)):
            places = 1 * on[:, first] + 2 * on[:, second]  # 0 neither, 1 the first, 2 the second, 3 both
            y00, y10, y01, y11 = (runs[places == place] for place in range(4))
            found.append(Square((names[first], names[second]), (y00, y10, y01, y11)))
    return found


def judged(
    table: Sequence[Square],
    *,
    margin: float | None = None,
    alpha: float = 0.05,
    overlap: float | None = None,
    metric: str = "score",
    lower: bool = False,
    seed: int = 0,
) -> list[Named]:
    """Name every pair's interaction, each at the level that Holm's procedure asks of it.

    The region in which an interaction does not matter is the noise between runs of the settings behind the
    pair, or the margin if that is wider. A diverged run counts as the worst of its pair.

    Args:
        table: the pairs.
        margin: an interaction up to this does not matter, in the metric's unit.
        alpha: chance of even one interaction named where there is none.
        overlap: n_test/n_train where the replicates' splits share rows.
        metric, lower, seed: as for `factorial.interaction`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> means = {"none": (0, 1, 1, 2), "clash": (0, 2, 2, -4)}
        >>> pairs = [Square((n, "b"), [m + rng.normal(size=(1, 20)) for m in y]) for n, y in means.items()]
        >>> [(pair.names[0], pair.found.kind) for pair in judged(pairs)]
        [('none', 'unresolved'), ('clash', 'conflict')]

    Raises:
        BadInput: for an empty table, or corners of different replicates.
    """
    if not table:
        raise BadInput("pairs", "must be one or more", 0, "Name two strategies.")
    ready = [_Ready.of(square, margin) for square in table]
    seen = [_named(r, alpha, overlap, metric, lower, seed) for r in ready]
    p_values = [each.p_value for each in seen]
    levels = step_levels(p_values, alpha)
    final = [
        each if level == alpha else _named(r, level, overlap, metric, lower, seed)
        for r, each, level in zip(ready, seen, levels, strict=True)
    ]
    return [
        Named(square.names, each, p, r.diverged)
        for square, each, p, r in zip(table, final, holm(p_values), ready, strict=True)
    ]


class _Ready(NamedTuple):
    """A pair with one finite score per corner and replicate."""

    names: tuple[str, str]
    corners: Quad
    rope: float
    diverged: tuple[int, int, int, int]

    @classmethod
    def of(cls, square: Square, margin: float | None) -> "_Ready":
        runs = [np.atleast_2d(np.asarray(corner, dtype=np.float64)) for corner in square.corners]
        if len({corner.shape[1] for corner in runs}) > 1:
            sizes = [corner.shape[1] for corner in runs]
            raise BadInput("corners", "must hold the same replicates", sizes, "Run all on the same splits.")
        flat = np.concatenate([corner.ravel() for corner in runs])
        filled = fill(flat, flat).a
        if not filled.size:  # every run diverged: all alike
            filled = np.zeros_like(flat)
        parts = np.split(filled, np.cumsum([corner.size for corner in runs])[:-1])
        y00, y10, y01, y11 = (p.reshape(c.shape).mean(0) for p, c in zip(parts, runs, strict=True))
        noise = seed_noise(*(row for corner in runs for row in corner))
        a, b, c, d = (int(np.sum(~np.isfinite(corner))) for corner in runs)
        return cls(square.names, (y00, y10, y01, y11), region(margin, noise), (a, b, c, d))


def _named(
    ready: _Ready, alpha: float, overlap: float | None, metric: str, lower: bool, seed: int
) -> Interaction:
    y00, y10, y01, y11 = ready.corners
    return interaction(
        y00=y00, y10=y10, y01=y01, y11=y11, rope=ready.rope, alpha=alpha, overlap=overlap, names=ready.names,
        metric=metric, lower=lower, seed=seed,
    )  # fmt: skip
