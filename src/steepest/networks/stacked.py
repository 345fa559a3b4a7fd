"""The plain stack: many networks of one shape, one forward pass, gradients by autograd.

Parameters carry a leading member axis, {name: [K, …]}. The members' losses are summed and differentiated
once: member k's parameters only meet member k's loss, so the gradient of the sum is every member's own.
This is the reference that `dense.py` must match.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from steepest.networks.activations import ACTIVATIONS


def dense_forward(
    x: Tensor,
    parameters: Mapping[str, Tensor],
    names: Sequence[str],
    activations: Sequence[str],
    masks: Sequence[Tensor] | None = None,
) -> Tensor:
    """Logits of K dense networks.

    Args:
        x: inputs [K, B, inputs].
        parameters: "<layer>.weight" [K, out, in] and "<layer>.bias" [K, out].
        names: the layers in order: ("0", "2", "4").
        activations: φ of each member, length K.
        masks: per hidden layer, [K, B, units] holding 0 or 1/(1-p); None in evaluation.

    Returns:
        logits [K, B, outputs].
    """
    for i, name in enumerate(names):
        x = torch.baddbmm(
            parameters[f"{name}.bias"].unsqueeze(1), x, parameters[f"{name}.weight"].transpose(1, 2)
        )
        if i + 1 < len(names):
            x = torch.stack(
                [ACTIVATIONS[a].function(z) for a, z in zip(activations, x.unbind(0), strict=True)]
            )
            if masks is not None:
                x = x * masks[i]
    return x


def gradients(
    parameters: Mapping[str, Tensor], member_losses: Callable[[Mapping[str, Tensor]], Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Losses [K] and every member's gradients, {name: [K, …]}, from one backward pass.

    Args:
        parameters: {name: [K, …]}.
        member_losses: parameters → losses [K]; loss k may depend on parameters[·][k] alone.
    """
    leaves = {name: value.detach().requires_grad_(True) for name, value in parameters.items()}
    losses = member_losses(leaves)
    grads = torch.autograd.grad(losses.sum(), list(leaves.values()))
    return losses.detach(), dict(zip(leaves, grads, strict=True))
