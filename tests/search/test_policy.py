"""Proposals: new each time, in the promised shares, inside the space, and fewer where the space runs dry."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.search.policy import Policy
from steepest.search.shares import SHARES
from steepest.search.space import Space
from steepest.search.strategy import Proposal
from steepest.search.suggest import Suggester, tpe

WHOLE = Space.of(Recipe(epochs=3), {}, "classification")


def tell_all(policy: Policy, wave: list[Proposal], first: int) -> None:
    """Every member of a wave finishes with some score."""
    for i, proposal in enumerate(wave):
        policy.suggester.tell(proposal.recipe, {3: 1 / (first + i + 2)}, finished=True)


def study(policy: Policy, sizes: tuple[int, ...] = (24, 20, 20)) -> list[Proposal]:
    """Proposals of a first wave and some that learn."""
    found = policy.first_wave(sizes[0])
    tell_all(policy, found, 0)
    for size in sizes[1:]:
        wave = policy.model_wave(size, [p.recipe for p in found[:5]], len(found))
        tell_all(policy, wave, len(found))
        found += wave
    return found


def inside(recipe: Recipe) -> bool:
    """Whether every searched knob that matters lies where it is searched."""
    values = recipe.model_dump()
    for name in set(WHOLE.names) & set(recipe.relevant()):
        where, value = WHOLE.where(name, values), values[name]
        if isinstance(where, Choice) and value not in where.options:
            return False
        if isinstance(where, Range) and value != where.off and not where.low <= value <= where.high:
            return False
    return True


@pytest.mark.parametrize("seed", [0, 1])
def test_no_recipe_is_proposed_twice_nor_the_default(seed: int) -> None:
    found = study(Policy(WHOLE, seed))
    keys = [p.recipe.key() for p in found]
    assert len(keys) == 64
    assert len({*keys, WHOLE.base.key()}) == 65
    assert all(inside(p.recipe) for p in found)
    assert all(p.recipe.epochs == 3 for p in found)


def test_a_study_depends_on_its_seed_alone() -> None:
    assert study(Policy(WHOLE, 5)) == study(Policy(WHOLE, 5))
    assert study(Policy(WHOLE, 5))[3:] != study(Policy(WHOLE, 6))[3:]


def test_the_first_wave_has_its_shares() -> None:
    counts = Counter(p.origin for p in Policy(WHOLE, 0).first_wave(80))
    assert counts == {
        "portfolio": 8,
        "prior": round(72 * SHARES.prior),
        "uniform": 72 - round(72 * SHARES.prior),
    }


def test_later_waves_have_their_shares() -> None:
    policy = Policy(WHOLE, 0)
    first = policy.first_wave(20)
    tell_all(policy, first, 0)
    counts = Counter(p.origin for p in policy.model_wave(40, [p.recipe for p in first[:3]], 20, prior=0.25))
    local = 40 * SHARES.local
    expected = {"tpe": 40 * SHARES.model, "mutation": 0.75 * local, "prior": 0.25 * local}
    assert sum(counts.values()) == 40
    for origin in ("tpe", "mutation", "prior"):  # a mutation that is nothing new gives way to a uniform point
        assert abs(counts[origin] - expected[origin]) <= (4 if origin == "mutation" else 1), counts


def test_without_incumbents_nothing_is_mutated() -> None:
    counts = Counter(p.origin for p in Policy(WHOLE, 0).model_wave(20, [], 0))
    assert counts["mutation"] == 0
    assert sum(counts.values()) == 20


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_small_waves_are_whole(count: int) -> None:
    policy = Policy(WHOLE, 0)
    assert len(policy.first_wave(count)) == count
    assert len(policy.model_wave(count, [WHOLE.base], count)) == count


def test_refused_recipes_are_never_proposed() -> None:
    def small(recipe: Recipe) -> bool:
        return recipe.width <= 64 and recipe.depth == 1

    policy = Policy(Space(WHOLE.base, WHOLE.names, small), 0)
    found = study(policy, (16, 16))
    assert len(found) > 20
    assert all(small(p.recipe) for p in found)


def test_trials_of_proposals_that_were_turned_down_are_closed() -> None:
    policy = Policy(Space(WHOLE.base, WHOLE.names, lambda r: r.depth == 3), 0, sampler=tpe)
    wave = policy.model_wave(20, [], 0)
    assert isinstance(policy.suggester, Suggester)
    states = Counter(t.state.name for t in policy.suggester.study.trials)
    assert states["RUNNING"] == sum(p.origin == "tpe" for p in wave)
    assert states["FAIL"] > 0


@pytest.mark.parametrize("names", [("depth",), ("clip_norm", "warmup"), ("momentum",)])
def test_a_tiny_space_runs_dry(names: tuple[str, ...]) -> None:
    base = Recipe(optimizer="momentum")
    policy = Policy(Space(base, names), 0)
    found = policy.first_wave(30)
    tell_all(policy, found, 0)
    for _ in range(4):
        wave = policy.model_wave(10, [p.recipe for p in found], len(found))
        tell_all(policy, wave, len(found))
        found += wave
    possible = 1
    for name in names:
        where = KNOBS[name].search
        assert isinstance(where, Choice)
        possible *= len(where.options)
    keys = {p.recipe.key() for p in found}
    assert len(keys) == len(found) == possible - 1  # the default is known already
    assert policy.model_wave(10, [base], len(found)) == []


@given(st.integers(0, 2**40))
@settings(max_examples=15, deadline=None)
def test_mutations_stay_inside(seed: int) -> None:
    policy = Policy(WHOLE, seed)
    parents = [p.recipe for p in policy.first_wave(8)]
    for i in range(40):
        child = policy._mutated(parents, 1, i)
        assert inside(child)
        assert Recipe(**child.relevant()) == child  # what does not matter is at the base value


@pytest.mark.parametrize(
    "fixed", [{"optimizer": "sgd"}, {"optimizer": "gd", "lr": 1.0}, {"network": "linear"}, {"lr": 1e4}]
)
def test_what_is_fixed_stays_fixed(fixed: dict[str, Any]) -> None:
    space = Space.of(Recipe(), fixed, "regression")
    for proposal in study(Policy(space, 0), (12, 10)):
        assert {name: getattr(proposal.recipe, name) for name in fixed} == fixed
