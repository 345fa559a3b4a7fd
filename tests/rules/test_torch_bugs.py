"""Bugs that torch has or had, and that must not exist here; each test names the report."""

import pytest
import torch
from torch._dynamo.testing import CompileCounter
from torch.nn import Parameter

from steepest import rules
from steepest.rules.catalogue import RULES
from steepest.rules.muon import orthogonalise
from steepest.rules.schedules import multiplier


def test_rate_zero_with_a_zero_second_moment_is_no_nan():
    """pytorch#126514: Adam at lr = 0 with v = 0 divides zero by zero."""
    weight = Parameter(torch.ones(3))
    optimizer = rules.Adam([weight], lr=0.0)
    weight.grad = torch.zeros(3)
    optimizer.step()
    assert torch.equal(weight, torch.ones(3))
    theta = torch.ones(2, 3)
    for name in ("adam", "adamw", "nadamw"):
        state = RULES[name].init(theta)
        moved, _ = RULES[name].update(theta, torch.zeros(2, 3), state, {"lr": 0.0, "eps": 0.0})
        assert torch.equal(moved, theta)


def test_nesterov_without_decay_leaves_the_gradient():
    """The foreach path of torch.optim.SGD(nesterov=True, weight_decay=0) writes into p.grad."""
    weight = Parameter(torch.ones(3))
    for make in (rules.Nesterov, lambda p: rules.SGD(p, momentum=0.9, nesterov=True)):
        optimizer = make([weight])
        for _ in range(3):
            weight.grad = torch.full((3,), 2.0)
            optimizer.step()
            assert torch.equal(weight.grad, torch.full((3,), 2.0))


def test_muon_normalises_a_copy():
    """pytorch PR 194664: bfloat16 input was normalised in place; without Nesterov that was the velocity."""
    grad = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).bfloat16()
    before = grad.clone()
    orthogonalise(grad)
    assert torch.equal(grad, before)
    weight = Parameter(torch.zeros(4, 3, dtype=torch.bfloat16))
    optimizer = rules.Muon([weight], momentum=0.5, nesterov=False)
    weight.grad = grad
    optimizer.step()
    assert torch.equal(optimizer.state[weight]["momentum_buffer"], torch.zeros_like(grad).lerp(grad, 0.5))


def test_muon_is_computed_in_full_precision():
    """torch orthogonalises in bfloat16, whatever the weights: two digits."""
    matrix = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact, single = orthogonalise(matrix), orthogonalise(matrix.float())
    assert (exact - single).abs().max() < 1e-5


def test_a_constant_gradient_does_not_break_centred_rmsprop():
    """Rounding makes v − m² negative, and torch.optim.RMSprop takes its root: NaN."""

    def run(make):
        weight = Parameter(torch.zeros(64))
        optimizer = make([weight])
        for _ in range(2000):
            weight.grad = torch.linspace(0.1, 3.0, 64)
            optimizer.step()
        return weight.detach()

    ours = run(lambda p: rules.RMSProp(p, centered=True, alpha=0.9))
    theirs = run(lambda p: torch.optim.RMSprop(p, centered=True, alpha=0.9))
    assert ours.isfinite().all()
    assert theirs.isnan().any(), "torch no longer does this: the test has lost its reason"


def test_checkpoints_of_fused_and_capturable_runs_load():
    """pytorch#80809: switches of implementation in a checkpoint broke the next step."""
    weight = Parameter(torch.ones(3))
    theirs = torch.optim.Adam([weight], fused=True)
    weight.grad = torch.ones(3)
    theirs.step()
    saved = theirs.state_dict()
    saved["param_groups"][0]["capturable"] = True
    saved["state"][0]["step"] = 1.0  # as before torch 1.12
    ours = rules.Adam([weight])
    ours.load_state_dict(saved)
    ours.step()
    assert float(ours.state[weight]["step"]) == 2
    assert "capturable" not in ours.param_groups[0]


def test_a_moving_rate_does_not_recompile():
    """pytorch#107076: a float rate is part of the guard, so that every scheduled step compiles anew."""
    weight = Parameter(torch.ones(3))
    optimizer = rules.AdamW([weight])
    counter = CompileCounter()

    @torch.compile(backend=counter)
    def advance(x):
        optimizer.step()
        return x + 1

    torch._dynamo.reset()
    counts = []
    for step in range(5):
        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        weight.grad = torch.ones(3)
        advance(torch.ones(2))
        counts.append(counter.frame_count)
    torch._dynamo.reset()
    assert counts[0] == counts[-1]


@pytest.mark.parametrize("schedule", ["linear", "cosine", "wsd"])
def test_schedules_are_the_same_in_any_order(schedule):
    """pytorch#162591, #196243: chained schedulers give other values after a jump or a reload."""
    horizon = torch.tensor(100)
    forwards = [float(multiplier(schedule, torch.tensor(s), horizon, 0.1)) for s in range(1, 101)]
    backwards = [float(multiplier(schedule, torch.tensor(s), horizon, 0.1)) for s in range(100, 0, -1)]
    assert forwards == backwards[::-1]


def test_a_rate_per_member_is_no_error():
    """pytorch's optimizers refuse a tensor of rates; the pure face takes one for every hyperparameter."""
    theta = torch.ones(3, 2)
    state = RULES["adamw"].init(theta)
    moved, _ = RULES["adamw"].update(theta, theta, state, {"lr": torch.tensor([0.1, 0.2, 0.3])})
    assert moved[:, 0].tolist() == pytest.approx([0.9, 0.8, 0.7])
