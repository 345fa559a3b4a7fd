"""Do two strategies help or hinder each other? A 2×2 design and its interaction.

Four cells: neither strategy (y00), the first alone (y10), the second alone (y01), both (y11), each with its
own learning rate tuned on an equal budget. With higher better and the interaction I = y11 − y10 − y01 + y00:

    conflict    I below −rope, and both together do worse than one of them alone
    redundant   I below −rope, but that is not shown: the second adds less than it would alone
    synergy     I above +rope: together they bring more than the sum
    additive    I inside ±rope: each brings what it brings alone
    unresolved  the interval reaches across; `n_needed` says what would settle it
"""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.paired import Floats, column, proportion, sign_flip
from steepest.evidence.power import power_to_differ, power_to_equate, smallest_count
from steepest.evidence.resampled import resampled_t

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")

Kind = Literal["conflict", "redundant", "synergy", "additive", "unresolved"]
FEWEST = 6  # replicates per cell, as for a verdict


@dataclass(frozen=True)
class Interaction:
    """How two strategies act together, higher better, in the metric's unit.

    Args:
        kind: conflict, redundant, synergy, additive or unresolved.
        effect: I = y11 − y10 − y01 + y00.
        standard_error: of I.
        low, high: interval of I at `level`.
        level: confidence.
        n: replicates per cell (the smallest cell where they differ).
        n_needed: replicates per cell that would settle it with chance 0.8; None when resolved or never.
        rope: half-width of the region where an interaction does not matter.
        p_value: of I = 0: exact sign-flip over replicates if paired (where splits overlap the larger of that
            and the corrected t test's), else Welch's t.
        mean_00, mean_10, mean_01, mean_11: the four cells.
        best: "neither", "first", "second" or "both": the cell with the highest mean.
        sentence: all of it in words.
    """

    kind: Kind
    effect: float
    standard_error: float
    low: float
    high: float
    level: float
    n: int
    n_needed: int | None
    rope: float
    p_value: float
    mean_00: float
    mean_10: float
    mean_01: float
    mean_11: float
    best: str
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        return {
            k: None if isinstance(v, float) and v != v else v for k, v in dataclasses.asdict(self).items()
        }


