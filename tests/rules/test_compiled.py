"""The compiled loop against the plain rule: a stack of every optimizer, penalties, frozen and broken ones."""

import pytest
import torch

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.rules import rows
from steepest.rules.compiled import _step_, compact, step_
from steepest.rules.two_moment import OPTIMIZERS, Coefficients, recipe_coefficients, update

RECIPES = [
    Recipe(optimizer=name, lr=0.01 * (k + 1), weight_decay=0.1 * k, l1=0.01 * (k % 2), l2=0.02 * (k % 3))
    for k, name in enumerate(OPTIMIZERS)
]
K, P, T, DECAYED = len(RECIPES), 37, 20, 30


def train(members, grads, dtype, active=None):
    """The compiled path over some members of the stack."""
    recipes = [RECIPES[m] for m in members]
    lr = torch.tensor([[r.lr for r in recipes]] * T, dtype=torch.float64)
    table = compact(recipe_coefficients(recipes, lr, 1)).to(dtype)
    theta = torch.linspace(-1, 1, P, dtype=dtype).repeat(len(members), 1)
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    active = torch.ones(len(members), dtype=torch.bool) if active is None else active
    for step in range(T):
        step_(theta, grads[step][members].to(dtype), first, second, table[step], active, DECAYED)
    return theta


def reference(grads):
    lr = torch.tensor([[r.lr for r in RECIPES]] * T, dtype=torch.float64)
    table = recipe_coefficients(RECIPES, lr, 1)
    theta = torch.linspace(-1, 1, P, dtype=torch.float64).repeat(K, 1)
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    for step in range(T):
        parts = []
        for columns, c in ((slice(DECAYED), table.at(step)), (slice(DECAYED, P), table.at(step).bare())):
            parts.append(
                update(theta[:, columns], grads[step][:, columns], first[:, columns], second[:, columns], c)
            )
        theta, first, second = (torch.cat(both, dim=1) for both in zip(*parts, strict=True))
    return theta


GRADS = torch.randn(T, K, P, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_it_is_the_rule():
    torch.testing.assert_close(
        train(range(K), GRADS, torch.float64), reference(GRADS), rtol=1e-12, atol=1e-12
    )


def test_frozen_and_broken_members_leave_the_others_alone():
    active = torch.arange(K) != 3
    spoilt = GRADS.clone()
    spoilt[5:, 3] = torch.nan
    spoilt[5:, 6] = torch.nan
    whole, beside = train(range(K), GRADS, torch.float64), train(range(K), spoilt, torch.float64, active)
    assert torch.equal(beside[3], torch.linspace(-1, 1, P, dtype=torch.float64)), "a frozen member moved"
    assert bool(beside[6].isnan().all())
    others = [k for k in range(K) if k not in (3, 6)]
    assert torch.equal(beside[others], whole[others])


def test_neighbours_do_not_matter():
    whole = train(range(K), GRADS, torch.float64)
    for member in range(K):
        alone = train([member, member], GRADS, torch.float64)[0]  # a stack of one would compile again
        torch.testing.assert_close(alone, whole[member], rtol=1e-13, atol=1e-13)


def test_a_frozen_member_keeps_its_moments_too():
    lr = torch.full((1, K), 0.1, dtype=torch.float64)
    numbers = compact(recipe_coefficients(RECIPES, lr, 3))[0]
    buffers = [torch.rand(K, P, dtype=torch.float64) for _ in range(3)]
    before = [b.clone() for b in buffers]
    active = torch.arange(K) % 2 == 0
    grad = torch.where(active[:, None], 1.0, torch.nan).expand(K, P).double()
    _step_(buffers[0], grad, buffers[1], buffers[2], numbers, active, P, True)
    for now, then in zip(buffers, before, strict=True):
        assert torch.equal(now[~active], then[~active])
        assert bool(now.isfinite().all())
    assert not torch.equal(buffers[0][active], before[0][active])


def test_without_penalties_their_arithmetic_may_be_left_out():
    whole, spared = torch.ones(2, 8), torch.ones(2, 8)
    c = recipe_coefficients(RECIPES[:1] * 2, torch.full((1, 2), 0.1, dtype=torch.float64), 1)
    numbers = compact(c)[0].float()
    for theta, penalised in ((whole, True), (spared, False)):  # the loop before it is compiled
        _step_(
            theta, torch.ones(2, 8), *torch.zeros(2, 2, 8), numbers, torch.tensor([True, True]), 8, penalised
        )
    assert torch.equal(whole, spared)


def test_what_has_no_place_in_the_loop_is_refused():
    one = torch.ones(2, dtype=torch.float64)
    inside = rows.adam(one, one, 0.9 * one, 0.99 * one, one, eps_place="inside")
    with pytest.raises(BadInput, match="inner"):
        compact(rows.tabulate(inside, one))
    assert len(Coefficients._fields) == 15, "a new coefficient needs a place in the compiled loop"
