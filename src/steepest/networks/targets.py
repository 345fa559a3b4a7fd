"""What a loss makes of its targets: a partner's, a blend of two, and how much each class counts."""

import torch
from torch import Tensor


def partners(targets: Tensor, partner: Tensor) -> Tensor:
    """Targets of each row's partner in the same batch.

    Args:
        targets: [K, B] or [K, B, …].
        partner: π [K, B], int64.

    Example:
        >>> partners(torch.tensor([[5, 6, 7]]), torch.tensor([[2, 1, 0]]))
        tensor([[7, 6, 5]])
    """
    index = partner.view(*partner.shape, *[1] * (targets.dim() - 2))
    return targets.gather(1, index.expand_as(targets))


def blended(targets: Tensor, partner: Tensor, share: Tensor) -> Tensor:
    """Numeric targets, each blended with its partner's.

        ỹ_b = λ_b·y_b + (1 - λ_b)·y_π(b)

    Args:
        targets: y [K, B] or [K, B, …], floating point.
        partner: π [K, B], int64; a row that is its own partner stays as it is.
        share: λ [K], or [K, B] where each row has its own, in [0, 1].

    Example:
        >>> blended(torch.tensor([[0.0, 4.0]]), torch.tensor([[1, 0]]), torch.tensor([0.75]))
        tensor([[1., 3.]])

    References:
        Zhang et al. 2018 (arXiv 1710.09412), eq. 1.
    """
    rest = (1 - share).view(len(share), -1, *[1] * (targets.dim() - 2))
    return torch.lerp(targets, partners(targets, partner), rest)


def class_weights(shares: Tensor, power: Tensor) -> Tensor:
    """How much an example of each class counts, with a mean of 1 over the training rows.

        a_c = s_c^(-p) / Σ_c s_c^(1-p)

    p = 0 leaves all at 1; p = 1 gives every class of the training rows the same say. Of labels, several of
    which may be there at once, the mean is over all that are there.

    Args:
        shares: of each class among the training rows, [K, C]; frequencies of labels need not add up to 1.
        power: p [K] in [0, 1].

    Returns:
        weights a [K, C]; any finite number for a class that no training row has.

    Example:
        >>> class_weights(torch.tensor([[0.75, 0.25]]), torch.tensor([1.0]))
        tensor([[0.6667, 2.0000]])

    References:
        p = 1 is scikit-learn's class_weight="balanced", after King and Zeng 2001 (Political Analysis 9).
    """
    s = shares / shares.sum(1, keepdim=True).clamp_min(torch.finfo(shares.dtype).tiny)
    rarity = torch.where(s > 0, s, 1).pow(-power.unsqueeze(1))
    mean = (s * rarity).sum(1, keepdim=True)
    return rarity / torch.where(mean > 0, mean, 1)
