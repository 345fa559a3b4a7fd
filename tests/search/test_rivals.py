"""The rivals do what their names say, within their budget, and ask for the same again when they go on."""

import math

import pytest

from steepest.base.recipe import Recipe
from steepest.search.policy import Policy
from steepest.search.rivals import KEPT, STRATEGIES
from steepest.search.space import Space
from steepest.search.strategy import GoOn, Start
from steepest.testing.strategies import Trainer, drive, planted, starts

SPACE = Space.of(Recipe(epochs=3), {}, "classification")


def search(name: str, trainer: Trainer, trials: int | None = None, seed: int = 0) -> str:
    return drive(STRATEGIES[name](Policy(SPACE, seed), seed, trials, 2).run(trainer), trainer)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_budget_is_used_and_kept(name: str) -> None:
    trainer = Trainer(500)
    assert search(name, trainer) == "budget"
    assert 0.75 * 500 < trainer.spent < 1.15 * 500
    keys = [recipe.key() for recipe in trainer.recipes.values()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_more_members_than_asked_for(name: str) -> None:
    trainer = Trainer(math.inf)
    assert search(name, trainer, trials=20) == "trials"
    assert len(trainer.recipes) == 20


@pytest.mark.parametrize("name", STRATEGIES)
def test_who_goes_on_asks_for_the_same_again(name: str) -> None:
    straight = Trainer(300)
    search(name, straight)
    waves = starts(straight)
    resumed = Trainer(300, planned=waves[: max(1, len(waves) // 2)])
    search(name, resumed)
    assert resumed.orders == straight.orders


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_seed_decides(name: str) -> None:
    first, other = Trainer(120), Trainer(120)
    search(name, first)
    search(name, other, seed=1)
    assert starts(first) != starts(other)


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_survives_that_everybody_fails(name: str) -> None:
    trainer = Trainer(100, score=lambda *_: math.nan)
    search(name, trainer)
    assert not any(isinstance(order, GoOn) and order.members for order in trainer.orders)


def test_random_members_train_to_the_end() -> None:
    trainer = Trainer(500)
    search("random", trainer)
    assert all(isinstance(order, Start) and order.until == trainer.rungs[-1] for order in trainer.orders)


def test_top_k_finishes_the_best_of_the_first_rung() -> None:
    trainer = Trainer(500)
    search("top-k", trainer)
    begun, finished = trainer.orders
    assert isinstance(begun, Start)
    assert isinstance(finished, GoOn)
    assert (begun.until, finished.until) == (1, 27)
    assert len(finished.members) == len(begun.proposals) // KEPT
    scores = {n: planted(recipe, 1) for n, recipe in trainer.recipes.items()}
    others = [s for n, s in scores.items() if n not in finished.members and not math.isnan(s)]
    assert min(scores[n] for n in finished.members) >= max(others)


def test_halving_keeps_a_third_each_time() -> None:
    trainer = Trainer(500, score=lambda recipe, _: -recipe.lr)
    search("halving", trainer)
    wave = trainer.orders[:4]
    assert isinstance(wave[0], Start)
    sizes = [len(wave[0].proposals), *(len(o.members) for o in wave[1:] if isinstance(o, GoOn))]
    assert sizes[1:] == [size // 3 for size in sizes[:-1]]


def test_hyperband_prunes_some_and_finishes_some() -> None:
    trainer = Trainer(2000)
    search("tpe-hyperband", trainer)
    ends = list(trainer.at.values())
    assert 0 < sum(end == 27 for end in ends) < len(ends)
    assert all(len(order.proposals) <= 2 for order in trainer.orders if isinstance(order, Start))
