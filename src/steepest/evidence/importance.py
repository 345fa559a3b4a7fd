"""Which knobs mattered: what sets the best trials apart from all others.

Only trials drawn at random from the search space may enter. Trials proposed by a model crowd where the model
believed, and would show that belief as importance.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
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
    """A knob cut into cells: each trial's cell (n,), and what the cells are called, "absent" the last one."""

    codes: Codes
    labels: tuple[str, ...]

    @property
    def values(self) -> int:
        """Cells that are values of the knob."""
        return len(self.labels) - (self.labels[-1:] == (ABSENT,))


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
    groups: npt.ArrayLike | None = None,
    shared: Collection[str] = (),
) -> list[Importance]:
    """Rank knobs by the Pearson divergence between their values in the top trials and in all trials.

    With p_k the share of all n trials in cell k, and q_k the share of the m best, the variance that the knob
    alone explains of "is among the best" is γ² times

        D = Σ_k (q_k − p_k)² / p_k       less what chance gives, (K − 1)(1 − γ)/m        γ = m/n

    Numbers are cut into K equally full ranges, so their scale (log or not) does not matter; K is √m, from 3
    to 10. Where only some trials have the knob, the sum is over those, times the share of the best that have
    it: that another knob switches it on says nothing about it.

    Args:
        knobs: name → values, one per trial, shape (n,): numbers, or labels; None or NaN where a knob was
        absent.
        scores: higher better, shape (n,); NaN means diverged and counts as the worst.
        top: γ, share of trials called best. At least 5 trials must be in it.
        alpha: share of bootstrap intervals allowed to miss.
        seed: fixes resamples and permutations.
        groups: each trial's group, shape (n,), where trials were drawn in groups; intervals resample groups.
        shared: knobs of which each group has one value. Among so many groups, not trials, chance is counted.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> lr, depth = rng.uniform(size=300), rng.integers(1, 5, size=300)
        >>> ranked = importances({"depth": depth, "lr": lr}, -((lr - 0.7) ** 2))
        >>> ranked[0].knob, ranked[0].share > 0.8, ranked[0].p_adjusted < 0.01
        ('lr', True, True)

    References:
        Watanabe, Bansal & Hutter (2023), PED-ANOVA, arXiv 2304.10255, the global form.

    Departures: cells in place of kernel densities, which makes the divergence χ²/m with a known expectation
        under chance, so it can be taken off; intervals and p-values; groups.
    """
    score = np.asarray(scores, dtype=np.float64)
    best = _best(score, proportion("top", top))
    cells = {name: cut(name, values, score.size, int(best.sum())) for name, values in knobs.items()}
    if not cells:
        raise BadInput("knobs", "must hold at least one knob", 0, "Pass name → values.")
    group = grouped(groups, score.size)
    dealt = {
        name: _dealt_again(c, best, group if name in shared else None, generator(seed, "permute", name))
        for name, c in cells.items()
    }
    chances = [float(dealt[name].mean()) if name in shared else None for name in cells]
    m = float(best.sum())
    found = _shares(
        np.array(
            [
                _beyond_chance(_counts(c), _counts(c, best), m, 1.0, chance)
                for c, chance in zip(cells.values(), chances, strict=True)
            ]
        )
    )
    draws = _bootstrap(list(cells.values()), score, top, group, chances, seed)
    low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2], axis=0)
    p_values = [_p_value(c, best, dealt[name]) for name, c in cells.items()]
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


def grouped(groups: npt.ArrayLike | None, n: int) -> Codes:
    """Each trial's group by number, shape (n,); every trial its own where there are none."""
    if groups is None:
        return np.arange(n, dtype=np.intp)
    given = np.asarray(groups)
    if given.shape != (n,):
        raise BadInput("groups", f"must hold one group per trial ({n})", given.shape, "Leave it out if none.")
    return np.asarray(np.unique(given, return_inverse=True)[1], dtype=np.intp)


def resamples(groups: Codes, count: int, rng: np.random.Generator) -> Floats:
    """How often each trial is in bootstrap resamples of groups, shape (count, n)."""
    some = int(groups.max()) + 1
    return rng.multinomial(some, np.full(some, 1 / some), size=count)[:, groups].astype(np.float64)


def best_of(score: Floats, times: Floats, share: float) -> Floats:
    """How often each trial is among the best `share` of resamples, shape (count, n); NaN is never."""
    order = np.argsort(np.where(np.isfinite(score), -score, np.inf), kind="stable")
    drawn = times[:, order]
    room = np.ceil(share * times.sum(axis=1, keepdims=True) - 1e-9) - np.cumsum(drawn, axis=1) + drawn
    found = np.empty_like(times)
    found[:, order] = np.clip(room, 0.0, drawn) * np.isfinite(score[order])
    return found


