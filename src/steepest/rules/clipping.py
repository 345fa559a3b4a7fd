"""Clipping of gradients per member: by value, or by the norm over all of a member's parameters."""

from collections.abc import Sequence

import torch
from torch import Tensor

from steepest.rules.rule import member_sum, wide

Limit = Tensor | float


def clip_value(grad: Tensor, limit: Limit) -> Tensor:
    """Each entry of [K, ...] kept within ±limit; a limit of 0 is off. NaN stays NaN.

    Example:
        >>> clip_value(torch.tensor([[3.0], [3.0]]), torch.tensor([1.0, 0.0])).tolist()
        [[1.0], [3.0]]
    """
    bound = torch.as_tensor(limit, dtype=grad.dtype).expand(len(grad))
    bound = wide(torch.where(bound > 0, bound, torch.inf), grad)
    return torch.minimum(torch.maximum(grad, -bound), bound)


def clip_norm(grads: Sequence[Tensor], limit: Limit) -> tuple[list[Tensor], Tensor]:
    """Scale each member's gradients down to a global norm of `limit`; a limit of 0 is off.

    g ← g·min(1, limit/(‖g‖ + 1e-6)), the norm taken over all of the member's tensors, as
    `torch.nn.utils.clip_grad_norm_` does for one network (Pascanu et al. 2013, Algorithm 1). A member whose
    norm is not finite keeps its gradients, so that the failure is seen; its neighbours are not touched.

    Args:
        grads: the stack's gradients, each [K, ...].
        limit: largest norm, a number or [K].

    Returns:
        (clipped gradients, norms [K] in float64).

    Example:
        >>> (clipped,), norms = clip_norm([torch.tensor([[3.0, 4.0], [0.0, 0.5]])], 1.0)
        >>> norms.tolist(), round(float(clipped[0].norm()), 3), round(float(clipped[1].norm()), 3)
        ([5.0, 0.5], 1.0, 0.5)
    """
    norms = torch.stack([member_sum(g.to(torch.float64) ** 2) for g in grads]).sum(0).sqrt()
    most = torch.as_tensor(limit, dtype=torch.float64)
    factor = (most / (norms + 1e-6)).clamp(max=1)
    factor = torch.where((most > 0) & norms.isfinite(), factor, 1.0)
    return [g * wide(factor, g) for g in grads], norms
