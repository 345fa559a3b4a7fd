"""Losses of a stack together with their derivative by the outputs, written out: what `dense.py` starts from.

The plain versions, differentiated by autograd, are in `losses.py`; a test holds these to them.
"""

import torch
from torch import Tensor


def cross_entropy(
    logits: Tensor, targets: Tensor, weights: Tensor, smoothing: Tensor | None, out: Tensor
) -> Tensor:
    """Cross-entropy of each member and its gradient by the logits.

        q = (1 - s)·onehot(y) + s/C        loss = -Σ_b w_b Σ_c q_c log softmax(z)_c
        ∂loss/∂z = w_b (softmax(z) - q)

    Args:
        logits: z [K, B, C].
        targets: y [K, B], class codes.
        weights: w [K, B], 1/B for the mean over a batch, 0 for padding rows.
        smoothing: s [K], or None where no member smooths (Szegedy et al. 2016, section 7).
        out: receives the gradient [K, B, C].

    Returns:
        losses [K].
    """
    # classes lead: a softmax over a short last axis is ten times slower, copies included
    log_p = torch.log_softmax(logits.permute(2, 0, 1).contiguous(), 0)  # [C, K, B]
    hit = log_p.gather(0, targets.unsqueeze(0)).squeeze(0)
    index = targets.unsqueeze(2)
    out.copy_(log_p.permute(1, 2, 0)).exp_()
    if smoothing is None:
        losses = -(hit * weights).sum(1)
        out.scatter_add_(2, index, torch.full_like(index, -1, dtype=out.dtype))
    else:
        classes, s = logits.shape[2], smoothing.view(-1, 1)
        spread = s / classes
        losses = -(((1 - s) * hit + spread * log_p.sum(0)) * weights).sum(1)
        out.sub_(spread.unsqueeze(2))
        out.scatter_add_(2, index, (s - 1).unsqueeze(2).expand_as(index).to(out.dtype))
    out.mul_(weights.unsqueeze(2))
    return losses


def mixed_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    others: Tensor,
    share: Tensor,
    weights: Tensor,
    smoothing: Tensor | None,
    out: Tensor,
) -> Tensor:
    """Cross-entropy under mixup: of each row's own class and its partner's, and the gradient by the logits.

        q = (1 - s)(λ·onehot(y) + (1 - λ)·onehot(y′)) + s/C        loss, ∂loss/∂z as in `cross_entropy`

    Args:
        logits: z [K, B, C], of the mixed inputs.
        targets: y [K, B], class codes.
        others: y′ [K, B], class codes of the partners.
        share: λ [K]; 1 gives exactly `cross_entropy`.
        weights: w [K, B].
        smoothing: s [K], or None where no member smooths.
        out: receives the gradient [K, B, C].

    Returns:
        losses [K].

    References:
        Zhang et al. 2018 (arXiv 1710.09412), eq. 1; cross-entropy is linear in the target.
    """
    own = share.view(-1, 1)
    log_p = torch.log_softmax(logits.permute(2, 0, 1).contiguous(), 0)  # [C, K, B]
    hit = own * log_p.gather(0, targets.unsqueeze(0)).squeeze(0)
    hit += (1 - own) * log_p.gather(0, others.unsqueeze(0)).squeeze(0)
    out.copy_(log_p.permute(1, 2, 0)).exp_()
    if smoothing is not None:
        s = smoothing.view(-1, 1)
        spread = s / logits.shape[2]
        hit = (1 - s) * hit + spread * log_p.sum(0)
        out.sub_(spread.unsqueeze(2))
        own, other = own * (1 - s), (1 - own) * (1 - s)
    else:
        other = 1 - own
    for codes, part in ((targets, own), (others, other)):
        index = codes.unsqueeze(2)
        out.scatter_add_(2, index, -part.unsqueeze(2).expand_as(index))
    out.mul_(weights.unsqueeze(2))
    return -(hit * weights).sum(1)


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor, out: Tensor) -> Tensor:
    """Squared error of each member and its gradient by the outputs.

        loss = Σ_b w_b (z_b - y_b)²        ∂loss/∂z = 2 w_b (z_b - y_b)

    Args:
        outputs: z [K, B, 1].
        targets: y [K, B].
        weights: w [K, B].
        out: receives the gradient [K, B, 1].

    Returns:
        losses [K].
    """
    torch.sub(outputs, targets.unsqueeze(2), out=out)
    losses = (out.squeeze(2).square() * weights).sum(1)
    out.mul_(2 * weights.unsqueeze(2))
    return losses
