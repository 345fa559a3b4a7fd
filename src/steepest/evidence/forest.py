"""Functional analysis of variance by a random forest: a second opinion on which knobs mattered.

Where `importance` asks what sets the best trials apart, this asks what share of the scores' whole variance
each knob explains on its own. Two methods that agree are worth more than one with an interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.base.seeds import derive
from steepest.evidence.importance import cut
from steepest.evidence.paired import Floats

if TYPE_CHECKING:
    from scipy import stats
    from sklearn import ensemble
else:
    stats = Later("scipy.stats")
    ensemble = Later("sklearn.ensemble")

TREES = 64


@dataclass(frozen=True)
class MainEffect:
    """Share of the forest's variance that one knob explains alone: mean over trees, and its 5-95 % range
    there."""

    knob: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Anova:
    """Main effects, largest first, and what they leave to interactions; they sum to 1."""

    effects: tuple[MainEffect, ...]
    interactions: float


def fanova(
    knobs: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
    scores: npt.ArrayLike,
    *,
    seed: int = 0,
    trees: int = TREES,
) -> Anova:
    """Main-effect variance shares of a random forest, exact per tree.

    A tree is a sum of constants c_l over boxes B_l that fill the unit cube. With |B| a box's volume, |B_l|_d
    its width along knob d and f₀ = Σ c_l|B_l|,

        f_d(x) = Σ_{l: x_d ∈ B_l} c_l |B_l| / |B_l|_d ,     V_d = ∫ f_d² − f₀² ,     V = Σ c_l²|B_l| − f₀²

    and the share is V_d/V. Numbers enter as ranks, so that the measure is the one trials were drawn from;
    labels enter in the order of their mean score, each an equal part of [0, 1].

    Args:
        knobs: name → values, one per trial, shape (n,); None or NaN where absent.
        scores: higher better, shape (n,); NaN counts as the worst finite score.
        seed: fixes the forest.
        trees: their number.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.uniform(size=400), rng.uniform(size=400)
        >>> found = fanova({"y": y, "x": x}, 3 * x)
        >>> found.effects[0].knob, found.effects[0].share > 0.9
        ('x', True)

    References:
        Hutter, Hoos & Leyton-Brown (2014), An efficient approach for assessing hyperparameter importance,
        ICML.
    """
    score = np.asarray(scores, dtype=np.float64)
    finite = np.isfinite(score)
    if score.ndim != 1 or finite.sum() < 20 or np.ptp(score[finite]) == 0:
        raise BadInput(
            "scores", "must hold 20 finite scores that vary", int(finite.sum()), "Run more trials."
        )
    score = np.where(finite, score, score[finite].min())
    matrix = np.column_stack([_unit(name, values, score) for name, values in knobs.items()])  # (n, knobs)
    forest = ensemble.RandomForestRegressor(
        trees, min_samples_leaf=3, max_features=0.7, random_state=derive(seed, "forest") % 2**32
    )
    forest.fit(matrix, score)
    per_tree = np.array([_main_effects(tree.tree_, matrix.shape[1]) for tree in forest.estimators_])
    per_tree = per_tree[np.isfinite(per_tree).all(axis=1)]  # a tree without a split explains nothing
    shares = per_tree.mean(axis=0)
    low, high = np.quantile(per_tree, [0.05, 0.95], axis=0)
    effects = [
        MainEffect(name, float(s), float(a), float(b))
        for name, s, a, b in zip(knobs, shares, low, high, strict=True)
    ]
    return Anova(tuple(sorted(effects, key=lambda e: -e.share)), max(0.0, 1.0 - float(shares.sum())))


def _unit(name: str, values: Sequence[Any] | npt.NDArray[Any], score: Floats) -> Floats:
    """The knob on [0, 1]: ranks of numbers, labels by mean score; shape (n,)."""
    column = list(values)
    numeric = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in column)
    if numeric and len(column) == score.size and len(set(column)) > 10 and np.isfinite(column).all():
        return np.asarray((stats.rankdata(column) - 0.5) / score.size)
    cells = cut(name, values, score.size, top=100)
    means = [score[cells.codes == k].mean() for k in range(len(cells.labels))]
    place = stats.rankdata(means, method="ordinal") - 1
    return np.asarray((place[cells.codes] + 0.5) / len(means))


def _main_effects(tree: Any, knobs: int) -> Floats:
    """V_d/V for every knob of one scikit-learn tree, shape (knobs,); NaN if the tree is a stump."""
    lower, upper, value = _boxes(tree, knobs)
    width = upper - lower  # (leaves, knobs)
    volume = width.prod(axis=1)
    mean = float(volume @ value)
    total = float(volume @ value**2) - mean**2
    shares = np.full(knobs, np.nan)
    if total <= 0:
        return shares
    for d in range(knobs):
        edges = np.unique(np.concatenate([lower[:, d], upper[:, d]]))
        middle = (edges[1:] + edges[:-1]) / 2
        covers = (lower[:, d] < middle[:, None]) & (middle[:, None] < upper[:, d])  # (ranges, leaves)
        marginal = covers @ (value * volume / width[:, d])
        shares[d] = (float(np.diff(edges) @ marginal**2) - mean**2) / total
    return shares


def _boxes(tree: Any, knobs: int) -> tuple[Floats, Floats, Floats]:
    """Lower and upper corners (leaves, knobs) and values (leaves,) of a tree's leaves."""
    boxes: list[tuple[Floats, Floats, float]] = []
    stack = [(0, np.zeros(knobs), np.ones(knobs))]
    while stack:
        node, low, high = stack.pop()
        if tree.children_left[node] < 0:
            boxes.append((low, high, float(tree.value[node].ravel()[0])))
            continue
        d, threshold = int(tree.feature[node]), float(tree.threshold[node])
        left_high, right_low = high.copy(), low.copy()
        left_high[d] = right_low[d] = threshold
        stack += [
            (int(tree.children_left[node]), low, left_high),
            (int(tree.children_right[node]), right_low, high),
        ]
    return np.array([b[0] for b in boxes]), np.array([b[1] for b in boxes]), np.array([b[2] for b in boxes])
