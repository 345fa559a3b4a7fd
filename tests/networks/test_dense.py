"""The written-out backward pass against autograd, for every activation in one stack."""

from typing import get_args

import pytest
import torch

from steepest.base.architecture import Activation
from steepest.networks import loss_gradients, losses
from steepest.networks.activations import ACTIVATIONS
from steepest.networks.dense import KERNELS, DenseStack
from steepest.networks.stacked import dense_forward, gradients

SIZES = (5, 8, 6, 3)
NAMES = sorted(get_args(Activation)) * 2
DROPPING = len(NAMES) // 2
BATCH = 7
LAYERS = ("0", "3", "6")


def ordered() -> list[str]:
    """Dropping members first, as a chunk arranges them."""
    return NAMES


def parameters() -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(len(NAMES), *shape, dtype=torch.float64, generator=source)

    made = {}
    for name, fan_in, fan_out in zip(LAYERS, SIZES, SIZES[1:], strict=False):
        made[f"{name}.weight"], made[f"{name}.bias"] = draw(fan_out, fan_in), draw(fan_out)
    return made


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    source = torch.Generator().manual_seed(2)
    x = torch.randn(len(NAMES), BATCH, SIZES[0], dtype=torch.float64, generator=source)
    y = torch.randint(SIZES[-1], (len(NAMES), BATCH), generator=source)
    weights = torch.rand(len(NAMES), BATCH, dtype=torch.float64, generator=source)
    masks = [
        (torch.rand(DROPPING, BATCH, width, generator=source) > 0.3).double() / 0.7 for width in SIZES[1:-1]
    ]
    return x, y, weights, masks


def test_every_activation_has_a_kernel() -> None:
    assert set(KERNELS) == set(ACTIVATIONS) == set(get_args(Activation))


@pytest.mark.parametrize("smoothing", [None, 0.1])
@pytest.mark.parametrize("dropout", [False, True])
def test_gradients_equal_autograd(smoothing: float | None, dropout: bool) -> None:
    names, theta = ordered(), parameters()
    x, y, weights, masks = batch()
    smooth = None if smoothing is None else torch.full((len(names),), smoothing, dtype=torch.float64)
    whole = (
        [torch.cat([m, torch.ones(len(names) - DROPPING, *m.shape[1:])]) for m in masks] if dropout else None
    )

    def member_losses(values: dict[str, torch.Tensor]) -> torch.Tensor:
        z = dense_forward(x, values, LAYERS, names, whole)
        return losses.cross_entropy(z, y, smooth, weights)

    want_losses, want = gradients(theta, member_losses)  # type: ignore[arg-type]
    stack = DenseStack(SIZES, names, DROPPING if dropout else 0, BATCH, torch.float64)
    w, b = ([theta[f"{n}.{kind}"] for n in LAYERS] for kind in ("weight", "bias"))
    grad_w, grad_b = [torch.empty_like(t) for t in w], [torch.empty_like(t) for t in b]
    given = masks if dropout else None
    logits = stack.forward(x, w, b, given)
    d_logits = torch.empty_like(logits)
    got = loss_gradients.cross_entropy(logits, y, weights, smooth, d_logits)
    stack.backward(d_logits, x, w, grad_w, grad_b, given)
    torch.testing.assert_close(got, want_losses, rtol=1e-12, atol=1e-12)
    for name, gw, gb in zip(LAYERS, grad_w, grad_b, strict=True):
        torch.testing.assert_close(gw, want[f"{name}.weight"], rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(gb, want[f"{name}.bias"], rtol=1e-10, atol=1e-12)


def test_squared_error_equals_autograd() -> None:
    _, _, weights, _ = batch()
    z = torch.randn(len(NAMES), BATCH, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    y = torch.linspace(-1, 1, BATCH, dtype=torch.float64).expand(len(NAMES), BATCH)
    leaf = z.clone().requires_grad_(True)
    want = losses.squared_error(leaf, y, weights)
    want.sum().backward()
    gradient = torch.empty_like(z)
    got = loss_gradients.squared_error(z, y, weights, gradient)
    torch.testing.assert_close(got, want.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradient, leaf.grad, rtol=1e-12, atol=1e-12)


def test_a_poisoned_member_stays_alone() -> None:
    theta = parameters()
    x, *_ = batch()
    w, b = ([theta[f"{n}.{kind}"] for n in LAYERS] for kind in ("weight", "bias"))
    clean = DenseStack(SIZES, NAMES, 0, BATCH, torch.float64).forward(x, w, b).clone()
    w[0][3] = torch.nan
    dirty = DenseStack(SIZES, NAMES, 0, BATCH, torch.float64).forward(x, w, b)
    assert torch.isnan(dirty[3]).all()
    others = [k for k in range(len(NAMES)) if k != 3]
    assert torch.equal(dirty[others], clean[others])
