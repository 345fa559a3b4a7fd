"""What a search does next: the contract between a strategy and whoever trains for it.

A strategy is a generator. It yields orders, *start these recipes* or *take these members on*, and is sent
back what they scored. It sees no clock and no torch: what time allows it asks of its `Means`. So the same
strategy runs a study (`experiment/searching.py`) and a replay of recorded curves (`benchmarks/search`), and
what it does is a function of what it was told. That is what lets a killed study go on as if nothing had
happened: the answers it got are written down, and told again.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from steepest.base.recipe import Recipe

Origin = Literal["portfolio", "prior", "uniform", "tpe", "mutation", "user"]


def origin_of(name: str) -> Origin:
    """The origin of that name, as a journal keeps it.

    Example:
        >>> origin_of("prior")
        'prior'
    """
    for origin in get_args(Origin):
        if origin == name:
            known: Origin = origin
            return known
    raise ValueError(f"nobody called {name!r} proposes recipes")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recipe to try, and who proposed it."""

    recipe: Recipe
    origin: Origin


@dataclass(frozen=True, slots=True)
class Start:
    """Begin new members, one per proposal, and train them to the end of a round.

    Args:
        proposals: a recipe for each.
        until: the round.
        joins: whether they are of the wave that was begun last, instead of one of their own.
    """

    proposals: tuple[Proposal, ...]
    until: int
    joins: bool = False


@dataclass(frozen=True, slots=True)
class GoOn:
    """Take members on to the end of a later round. Whoever of their wave is not named leaves for good.

    Args:
        members: who goes on.
        until: the round.
        lucky: those of them that did not earn it but were drawn.
    """

    members: tuple[int, ...]
    until: int
    lucky: tuple[int, ...] = ()


Order = Start | GoOn


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an order.

    Args:
        members: numbers of its members, in the order's order.
        scores: by number, higher is better; NaN for who failed. Who is missing was left out for want of time.
    """

    members: tuple[int, ...]
    scores: Mapping[int, float] = field(default_factory=dict)


@dataclass(slots=True)
class Tried:
    """What is known of a member: score by round, higher is better; none once it failed; what is to be low."""

    number: int
    recipe: Recipe
    scores: dict[int, float] = field(default_factory=dict)
    failed: bool = False
    costs: tuple[float, ...] = ()

    @property
    def reached(self) -> int:
        """The last round that was scored, 0 if none was."""
        return max(self.scores, default=0)

    @property
    def score(self) -> float:
        """The latest score, NaN if there is none."""
        return self.scores[self.reached] if self.scores else math.nan

    def learn(self, report: Report, rung: int) -> bool:
        """Take in what a report says of it; returns whether it lives."""
        score = report.scores.get(self.number)
        if score is None:
            return False
        if math.isnan(score):
            self.failed = True
            self.scores.clear()
            return False
        self.scores[rung] = score
        return True


class Means(Protocol):
    """What a strategy may ask of whoever trains for it. An answer may change as time passes."""

    @property
    def rungs(self) -> Sequence[int]:
        """Rounds after which members are compared; the last is the whole training."""

    @property
    def noise(self) -> float:
        """Standard deviation of the default's score over seeds and splits."""

    def affordable(self, rounds: float, share: float, most: int) -> int:
        """Members that can be trained for so many rounds each before `share` of the search's budget is spent.

        Args:
            rounds: mean rounds a member gets.
            share: of the search's budget, from its beginning; 1 is its end.
            most: no more than that.
        """

    def costs(self, recipe: Recipe) -> tuple[float, ...]:
        """What is to be kept low beside the score, such as parameters; () where the score alone counts."""

    def recalled(self) -> tuple[Proposal, ...]:
        """The proposals of the next `Start` where a study that goes on has planned them before; else ()."""


class Strategy(Protocol):
    """A way to search."""

    def learn(self, tried: Sequence[Tried], waves: int, last: int) -> None:
        """Begin where an earlier search of the same study ended.

        Args:
            tried: its members.
            waves: how many it had.
            last: the last rung.
        """

    def run(self, means: Means) -> Generator[Order, Report, str]:
        """Orders, until there is nothing left to do or to do it with; returns why: "budget" or "space"."""
