"""Fronts decide first, crowding within them; a wave with costs keeps more than the best scores."""

import math

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.search.crowding import by_fronts
from steepest.search.front import fronts
from steepest.search.policy import Policy
from steepest.search.space import Space
from steepest.search.stacked import Stacked
from steepest.search.strategy import GoOn
from steepest.testing.strategies import Trainer, drive


def test_every_front_comes_before_the_next_and_its_ends_first() -> None:
    rows = generator(0, "rows").random((40, 3))
    scores, costs = rows[:, 0].tolist(), rows[:, 1:].tolist()
    order = by_fronts(scores, costs)
    assert sorted(order) == list(range(40))
    at = 0
    for front in fronts(scores, costs):
        part = order[at : at + len(front)]
        assert set(part) == set(front)
        ends = {max(front, key=scores.__getitem__), *(min(front, key=lambda i: costs[i][c]) for c in (0, 1))}
        assert ends <= set(part[:6])
        at += len(front)


def test_with_one_score_and_equal_costs_it_is_the_order_of_scores() -> None:
    assert by_fronts([0.1, 0.5, 0.3], [(1.0,)] * 3) == [1, 2, 0]


def test_a_wave_with_costs_keeps_small_networks_too() -> None:
    space = Space.of(Recipe(), {}, "classification")

    def wide(recipe: Recipe, rounds: int) -> float:
        return recipe.width - 1 / rounds

    def widths(trainer: Trainer) -> set[int]:
        drive(Stacked(Policy(space, 0), 0, 180).run(trainer), trainer)
        order = next(o for o in trainer.orders if isinstance(o, GoOn))
        return {trainer.recipes[n].width for n in order.members if n not in order.lucky}

    alone = widths(Trainer(math.inf, score=wide, noise=0.0))
    both = widths(Trainer(math.inf, score=wide, noise=0.0, limits=lambda recipe: (float(recipe.width),)))
    assert min(both) < min(alone)
    assert max(both) == max(alone)
