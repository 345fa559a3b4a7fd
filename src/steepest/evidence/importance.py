"""Which knobs mattered: what sets the best trials apart from all others.

Only trials drawn at random from the search space may enter. Trials proposed by a model crowd where the model
believed, and would show that belief as importance.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.seeds import generator
from steepest.evidence.family import holm
from steepest.evidence.paired import Floats, proportion

Codes = npt.NDArray[np.intp]

FEWEST_TOP = 5
RESAMPLES = 400
PERMUTATIONS = 1_999
ABSENT = "absent"


class Cells(NamedTuple):
    """A knob cut into cells: each trial's cell (n,), and what the cells are called."""

    codes: Codes
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Importance:
    """How much one knob sets the best trials apart.

    Args:
        knob: its name.
        share: of all knobs' divergences beyond chance; the shares sum to 1, or are all 0.
        low, high: bootstrap interval of the share.
        p_value: chance of so large a divergence if the knob did nothing, by permutation.
        p_adjusted: the same, adjusted by Holm over the knobs.
        lift: per value or range, how much more frequent it is among the best trials than among all; 1 = no
        more.
        best: the value or range with the highest lift.
    """

    knob: str
    share: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    lift: tuple[tuple[str, float], ...]
    best: str


def importances(
    knobs: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
    scores: npt.ArrayLike,
    *,
    top: float = 0.1,
    alpha: float = 0.05,
    seed: int = 0,
) -> list[Importance]:
    """Rank knobs by the Pearson divergence between their values in the top trials and in all trials.

    With p_k the share of all n trials in cell k, and q_k the share of the m best, the variance that the knob
    alone explains of "is among the best" is γ² times

        D = Σ_k (q_k − p_k)² / p_k       less what chance gives, (K − 1)(1 − γ)/m        γ = m/n

    Numbers are cut into K equally full ranges, so their scale (log or not) does not matter; K is √m, from 3
    to 10.

    Args:
        knobs: name → values, one per trial, shape (n,): numbers, or labels; None or NaN where a knob was
        absent.
        scores: higher better, shape (n,); NaN means diverged and counts as the worst.
        top: γ, share of trials called best. At least 5 trials must be in it.
        alpha: share of bootstrap intervals allowed to miss.
        seed: fixes resamples and permutations.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> lr, depth = rng.uniform(size=300), rng.integers(1, 5, size=300)
        >>> ranked = importances({"depth": depth, "lr": lr}, -((lr - 0.7) ** 2))
        >>> ranked[0].knob, ranked[0].share > 0.8, ranked[0].p_adjusted < 0.01
        ('lr', True, True)

    References:
        Watanabe, Bansal & Hutter (2023), PED-ANOVA, arXiv 2304.10255, the global form.

    Departures: cells in place of kernel densities, which makes the divergence χ²/m with a known expectation
        under chance, so it can be taken off; intervals and p-values.
    """
    score = np.asarray(scores, dtype=np.float64)
    best = _best(score, proportion("top", top))
    cells = {name: cut(name, values, score.size, int(best.sum())) for name, values in knobs.items()}
    if not cells:
        raise BadInput("knobs", "must hold at least one knob", 0, "Pass name → values.")
    found = _shares([_beyond_chance(c, best, 1.0) for c in cells.values()])
    draws = _bootstrap(list(cells.values()), score, top, seed)
    low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2], axis=0)
    p_values = [_permutation_p(c, best, generator(seed, "permute", name)) for name, c in cells.items()]
    rows = []
    for i, (name, p_adjusted) in enumerate(zip(cells, holm(p_values), strict=True)):
        lift = _lift(cells[name], best)
        leader = max(lift, key=lambda pair: pair[1])[0]
        span = min(float(low[i]), float(found[i])), max(float(high[i]), float(found[i]))
        rows.append(Importance(name, float(found[i]), *span, p_values[i], p_adjusted, lift, leader))
    return sorted(rows, key=lambda row: (-row.share, row.p_value))


