"""Schedules against torch's, where torch has them, and against what they promise where it has not."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from steepest.base.recipe import Recipe
from steepest.rules.decays import (
    Plateau,
    cosine_restarts,
    exponential,
    inverse_square_root,
    on_plateau,
    one_cycle,
    step_decay,
)
from steepest.rules.schedules import SHAPES, multiplier, recipe_rates

STEPS = torch.arange(1, 31)


def torch_rates(make, steps=30, **settings):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler = make(optimizer, **settings)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (multiplier("cosine", STEPS, torch.tensor(30)), (lr_scheduler.CosineAnnealingLR, {"T_max": 30})),
        (
            multiplier("linear", STEPS, torch.tensor(30)),
            (lr_scheduler.LinearLR, {"start_factor": 1.0, "end_factor": 1e-16, "total_iters": 30}),
        ),
        (cosine_restarts(STEPS, 7.0), (lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": 7})),
        (
            cosine_restarts(STEPS, 4.0, 2.0),
            (lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": 4, "T_mult": 2}),
        ),
        (step_decay(STEPS, 7.0, 0.3), (lr_scheduler.StepLR, {"step_size": 7, "gamma": 0.3})),
        (exponential(STEPS, 0.9), (lr_scheduler.ExponentialLR, {"gamma": 0.9})),
        (
            one_cycle(STEPS, torch.tensor(30)),
            (lr_scheduler.OneCycleLR, {"max_lr": 1.0, "total_steps": 30}),
        ),
    ],
    ids=["cosine", "linear", "restarts", "growing restarts", "step", "exponential", "one cycle"],
)
def test_equal_to_torch(ours, theirs):
    make, settings = theirs
    steps = 30 - (make is lr_scheduler.OneCycleLR)  # torch refuses the step after the last
    torch.testing.assert_close(ours[:steps], torch_rates(make, steps, **settings), rtol=1e-12, atol=1e-12)


def test_plateau_equals_torch_per_member():
    losses = torch.rand(60, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    patience, factor = torch.tensor([1.0, 3.0, 5.0]), torch.tensor([0.5, 0.1, 0.9], dtype=torch.float64)
    state = Plateau.start(3)
    for row in losses:
        state = on_plateau(state, row, factor, patience)
    for member in range(3):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        scheduler = lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=float(factor[member]), patience=int(patience[member]), eps=0.0
        )
        for loss in losses[:, member]:
            scheduler.step(float(loss))
        assert float(state.multiplier[member]) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_a_nan_loss_waits_and_spares_its_neighbours():
    state = Plateau.start(2)
    for _ in range(3):
        state = on_plateau(state, torch.tensor([torch.nan, 1.0]), factor=0.5, patience=1)
        state = on_plateau(state, torch.tensor([torch.nan, 0.5]), factor=0.5, patience=5)
    assert state.multiplier[0] < 1
    assert state.best[1] == 0.5


def test_inverse_square_root_peaks_where_warm_up_ends():
    curve = inverse_square_root(torch.arange(1, 101), 10.0)
    assert int(curve.argmax()) == 9
    assert float(curve[9]) == 1
    assert float(curve[39]) == pytest.approx(0.5)


@given(
    schedule=st.sampled_from(sorted(SHAPES)),
    horizon=st.integers(1, 200),
    warmup=st.floats(0, 1),
    ahead=st.integers(0, 300),
)
def test_any_schedule_is_a_pure_share_of_the_peak(schedule, horizon, warmup, ahead):
    """In [0, 1]; the same whatever was asked before; never rising after warm-up; above zero at the start."""
    steps = torch.arange(1, horizon + 1)
    curve = multiplier(schedule, steps, torch.tensor(horizon), warmup)
    assert bool(((curve >= 0) & (curve <= 1)).all())
    alone = multiplier(schedule, torch.tensor([ahead + 1]), torch.tensor(horizon), warmup)
    if ahead < horizon:
        assert float(alone) == float(curve[ahead])
    over = int(warmup * horizon)
    assert bool((curve[over + 1 :] <= curve[over:-1] + 1e-12).all() if over + 1 < horizon else True)
    assert float(curve[0]) > 0


def test_rates_of_a_mixed_stack_and_of_its_stretches():
    recipes = [
        Recipe(lr=0.1, schedule="constant"),
        Recipe(lr=0.2, schedule="linear", warmup=0.05),
        Recipe(lr=0.3, schedule="cosine"),
        Recipe(lr=0.4, schedule="wsd", warmup=0.02),
    ]
    horizons = torch.tensor([100, 50, 200, 100])
    whole = recipe_rates(recipes, 1, 100, horizons)
    assert whole.dtype == torch.float64
    assert whole.shape == (100, 4)
    torch.testing.assert_close(
        torch.cat([recipe_rates(recipes, s, 25, horizons) for s in (1, 26, 51, 76)]), whole
    )
    for member, recipe in enumerate(recipes):
        alone = recipe_rates([recipe], 1, 100, horizons[[member]])
        assert torch.equal(alone[:, 0], whole[:, member])
    assert float(whole[60:, 1].max()) == 0  # past its horizon a linear decay stays at zero
    assert float(whole[:80, 3].max()) == 0.4
    assert float(whole[99, 3]) == pytest.approx(0.4 * 0.01 / 0.2 * 1 / 0.98, rel=1e-9)
