"""Two densities per knob: what they learn; proposals lie inside the space and hang on what was told alone."""

import math

import numpy as np
import pytest

from steepest.base.knobs import Choice, Range
from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.search.densities import CELLS, Densities, Table
from steepest.search.space import Space
from steepest.search.suggest import Suggester

WHOLE = Space.of(Recipe(), {}, "classification")
SMALL = Space(Recipe(optimizer="adam"), ("width", "lr", "weight_decay"))


def planted(recipe: Recipe) -> float:
    """Best at an Adam rate of 0.01, decay of 0.01, width 64."""
    rate = math.log(recipe.lr / 0.01) ** 2
    decay = 4.0 if recipe.weight_decay == 0 else min(math.log(recipe.weight_decay / 0.01) ** 2, 4.0)
    return -rate - 0.5 * decay - (recipe.width != 64)


def drawn(space: Space, count: int, seed: int = 0) -> list[Recipe]:
    points = generator(seed, "random").random((count, len(space.names))).tolist()
    return [space.recipe(p, "uniform") for p in points]


def told(space: Space, recipes: list[Recipe], seed: int = 0) -> Densities:
    densities = Densities(space, seed)
    for recipe in recipes:
        densities.tell(recipe, {3: planted(recipe)}, finished=True)
    densities.begin(1)
    return densities


@pytest.mark.parametrize(
    "where", [Range(1e-4, 1.0, scale="log", off=0.0), Range(1, 9), Choice(("a", "b", "c"))]
)
@pytest.mark.parametrize("columns", [[], [0], [0, 1, 1, 2]])
def test_a_table_is_a_distribution_with_mass_everywhere(where: Range | Choice, columns: list[int]) -> None:
    density = Table(where, np.array(columns, dtype=int)).density()
    assert density.sum() == pytest.approx(1)
    assert density.min() > 0
    if columns:
        assert np.argmax(density[:CELLS]) == pytest.approx(max(set(columns), key=columns.count), abs=8)


def test_off_is_a_column_of_its_own() -> None:
    where = Range(1e-4, 1.0, scale="log", off=0.0)
    assert Table(where, np.array([], dtype=int)).density()[CELLS] == pytest.approx(0.5)
    assert Table(where, np.full(9, CELLS)).density()[CELLS] > 0.8
    assert Table(where, np.full(9, 5)).density()[CELLS] < 0.2


def test_it_learns_where_the_best_recipes_are_and_no_worse_than_optuna() -> None:
    recipes = drawn(SMALL, 60)
    ours, optunas = told(SMALL, recipes), Suggester(SMALL, 0)
    for recipe in recipes:
        optunas.tell(recipe, {3: planted(recipe)}, finished=True)
    optunas.begin(1)
    found, theirs = ([planted(model.ask()) for _ in range(20)] for model in (ours, optunas))
    scores = sorted(map(planted, recipes))
    assert sum(score > scores[45] for score in found) >= 12  # chance would bring 5
    assert np.median(found) > np.median(theirs) - 0.5


def test_who_failed_ranks_last() -> None:
    densities = Densities(WHOLE, 0)
    for recipe in drawn(WHOLE, 80):
        densities.tell(recipe, {1: -1e9} if recipe.optimizer == "adamw" else {}, finished=False)
    densities.begin(1)
    found = [densities.ask().optimizer for _ in range(20)]
    assert found.count("adamw") >= 10


def test_who_came_further_ranks_first() -> None:
    densities = Densities(WHOLE, 0)
    for recipe in drawn(WHOLE, 80):
        scores = {1: 0.1, 3: 0.2} if recipe.optimizer == "sgd" else {1: 0.9}
        densities.tell(recipe, scores, finished=False)
    densities.begin(1)
    assert [densities.ask().optimizer for _ in range(20)].count("sgd") >= 10


def test_before_ten_are_known_it_draws_by_chance() -> None:
    densities = told(SMALL, drawn(SMALL, 8))
    assert len({densities.ask().key() for _ in range(40)}) == 40


def test_proposals_lie_inside_and_differ() -> None:
    densities = told(WHOLE, drawn(WHOLE, 60))
    found = [densities.ask() for _ in range(40)]
    assert len({recipe.key() for recipe in found}) >= 38
    for recipe in found:
        values = recipe.dotted()
        for name in set(WHOLE.names) & set(recipe.relevant()):
            where, value = WHOLE.where(name, values), values[name]
            if isinstance(where, Choice):
                assert value in where.options
            else:
                assert value == where.off or where.low <= value <= where.high


def test_structure_can_be_given() -> None:
    densities = told(WHOLE, drawn(WHOLE, 60))
    first = densities.ask()
    other = densities.ask(like=first)
    relevant = set(first.relevant()) & set(other.relevant())
    assert all(getattr(first, n) == getattr(other, n) for n in set(WHOLE.structural) & relevant)
    assert first.lr != other.lr


def test_proposals_hang_on_seed_wave_and_what_was_told_alone() -> None:
    recipes = drawn(WHOLE, 30)

    def proposals(seed: int, wave: int, asks: int = 0) -> list[Recipe]:
        densities = told(WHOLE, recipes, seed)
        for _ in range(asks):
            densities.ask()
        densities.begin(wave)
        return [densities.ask() for _ in range(4)]

    assert proposals(0, 2) == proposals(0, 2, asks=5)
    assert proposals(0, 2) != proposals(1, 2)
    assert proposals(0, 2) != proposals(0, 3)


def test_a_rate_is_placed_within_its_own_optimizers_range() -> None:
    densities = Densities(WHOLE, 0)
    for recipe in drawn(WHOLE, 300):
        where = WHOLE.where("lr", recipe.dotted())
        assert isinstance(where, Range)
        place = math.log(recipe.lr / where.low) / math.log(where.high / where.low)
        densities.tell(recipe, {1: -abs(place - 0.75)}, finished=True)
    densities.begin(1)
    for recipe in (densities.ask() for _ in range(20)):
        where = WHOLE.where("lr", recipe.dotted())
        assert isinstance(where, Range)
        assert 0.4 < math.log(recipe.lr / where.low) / math.log(where.high / where.low) <= 1
