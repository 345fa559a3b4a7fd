"""Every member's loss equals torch's own, whatever its neighbours."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from steepest.networks import loss_gradients
from steepest.networks.losses import cross_entropy, mixed_cross_entropy, squared_error

K, B, C = 5, 7, 4
SMOOTHING = torch.tensor([0.0, 0.1, 0.5, 0.9, 0.0], dtype=torch.float64)


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


def test_squared_error_is_torchs_per_member():
    z, y = logits()[:, :, :1], logits(1)[:, :, 0]
    theirs = torch.stack([functional.mse_loss(z[k, :, 0], y[k]) for k in range(K)])
    torch.testing.assert_close(squared_error(z, y), theirs, rtol=1e-12, atol=1e-12)


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
