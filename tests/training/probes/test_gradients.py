"""Signal and noise are found where they are known, and samples stand for the whole."""

import numpy as np
import pytest
import torch

from steepest.training.probes.gradients import NUMBERS, ROWS, STEPS, Moments, Samples, norms, stride_of


def test_signal_and_noise_are_estimated_without_bias() -> None:
    torch.manual_seed(0)
    repeats, columns, spread = 4000, 8, 0.5  # each repeat is a member
    signal = torch.ones(columns, dtype=torch.float64)
    weights = torch.zeros(repeats, columns, 1, dtype=torch.float64)
    grads = torch.zeros_like(weights)
    samples = Samples([weights], [grads])
    for step in range(STEPS):
        grads.copy_((signal + spread * torch.randn(repeats, columns, dtype=torch.float64)).unsqueeze(2))
        samples.keep_gradients(step)
    found = samples.moments(torch.ones(STEPS, repeats, dtype=torch.bool))
    assert found.signal.mean().item() == pytest.approx(columns, rel=0.02)
    assert found.noise.mean().item() == pytest.approx(columns * spread**2, rel=0.02)
    total = found.total([2.0])
    torch.testing.assert_close(total.noise, 2 * found.noise[0])
    batches = torch.full((repeats,), 64.0, dtype=torch.float64)
    scale = (64 * total.noise / total.signal)[total.signal > 0]
    torch.testing.assert_close(total.noise_scale(batches)[total.signal > 0], scale)


def test_members_with_fewer_steps_are_judged_by_theirs() -> None:
    grads = torch.zeros(2, 3, 4, dtype=torch.float64)
    samples = Samples([torch.zeros_like(grads)], [grads])
    alone_grads = torch.zeros(1, 3, 4, dtype=torch.float64)
    alone = Samples([torch.zeros_like(alone_grads)], [alone_grads])
    draw = np.random.default_rng(0)
    for step in range(STEPS):
        grads.copy_(torch.from_numpy(draw.normal(size=(2, 3, 4))))
        samples.keep_gradients(step)
        if step < 2:
            alone_grads.copy_(grads[1:])
            alone.keep_gradients(step)
    known = torch.tensor([[True, s < 2] for s in range(STEPS)])
    both, one = samples.moments(known), alone.moments(torch.ones(2, 1, dtype=torch.bool))
    torch.testing.assert_close(both.signal[:, 1], one.signal[:, 0])
    torch.testing.assert_close(both.noise[:, 1], one.noise[:, 0])
    single = samples.moments(torch.ones(1, 2, dtype=torch.bool))
    assert single.noise.isnan().all()


def test_noise_that_hides_the_gradient_has_no_bound() -> None:
    hidden = Moments(torch.tensor([-1.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 0.0]))
    assert hidden.snr[0] == 0
    assert hidden.snr[1].isnan()
    scale = hidden.noise_scale(torch.full((3,), 10.0))
    assert scale[0] == torch.inf
    assert scale[1].isnan()
    assert scale[2] == 0


@pytest.mark.parametrize("shape", [(10, 64), (128, 64), (1024, 1024), (64, 32, 3, 3), (7,), (1, 5000)])
def test_samples_are_small_but_not_too_small(shape: tuple[int, ...]) -> None:
    rows = len(range(0, shape[0], stride_of(shape)))
    assert rows >= min(ROWS, shape[0])
    each = int(np.prod(shape[1:]))
    assert rows * each <= 2 * max(NUMBERS, ROWS * each)


def test_updates_are_measured_in_place() -> None:
    torch.manual_seed(1)
    weights = [torch.randn(2, 10, 4), torch.randn(2, 3, 10)]
    samples = Samples(weights, [torch.zeros_like(w) for w in weights])
    samples.before()
    sizes = norms(weights)
    moves = [0.1 * torch.randn_like(w) for w in weights]
    for weight, move in zip(weights, moves, strict=True):
        weight.add_(move)
    torch.testing.assert_close(samples.update_ratio(), norms(moves) / sizes, rtol=1e-5, atol=0)
