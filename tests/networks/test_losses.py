"""Every member's loss equals torch's own, whatever its neighbours."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from steepest.networks import loss_gradients
from steepest.networks.losses import (
    absolute_error,
    binary_cross_entropy,
    cross_entropy,
    focal_cross_entropy,
    huber_error,
    mixed_cross_entropy,
    squared_error,
)

K, B, C = 5, 7, 4
SMOOTHING = torch.tensor([0.0, 0.1, 0.5, 0.9, 0.0], dtype=torch.float64)
FOCAL = torch.tensor([0.0, 0.5, 1.0, 2.0, 5.0], dtype=torch.float64)
NUMBERS = {
    "squared": (squared_error, functional.mse_loss),
    "absolute": (absolute_error, functional.l1_loss),
    "huber": (huber_error, functional.huber_loss),
}


def logits(seed: int = 0, scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(K, B, C, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def labels(seed: int = 0) -> torch.Tensor:
    return torch.randint(0, C, (K, B), generator=torch.Generator().manual_seed(seed))


@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-3, 1.0, 50.0]))
def test_cross_entropy_equals_torchs_per_member(seed, scale):
    z, y = logits(seed, scale), labels(seed)
    ours = cross_entropy(z, y, SMOOTHING)
    theirs = torch.stack(
        [functional.cross_entropy(z[k], y[k], label_smoothing=float(SMOOTHING[k])) for k in range(K)]
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_no_smoothing_is_smoothing_of_zero():
    z, y = logits(), labels()
    assert torch.equal(cross_entropy(z, y), cross_entropy(z, y, torch.zeros(K, dtype=torch.float64)))


@pytest.mark.parametrize("kind", NUMBERS)
def test_errors_of_numbers_are_torchs_per_member(kind):
    ours, torchs = NUMBERS[kind]
    one, y = logits()[:, :, :1], logits(1)
    theirs = torch.stack([torchs(one[k, :, 0], y[k, :, 0]) for k in range(K)])
    torch.testing.assert_close(ours(one, y[:, :, 0]), theirs, rtol=1e-12, atol=1e-12)
    several = torch.stack([torchs(z, t) for z, t in zip(logits(), y, strict=True)])
    torch.testing.assert_close(ours(logits(), y), several, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("smoothing", [None, SMOOTHING], ids=["hard", "smoothed"])
def test_focal_loss_is_the_formula(smoothing):
    z, y = logits(), labels()
    found = focal_cross_entropy(z, y, FOCAL, smoothing)
    for k in range(K):
        s = 0.0 if smoothing is None else float(smoothing[k])
        p = z[k].softmax(1)
        rows = functional.cross_entropy(z[k], y[k], label_smoothing=s, reduction="none")
        want = ((1 - p[torch.arange(B), y[k]]) ** FOCAL[k] * rows).mean()
        torch.testing.assert_close(found[k], want, rtol=1e-11, atol=1e-12)


def test_focal_loss_of_zero_is_cross_entropy():
    z, y, none = logits(), labels(), torch.zeros(K, dtype=torch.float64)
    assert torch.equal(focal_cross_entropy(z, y, none, SMOOTHING), cross_entropy(z, y, SMOOTHING))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_gradient_is_finite_where_the_answer_is_certain(gamma):
    z = torch.tensor([[[200.0, 0.0], [-200.0, 0.0], [1.0, 0.0]]], requires_grad=True)
    loss = focal_cross_entropy(z, torch.zeros(1, 3, dtype=torch.int64), torch.tensor([gamma]))
    loss.sum().backward()
    assert loss.isfinite().all()
    assert z.grad.isfinite().all()


def test_binary_cross_entropy_is_torchs_with_positives_weighed():
    z, y = logits(), (logits(1) > 0).double()
    positives = logits(2).exp()[:, 0]
    plain = torch.stack([functional.binary_cross_entropy_with_logits(z[k], y[k]) for k in range(K)])
    torch.testing.assert_close(binary_cross_entropy(z, y), plain, rtol=1e-12, atol=1e-12)
    weighed = torch.stack(
        [functional.binary_cross_entropy_with_logits(z[k], y[k], pos_weight=positives[k]) for k in range(K)]
    )
    torch.testing.assert_close(binary_cross_entropy(z, y, None, positives), weighed, rtol=1e-12, atol=1e-12)


def test_binary_focal_loss_is_the_formula():
    z, y = logits(), (logits(1) > 0).double()
    found = binary_cross_entropy(z, y, FOCAL)
    for k in range(K):
        own = torch.where(y[k] > 0, z[k].sigmoid(), 1 - z[k].sigmoid())
        want = (-((1 - own) ** FOCAL[k]) * own.log()).mean()
        torch.testing.assert_close(found[k], want, rtol=1e-11, atol=1e-12)


def test_binary_loss_of_certain_answers_is_finite():
    z = torch.tensor([[[500.0, -500.0]]], requires_grad=True)
    loss = binary_cross_entropy(z, torch.tensor([[[0.0, 1.0]]]), torch.tensor([2.0]))
    loss.sum().backward()
    assert loss.item() == 500
    assert z.grad.tolist() == [[[0.5, -0.5]]]


def test_a_share_of_rows_is_that_of_the_member():
    z, y, other = logits(), labels(), labels(1)
    share = torch.linspace(0, 1, K, dtype=torch.float64)
    one = mixed_cross_entropy(z, y, other, share, SMOOTHING)
    rows = mixed_cross_entropy(z, y, other, share.unsqueeze(1).expand(K, B), SMOOTHING)
    torch.testing.assert_close(rows, one, rtol=1e-12, atol=1e-12)


def test_mixed_cross_entropy_is_torchs_of_blended_targets():
    z, y, other = logits(), labels(), labels(1)
    share = torch.tensor([0.0, 0.3, 0.5, 0.9, 1.0], dtype=torch.float64)
    blend = share.view(-1, 1, 1) * functional.one_hot(y, C)
    blend = blend + (1 - share).view(-1, 1, 1) * functional.one_hot(other, C)
    theirs = torch.stack(
        [functional.cross_entropy(z[k], blend[k], label_smoothing=float(SMOOTHING[k])) for k in range(K)]
    )
    ours = mixed_cross_entropy(z, y, other, share, SMOOTHING)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("smoothing", [None, SMOOTHING], ids=["hard", "smoothed"])
@pytest.mark.parametrize("alike", [False, True], ids=["partners", "own partners"])
def test_mixed_gradients_are_autograds(smoothing, alike):
    z, y = logits().requires_grad_(True), labels()
    other, share = y if alike else labels(1), torch.linspace(0, 1, K, dtype=torch.float64)
    weights = torch.rand(K, B, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    weights[:, -2:] = 0
    plain = mixed_cross_entropy(z, y, other, share, smoothing, weights)
    plain.sum().backward()
    out = torch.empty(K, B, C, dtype=torch.float64)
    losses = loss_gradients.mixed_cross_entropy(z.detach(), y, other, share, weights, smoothing, out)
    torch.testing.assert_close(losses, plain.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(out, z.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("smoothing", [None, SMOOTHING], ids=["hard", "smoothed"])
def test_a_share_of_one_is_the_unmixed_loss_to_the_bit(smoothing):
    z, y = logits(), labels()
    smoothing = smoothing if smoothing is None else smoothing.float()
    z, weights, share = z.float(), torch.full((K, B), 1 / B), torch.ones(K)
    one, two = torch.empty(K, B, C), torch.empty(K, B, C)
    plain = loss_gradients.cross_entropy(z, y, weights, smoothing, one)
    mixed = loss_gradients.mixed_cross_entropy(z, y, labels(1), share, weights, smoothing, two)
    assert torch.equal(plain, mixed)
    assert torch.equal(one, two)


@pytest.mark.parametrize("real", [1, 3, B])
def test_padding_rows_count_for_nothing(real):
    z, y = logits(), labels()
    weights = torch.zeros(K, B, dtype=torch.float64)
    weights[:, :real] = 1 / real
    torch.testing.assert_close(
        cross_entropy(z, y, SMOOTHING, weights), cross_entropy(z[:, :real], y[:, :real], SMOOTHING)
    )
    t = logits(1)[:, :, 0]
    torch.testing.assert_close(
        squared_error(z[:, :, :1], t, weights), squared_error(z[:, :real, :1], t[:, :real])
    )


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_broken_member_leaves_losses_and_gradients_of_the_others_alone(poison, task):
    def losses_and_gradients(z):
        z = z.clone().requires_grad_(True)
        if task == "classification":
            losses = cross_entropy(z, labels(), SMOOTHING)
        else:
            losses = squared_error(z[:, :, :1], logits(1)[:, :, 0])
        losses.sum().backward()
        return losses.detach(), z.grad

    healthy, broken = logits(), logits()
    broken[2] = poison
    others = [0, 1, 3, 4]
    for good, bad in zip(losses_and_gradients(healthy), losses_and_gradients(broken), strict=True):
        assert torch.equal(good[others], bad[others])
        assert not bad[2].isfinite().all()
