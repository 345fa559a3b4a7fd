"""The one rule with a stack of every optimizer in it: tables, penalties, independence, extreme gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.recipe import Recipe
from steepest.rules.foreach import step_
from steepest.rules.rows import adam, nadam, rmsprop, tabulate
from steepest.rules.two_moment import (
    OPTIMIZERS,
    coefficients,
    recipe_coefficients,
    update,
)

RECIPES = [
    Recipe(optimizer=name, lr=0.02 * (k + 1), weight_decay=0.1 * (k % 3), l1=0.01 * (k % 2), l2=0.05)
    for k, name in enumerate(OPTIMIZERS)
]
K, P, T = len(RECIPES), 11, 15
GRADS = torch.randn(T, K, P, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def train(recipes, grads, dtype=torch.float64):
    rates = torch.tensor([[r.lr for r in recipes]] * T, dtype=torch.float64)
    table = recipe_coefficients(recipes, rates, 1)
    theta = torch.linspace(-1, 1, P, dtype=dtype).repeat(len(recipes), 1)
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    for step in range(T):
        theta, first, second = update(theta, grads[step].to(dtype), first, second, table.at(step))
    return theta


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_members_of_a_mixed_stack_train_as_if_alone(dtype):
    whole = train(RECIPES, GRADS, dtype)
    spoilt = GRADS.clone()
    spoilt[4:, 2] = torch.nan
    beside = train(RECIPES, spoilt, dtype)
    assert bool(beside[2].isnan().all())
    for k in range(K):
        assert torch.equal(train([RECIPES[k]], GRADS[:, [k]], dtype)[0], whole[k])
        if k != 2:
            assert torch.equal(beside[k], whole[k])


def test_a_table_is_its_stretches_and_its_steps():
    rates = torch.rand(T, K, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    whole = recipe_coefficients(RECIPES, rates, 1)
    for begin in (0, 4, 9):
        part = recipe_coefficients(RECIPES, rates[begin : begin + 3], begin + 1)
        for ours, theirs in zip(part, whole, strict=True):
            assert torch.equal(ours, theirs[begin : begin + 3])
    restarted = torch.arange(1, T + 1)[:, None].repeat(1, K)
    restarted[:, 5] = 7  # members may stand at steps of their own
    own = recipe_coefficients(RECIPES, rates, restarted)
    assert torch.equal(own.c1[:, 5], own.c1[:1, 5].expand(T))
    assert torch.equal(own.c1[:, 6], whole.c1[:, 6])


def test_penalties_are_the_same_for_every_optimizer():
    """One step from equal moments: l2 and l1 add λθ and λ·sign θ to the gradient, decay shrinks beside it."""
    one = torch.ones(1, dtype=torch.float64)
    hyper = {"lr": 0.1 * one, "momentum": 0.9 * one, "beta1": 0.9 * one, "beta2": 0.99 * one}
    hyper |= {"rho": 0.9 * one, "eps": 1e-3 * one}
    theta, grad = (
        torch.tensor([[2.0, -3.0]], dtype=torch.float64),
        torch.tensor([[0.5, 0.7]], dtype=torch.float64),
    )
    zero = torch.zeros_like(theta)
    for name in OPTIMIZERS:
        plain = coefficients(name, hyper, torch.tensor(1))
        strong = {"l1": 0.3 * one, "l2": 0.2 * one}
        given_, _, _ = update(theta, grad, zero, zero, coefficients(name, hyper | strong, torch.tensor(1)))
        pull = grad + 0.2 * theta + 0.3 * theta.sign()
        wanted, _, _ = update(theta, pull, zero, zero, plain)
        torch.testing.assert_close(given_, wanted, rtol=1e-14, atol=1e-14)
        decayed, _, _ = update(
            theta, grad, zero, zero, coefficients(name, hyper | {"weight_decay": 0.5 * one}, torch.tensor(1))
        )
        moved, _, _ = update(theta, grad, zero, zero, plain)
        torch.testing.assert_close(decayed, moved - 0.1 * 0.5 * theta, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", ["gd", "sgd", "momentum", "nesterov"])
def test_a_huge_gradient_is_no_nan_where_nothing_is_squared(name):
    """A row with b₂ = 0 must not make 0·∞ out of g²."""
    one = torch.ones(1)
    c = coefficients(name, {"lr": 1e-30 * one, "momentum": 0.9 * one}, torch.tensor(1))
    zero = torch.zeros(1, 1)
    theta, _, second = update(zero, torch.full((1, 1), 1e30), zero, zero, c)
    assert bool(theta.isfinite())
    assert float(second) == 0


@given(
    place=st.sampled_from(["outside", "inside", "folded"]),
    correction=st.sampled_from(["both", "off", "rate"]),
    step=st.integers(1, 10_000),
    seed=st.integers(0, 99),
)
def test_the_general_path_of_the_drop_ins_is_the_rule(place, correction, step, seed):
    """`foreach.step_` skips what is zero and moves √k out of the root; the numbers stay the same."""
    draw = torch.Generator().manual_seed(seed)
    theta, grad, first = (torch.randn(4, generator=draw, dtype=torch.float64) for _ in range(3))
    second = torch.rand(4, generator=draw, dtype=torch.float64)
    for row in (
        adam(float(step), 0.1, 0.9, 0.999, 1e-3, correction, place) | {"wd": 0.1, "l2": 0.2},
        nadam(float(step), 0.1, 0.9, 0.99, 1e-8),
        rmsprop(0.1, 0.9, 1e-2, "inside", centred=True),
    ):
        tensors = {name: torch.tensor([value], dtype=torch.float64) for name, value in row.items()}
        c = tabulate(tensors, torch.tensor(1))
        wanted = update(theta[None], grad[None], first[None], second[None], c)
        moved = [theta.clone(), first.clone(), second.clone()]
        step_([moved[0]], [grad], [moved[1]], [moved[2]], row)
        for ours, theirs in zip(moved, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs[0], rtol=1e-11, atol=1e-13)