def interaction(
    *,
    y11: npt.ArrayLike,
    y10: npt.ArrayLike,
    y01: npt.ArrayLike,
    y00: npt.ArrayLike,
    rope: float = 0.0,
    alpha: float = 0.05,
    paired: bool = True,
    overlap: float | None = None,
    names: tuple[str, str] = ("the first", "the second"),
    metric: str = "score",
    lower: bool = False,
    seed: int = 0,
) -> Interaction:
    """Estimate the interaction of two strategies and name it.

    Paired, each replicate gives its own I and Student's interval is taken over replicates, so split effects
    cancel; where splits overlap it is widened as Nadeau and Bengio do. Independent cells have
    SE(I) = √Σ s²/n, which is 2σ/√n for equal cells, √2 times that of one contrast: the same width costs
    twice the replicates. Welch-Satterthwaite degrees of freedom then.

    "Worse than one alone" asks for evidence too: y11 − y10 or y11 − y01 has its interval below 0, at α/2
    each. Comparing means instead would call two strategies that do exactly the same (y11 = y10 = y01) a
    conflict in two of three designs, since the larger of two noisy means lies above the third.

    Args:
        y11, y10, y01, y00: finite scores, higher better; 1 = strategy on, first index the first strategy.
        rope: half-width of the region where an interaction does not matter; see `rope.region`.
        alpha: share of intervals allowed to miss the truth.
        paired: whether replicate i is the same split, order and seed in all four cells.
        overlap: n_test/n_train where the replicates' splits share rows, else None; see `resampled`. Paired
            only.
        names, metric: words for the sentence.
        lower: scores are the negatives of a metric that should be low; the sentence gives the metric itself.
        seed: for random signs beyond 30 replicates.

    Example:
        >>> jitter = [0.001, -0.002, 0.000, 0.002, -0.001, 0.001]
        >>> cells = {"y00": 0.90, "y10": 0.93, "y01": 0.93, "y11": 0.91}
        >>> runs = {cell: [mean + j * (2 - mean) for j in jitter] for cell, mean in cells.items()}
        >>> interaction(**runs, rope=0.01, names=("dropout", "batch norm")).kind
        'conflict'

    References:
        Cox (1958), Planning of Experiments; Satterthwaite (1946), Biometrics Bulletin 2.
    """
    cells = [column(name, y) for name, y in (("y00", y00), ("y10", y10), ("y01", y01), ("y11", y11))]
    sizes = [c.size for c in cells]
    if min(sizes) < 2 or (paired and len(set(sizes)) > 1):
        constraint = "must hold 2 or more replicates each, equally many if paired"
        raise BadInput("cells", constraint, sizes, "Run more.")
    if not (np.isfinite(rope) and rope >= 0):
        raise BadInput("rope", "must be a width in the metric's unit, 0 or more", rope, "Try the seed noise.")
    if overlap is not None and not paired:
        raise BadInput("overlap", "needs pairs", "paired=False", "Run all cells on the same splits.")
    shared = overlap or 0.0
    means = [float(c.mean()) for c in cells]
    effect = means[3] - means[1] - means[2] + means[0]
    signs = (1, -1, -1, 1)  # of y00, y10, y01, y11 in I
    error, degrees = _error(cells, signs, paired, shared)
    p_value = _p_value(cells, effect, error, degrees, paired, overlap, seed)
    half = float(stats.t.isf(proportion("alpha", alpha) / 2, degrees)) * error
    low, high = effect - half, effect + half
    kind: Kind = "unresolved"
    if min(sizes) >= FEWEST:
        worse = any(
            _below(cells, signs, alpha / 2, paired, shared) for signs in ((0, -1, 0, 1), (0, 0, -1, 1))
        )
        kind = _kind(low, high, rope, worse)
    needed = None
    if kind == "unresolved":
        spread = error / np.sqrt(1 / min(sizes) + shared)
        needed = _needed(effect, spread, rope, alpha, shared, max(min(sizes) + 1, FEWEST))
    record = Interaction(
        kind=kind,
        effect=effect,
        standard_error=error,
        low=low,
        high=high,
        level=1 - alpha,
        n=min(sizes),
        n_needed=needed,
        rope=rope,
        p_value=p_value,
        mean_00=means[0],
        mean_10=means[1],
        mean_01=means[2],
        mean_11=means[3],
        best=("neither", "first", "second", "both")[int(np.argmax(means))],
    )
    return dataclasses.replace(record, sentence=_sentence(record, names, metric, lower))


def detectable(n: int, *, rope: float, sd: float, alpha: float = 0.05, overlap: float = 0.0) -> float:
    """The smallest interaction that n replicates of each cell name with chance 0.8.

    Args:
        n: replicates of each cell.
        rope, sd: half-width of the region, and standard deviation of a replicate's I, in one unit. Cells that
            share nothing have an SD of twice that of a run.
        alpha, overlap: as for `interaction`.

    Example:
        >>> [round(detectable(20, rope=1.0, sd=2.0, overlap=share), 2) for share in (0.0, 1 / 9)]
        [2.32, 3.37]
    """
    low, high = 0.0, sd
    while power_to_differ(n, high, sd, alpha=alpha, overlap=overlap) < 0.8:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        found = power_to_differ(n, middle, sd, alpha=alpha, overlap=overlap) >= 0.8
        low, high = (low, middle) if found else (middle, high)
    return rope + high


