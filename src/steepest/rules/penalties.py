"""Penalties beside the rule: L1 as subgradient or proximal step, L2, decoupled and cautious weight decay.

Larger strengths mean simpler models, towards underfitting. Every strength is a number or a tensor [K];
weights have a leading member axis. Which parameters are penalised is the caller's choice: `decayed_groups`
makes the usual one for a single network.
"""

from typing import Any

from torch import Tensor, nn

from steepest.rules.bounds import DECAY, check_number
from steepest.rules.rule import wide

Strength = Tensor | float


def _beside(strength: Strength, theta: Tensor) -> Strength:
    return wide(strength, theta) if isinstance(strength, Tensor) else strength


def penalised(grad: Tensor, theta: Tensor, l1: Strength = 0.0, l2: Strength = 0.0) -> Tensor:
    """The gradient of loss + l1·Σ|θ| + l2/2·Σθ²: ∇ + l1·sign θ + l2·θ (sign 0 = 0).

    Inside an adaptive rule this is divided by √v with the rest: it is not weight decay.
    """
    return grad + _beside(l2, theta) * theta + _beside(l1, theta) * theta.sign()


def shrink(theta: Tensor, threshold: Strength) -> Tensor:
    """The proximal step of L1: sign θ·max(|θ| − threshold, 0), with exact zeros (threshold = lr·l1).

    Source: Parikh & Boyd 2014, section 6.5.2 (soft thresholding).

    Example:
        >>> import torch
        >>> shrink(torch.tensor([[1.0, -0.05, -2.0]]), 0.1).tolist()
        [[0.89..., -0.0, -1.89...]]
    """
    return theta.sign() * (theta.abs() - _beside(threshold, theta)).clamp_min(0)


def decayed(theta: Tensor, amount: Strength) -> Tensor:
    """Decoupled weight decay: (1 − amount)·θ, with amount = lr·λ (arXiv 1711.05101)."""
    return theta - _beside(amount, theta) * theta


def cautiously_decayed(theta: Tensor, step: Tensor, amount: Strength) -> Tensor:
    """Decay only where the rule already moves a weight towards zero: θ − amount·θ·[step·θ > 0].

    Args:
        theta: weights before the step.
        step: what the rule subtracts from them.
        amount: lr·λ.

    Source: arXiv 2510.12402, Algorithm 1 (cautious weight decay).

    Example:
        >>> import torch
        >>> cautiously_decayed(torch.tensor([[1.0, 1.0]]), torch.tensor([[0.1, -0.1]]), 0.5).tolist()
        [[0.5, 1.0]]
    """
    return theta - _beside(amount, theta) * theta * (step * theta > 0)


def decayed_groups(network: nn.Module, weight_decay: float, **settings: Any) -> list[dict[str, Any]]:
    """Two param groups: weights that decay, and those that should not: biases, norms, and single numbers.

    Args:
        network: the network to optimize.
        weight_decay: λ of the first group; the second has none.
        settings: put into both groups.

    Example:
        >>> from steepest.rules import AdamW
        >>> network = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
        >>> groups = decayed_groups(network, 0.1)
        >>> [len(group["params"]) for group in groups]
        [1, 3]
        >>> optimizer = AdamW(groups, lr=1e-3)
    """
    check_number("weight_decay", weight_decay, DECAY)
    weights: list[Tensor] = []
    rest: list[Tensor] = []
    for parameter in network.parameters():
        (weights if parameter.dim() >= 2 else rest).append(parameter)
    groups = [(weights, weight_decay), (rest, 0.0)]
    return [{"params": params, "weight_decay": decay, **settings} for params, decay in groups if params]
