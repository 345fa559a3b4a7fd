"""A trainer by formula, to try search strategies on: it scores at once, and its budget is one of rounds."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from steepest.base.recipe import Recipe
from steepest.search.strategy import Order, Proposal, Report, Start


def planted(recipe: Recipe, rounds: int) -> float:
    """Best at a rate of 0.01 without dropout, better with every round; high rates of descent diverge."""
    if recipe.optimizer in ("sgd", "momentum", "nesterov", "gd") and recipe.lr > 0.5:
        return math.nan
    return -(math.log(recipe.lr / 0.01) ** 2) - recipe.dropout - 1 / rounds


@dataclass
class Trainer:
    """Carries out orders by a formula; it is its own `Means`.

    Args:
        budget: rounds in all; infinite for none.
        score: recipe, rounds → score; NaN for a member that fails.
        rungs, noise: as in `Means`.
        planned: the first waves, where the search goes on after these were planned.
        limits: what is to be kept low, of a recipe.

    Example:
        >>> from steepest.search.policy import Policy
        >>> from steepest.search.rivals import STRATEGIES
        >>> from steepest.search.space import Space
        >>> policy = Policy(Space.of(Recipe(), {}, "classification"), seed=0)
        >>> trainer = Trainer(budget=100)
        >>> drive(STRATEGIES["random"](policy, 0, None, 1).run(trainer), trainer)
        'budget'
        >>> len(trainer.recipes), trainer.spent
        (3, 81.0)
    """

    budget: float
    score: Callable[[Recipe, int], float] = planted
    rungs: Sequence[int] = (1, 3, 9, 27)
    noise: float = 0.02
    planned: Sequence[tuple[Proposal, ...]] = ()
    limits: Callable[[Recipe], tuple[float, ...]] = lambda _: ()
    asked: int = 0
    spent: float = 0.0
    recipes: dict[int, Recipe] = field(default_factory=dict)
    at: dict[int, int] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)

    def affordable(self, rounds: float, share: float, most: int) -> int:
        """Members that what is left pays for."""
        self.asked += 1
        if math.isinf(self.budget):
            return most
        return max(0, min(most, int((share * self.budget - self.spent) / rounds)))

    def costs(self, recipe: Recipe) -> tuple[float, ...]:
        """What `limits` says."""
        return self.limits(recipe)

    def recalled(self) -> tuple[Proposal, ...]:
        """The next wave, if it was planned."""
        waves = sum(isinstance(order, Start) for order in self.orders)
        return self.planned[waves] if waves < len(self.planned) else ()

    def carry_out(self, order: Order) -> Report:
        """Score the members of an order; they are numbered from 8."""
        self.orders.append(order)
        if isinstance(order, Start):
            first = len(self.recipes) + 8
            members = tuple(range(first, first + len(order.proposals)))
            self.recipes |= {n: p.recipe for n, p in zip(members, order.proposals, strict=True)}
        else:
            members = order.members
        for number in members:
            self.spent += order.until - self.at.get(number, 0)
            self.at[number] = order.until
        return Report(members, {n: self.score(self.recipes[n], order.until) for n in members})


def drive(steps: Generator[Order, Report, str], trainer: Trainer) -> str:
    """Carry out a strategy's orders to the end; returns why it ended."""
    try:
        order = next(steps)
        while True:
            order = steps.send(trainer.carry_out(order))
    except StopIteration as end:
        return str(end.value)


def starts(trainer: Trainer) -> list[tuple[Proposal, ...]]:
    """The proposals of every wave."""
    return [order.proposals for order in trainer.orders if isinstance(order, Start)]
