"""Penalties, clipping, averaging, accumulation, SAM, adapters: each against torch or its definition."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from steepest import rules
from steepest.base.errors import BadInput
from steepest.rules import averaging
from steepest.rules.accumulation import Accumulated
from steepest.rules.adapters import LBFGS, Adafactor
from steepest.rules.clipping import clip_norm, clip_value
from steepest.rules.penalties import (
    cautiously_decayed,
    decayed,
    decayed_groups,
    penalised,
    shrink,
)
from steepest.rules.sam import SAM, ascent

source = torch.Generator().manual_seed(0)


def draw(*shape):
    return torch.randn(*shape, generator=source, dtype=torch.float64)


def test_penalised_gradient_is_the_gradient_of_the_penalised_loss():
    theta = draw(3, 5).requires_grad_()
    l1, l2 = torch.tensor([0.1, 0.0, 0.3]), torch.tensor([0.0, 0.2, 0.4])
    loss = (theta**3).sum() + (l1[:, None] * theta.abs()).sum() + (l2[:, None] / 2 * theta**2).sum()
    (expected,) = torch.autograd.grad(loss, theta)
    ours = penalised(3 * theta.detach() ** 2, theta.detach(), l1, l2)
    torch.testing.assert_close(ours, expected, rtol=1e-7, atol=1e-7)


def test_proximal_l1_minimises_its_objective_and_makes_exact_zeros():
    theta, strength = draw(2, 200), torch.tensor([0.5, 1.0])
    shrunk = shrink(theta, strength)
    assert bool((shrunk == 0).any(1).all())
    objective = lambda x: (x - theta) ** 2 / 2 + strength[:, None] * x.abs()  # noqa: E731
    for nudge in (-1e-3, 1e-3):
        assert bool((objective(shrunk) <= objective(shrunk + nudge)).all())


def test_subgradient_l1_leaves_no_zeros_where_the_proximal_step_does():
    """Least squares with a useless column: the proximal path ends at exactly zero."""
    theta = torch.tensor([[1.0, 0.05]], dtype=torch.float64)
    for _ in range(200):
        pull = theta - torch.tensor([[1.0, 0.0]])
        theta = shrink(theta - 0.1 * pull, 0.1 * 0.02)
    assert theta[0, 1] == 0
    assert float(theta[0, 0]) == pytest.approx(0.98)


def test_decay_and_cautious_decay():
    theta, step = draw(2, 50), draw(2, 50)
    amount = torch.tensor([0.1, 0.0])
    torch.testing.assert_close(decayed(theta, amount), theta * (1 - amount[:, None].double()))
    careful = cautiously_decayed(theta, step, amount)
    towards = (theta - step).abs() < theta.abs()  # small steps only: the sign decides
    small = step.abs() < theta.abs()
    assert torch.equal(careful[0] != theta[0], (step * theta)[0] > 0)
    assert torch.equal((towards & small), ((step * theta > 0) & small))
    assert torch.equal(careful[1], theta[1])


def test_groups_of_what_decays():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    weights, rest = decayed_groups(network, 0.1, lr=0.5)
    assert [p.dim() for p in weights["params"]] == [4, 2]
    assert len(rest["params"]) == 4
    assert (weights["weight_decay"], rest["weight_decay"], rest["lr"]) == (0.1, 0.0, 0.5)
    optimizer = rules.AdamW([weights, rest], lr=0.1)
    before = copy.deepcopy(list(network.parameters()))
    for p in network.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    moved = [not torch.equal(p, b) for p, b in zip(network.parameters(), before, strict=True)]
    assert moved == [p.dim() >= 2 for p in network.parameters()]


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clipping_equals_torch_for_each_member(limit):
    grads = [draw(3, 4, 2), draw(3, 5)]
    clipped, norms = clip_norm(grads, torch.tensor([limit, limit, 0.0]))
    for member in range(2):
        params = [nn.Parameter(torch.zeros_like(g[member])) for g in grads]
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad[member].clone()
        total = nn.utils.clip_grad_norm_(params, limit)
        torch.testing.assert_close(norms[member], total)
        for param, ours in zip(params, clipped, strict=True):
            torch.testing.assert_close(ours[member], param.grad, rtol=1e-12, atol=1e-12)
    assert all(torch.equal(a[2], b[2]) for a, b in zip(clipped, grads, strict=True)), "0 is off"
    held = clip_value(grads[0], torch.tensor([0.1, 0.2, 0.0]))
    torch.testing.assert_close(held[0], grads[0][0].clamp(-0.1, 0.1), rtol=1e-7, atol=1e-7)
    assert torch.equal(held[2], grads[0][2])


def test_a_broken_member_does_not_clip_its_neighbours():
    grads = [draw(3, 4)]
    whole, _ = clip_norm(grads, 0.5)
    for broken in (torch.nan, torch.inf):
        spoilt = grads[0].clone()
        spoilt[1, 2] = broken
        clipped, norms = clip_norm([spoilt], 0.5)
        assert torch.equal(clipped[0][[0, 2]], whole[0][[0, 2]])
        assert not bool(norms[1].isfinite())
        assert torch.equal(clipped[0][1].nan_to_num(7.0), spoilt[1].nan_to_num(7.0))


def test_equal_average_is_torchs_swa():
    network = nn.Linear(3, 2)
    theirs, ours = AveragedModel(network), averaging.Averaged(network.parameters(), decay=None)
    for _ in range(5):
        with torch.no_grad():
            for p in network.parameters():
                p.add_(torch.randn(p.shape, generator=source))
        theirs.update_parameters(network)
        ours.update()
    for mine, yours in zip(ours.average, theirs.module.parameters(), strict=True):
        torch.testing.assert_close(mine, yours)


def test_exponential_average_is_torchs_ema_once_its_start_is_forgotten():
    network = nn.Linear(3, 2)
    theirs = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    ours = averaging.Averaged(network.parameters(), decay=0.5)
    stacked = torch.zeros(1, 2, 3)
    for step in range(1, 61):
        with torch.no_grad():
            for p in network.parameters():
                p.add_(torch.randn(p.shape, generator=source))
        theirs.update_parameters(network)
        ours.update()
        stacked = averaging.exponential(stacked, network.weight.detach()[None], 0.5, step)
        if step == 1:
            assert torch.equal(ours.average[0], network.weight), "unbiased from the first step"
    for mine, yours in zip(ours.average, theirs.module.parameters(), strict=True):
        torch.testing.assert_close(mine, yours)
    torch.testing.assert_close(stacked[0], ours.average[0])


def test_average_survives_a_checkpoint_and_a_block_that_fails():
    network = nn.Linear(2, 2)
    average = averaging.Averaged(network.parameters(), decay=0.9)
    average.update()
    start = copy.deepcopy(network)
    with torch.no_grad():
        network.weight.add_(1)
    inside = None

    def fail():
        nonlocal inside
        with average.in_place():
            inside = network.weight.detach().clone()
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert torch.equal(inside, start.weight)
    assert torch.equal(network.weight, start.weight + 1)
    second = averaging.Averaged(network.parameters(), decay=0.9)
    second.load_state_dict(average.state_dict())
    average.update()
    second.update()
    assert torch.equal(second.average[0], average.average[0])
    with pytest.raises(BadInput, match="shaped"):
        averaging.Averaged([torch.ones(1)]).load_state_dict(average.state_dict())


def test_accumulated_small_batches_are_one_large_one():
    inputs, targets = draw(8, 3), draw(8, 1)
    whole = nn.Linear(3, 1, dtype=torch.float64)
    parts = copy.deepcopy(whole)
    large, small = rules.Adam(whole.parameters(), lr=0.1), rules.Adam(parts.parameters(), lr=0.1)
    accumulated = Accumulated(small, every=4)
    for _ in range(3):
        large.zero_grad()
        nn.functional.mse_loss(whole(inputs), targets).backward()
        large.step()
        moved = []
        for at in range(0, 8, 2):
            nn.functional.mse_loss(parts(inputs[at : at + 2]), targets[at : at + 2]).backward()
            moved.append(accumulated.step())
        assert moved == [False, False, False, True]
    torch.testing.assert_close(whole.weight, parts.weight, rtol=1e-9, atol=1e-9)
    with pytest.raises(BadInput, match="every"):
        Accumulated(small, every=0)


def test_sam_takes_the_gradient_at_the_worst_point_nearby():
    theta = draw(4)
    weight = nn.Parameter(theta.clone())
    sam = SAM(rules.SGD([weight], lr=0.1), rho=0.3)

    def closure():
        sam.optimizer.zero_grad()
        loss = (weight**4).sum()
        loss.backward()
        return loss

    loss = sam.step(closure)
    gradient = 4 * theta**3
    worst = theta + 0.3 * gradient / gradient.norm()
    torch.testing.assert_close(weight.detach(), theta - 0.1 * 4 * worst**3, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(loss.detach(), (theta**4).sum())
    stack = [draw(3, 2), draw(3, 4)]
    stack[1][1] = torch.nan
    steps = ascent(stack, torch.tensor([0.1, 0.2, 0.3]))
    assert float((steps[0][2].norm() ** 2 + steps[1][2].norm() ** 2) ** 0.5) == pytest.approx(0.3)
    with pytest.raises(BadInput, match="rho"):
        SAM(sam.optimizer, rho=-1)


def test_adapters_are_torchs_with_worded_errors():
    weight = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))

    def closure():
        optimizer.zero_grad()
        loss = (1 - weight[0]) ** 2 + 100 * (weight[1] - weight[0] ** 2) ** 2
        loss.backward()
        return loss

    optimizer = LBFGS([weight])
    for _ in range(5):
        optimizer.step(closure)
    torch.testing.assert_close(weight.detach(), torch.ones(2, dtype=torch.float64), rtol=1e-3, atol=1e-3)
    pair = [nn.Parameter(torch.ones(3, 2)) for _ in range(2)]
    for each, made in zip(pair, (Adafactor, torch.optim.Adafactor), strict=True):
        each.grad = torch.full((3, 2), 0.5)
        made([each], lr=0.1).step()
    assert torch.equal(*pair)
    for adapter in (LBFGS, Adafactor):
        with pytest.raises(BadInput, match="lr"):
            adapter([weight], lr=-1)
        with pytest.raises(BadInput, match="tensors"):
            adapter([1.0])
