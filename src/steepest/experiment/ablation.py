"""The way from the default to the winner: which knobs change together, and what each step gains."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.knobs import Knob
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import generator
from steepest.evidence.family import step_levels
from steepest.evidence.verdict import Verdict, judge
from steepest.experiment.confirmation import OVERLAP

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Switch:
    """Knobs that change in one step, each with its value before and after."""

    changes: Mapping[str, tuple[Any, Any]]

    @property
    def name(self) -> str:
        """The knobs.

        Example:
            >>> Switch({"optimizer": ("adamw", "sgd"), "lr": (0.001, 0.1)}).name
            'optimizer, lr'
        """
        return ", ".join(self.changes)

    def turned(self, recipe: Recipe) -> Recipe:
        """The recipe after this step."""
        return recipe.replace(**{name: after for name, (_, after) in self.changes.items()})


def switches(default: Recipe, winner: Recipe) -> list[Switch]:
    """What differs; knobs whose meaning hangs on another that differs change together with it.

    A rate that suits one optimizer says nothing about another, so the two are one switch.

    Example:
        >>> found = switches(Recipe(), Recipe(optimizer="sgd", lr=0.1, dropout=0.2))
        >>> [switch.name for switch in found]
        ['dropout', 'optimizer, lr']
    """
    before, after = default.dotted(), winner.dotted()
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    teams = {name: name for name in names}

    def head(name: str) -> str:
        return name if teams[name] == name else head(teams[name])

    for name in names:
        for other in _hangs_on(KNOBS.get(name)):
            if other in teams:
                teams[head(name)] = head(other)
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(head(name), []).append(name)
    ordered = [
        sorted(team, key=lambda name: (name != first, names.index(name))) for first, team in found.items()
    ]
    return [Switch({name: (before.get(name), after.get(name)) for name in team}) for team in ordered]


def _hangs_on(knob: Knob | None) -> set[str]:
    """Knobs that decide whether this one matters, or what range it has."""
    if knob is None:
        return {"network"}
    return {*knob.when, *(other for other, _ in knob.search_by)} - {"task"}


def grouped(found: Sequence[Switch], most: int, shares: Mapping[str, float]) -> list[Switch]:
    """At most so many switches: the least important ones become one.

    Args:
        found: the switches.
        most: 1 or more.
        shares: importance of knobs; those that are missing have none.

    Example:
        >>> three = [Switch({name: (0, 1)}) for name in ("l1", "lr", "dropout")]
        >>> [switch.name for switch in grouped(three, 2, {"lr": 0.6, "l1": 0.1})]
        ['lr', 'l1, dropout']
    """
    if len(found) <= most:
        return list(found)
    weight = {switch.name: max(shares.get(name, 0.0) for name in switch.changes) for switch in found}
    ranked = sorted(found, key=lambda switch: -weight[switch.name])
    kept = ranked[: most - 1]
    rest = [switch for switch in found if switch not in kept]
    joined = {name: change for switch in rest for name, change in switch.changes.items()}
    return [*(switch for switch in found if switch in kept), Switch(joined)]


def leading(before: Sequence[float], scores: Sequence[Sequence[float]]) -> tuple[int, bool]:
    """Which candidate gains most, and whether by more than two standard errors of such a gain.

    Args:
        before: scores without any of them, one per replicate; NaN where one diverged.
        scores: of each candidate.

    Example:
        >>> leading([0.90, 0.91, 0.89], [[0.90, 0.91, 0.90], [0.95, 0.95, 0.95]])
        (1, True)
    """
    rows = np.array([before, *scores], dtype=float)
    worst = np.nanmin(rows) if np.isfinite(rows).any() else 0.0
    rows = np.where(np.isfinite(rows), rows, worst)
    gains = rows[1:] - rows[0]  # (candidates, replicates)
    n = gains.shape[1]
    spread = math.sqrt(np.mean(gains.var(axis=1, ddof=1))) if n > 1 else 0.0
    best = int(np.argmax(gains.mean(axis=1)))
    return best, bool(gains[best].mean() > 2 * spread / math.sqrt(n))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way.

    Args:
        switch: what changed.
        recipe: after it.
        scores: of that recipe on the replicates, higher is better; NaN where one diverged.
        verdict: against the step before, at the level that Holm's procedure leaves it among all steps.
        share: of the whole gain; None where there is no whole gain to share.
        share_low, share_high: 95 % interval of that.
    """

    switch: Switch
    recipe: Recipe
    scores: tuple[float, ...]
    verdict: Verdict
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None


def steps(
    path: Sequence[tuple[Switch, Recipe]],
    scores: Sequence[Sequence[float]],
    metric: str,
    lower: bool,
    seed: int,
    alpha: float = 0.05,
) -> tuple[list[Step], Verdict]:
    """Judge every step against the one before, and the end against the start.

    Args:
        path: switches with the recipe after each.
        scores: of the start, then after each switch, on the same replicates.
        metric, lower: the score's name, and whether it is to be low.
        seed: fixes the bootstrap.
        alpha: chance of even one step that is named by chance.
    """

    def judged(k: int, j: int, against: str, level: float = alpha) -> Verdict:
        return judge(
            scores[k], scores[j], alpha=level, overlap=OVERLAP, seed=seed, metric=metric,
            against=against, lower=lower,
        )  # fmt: skip

    total = judged(len(path), 0, "the default")
    first = [judged(k, k - 1, "the step before") for k in range(1, len(path) + 1)]
    levels = step_levels([verdict.p_value for verdict in first], alpha)
    found = [
        Step(switch, recipe, tuple(scores[k]), judged(k, k - 1, "the step before", levels[k - 1]))
        for k, (switch, recipe) in enumerate(path, start=1)
    ]
    if total.kind != "better":
        return found, total
    shares = _shares([step.verdict.effect for step in found], scores, seed)
    shared = [
        dataclasses.replace(step, share=share, share_low=low, share_high=high)
        for step, (share, low, high) in zip(found, shares, strict=True)
    ]
    return shared, total


def _shares(
    effects: Sequence[float], scores: Sequence[Sequence[float]], seed: int
) -> list[tuple[float, float | None, float | None]]:
    """Each step's share of the whole gain, with its interval by resampling whole replicates."""
    total = sum(effects)
    y = np.asarray(scores, dtype=float)  # (recipes, replicates)
    if not np.isfinite(y).all() or total <= 0:
        return [(effect / total, None, None) if total > 0 else (0.0, None, None) for effect in effects]
    n = y.shape[1]
    drawn = generator(seed, "shares").integers(0, n, size=(RESAMPLES, n))
    means = y[:, drawn].mean(axis=2)  # (recipes, resamples)
    whole = means[-1] - means[0]
    kept = whole > 0
    ratios = np.diff(means[:, kept], axis=0) / whole[kept]
    widen = np.sqrt(1 + OVERLAP * n)  # splits share rows, as in the intervals of the steps
    middle = np.array(effects)[:, None] / total
    low, high = np.quantile(middle + widen * (ratios - middle), [0.025, 0.975], axis=1)
    return [(e / total, float(a), float(b)) for e, a, b in zip(effects, low, high, strict=True)]