def cut(name: str, values: Sequence[Any] | npt.NDArray[Any], n: int, top: int) -> Cells:
    """Cut a knob into cells: labels as they are, numbers into equally full ranges, absent values apart.

    Example:
        >>> cut("lr", [1e-4, 1e-3, 1e-2, None], n=4, top=9).labels
        ('0.0001', '0.001', '0.01', 'absent')
    """
    column = list(values)
    if len(column) != n:
        raise BadInput(
            f"knobs[{name!r}]", f"must hold one value per trial ({n})", len(column), "Use None if absent."
        )
    absent = [v is None or (isinstance(v, float | np.floating) and np.isnan(v)) for v in column]
    present = [v for v, gone in zip(column, absent, strict=True) if not gone]
    count = int(np.clip(round(np.sqrt(top)), 3, 10))
    numeric = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in present)
    if numeric and len(set(present)) > count:
        edges = np.unique(np.quantile(np.array(present, dtype=float), np.linspace(0, 1, count + 1)))
        inner = edges[1:-1]
        keys: list[Hashable] = [int(np.searchsorted(inner, v, side="right")) for v in present]
        words = {k: f"{edges[k]:.3g} to {edges[k + 1]:.3g}" for k in range(len(edges) - 1)}
    else:
        keys = [v.item() if isinstance(v, np.generic) else v for v in present]
        words = {k: f"{k:g}" if numeric else str(k) for k in keys}  # type: ignore[misc]
    order = sorted(set(keys)) if numeric else sorted(set(keys), key=str)  # type: ignore[type-var]
    labels = [words[k] for k in order] + ([ABSENT] if any(absent) else [])  # type: ignore[index]
    place = {k: i for i, k in enumerate(order)}
    found = iter(keys)
    codes = [len(order) if gone else place[next(found)] for gone in absent]
    return Cells(np.array(codes, dtype=np.intp), tuple(labels))


def _best(score: Floats, top: float) -> npt.NDArray[np.bool_]:
    """The top share of finite scores; ties at the border go to the earlier trial."""
    count = int(np.ceil(top * score.size - 1e-9))
    count = min(count, int(np.isfinite(score).sum()))
    if score.ndim != 1 or count < FEWEST_TOP:
        raise BadInput(
            "scores", f"must have {FEWEST_TOP} finite scores or more in the top {top:g}", count, "Run more."
        )
    ranked = np.argsort(np.where(np.isfinite(score), -score, np.inf), kind="stable")
    best = np.zeros(score.size, dtype=bool)
    best[ranked[:count]] = True
    return best


def _divergence(counts: Floats, top_counts: Floats) -> Floats:
    """Σ (q − p)²/p over the last axis, cells that hold no trial left out."""
    p = counts / counts.sum(axis=-1, keepdims=True)
    q = top_counts / top_counts.sum(axis=-1, keepdims=True)
    parts = np.divide((q - p) ** 2, p, out=np.zeros(np.broadcast(p, q).shape), where=p > 0)
    return np.asarray(parts.sum(axis=-1))


def _beyond_chance(cells: Cells, best: npt.NDArray[np.bool_], times: float) -> float:
    """The divergence less `times` its expectation under chance, never below 0."""
    size = len(cells.labels)
    counts = np.bincount(cells.codes, minlength=size).astype(float)
    top_counts = np.bincount(cells.codes[best], minlength=size).astype(float)
    chance = (np.count_nonzero(counts) - 1) * (1 - best.mean()) / best.sum()
    return max(0.0, float(_divergence(counts, top_counts)) - times * float(chance))


def _shares(values: Sequence[float]) -> Floats:
    total = float(sum(values))
    return np.array(values) / total if total > 0 else np.zeros(len(values))


def _bootstrap(cells: list[Cells], score: Floats, top: float, seed: int) -> Floats:
    """Shares over resampled trials, shape (resamples, knobs).

    A resample holds the chance divergence of the trials and, once more, its own: twice is taken off.
    """
    rng, draws = generator(seed, "importance"), []
    for _ in range(RESAMPLES):
        pick = rng.integers(0, score.size, size=score.size)
        best = np.zeros(score.size, dtype=bool)
        ranked = np.argsort(np.where(np.isfinite(score[pick]), -score[pick], np.inf), kind="stable")
        best[ranked[: int(np.ceil(top * score.size - 1e-9))]] = True
        draws.append(_shares([_beyond_chance(Cells(c.codes[pick], c.labels), best, 2.0) for c in cells]))
    return np.array(draws)


def _permutation_p(cells: Cells, best: npt.NDArray[np.bool_], rng: np.random.Generator) -> float:
    """If the knob did nothing, the m best are m trials at random: multivariate hypergeometric cell counts."""
    counts = np.bincount(cells.codes, minlength=len(cells.labels))
    observed = _divergence(
        counts.astype(float), np.bincount(cells.codes[best], minlength=counts.size).astype(float)
    )
    drawn = rng.multivariate_hypergeometric(counts, int(best.sum()), size=PERMUTATIONS, method="marginals")
    hits = np.count_nonzero(_divergence(counts.astype(float)[None], drawn.astype(float)) >= observed - 1e-12)
    return (1 + hits) / (1 + PERMUTATIONS)


def _lift(cells: Cells, best: npt.NDArray[np.bool_]) -> tuple[tuple[str, float], ...]:
    counts = np.bincount(cells.codes, minlength=len(cells.labels)) / cells.codes.size
    top_counts = np.bincount(cells.codes[best], minlength=len(cells.labels)) / best.sum()
    return tuple((label, float(t / c)) for label, c, t in zip(cells.labels, counts, top_counts, strict=True))
