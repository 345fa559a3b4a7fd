"""Augmentation of tables: what a training batch becomes, given the random numbers.

Nothing is drawn here: every function takes its draws as arguments and works in place on a stack of batches.
Inputs are standardised, so that 0 is the training mean and 1 the training deviation. Augmentation is for
training batches alone.
"""

import functools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LEVELS = 65536
"""Values of 16 random bits."""


@functools.cache
def _normal_quantiles(dtype: torch.dtype) -> Tensor:
    middle = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
    z: Tensor = torch.special.ndtri(middle)
    return (z / z.square().mean().sqrt()).to(dtype)


def normal(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Standard normal numbers from 16 random bits each.

        z = Φ⁻¹((bits + ½) / 65536)

    The 65,536 values have mean 0 and variance 1 and end at ±4.3. That is coarse for a simulation and enough
    for noise on inputs, in about a sixth of the time that NumPy's float32 normal draw takes, bits included.

    Args:
        bits: uint16, any shape.
        dtype: floating-point type of the result.

    Example:
        >>> bits = torch.tensor([10_398, 32_768, 55_137], dtype=torch.uint16)
        >>> normal(bits, torch.float32).round(decimals=2)
        tensor([-1.,  0.,  1.])
    """
    return _normal_quantiles(dtype).index_select(0, bits.int().view(-1)).view(bits.shape)


def add_noise_(x: Tensor, z: Tensor, deviation: Tensor) -> Tensor:
    """Gaussian noise: x + σ·z, in place.

    For a small σ this acts as a penalty on the slope of the network (Bishop 1995, "Training with noise is
    equivalent to Tikhonov regularization").

    Args:
        x: standardised inputs [M, B, D].
        z: standard normal numbers [M, B, D].
        deviation: σ per member and input [M, 1, D]; 0 for inputs to leave alone (one-hot codes, indicators).

    Example:
        >>> add_noise_(torch.zeros(1, 1, 2), torch.ones(1, 1, 2), torch.tensor([[[0.1, 0.0]]]))
        tensor([[[0.1000, 0.0000]]])
    """
    return x.addcmul_(z, deviation)


def drop_limit(rates: Sequence[float]) -> NDArray[np.uint16]:
    """Below which of 65,536 numbers an input is dropped, [M, 1, 1]: the rate p is met to 1/65536."""
    return np.round(np.multiply(rates, LEVELS)).astype(np.uint16).reshape(-1, 1, 1)


def drop_inputs_(x: Tensor, bits: Tensor, limit: NDArray[np.uint16]) -> Tensor:
    """Feature dropout: an input becomes 0 with probability p, in place.

        x ← 0 where bits < 65536·p

    0 is what a missing cell becomes: the training mean of a number, "no category" of a one-hot code. So a
    network learns to do without any one column. The survivors are not scaled by 1/(1-p) as those of dropped
    hidden units are: that would stretch numbers and turn the 1 of a category into values that no row has,
    while the mean of a standardised number is 0 with or without it.

    Measured, scaled minus not (MLP of two times 128 ReLU units, AdamW 2e-3, batch 32, 40 epochs, 16 splits,
    p = .05 and .2): accuracy within 0.15 points on digits, breast_cancer and wine, in either direction; R² on
    diabetes, which that network overfits, higher by 1.5 ± 0.3 and 3.9 ± 1.1 points.

    Args:
        x: standardised inputs [M, B, D].
        bits: uint16 [M, B, D].
        limit: from `drop_limit`.

    Example:
        >>> bits = torch.tensor([[[100, 40000]]], dtype=torch.uint16)
        >>> drop_inputs_(torch.ones(1, 1, 2), bits, drop_limit([0.5]))
        tensor([[[0., 1.]]])
    """
    array = x.numpy()  # torch is slow at comparing uint16 and at multiplying by truth values
    array *= bits.numpy() >= limit
    return x


def mix_(x: Tensor, partner: Tensor, share: Tensor) -> Tensor:
    """Mixup: every row becomes a blend with its partner, in place.

        x̃ᵢ = λ·xᵢ + (1 - λ)·x_π(i)

    Targets are blended by the same formula; of class codes the losses are blended instead. Partners come from
    the same batch, which the paper found to do as well as a second one.

    Args:
        x: inputs [M, B, D], or numeric targets [M, B].
        partner: π [M, B], int64; a row that is its own partner stays as it is.
        share: λ [M] in [0, 1].

    Example:
        >>> mix_(torch.tensor([[[0.0], [4.0]]]), torch.tensor([[1, 0]]), torch.tensor([0.75])).flatten()
        tensor([1., 3.])

    References:
        Zhang et al. 2018 (arXiv 1710.09412), eq. 1.
    """
    members, batch = partner.shape
    rows = partner + batch * torch.arange(members).unsqueeze(1)
    others = x.reshape(members * batch, -1).index_select(0, rows.view(-1)).view(x.shape)
    return x.lerp_(others, (1 - share).view(-1, *[1] * (x.dim() - 1)))
