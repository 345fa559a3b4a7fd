"""The in-place rule of a stack against the plain reference, for every optimizer and every penalty at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import get_args

import pytest
import torch

from steepest.base.optimization import Optimizer
from steepest.base.recipe import Recipe
from steepest.rules.native import Loop
from steepest.rules.native_stack import NativeRule
from steepest.rules.schedules import recipe_rates
from steepest.rules.stacked import RuleState, StackedRule
from steepest.rules.two_moment import recipe_coefficients, update

STEPS, COLUMNS, DECAYED = 50, 37, 30
RECIPES = [
    Recipe(optimizer=name, lr=0.05, weight_decay=wd, l2=l2, l1=l1, schedule="cosine", warmup=0.1)
    for name in get_args(Optimizer)
    for wd, l2, l1 in [(0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.0, 0.01, 0.003)]
]


def drive(
    recipes: list[Recipe],
    gradients: torch.Tensor,
    active: list[bool],
    widths: Sequence[int] = (COLUMNS,),
    make: Callable[..., StackedRule] = StackedRule,
) -> tuple[torch.Tensor, RuleState]:
    theta = torch.linspace(-1, 1, COLUMNS, dtype=torch.float64).repeat(len(recipes), 1)
    state = RuleState.zeros(theta)
    blocks = [torch.empty_like(part) for part in theta.split(widths, dim=1)]
    rule = make(recipes, theta, blocks, state, DECAYED)
    rates = recipe_rates(recipes, 1, STEPS, torch.full((len(recipes),), STEPS)).tolist()
    rule.begin(rates)
    for t in range(STEPS):
        for block, given in zip(blocks, gradients[t].split(widths, dim=1), strict=True):
            block.copy_(given)
        rule.step(rates[t], active)
    return theta, state


def noise(members: int) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randn(STEPS, 1, COLUMNS, dtype=torch.float64, generator=source).expand(-1, members, -1)


@pytest.fixture(params=["fused", "native"])
def make(request: pytest.FixtureRequest) -> Callable[..., StackedRule]:
    """Both ways to compute a stack's updates."""
    if request.param == "fused":
        return StackedRule
    loop: Loop = request.getfixturevalue("loop")
    return partial(NativeRule, loop)


@pytest.mark.parametrize("widths", [(COLUMNS,), (12, DECAYED - 12, COLUMNS - DECAYED), (12, COLUMNS - 12)])
def test_matches_the_plain_reference(widths: Sequence[int], make: Callable[..., StackedRule]) -> None:
    gradients = noise(len(RECIPES))
    theta, state = drive(RECIPES, gradients, [True] * len(RECIPES), widths, make)
    want = torch.linspace(-1, 1, COLUMNS, dtype=torch.float64).repeat(len(RECIPES), 1)
    m, v = torch.zeros_like(want), torch.zeros_like(want)
    table = recipe_coefficients(
        RECIPES, recipe_rates(RECIPES, 1, STEPS, torch.full((len(RECIPES),), STEPS)), 1
    )
    for t in range(STEPS):
        c = type(table)(*(field[t] for field in table))
        free = c._replace(wd=c.wd * 0, l1=c.l1 * 0, l2=c.l2 * 0)
        parts = [(slice(0, DECAYED), c), (slice(DECAYED, None), free)]
        news = [update(want[:, s], gradients[t][:, s], m[:, s], v[:, s], cs) for s, cs in parts]
        want, m, v = (torch.cat(part, 1) for part in zip(*news, strict=True))
    torch.testing.assert_close(theta, want, rtol=1e-10, atol=1e-12)
    moving = [k for k, r in enumerate(RECIPES) if r.optimizer not in ("gd", "sgd", "adagrad", "rmsprop")]
    torch.testing.assert_close(state.first[moving], m[moving], rtol=1e-10, atol=1e-12)


def test_frozen_and_poisoned_members_leave_the_others_alone(make: Callable[..., StackedRule]) -> None:
    members = len(RECIPES)
    clean, _ = drive(RECIPES, noise(members), [True] * members, make=make)
    poisoned = noise(members).clone()
    poisoned[10:, 0] = torch.nan
    active = [k != 1 for k in range(members)]
    theta, state = drive(RECIPES, poisoned, active, make=make)
    assert torch.isnan(theta[0]).all()
    assert torch.equal(theta[1], torch.linspace(-1, 1, COLUMNS, dtype=torch.float64))
    assert float(state.steps[1]) == 0
    assert torch.equal(theta[2:], clean[2:])


def test_clipping_measures_all_blocks_together() -> None:
    recipe = Recipe(optimizer="sgd", lr=1.0, weight_decay=0, clip_norm=0.5)
    theta = torch.zeros(1, 6, dtype=torch.float64)
    blocks = [torch.full((1, n), 2.0, dtype=torch.float64) for n in (4, 2)]
    StackedRule([recipe], theta, blocks, RuleState.zeros(theta), 4).step([1.0], [True])
    torch.testing.assert_close(theta.norm(dim=1), torch.tensor([0.5], dtype=torch.float64), rtol=1e-5, atol=0)


def test_clipping_bounds_each_member_by_its_own_limit() -> None:
    recipes = [Recipe(optimizer="sgd", lr=1.0, weight_decay=0, clip_norm=c) for c in (0.0, 0.5)]
    theta = torch.zeros(2, 4, dtype=torch.float64)
    grad = torch.full((2, 4), 2.0, dtype=torch.float64)
    StackedRule(recipes, theta, [grad], RuleState.zeros(theta), 4).step([1.0, 1.0], [True, True])
    norms = theta.norm(dim=1)
    torch.testing.assert_close(norms, torch.tensor([4.0, 0.5], dtype=torch.float64), rtol=1e-5, atol=0)
