"""What a search for conflicts found: the settings with their scores, and each pair's name and numbers."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steepest.base.recipe import Recipe
from steepest.evidence.factorial import Interaction
from steepest.evidence.interactions import Named, judged, squares
from steepest.experiment.corners import Crossed
from steepest.training.metrics import is_lower_better

FORM = 1  # of the exported object; it grows when a name changes its meaning


@dataclass(frozen=True, slots=True)
class Setting:
    """One recipe that was trained.

    Args:
        label: how it differs from the default recipe.
        recipe: with the middle ones of its rates and decays.
        rates, decays: of each run.
        scores: of each run on its held-out rows, higher is better; NaN where it diverged.
        mean: of the scores that are numbers; NaN if none is.
        diverged: runs whose loss stopped being a number.
    """

    label: str
    recipe: Recipe
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    scores: tuple[float, ...]
    mean: float
    diverged: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two strategies, and what they do together.

    Args:
        combination: the name of the combination they are of.
        first, second: their names.
        found: kind, effect, interval, n, and the four means; scores are higher-better.
        p_adjusted: of no interaction, adjusted for the table.
        diverged: runs that diverged with neither, the first, the second, both; each counted as the worst.
        settings: places of the settings behind each of the four.
        expected, source: what is said of them, and who says so.
    """

    combination: str
    first: str
    second: str
    found: Interaction
    p_adjusted: float
    diverged: tuple[int, int, int, int]
    settings: tuple[tuple[int, ...], ...]
    expected: str
    source: str


@dataclass(frozen=True)
class Conflicted:
    """A finished search for conflicts.

    Args:
        objective: the score; higher is better, so a metric that should be low is negated.
        settings: what was trained, each once.
        pairs: of all combinations; the table errs once in twenty.
        overlap: held-out rows per training row.
        facts: what was asked, of which data, and how it was done; plain values.
    """

    objective: str
    settings: tuple[Setting, ...]
    pairs: tuple[Pair, ...]
    overlap: float
    facts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values; NaN becomes None."""
        settings = [{**asdict(s), "recipe": s.recipe.model_dump()} for s in self.settings]
        pairs = [
            {**{k: v for k, v in asdict(p).items() if k != "found"}, **p.found.to_dict()} for p in self.pairs
        ]
        plain: dict[str, Any] = _plain(
            {"form": FORM, "objective": self.objective, "overlap": self.overlap, **self.facts,
             "pairs": pairs, "settings": settings}
        )  # fmt: skip
        return plain


def conflicted(
    objective: str,
    tried: Sequence[Crossed],
    places: Sequence[Sequence[int]],
    settings: Sequence[Setting],
    facts: Mapping[str, Any],
    *,
    overlap: float,
    margin: float | None,
    shared: int,
    seed: int,
) -> Conflicted:
    """Turn scores into named pairs.

    Args:
        objective, settings, overlap, facts: as in `Conflicted`.
        tried: the combinations.
        places: of each combination's settings among `settings`.
        margin: an interaction up to this does not matter.
        shared: so many seeds used the very same folds; each fold then counts once, with its mean score.
        seed: of the tests.
    """
    scores = np.array([s.scores for s in settings])
    replicates = scores.reshape(len(settings), shared, -1).mean(1)  # [settings, n]
    table, about = [], []
    for each, rows in zip(tried, places, strict=True):
        table += squares(each.design.on, replicates[list(rows)], each.names)
        about += [(each, i, j, rows) for i in range(len(each.names)) for j in range(i + 1, len(each.names))]
    found = judged(
        table,
        margin=margin,
        overlap=overlap,
        metric=objective,
        lower=is_lower_better(objective),
        seed=seed,
    )
    pairs = tuple(_pair(*where, named) for where, named in zip(about, found, strict=True))
    return Conflicted(objective, tuple(settings), pairs, overlap, dict(facts))


def _pair(each: Crossed, first: int, second: int, rows: Sequence[int], named: Named) -> Pair:
    corner = each.design.on[:, first] + 2 * each.design.on[:, second]
    behind = tuple(tuple(rows[int(i)] for i in np.flatnonzero(corner == c)) for c in range(4))
    asked = each.combination
    return Pair(
        combination=asked.name,
        first=named.names[0],
        second=named.names[1],
        found=named.found,
        p_adjusted=named.p_adjusted,
        diverged=named.diverged,
        settings=behind,
        expected=asked.expected,
        source=asked.source,
    )


def setting(
    recipes: Sequence[Recipe],
    scores: Sequence[float],
    base: Recipe,
    asked: Recipe,
    name: str = "the default recipe",
    rate: bool = True,
) -> Setting:
    """One setting as it was trained.

    Args:
        recipes, scores: of each run.
        base: the recipe that the label tells the difference from.
        asked: the setting's recipe before anything was tuned.
        name: of the base.
        rate: whether the setting tunes its rate as others do; else its label says so.
    """
    known = [score for score in scores if math.isfinite(score)]
    rates, decays = tuple(r.lr for r in recipes), tuple(r.weight_decay for r in recipes)
    usual, own = base.dotted(), asked.dotted()
    tuned = {"lr"} if len(set(rates)) > 1 else set()
    told = [f"{k}={_short(v)}" for k, v in own.items() if v != usual.get(k) and k not in tuned]
    label = ", ".join(told) or name
    return Setting(
        label=label if rate else f"{label} (rate not tuned)",
        recipe=asked.replace(lr=statistics.median_low(rates), weight_decay=statistics.median_low(decays)),
        rates=rates,
        decays=decays,
        scores=tuple(scores),
        mean=sum(known) / len(known) if known else math.nan,
        diverged=len(scores) - len(known),
    )


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
