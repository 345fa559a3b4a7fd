"""The task loss of every member of a stack at once: the plain version, differentiated by autograd.

Logits in, never probabilities. The mean over the batch is written as a weighted sum, so that a batch padded
to a stack's length counts only its real rows: a weight is 1/B for each of the B real rows and 0 elsewhere.
Every reduction is within a member, so a member that has become NaN leaves the others' losses and gradients
alone. `steepest.networks.loss_gradients` writes out the same losses with their derivatives.
"""

import torch
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
        share: λ [K], or [K, B] where each row has its own, in [0, 1].
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
    if share.dim() == 1:
        own = cross_entropy(outputs, targets, smoothing, weights)
        return share * own + (1 - share) * cross_entropy(outputs, others, smoothing, weights)
    rows = torch.full_like(share, 1 / targets.shape[1]) if weights is None else weights
    own = cross_entropy(outputs, targets, smoothing, share * rows)
    return own + cross_entropy(outputs, others, smoothing, (1 - share) * rows)


def focal_cross_entropy(
    outputs: Tensor,
    targets: Tensor,
    focal: Tensor,
    smoothing: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Focal loss, one per member: rows that are already right count for less.

        loss = Σ_b w_b (1 - p_b)^γ H_b        p = softmax(z)_y,  H: the row's `cross_entropy`

    Args:
        outputs: logits z [K, B, C].
        targets: class codes y [K, B], int64.
        focal: γ [K], at least 0; 0 gives `cross_entropy`.
        smoothing: s [K]; None for none.
        weights: w [K, B]; None for the mean over the batch.

    Returns:
        losses [K], in nats.

    Example:
        >>> import torch
        >>> z, y = torch.zeros(1, 4, 2), torch.zeros(1, 4, dtype=torch.int64)
        >>> focal_cross_entropy(z, y, torch.tensor([2.0])).item()  # a quarter of log 2
        0.173286...

    References:
        Lin et al. 2017 (arXiv 1708.02002), eq. 4, with a softmax for the sigmoid. With smoothing the
        factor is still that of the row's own class. 1 - p counts as no less than the spacing of floats at 1,
        so that the gradient stays finite where γ < 1.
    """
    log_p = functional.log_softmax(outputs, dim=2)
    hit = log_p.gather(2, targets.unsqueeze(2)).squeeze(2)  # [K, B]
    entropy = -hit
    if smoothing is not None:
        s = smoothing.unsqueeze(1)
        entropy = (1 - s) * entropy - s * log_p.mean(2)
    wrong = (-hit.expm1()).clamp_min(torch.finfo(hit.dtype).eps)
    return _weighted(wrong.pow(focal.unsqueeze(1)) * entropy, weights)


def binary_cross_entropy(
    outputs: Tensor,
    targets: Tensor,
    focal: Tensor | None = None,
    positives: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Cross-entropy of labels that are there or not, each by itself, one loss per member.

        loss = -Σ_b w_b 1/C Σ_c [y a_c (1 - σ)^γ log σ + (1 - y) σ^γ log(1 - σ)]        σ = sigmoid(z)

    Args:
        outputs: logits z [K, B, C].
        targets: y [K, B, C], 0 or 1; between, where examples are mixed: the loss is linear in y.
        focal: γ [K], at least 0; None for none.
        positives: a [K, C], how much a label counts where it is there; None for 1.
        weights: w [K, B]; None for the mean over the batch.

    Returns:
        losses [K], in nats per label.

    Example:
        >>> import torch
        >>> binary_cross_entropy(torch.zeros(1, 4, 3), torch.ones(1, 4, 3)).item()
        0.693147...

    References:
        Lin et al. 2017 (arXiv 1708.02002), eq. 4.
    """
    there, absent = -functional.logsigmoid(outputs), -functional.logsigmoid(-outputs)
    positive, negative = targets * there, (1 - targets) * absent
    if focal is not None:
        gamma = focal.view(-1, 1, 1)
        positive, negative = positive * (-gamma * absent).exp(), negative * (-gamma * there).exp()
    if positives is not None:
        positive = positive * positives.unsqueeze(1)
    return _weighted((positive + negative).mean(2), weights)


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Squared error, one loss per member; with equal weights, torch's `mse_loss`.

        loss = Σ_b w_b 1/H Σ_h (z_bh - y_bh)²

    Args:
        outputs: z [K, B, H]; H is 1, or the number of steps ahead.
        targets: y [K, B, H], standardised; [K, B] if H is 1.
        weights: w [K, B]; None for the mean over the batch.

    Returns:
        losses [K].

    Example:
        >>> import torch
        >>> squared_error(torch.ones(2, 3, 1), torch.zeros(2, 3))
        tensor([1., 1.])
    """
    return _weighted((outputs - targets.view_as(outputs)).square().mean(2), weights)


def absolute_error(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Absolute error, one loss per member; with equal weights, torch's `l1_loss`.

        loss = Σ_b w_b 1/H Σ_h |z_bh - y_bh|

    Args, Returns: as for `squared_error`.

    Example:
        >>> import torch
        >>> absolute_error(torch.full((2, 3, 1), 4.0), torch.zeros(2, 3))
        tensor([4., 4.])
    """
    return _weighted((outputs - targets.view_as(outputs)).abs().mean(2), weights)


def huber_error(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Huber's error, one loss per member; with equal weights, torch's `huber_loss` at its δ of 1.

        loss = Σ_b w_b 1/H Σ_h r(z_bh - y_bh)        r(d) = d²/2 if |d| ≤ 1, else |d| - 1/2

    Targets are standardised, so the bend is at one standard deviation of the target.

    Args, Returns: as for `squared_error`.

    Example:
        >>> import torch
        >>> huber_error(torch.full((2, 3, 1), 4.0), torch.zeros(2, 3))
        tensor([3.5000, 3.5000])

    References:
        Huber 1964 (Ann. Math. Statist. 35), with k = 1.
    """
    size = (outputs - targets.view_as(outputs)).abs()
    bent = size.clamp_max(1)
    return _weighted((bent * (size - 0.5 * bent)).mean(2), weights)


def _weighted(losses: Tensor, weights: Tensor | None) -> Tensor:
    """[K, B] → [K]."""
    return losses.mean(1) if weights is None else (losses * weights).sum(1)