def _error(cells: list[Floats], signs: tuple[int, ...], paired: bool, overlap: float) -> tuple[float, float]:
    """Standard error and degrees of freedom of the contrast Σ signsₖ·ȳₖ, signs of 1, 0 or −1."""
    used = [(s, c) for s, c in zip(signs, cells, strict=True) if s]
    if paired:
        each = np.sum([s * c for s, c in used], axis=0)  # (n,)
        return float(each.std(ddof=1) * np.sqrt(1 / each.size + overlap)), each.size - 1.0
    parts = np.array([c.var(ddof=1) / c.size for _, c in used])
    degrees = np.array([c.size - 1.0 for _, c in used])
    total = float(parts.sum())
    if total == 0.0:
        return 0.0, float(degrees.sum())
    return float(np.sqrt(total)), total**2 / float(np.sum(parts**2 / degrees))


def _below(cells: list[Floats], signs: tuple[int, ...], alpha: float, paired: bool, overlap: float) -> bool:
    """Whether the two-sided interval of the contrast lies below 0."""
    error, degrees = _error(cells, signs, paired, overlap)
    value = sum(s * float(c.mean()) for s, c in zip(signs, cells, strict=True))
    return bool(value + stats.t.isf(alpha / 2, degrees) * error < 0)


def _p_value(
    cells: list[Floats],
    effect: float,
    error: float,
    degrees: float,
    paired: bool,
    overlap: float | None,
    seed: int,
) -> float:
    if paired:
        each = cells[3] - cells[1] - cells[2] + cells[0]
        flip = sign_flip(each, seed)
        return flip if overlap is None else max(flip, resampled_t(each, overlap).p_value)
    return float(2 * stats.t.sf(abs(effect) / error, degrees)) if error > 0 else float(effect == 0.0)


def _kind(low: float, high: float, rope: float, worse: bool) -> Kind:
    if high < -rope:
        return "conflict" if worse else "redundant"
    if low > rope:
        return "synergy"
    return "additive" if -rope < low and high < rope else "unresolved"


def _needed(
    effect: float, spread: float, rope: float, alpha: float, overlap: float, start: int
) -> int | None:
    """Replicates per cell for chance 0.8 of an interval beyond ±rope, or inside it."""

    def settles(n: int) -> bool:
        beyond = power_to_differ(n, max(0.0, abs(effect) - rope), spread, alpha=alpha, overlap=overlap)
        inside = power_to_equate(n, effect, spread, rope, alpha=alpha, overlap=overlap)
        return max(beyond, inside) >= 0.8

    return smallest_count(settles, start)


def _sentence(r: Interaction, names: tuple[str, str], metric: str, lower: bool) -> str:
    first, second = names
    alone = max(r.mean_10, r.mean_01)
    head = {
        "conflict": f"conflict: {first} and {second} together do worse than one of them alone",
        "redundant": f"redundant: beside {first}, {second} adds less than it would alone",
        "synergy": f"synergy: {first} and {second} bring more together than the sum of both"
        if r.mean_11 >= max(alone, r.mean_00)
        else f"synergy: {first} and {second} cost less together than the sum of both, but still cost",
        "additive": f"additive: {first} and {second} each bring what they bring alone",
        "unresolved": f"unresolved: {first} with {second}",
    }[r.kind]
    scale = (r.high - r.low) / 2 or abs(r.effect)
    decimals = int(np.clip(1 - np.floor(np.log10(scale)), 0, 12)) if scale > 0 else 2
    best = {"neither": "neither", "first": f"{first} alone", "second": f"{second} alone", "both": "both"}[
        r.best
    ]
    effect, low, high = (-r.effect, -r.high, -r.low) if lower else (r.effect, r.low, r.high)
    shown = f"interaction {effect:+.{decimals}f} {metric} [{low:+.{decimals}f}, {high:+.{decimals}f}]"
    tail = f"({100 * r.level:.3g} %), {r.n} replicates per cell, best mean: {best}"
    advice = f"; about {r.n_needed} per cell would settle it" if r.n_needed else ""
    return f"{head}: {shown} {tail}{advice}"
