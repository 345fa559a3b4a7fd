"""Augmentation of series and of texts: what a training batch becomes, given the random numbers.

Nothing is drawn here: every function takes its draws as arguments. Series x [B, T, F] are standardised, so
that 0 is the training mean; their jitter is `steepest.data.augment.add_noise_`. Texts are codes [B, T]. Names
that end in _ change x in place, the others return a new tensor.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PADDING, UNKNOWN = 0, 1
"""Codes of texts that stand for no word."""


def rescale_(x: Tensor, z: Tensor, deviation: float) -> Tensor:
    """Magnitude: each series times a factor of its own, x ← (1 + σ·z)·x, in place.

    Args:
        x: series [B, T, F].
        z: standard normal numbers [B].
        deviation: σ.

    Example:
        >>> rescale_(torch.ones(2, 1, 1), torch.tensor([1.0, -1.0]), 0.1).flatten()
        tensor([1.1000, 0.9000])

    References:
        Um et al. 2017 (arXiv 1706.00527), "scaling".
    """
    return x.mul_((1 + deviation * z.to(x.dtype)).view(-1, 1, 1))


def mask_(x: Tensor, start: NDArray[np.int64], length: NDArray[np.int64]) -> Tensor:
    """Time mask: a stretch of each series becomes 0, the mean, in all its inputs, in place.

        x[b, t] ← 0    for start_b ≤ t < start_b + length_b

    Args:
        x: series [B, T, F].
        start, length: int64 [B].

    Example:
        >>> mask_(torch.ones(1, 4, 1), np.array([1]), np.array([2])).flatten()
        tensor([1., 0., 0., 1.])

    References:
        SpecAugment, Park et al. 2019 (arXiv 1904.08779), section 2.
    """
    first, count = torch.from_numpy(start).unsqueeze(1), torch.from_numpy(length).unsqueeze(1)
    time = torch.arange(x.shape[1])
    return x.masked_fill_(((time >= first) & (time < first + count)).unsqueeze(2), 0)


def delay(x: Tensor, by: NDArray[np.int64]) -> Tensor:
    """Time shift: each series later by so many steps, earlier if negative; its ends repeat the nearest step.

        y[b, t] = x[b, min(max(t - by_b, 0), T - 1)]

    Args:
        x: series [B, T, F]; not changed.
        by: int64 [B].

    Example:
        >>> delay(torch.tensor([[[1.0], [2.0], [3.0]]]), np.array([1])).flatten()
        tensor([1., 1., 2.])
    """
    batch, steps = x.shape[:2]
    rows = np.clip(np.arange(steps) - by[:, np.newaxis], 0, steps - 1)
    rows += steps * np.arange(batch)[:, np.newaxis]
    flat = x.reshape(batch * steps, -1)
    return flat.index_select(0, torch.from_numpy(rows.reshape(-1))).view(x.shape)


def drop_tokens_(x: Tensor, bits: Tensor, limit: int) -> Tensor:
    """Token dropout: a token becomes the one for unknown with probability p, padding excepted, in place.

        x ← UNKNOWN where bits < 65536·p and x ≠ PADDING

    Args:
        x: codes [B, T], int64, on the processor.
        bits: uint16 [B, T].
        limit: 65536·p.

    Example:
        >>> bits = torch.tensor([[0, 60000, 0]], dtype=torch.uint16)
        >>> drop_tokens_(torch.tensor([[7, 8, 0]]), bits, 32768)
        tensor([[1, 8, 0]])

    References:
        Iyyer et al. 2015 ("Deep unordered composition rivals syntactic methods", ACL): word dropout.

    Departure:
        There a dropped word leaves the average of a text; here its place stays and is read as unknown.
    """
    array = x.numpy()
    array[(bits.numpy() < limit) & (array != PADDING)] = UNKNOWN
    return x
