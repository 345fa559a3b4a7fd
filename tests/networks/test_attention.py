"""Attention in a stack: the numbers of torch's, for each member, and its gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import vmap
from torch.nn.functional import scaled_dot_product_attention

from steepest.networks.attention import StackedAttention

K, SHAPE = 3, (2, 2, 7, 4)


def drawn(seed: int, *shape: int) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=source).requires_grad_()


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"is_causal": True, "scale": 0.2}])
@pytest.mark.parametrize("shared", ["none", "keys"])
def test_each_member_attends_to_its_own(options: dict[str, Any], shared: str) -> None:
    q, v = drawn(0, K, *SHAPE), drawn(2, K, *SHAPE)
    k = drawn(1, *SHAPE) if shared == "keys" else drawn(1, K, *SHAPE)
    dims = 0, None if shared == "keys" else 0, 0
    with StackedAttention():
        found = vmap(lambda q, k, v: scaled_dot_product_attention(q, k, v, **options), dims)(q, k, v)
    alone = [
        scaled_dot_product_attention(q[i], k if shared == "keys" else k[i], v[i], **options) for i in range(K)
    ]
    torch.testing.assert_close(found, torch.stack(alone), rtol=1e-12, atol=1e-13)
    weights = drawn(3, *found.shape).detach()
    gradients = torch.autograd.grad((found * weights).sum(), (q, k, v))
    expected = torch.autograd.grad((torch.stack(alone) * weights).sum(), (q, k, v))
    for one, two in zip(gradients, expected, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-11, atol=1e-12)


def test_calls_with_a_mask_are_torchs_own_matter() -> None:
    x, mask = drawn(0, *SHAPE), torch.ones(7, 7, dtype=torch.bool).tril()
    plain = scaled_dot_product_attention(x, x, x, attn_mask=mask)
    with StackedAttention():
        inside = scaled_dot_product_attention(x, x, x, attn_mask=mask)
        added = torch.add(x, x)
    assert torch.equal(plain, inside)
    assert torch.equal(added, x + x)
