"""Ask and tell: recipes out, results in, and Optuna's study holds what a reader of it would look for."""

import math
from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState

from steepest.base.knobs import Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import generator
from steepest.search.portfolio import portfolio
from steepest.search.space import Space
from steepest.search.suggest import Suggester

WHOLE = Space.of(Recipe(), {}, "classification")


def shown(recipe: Recipe, space: Space = WHOLE) -> dict[str, object]:
    """What Optuna should know of a recipe: knobs that matter, with a switch where one can be off."""
    found: dict[str, object] = {}
    for name in set(space.names) & set(recipe.relevant()):
        where, value = KNOBS[name].search, getattr(recipe, name)
        if isinstance(where, Range) and where.off is not None:
            found[f"use {name}"] = value != where.off
            if value == where.off:
                continue
        found[name] = value
    return found


def test_asked_and_told() -> None:
    suggester = Suggester(WHOLE, 0)
    recipe = suggester.ask(17)
    suggester.tell(17, recipe, {1: 0.3, 3: 0.5, 9: 0.4}, finished=True, failed=False)
    (trial,) = suggester.study.trials
    assert trial.state == TrialState.COMPLETE
    assert trial.value == 0.4
    assert trial.intermediate_values == {1: 0.3, 3: 0.5, 9: 0.4}
    assert set(trial.params) == set(shown(recipe))
    for name, value in shown(recipe).items():
        if name != "lr":  # the rate is moved into the range of its optimizer
            told = trial.params[name]
            assert float(f"{told:.4g}") == value if isinstance(told, float) else told == value, name


@pytest.mark.parametrize(
    ("rungs", "finished", "failed", "state"),
    [
        ({1: 0.3, 3: 0.5}, True, False, TrialState.COMPLETE),
        ({1: 0.3}, False, False, TrialState.PRUNED),
        ({1: 0.3}, False, True, TrialState.FAIL),
        ({}, False, True, TrialState.FAIL),
        ({}, False, False, TrialState.FAIL),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_every_fate_has_its_state(
    asked: bool, rungs: dict[int, float], finished: bool, failed: bool, state: TrialState
) -> None:
    suggester = Suggester(WHOLE, 0)
    recipe = suggester.ask(0) if asked else portfolio(WHOLE)[3]
    suggester.tell(0, recipe, rungs, finished, failed)
    (trial,) = suggester.study.trials
    assert trial.state == state
    assert trial.intermediate_values == rungs
    assert set(trial.params) == set(shown(recipe))


@pytest.mark.parametrize("recipe", portfolio(WHOLE), ids=lambda r: r.optimizer)
def test_members_of_other_origin_are_filed_with_all_that_matters(recipe: Recipe) -> None:
    suggester = Suggester(WHOLE, 0)
    suggester.tell(5, recipe, {1: 0.1}, finished=True, failed=False)
    (trial,) = suggester.study.trials
    assert trial.params == pytest.approx(shown(recipe))


def test_values_outside_the_search_are_left_out() -> None:
    space = Space.of(Recipe(batch_size=50, weight_decay=5.0), {}, "classification")
    suggester = Suggester(space, 0)
    suggester.tell(0, space.base, {1: 0.1}, finished=True, failed=False)
    (trial,) = suggester.study.trials
    assert not {"batch_size", "weight_decay"} & set(trial.params)
    suggester.ask(1)


def test_proposals_depend_on_the_seed_alone() -> None:
    def proposals(seed: int) -> list[Recipe]:
        suggester = Suggester(WHOLE, seed)
        return [suggester.ask(k) for k in range(5)]

    assert proposals(1) == proposals(1)
    assert proposals(1) != proposals(2)


def test_members_asked_for_together_differ() -> None:
    suggester = Suggester(WHOLE, 0)
    for k in range(20):
        suggester.tell(
            k, WHOLE.recipe([(k + 0.5) / 20] * len(WHOLE.names), "uniform"), {1: k / 20}, True, False
        )
    assert len({suggester.ask(100 + k).key() for k in range(12)}) == 12


SAMPLERS: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
    "random": lambda: optuna.samplers.RandomSampler(seed=0),
    "independent TPE": lambda: optuna.samplers.TPESampler(seed=0, n_startup_trials=3),
    "quasi-random": lambda: optuna.samplers.QMCSampler(seed=0, warn_independent_sampling=False),
    "genetic": lambda: optuna.samplers.NSGAIISampler(seed=0, population_size=4),
}


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_any_sampler_of_optuna_can_be_plugged_in(name: str) -> None:
    suggester = Suggester(WHOLE, 0, SAMPLERS[name]())
    recipes = []
    for k in range(10):
        recipe = suggester.ask(k)
        recipes.append(recipe)
        suggester.tell(k, recipe, {1: recipe.dropout, 3: recipe.lr}, finished=True, failed=k == 4)
    states = [t.state for t in suggester.study.trials]
    assert states.count(TrialState.COMPLETE) == 9
    assert states.count(TrialState.FAIL) == 1
    assert len({r.key() for r in recipes}) == 10


def planted(recipe: Recipe) -> float:
    """Best at an Adam rate of 0.01, decay of 0.01, width 64."""
    rate = math.log(recipe.lr / 0.01) ** 2
    decay = 4.0 if recipe.weight_decay == 0 else min(math.log(recipe.weight_decay / 0.01) ** 2, 4.0)
    return -rate - 0.5 * decay - (recipe.width != 64)


def test_it_learns_where_the_best_recipes_are() -> None:
    space = Space(Recipe(optimizer="adam"), ("width", "lr", "weight_decay"))
    learned, drawn = [], []
    for seed in range(2):
        suggester = Suggester(space, seed)
        for k in range(40):
            recipe = suggester.ask(k)
            suggester.tell(k, recipe, {1: planted(recipe)}, finished=True, failed=False)
            if k >= 25:
                learned.append(planted(recipe))
        points = generator(seed, "random").random((200, 3)).tolist()
        drawn += [planted(space.recipe(p, "uniform")) for p in points]
    better = sum(score > sorted(drawn)[int(0.75 * len(drawn))] for score in learned) / len(learned)
    assert better > 0.5, better  # half of what it proposes beats three quarters of chance


def test_it_learns_from_members_it_did_not_propose() -> None:
    space = Space(Recipe(optimizer="adam"), ("width", "lr", "weight_decay"))
    suggester = Suggester(space, 0)
    points = generator(0, "random").random((60, 3)).tolist()
    recipes = [space.recipe(p, "uniform") for p in points]
    for k, recipe in enumerate(recipes):
        suggester.tell(k, recipe, {1: planted(recipe)}, finished=True, failed=False)
    told = sorted(map(planted, recipes))
    found = [planted(suggester.ask(100 + k)) for k in range(20)]
    assert (
        sum(score > told[45] for score in found) >= 8
    )  # chance would bring 5 in 20, and 8 in one case of ten
