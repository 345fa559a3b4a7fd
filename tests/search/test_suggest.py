"""Ask and tell: recipes out, results in, and Optuna's study holds what a reader of it would look for."""

import importlib.util
import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from steepest.base.errors import BadInput
from steepest.base.knobs import Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import generator
from steepest.search.portfolio import portfolio
from steepest.search.silence import quiet
from steepest.search.space import Space
from steepest.search.suggest import SAMPLERS as SAMPLERS_BY_NAME
from steepest.search.suggest import Maker, Suggester, warmed

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


@pytest.mark.parametrize(
    ("scores", "finished", "state"),
    [
        ({1: 0.3, 3: 0.5, 9: 0.4}, True, TrialState.COMPLETE),
        ({1: 0.3}, False, TrialState.PRUNED),
        ({}, False, TrialState.PRUNED),
    ],
)
@pytest.mark.parametrize("recipe", portfolio(WHOLE)[:3], ids=lambda r: r.optimizer)
def test_members_are_filed_with_all_that_matters(
    recipe: Recipe, scores: dict[int, float], finished: bool, state: TrialState
) -> None:
    suggester = Suggester(WHOLE, 0)
    suggester.tell(recipe, scores, finished)
    assert suggester.study.trials == []  # the present wave does not learn
    suggester.begin(1)
    (trial,) = suggester.study.trials
    assert trial.state == state
    assert trial.value == (0.4 if finished else None)
    assert trial.intermediate_values == scores
    assert trial.params == pytest.approx(shown(recipe))


def test_who_failed_ranks_last() -> None:
    suggester = Suggester(WHOLE, 0)
    for k in range(60):
        recipe = WHOLE.recipe([(k + 0.5) / 60] * len(WHOLE.names), "uniform")
        suggester.tell(recipe, {1: -1e9} if recipe.optimizer == "adamw" else {}, finished=False)
    suggester.begin(1)
    found = [suggester.ask() for _ in range(20)]
    chance = 1 / len(WHOLE.where("optimizer", {}).options)  # type: ignore[union-attr]
    assert sum(r.optimizer == "adamw" for r in found) / 20 > 2 * chance


def test_what_was_asked_for_leaves_no_trace() -> None:
    def then(asks: int) -> list[Recipe]:
        suggester = Suggester(WHOLE, 0)
        for k in range(20):
            suggester.tell(WHOLE.recipe([(k + 0.5) / 20] * len(WHOLE.names), "uniform"), {1: k / 20}, True)
        suggester.begin(1)
        for _ in range(asks):
            suggester.ask()
        suggester.begin(2)
        return [suggester.ask() for _ in range(3)]

    assert then(0) == then(4)


def test_values_outside_the_search_are_left_out() -> None:
    space = Space.of(Recipe(batch_size=50, weight_decay=5.0), {}, "classification")
    suggester = Suggester(space, 0)
    suggester.tell(space.base, {1: 0.1}, finished=True)
    suggester.begin(1)
    (trial,) = suggester.study.trials
    assert not {"batch_size", "weight_decay"} & set(trial.params)
    suggester.ask()


def test_proposals_depend_on_seed_and_wave_alone() -> None:
    def proposals(seed: int, wave: int) -> list[Recipe]:
        suggester = Suggester(WHOLE, seed)
        suggester.begin(wave)
        return [suggester.ask() for _ in range(5)]

    assert proposals(1, 0) == proposals(1, 0)
    assert proposals(1, 0) != proposals(2, 0)
    assert proposals(1, 0) != proposals(1, 1)


def test_members_asked_for_together_differ() -> None:
    suggester = Suggester(WHOLE, 0)
    for k in range(20):
        suggester.tell(WHOLE.recipe([(k + 0.5) / 20] * len(WHOLE.names), "uniform"), {1: k / 20}, True)
    suggester.begin(1)
    assert len({suggester.ask().key() for _ in range(12)}) == 12


