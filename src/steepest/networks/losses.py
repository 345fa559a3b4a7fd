"""The task loss of every member of a stack at once: the plain version, differentiated by autograd.

Logits in, never probabilities. The mean over the batch is written as a weighted sum, so that a batch padded
to a stack's length counts only its real rows: a weight is 1/B for each of the B real rows and 0 elsewhere.
Every reduction is within a member, so a member that has become NaN leaves the others' losses and gradients
alone. `steepest.networks.loss_gradients` writes out the same losses with their derivatives.
"""

from torch import Tensor
from torch.nn import functional


def cross_entropy(
    outputs: Tensor, targets: Tensor, smoothing: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """Cross-entropy with label smoothing, one loss per member.

        q = (1 - s)·onehot(y) + s/C        loss = -Σ_b w_b Σ_c q_c log softmax(z)_c

    Args:
        outputs: logits z [K, B, C].
        targets: class codes y [K, B], int64.
        smoothing: s [K] in [0, 1): the share of each label spread over all classes; None for none.
        weights: w [K, B]; None for the mean over the batch.

    Returns:
        losses [K], in nats.

    Example:
        >>> import torch
        >>> cross_entropy(torch.zeros(1, 4, 10), torch.zeros(1, 4, dtype=torch.int64)).item()
        2.302585...

    References:
        Szegedy et al. 2016 (arXiv 1512.00567), §7: uniform over all classes, the right one included.
    """
    log_p = functional.log_softmax(outputs, dim=2)
    losses = -log_p.gather(2, targets.unsqueeze(2)).squeeze(2)  # [K, B]
    if smoothing is not None:
        s = smoothing.unsqueeze(1)
        losses = (1 - s) * losses - s * log_p.mean(2)
    return _weighted(losses, weights)


def mixed_cross_entropy(
    outputs: Tensor,
    targets: Tensor,
    others: Tensor,
    share: Tensor,
    smoothing: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Cross-entropy under mixup, one loss per member: of each row's own class and its partner's.

        loss = λ·H(y) + (1 - λ)·H(y′)        H: `cross_entropy`

    Args:
        outputs: logits [K, B, C] of the mixed inputs.
        targets: y [K, B], class codes.
        others: y′ [K, B], class codes of the partners.
        share: λ [K] in [0, 1].
        smoothing: s [K]; None for none.
        weights: w [K, B]; None for the mean over the batch.

    Returns:
        losses [K], in nats.

    Example:
        >>> import torch
        >>> y = torch.tensor([[0, 1]])
        >>> mixed_cross_entropy(torch.zeros(1, 2, 10), y, y.flip(1), torch.tensor([0.3])).item()
        2.302585...

    References:
        Zhang et al. 2018 (arXiv 1710.09412), eq. 1; cross-entropy is linear in the target.
    """
    own = cross_entropy(outputs, targets, smoothing, weights)
    return share * own + (1 - share) * cross_entropy(outputs, others, smoothing, weights)


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Squared error, one loss per member; with equal weights, torch's `mse_loss`.

        loss = Σ_b w_b (z_b - y_b)²

    Args:
        outputs: z [K, B, 1].
        targets: y [K, B], standardised.
        weights: w [K, B]; None for the mean over the batch.

    Returns:
        losses [K].

    Example:
        >>> import torch
        >>> squared_error(torch.ones(2, 3, 1), torch.zeros(2, 3))
        tensor([1., 1.])
    """
    return _weighted((outputs.squeeze(2) - targets).square(), weights)


def _weighted(losses: Tensor, weights: Tensor | None) -> Tensor:
    """[K, B] → [K]."""
    return losses.mean(1) if weights is None else (losses * weights).sum(1)
