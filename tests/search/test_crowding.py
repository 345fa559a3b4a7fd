"""Fronts decide first, crowding within them; a wave with costs keeps more than the best scores."""

import math
from collections.abc import Sequence

import pytest

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.search.crowding import best_first, by_fronts
from steepest.search.densities import Densities
from steepest.search.front import fronts, hypervolume
from steepest.search.policy import Policy
from steepest.search.space import Space
from steepest.search.stacked import Stacked
from steepest.search.strategy import GoOn, Means, Tried
from steepest.search.suggest import Suggester, tpe
from steepest.testing.strategies import Trainer, drive, planted


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


SPACE = Space(Recipe(), ("width", "depth", "lr", "dropout"))


def large_is_better(recipe: Recipe, rounds: int) -> float:
    """And wants a lower rate."""
    if math.isnan(planted(recipe, rounds)):
        return math.nan
    rate = 0.3 * math.log(recipe.lr * recipe.width / 0.3) ** 2
    return math.log2(recipe.width * recipe.depth) - rate - recipe.dropout - 1 / rounds


def size(recipe: Recipe) -> tuple[float, ...]:
    return (math.log2(recipe.width**2 * recipe.depth),)


class ByScore(Stacked):
    """Parents, good members and leaders by the score alone."""

    def _file(self, members: Sequence[Tried], means: Means) -> None:
        super()._file(list(members), Trainer(math.inf, rungs=means.rungs))


def covered(kind: type[Stacked], seed: int) -> float:
    """The area that the front of who was trained to the end covers."""
    trainer = Trainer(math.inf, score=large_is_better, limits=size)
    drive(kind(Policy(SPACE, seed), seed, 150).run(trainer), trainer)
    last = trainer.rungs[-1]
    ended = [trainer.recipes[n] for n, at in trainer.at.items() if at == last]
    return hypervolume([(large_is_better(r, last), size(r)[0]) for r in ended], (0.0, 20.0))


def test_parents_and_leaders_from_the_front_cover_more() -> None:
    apart = [covered(Stacked, seed) - covered(ByScore, seed) for seed in range(10)]
    assert sum(apart) > 0
    assert sum(each >= 0 for each in apart) >= 8


def test_who_came_furthest_goes_before_any_front_and_who_failed_comes_last() -> None:
    order = best_first([1, 3, 3, 0, 3], [0.9, 0.5, 0.4, -math.inf, 0.3], [(1,), (9,), (2,), (0,), (5,)])
    assert order == [1, 2, 4, 0, 3]
    assert best_first([1, 3, 3, 0], [0.9, 0.4, 0.5, -math.inf], [()] * 4) == [2, 1, 0, 3]


@pytest.mark.parametrize("kind", [Densities, lambda space, seed: Suggester(space, seed, tpe)])
def test_a_model_proposes_like_the_whole_front_and_not_like_its_best_score_alone(kind: type) -> None:
    """Scores say wide networks, costs say narrow ones; those in between are beaten by either."""
    found: dict[bool, list[int]] = {}
    for costly in (False, True):
        model = kind(SPACE, 0)
        for k in range(60):
            width = (256, 32, 64)[k % 3]
            score, cost = {256: (0.9, 6.0), 32: (0.4, 1.0), 64: (0.3, 7.0)}[width]
            recipe = Recipe(width=width, lr=1e-3 * (1 + k), dropout=0.01 * k)
            model.tell(recipe, {3: score - 1e-4 * k}, True, (cost + 1e-4 * k,) if costly else ())
        model.begin(1)
        found[costly] = [model.ask().width for _ in range(40)]
    assert found[True].count(32) > found[False].count(32) + 5