def _counts(cells: Cells, chosen: npt.NDArray[np.bool_] | None = None) -> Floats:
    """How many of the chosen trials, or of all, have each value, shape (values,)."""
    codes = cells.codes if chosen is None else cells.codes[chosen]
    return np.bincount(codes, minlength=len(cells.labels))[: cells.values].astype(float)


def _divergence(counts: Floats, top_counts: Floats, m: float | Floats) -> Floats:
    """Σ (q − p)²/p over the last axis, times the share of the m best that have the knob at all."""
    n, having = counts.sum(axis=-1, keepdims=True), top_counts.sum(axis=-1, keepdims=True)
    p = np.divide(counts, n, out=np.zeros(counts.shape), where=n > 0)
    q = np.divide(top_counts, having, out=np.zeros(top_counts.shape), where=having > 0)
    parts = np.divide((q - p) ** 2, p, out=np.zeros(np.broadcast(p, q).shape), where=p > 0)
    return np.asarray(parts.sum(axis=-1) * having[..., 0] / m)


def _beyond_chance(
    counts: Floats, top_counts: Floats, m: float | Floats, times: float, chance: float | None
) -> Floats:
    """The divergence less `times` its expectation under chance, never below 0, over the last axis."""
    if chance is None:
        n, having = np.maximum(counts.sum(axis=-1), 1), top_counts.sum(axis=-1)
        expected = (np.count_nonzero(counts, axis=-1) - 1) * (1 - having / n) / m
    else:
        expected = np.asarray(chance)
    return np.asarray(np.maximum(0.0, _divergence(counts, top_counts, m) - times * expected))


def _shares(values: Floats) -> Floats:
    """Of their sum over the last axis; 0 where that is 0."""
    total = values.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(values, total, out=np.zeros(values.shape), where=total > 0))


def _bootstrap(
    cells: Sequence[Cells],
    score: Floats,
    top: float,
    groups: Codes,
    chances: Sequence[float | None],
    seed: int,
) -> Floats:
    """Shares over resampled trials, shape (resamples, knobs).

    A resample holds the chance divergence of the trials and, once more, its own: twice is taken off.
    """
    times = resamples(groups, RESAMPLES, generator(seed, "importance"))
    best = best_of(score, times, top)
    m = np.maximum(best.sum(axis=1), 1.0)
    found = []
    for c, chance in zip(cells, chances, strict=True):
        member = (c.codes[:, None] == np.arange(c.values)).astype(np.float64)  # (n, values)
        found.append(_beyond_chance(times @ member, best @ member, m, 2.0, chance))
    return _shares(np.stack(found, axis=1))


def _dealt_again(
    cells: Cells, best: npt.NDArray[np.bool_], groups: Codes | None, rng: np.random.Generator
) -> Floats:
    """Divergences if the knob did nothing, shape (permutations,).

    Then the best are trials at random, with multivariate hypergeometric cell counts; or, where groups have
    one value each, the values belong to groups at random.
    """
    counts, m = _counts(cells), int(best.sum())
    if groups is None:
        having = int(_counts(cells, best).sum())
        drawn = rng.multivariate_hypergeometric(counts.astype(np.int64), having, PERMUTATIONS, "marginals")
        return _divergence(counts[None], drawn.astype(float), m)
    here = cells.codes < cells.values
    index = np.unique(groups[here], return_inverse=True)[1]
    sizes = np.column_stack([np.bincount(index), np.bincount(index, weights=best[here])])  # (groups, 2)
    value = np.zeros(len(sizes), dtype=np.intp)
    value[index] = cells.codes[here]
    orders = rng.permuted(np.tile(value, (PERMUTATIONS, 1)), axis=1)
    found = np.stack([(orders == k) @ sizes for k in range(cells.values)], axis=1)  # (R, values, 2)
    return _divergence(found[..., 0], found[..., 1], m)


def _p_value(cells: Cells, best: npt.NDArray[np.bool_], dealt: Floats) -> float:
    observed = _divergence(_counts(cells), _counts(cells, best), int(best.sum()))
    return (1 + int(np.count_nonzero(dealt >= observed - 1e-12))) / (1 + PERMUTATIONS)


def _lift(cells: Cells, best: npt.NDArray[np.bool_]) -> tuple[tuple[str, float], ...]:
    counts = np.bincount(cells.codes, minlength=len(cells.labels)) / cells.codes.size
    top_counts = np.bincount(cells.codes[best], minlength=len(cells.labels)) / best.sum()
    return tuple((label, float(t / c)) for label, c, t in zip(cells.labels, counts, top_counts, strict=True))
