"""The learning-rate finder: a ladder of rates, each trained from the same start, side by side as stacks.

The usual range test (Smith 2017, arXiv 1506.01186) raises the rate during one run, so every rate is judged
on weights that the lower ones have left, and one spike of the loss can end it early. Here each rate has a run
of its own, over several seeds, and what is reported is the range of rates that work, not a point.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.experiment.sweep import sweep_seeds


@dataclass(frozen=True, slots=True)
class Rung:
    """One rate: mean held-out loss and its standard error over the seeds that did not diverge."""

    lr: float
    loss: float
    error: float
    diverged: int


@dataclass(frozen=True, slots=True)
class RateRange:
    """Which learning rates work.

    Args:
        low, high: the ends of the range; NaN if no rate worked.
        best: the rate with the lowest loss, inside the range.
        start: held-out loss of an untrained network of this kind, for scale.
        ladder: every rate tried, upwards.
        open_below, open_above: the range reaches the ladder's end, so it may go on beyond it.
    """

    low: float
    high: float
    best: float
    start: float
    ladder: tuple[Rung, ...]
    open_below: bool = False
    open_above: bool = False

    @property
    def sentence(self) -> str:
        """The range in words."""
        if math.isnan(self.low):
            return (
                "no rate of the ladder learned anything: look at the data, the initialisation, the batch size"
            )
        width = math.log10(self.high / self.low)
        below, above = "below " * self.open_below, "above " * self.open_above
        ends = f"{below}{self.low:.2g} to {above}{self.high:.2g}"
        return f"rates from {ends} work ({width:.1f} decades), lowest loss at {self.best:.2g}"


def rate_range(
    data: DataSet,
    recipe: Recipe,
    *,
    low: float = 1e-5,
    high: float = 3.0,
    rates: int = 24,
    seeds: int = 3,
    epochs: int = 4,
    share: float = 0.1,
    seed: int = 0,
) -> RateRange:
    """Find the learning rates that work for a recipe.

    A rate works if it brings the held-out loss at least 1 - `share` of the way from an untrained network's
    loss to the best rate's, or to within two standard errors of the best.

    Args:
        data: a fifth of its rows is held out.
        recipe: everything but the rate.
        low, high: ends of the ladder; its `rates` rungs are spaced evenly in the logarithm.
        seeds: runs per rate, each with its own initial weights and data order, the same for all rates.
        epochs: length of each run; the recipe's schedule spans it.
        share: how much of the possible fall of the loss may be missed.
        seed: of everything random.

    Raises:
        BadInput: for an empty or reversed ladder.
    """
    if not 0 < low < high:
        raise BadInput("low", "must be positive and below high", (low, high), "Try 1e-5 and 1.")
    if rates < 3 or seeds < 1 or epochs < 1:
        raise BadInput("rates", "must be at least 3, with one seed and one epoch", (rates, seeds, epochs))
    ladder = np.geomspace(low, high, rates)
    recipes = [recipe.replace(lr=float(lr), epochs=epochs) for lr in ladder]
    untrained = recipe.replace(lr=0.0, epochs=1, weight_decay=0.0)
    losses = np.array(
        [
            [s.metrics.get("loss", math.nan) for s in row]
            for row in sweep_seeds(data, [*recipes, untrained], seed, seeds)
        ]
    )
    start = float(np.nanmean(losses[-1]))
    return _range([_rung(float(lr), row) for lr, row in zip(ladder, losses[:-1], strict=True)], start, share)


def _rung(lr: float, losses: np.ndarray) -> Rung:
    known = losses[np.isfinite(losses)]
    if not len(known):
        return Rung(lr, math.inf, 0.0, len(losses))
    error = float(known.std(ddof=1) / math.sqrt(len(known))) if len(known) > 1 else 0.0
    return Rung(lr, float(known.mean()), error, len(losses) - len(known))


def _range(ladder: Sequence[Rung], start: float, share: float) -> RateRange:
    whole = [r for r in ladder if not r.diverged]
    best = min(whole, key=lambda r: r.loss, default=None)
    if best is None or not best.loss < start:
        return RateRange(math.nan, math.nan, math.nan, start, tuple(ladder))
    bound = max(best.loss + share * (start - best.loss), best.loss + 2 * best.error)
    works = [not r.diverged and r.loss <= bound for r in ladder]
    first = last = ladder.index(best)  # the unbroken stretch around the best rate
    while first > 0 and works[first - 1]:
        first -= 1
    while last + 1 < len(ladder) and works[last + 1]:
        last += 1
    return RateRange(
        ladder[first].lr, ladder[last].lr, best.lr, start, tuple(ladder), first == 0, last == len(ladder) - 1
    )