SAMPLERS: dict[str, Maker] = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "independent TPE": lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=3),
    "quasi-random": lambda seed: optuna.samplers.QMCSampler(
        seed=seed, scramble=True, warn_independent_sampling=False
    ),
    "genetic": lambda seed: optuna.samplers.NSGAIISampler(seed=seed, population_size=4),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_any_sampler_of_optuna_can_be_plugged_in(name: str) -> None:
    suggester = Suggester(WHOLE, 0, SAMPLERS[name])
    recipes = []
    for wave in range(3):
        suggester.begin(wave)
        asked = [suggester.ask() for _ in range(4)]
        recipes += asked
        for k, recipe in enumerate(asked):
            suggester.tell(recipe, {} if k == 2 else {1: recipe.dropout, 3: recipe.lr}, finished=k != 2)
    suggester.begin(3)
    states = [t.state for t in suggester.study.trials]
    assert states.count(TrialState.COMPLETE) == (12 if name == "genetic" else 9)  # told as ranks
    assert len({r.key() for r in recipes}) == 12


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
            suggester.begin(k)
            recipe = suggester.ask()
            suggester.tell(recipe, {1: planted(recipe)}, finished=True)
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
    for recipe in recipes:
        suggester.tell(recipe, {1: planted(recipe)}, finished=True)
    suggester.begin(1)
    told = sorted(map(planted, recipes))
    found = [planted(suggester.ask()) for _ in range(20)]
    assert (
        sum(score > told[45] for score in found) >= 8
    )  # chance would bring 5 in 20, and 8 in one case of ten


@pytest.mark.parametrize("name", [n for n in SAMPLERS_BY_NAME if n != "cmaes"])
def test_every_sampler_by_name_proposes_from_what_is_known(name: str) -> None:
    space = Space(Recipe(optimizer="adam"), ("lr", "beta1", "dropout"))
    suggester = Suggester(space, 0, SAMPLERS_BY_NAME[name])
    points = generator(0, "random").random((40, 3)).tolist()
    for k, point in enumerate(points):
        recipe = space.recipe(point, "uniform")
        suggester.tell(recipe, {1: planted(recipe)}, finished=k % 4 == 0)
    suggester.begin(1)
    found = [suggester.ask() for _ in range(6)]
    assert len({recipe.key() for recipe in found}) >= 5
    if name in ("gp", "nsgaii"):
        told = sorted(planted(space.recipe(p, "uniform")) for p in points)
        assert max(map(planted, found)) > told[20]


def test_cmaes_is_there_or_says_what_it_needs() -> None:
    if importlib.util.find_spec("cmaes") is None:
        with pytest.raises(BadInput, match="pip install cmaes"):
            SAMPLERS_BY_NAME["cmaes"](0)
    else:
        assert isinstance(SAMPLERS_BY_NAME["cmaes"](0), optuna.samplers.CmaEsSampler)


def test_cmaes_starts_from_the_numbers_that_all_members_share() -> None:
    rate, other = FloatDistribution(1e-4, 1.0, log=True), FloatDistribution(0.0, 0.5)
    kind = CategoricalDistribution(("a", "b"))
    known = [
        create_trial(
            value=0.1 * k,
            params={"lr": 0.01, "kind": "a", **({"dropout": 0.1} if k else {})},
            distributions={"lr": rate, "kind": kind, **({"dropout": other} if k else {})},
        )
        for k in range(12)
    ]
    with quiet():
        source = warmed(0, known)._source_trials
        assert warmed(0, known[:9])._source_trials is None
        assert warmed(0, [])._source_trials is None
    assert source is not None
    assert [(t.params, t.value) for t in source] == [({"lr": 0.01}, 0.1 * k) for k in range(12)]


@pytest.mark.skipif(importlib.util.find_spec("cmaes") is None, reason="cmaes is not installed")
def test_cmaes_learns_from_earlier_waves() -> None:
    """The best rate lies far from the middle, where one that knows nothing begins."""
    space = Space(Recipe(optimizer="adam"), ("lr",))
    recipes = [space.recipe(p, "uniform") for p in generator(0, "random").random((60, 1)).tolist()]

    def away(make: Maker) -> float:
        total = 0.0
        for seed in range(20):
            suggester = Suggester(space, seed, make)
            for k, recipe in enumerate(recipes):
                suggester.tell(recipe, {1: -abs(math.log(recipe.lr / 3e-4))}, finished=k % 3 == 0)
            suggester.begin(1)
            total += abs(math.log(suggester.ask().lr / 3e-4)) / 20
        return total

    assert away(SAMPLERS_BY_NAME["cmaes"]) < 0.8 * away(lambda seed: optuna.samplers.CmaEsSampler(seed=seed))
