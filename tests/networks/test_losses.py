"""Every member's loss equals torch's own, whatever its neighbours."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from steepest.networks.losses import cross_entropy, squared_error

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
