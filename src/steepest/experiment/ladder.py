"""The learning rate of each compared recipe: scaled with the batch by a rule, or the best of a ladder.

A value that trains at a rate made for another is judged by that rate. So each gets its own, and is compared
with the others as it would be used.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

from steepest.base.errors import BadInput
from steepest.base.optimization import ADAM_FAMILY
from steepest.base.recipe import Recipe

Rates = Literal["tuned", "scaled", "same"]
WAYS: tuple[Rates, ...] = ("tuned", "scaled", "same")

RUNGS = 5
DECADES = 2.0
EXTENSIONS = 3
"""How often a ladder may grow beyond an end that holds its best rate."""

LINEAR = ("sgd", "momentum", "nesterov")
ROOT = ("rmsprop", *ADAM_FAMILY)
HAS_RULE = (*LINEAR, *ROOT)


def scaled_rate(recipe: Recipe, base: Recipe) -> float:
    """The rate for a batch size, from the rate of the base recipe.

        η = η₀·κ     sgd, momentum, nesterov
        η = η₀·√κ    rmsprop, adam, adamw, nadamw        with κ = batch / base batch

    Args:
        recipe: has the batch size B and the optimizer.
        base: has the batch size B₀ and the rate η₀.

    Raises:
        BadInput: for an optimizer without such a rule.

    Example:
        >>> scaled_rate(Recipe(batch_size=256), Recipe(batch_size=64, lr=1e-3))
        0.002
        >>> scaled_rate(Recipe(optimizer="sgd", batch_size=256), Recipe(batch_size=64, lr=0.1))
        0.4

    References:
        Goyal et al. (2017), arXiv 1706.02677, section 2.1 (linear scaling rule); Malladi et al. (2022),
        arXiv 2205.10287 (square root scaling rule).

    Departures: the root rule also scales β₁, β₂ and ε; here the rate alone is scaled.
    """
    ratio = recipe.batch_size / base.batch_size
    if recipe.optimizer in LINEAR:
        return base.lr * ratio
    if recipe.optimizer in ROOT:
        return base.lr * math.sqrt(ratio)
    constraint = "must have a rule that scales its rate with the batch"
    remedy = f"Tune the rates, or fix one of: {', '.join(HAS_RULE)}."
    raise BadInput("optimizer", constraint, recipe.optimizer, remedy)


@dataclass(slots=True)
class Ladder:
    """Rates in equal factors, with what each of them scored.

    Args:
        step: factor between neighbours.
        waiting: rates not trained yet.
        growth: rates by which the ladder grows beyond an end.
        found: rate → (score, −loss) on the ladder's own held-out rows; NaN where the run diverged.
        grown: how often it has grown.

    Example:
        >>> ladder = Ladder.around(1e-3, 3)
        >>> ladder.waiting
        [0.0001, 0.001, 0.01]
        >>> for rate, score in zip(list(ladder.waiting), (0.5, 0.7, 0.9)):
        ...     ladder.add(rate, score, 0.1)
        >>> ladder.best, ladder.grow(), ladder.waiting
        (0.01, True, [0.1])
    """

    step: float
    waiting: list[float]
    growth: int = 1
    found: dict[float, tuple[float, float]] = field(default_factory=dict)
    grown: int = 0

    @classmethod
    def around(cls, center: float, count: int) -> "Ladder":
        """`count` rates over two decades around `center`."""
        step = 10 ** (DECADES / (count - 1))
        middle = (count - 1) / 2
        rates = [_tidy(center * step ** (i - middle)) for i in range(count)]
        return cls(step, rates, max(1, count // 3))

    def add(self, rate: float, score: float, loss: float) -> None:
        """Take in what a rate scored."""
        if rate in self.waiting:
            self.waiting.remove(rate)
        self.found[rate] = score, -loss

    @property
    def best(self) -> float:
        """The rate with the highest score, smoothed over its neighbours, then the lowest loss.

        One run's score says little of a rate; its neighbours' say something too. Each rate gets half of its
        own score and a quarter of each neighbour's, where a diverged one counts as the worst score seen. If
        all diverged it is the lowest rate.
        """
        rates = sorted(self.found)
        found = [self.found[rate] for rate in rates]
        sound = [i for i, got in enumerate(found) if all(map(math.isfinite, got))]
        if not sound:
            return rates[0]
        worst = min(found[i][0] for i in sound)
        filled = [got[0] if i in sound else worst for i, got in enumerate(found)]
        edged = [filled[0], *filled, filled[-1]]
        smooth = [round(a / 4 + b / 2 + c / 4, 12) for a, b, c in zip(edged, filled, edged[2:], strict=False)]
        return rates[max(sound, key=lambda i: (smooth[i], found[i][1]))]

    @property
    def at_end(self) -> bool:
        """Whether the best rate is the lowest or the highest tried."""
        return self.best in (min(self.found), max(self.found))

    def grow(self) -> bool:
        """Wait for further rates if the best is at an end and the ladder may still grow; else False."""
        if not self.at_end or self.grown >= EXTENSIONS:
            return False
        end = self.best
        factor = self.step if end == max(self.found) else 1 / self.step
        self.waiting = [_tidy(end * factor**i) for i in range(1, self.growth + 1)]
        self.grown += 1
        return True


def _tidy(rate: float) -> float:
    """Three digits of a rate: finer than any ladder, and easier to read."""
    return float(f"{rate:.3g}")
