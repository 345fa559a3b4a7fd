"""Normalisation of a stack's hidden layers, forward and backward written out.

    x̂ = (z - μ) / √(σ² + ε)        n = γ·x̂ + β        ε = 1e-5

Batch normalisation (Ioffe & Szegedy 2015, arXiv 1502.03167, Algorithm 1) takes μ and σ² per unit over a
batch's rows, and in evaluation the running means of what training saw. Layer normalisation (Ba et al. 2016,
arXiv 1607.06450, equation 3) takes them per row over the units, in training and evaluation alike. Backward,
with δ̂ = γ·δ and means over the same axis as μ:

    ∂γ = Σ δ·x̂        ∂β = Σ δ        ∂z = (δ̂ - mean δ̂ - x̂·mean(δ̂·x̂)) / √(σ² + ε)

Means over a batch are weighted by the batch's row weights, so padding rows count for nothing. As in torch,
the running variance takes the unbiased σ²·n/(n-1), and moves by a tenth in each step. A batch of one row,
which torch refuses and the exported script skips, has x̂ = 0 here and trains β alone.
"""

import torch
from torch import Tensor

EPS = 1e-5
MOMENTUM = 0.1


class StackNorm:
    """Normalises one hidden layer of every member: `kind` "batch" or "layer".

    Args:
        kind: which axis μ and σ² are taken over.
        members, batch, units: sizes K, B, H of what passes through.
        dtype: of all tensors.
    """

    def __init__(self, kind: str, members: int, batch: int, units: int, dtype: torch.dtype) -> None:
        self._batchwise = kind == "batch"
        self._xhat = torch.empty(members, batch, units, dtype=dtype)
        self._inverse = torch.empty(0, dtype=dtype)
        self._weights = torch.empty(0, dtype=dtype)

    def train(self, z: Tensor, gain: Tensor, shift: Tensor, weights: Tensor, running: Tensor | None) -> None:
        """z [K, B, H] ← n, in place.

        Args:
            z: what the affine map wrote.
            gain, shift: γ, β [K, H].
            weights: row weights [K, B], summing to 1, or all 0 for a member that sits this step out.
            running: [K, 2, H], running mean and variance, moved in place; None for layer normalisation.
        """
        if self._batchwise:
            self._weights = weights.unsqueeze(2)
            rows = weights.unsqueeze(1)
            mean = torch.bmm(rows, z)
            torch.sub(z, mean, out=self._xhat)
            variance = torch.bmm(rows, self._xhat.square())
            if running is not None:
                _move(running, mean, variance, weights)
        else:
            torch.sub(z, z.mean(2, keepdim=True), out=self._xhat)
            variance = self._xhat.square().mean(2, keepdim=True)
        self._inverse = (variance + EPS).rsqrt_()
        self._xhat.mul_(self._inverse)
        torch.addcmul(shift.unsqueeze(1), self._xhat, gain.unsqueeze(1), out=z)

    def evaluate(self, z: Tensor, gain: Tensor, shift: Tensor, running: Tensor | None) -> None:
        """z [K, B, H] ← n, in place, by the running means where there are any."""
        if self._batchwise:
            assert running is not None
            scale = gain * (running[:, 1] + EPS).rsqrt()
            z.sub_(running[:, 0].unsqueeze(1)).mul_(scale.unsqueeze(1)).add_(shift.unsqueeze(1))
        else:
            z.sub_(z.mean(2, keepdim=True))
            z.mul_((z.square().mean(2, keepdim=True) + EPS).rsqrt_())
            z.mul_(gain.unsqueeze(1)).add_(shift.unsqueeze(1))

    def backward(self, delta: Tensor, gain: Tensor, grad_gain: Tensor, grad_shift: Tensor) -> None:
        """δ by n → δ by z, in place; ∂γ and ∂β [K, H] are written."""
        torch.sum(delta * self._xhat, 1, out=grad_gain)
        torch.sum(delta, 1, out=grad_shift)
        delta.mul_(gain.unsqueeze(1))
        if self._batchwise:  # Σ over the batch of δ̂ is γ·∂β, and of δ̂·x̂ is γ·∂γ
            fixed = (grad_shift * gain).unsqueeze(1) + self._xhat * (grad_gain * gain).unsqueeze(1)
            delta.sub_(fixed.mul_(self._weights))
        else:
            along = (delta * self._xhat).mean(2, keepdim=True)
            delta.sub_(delta.mean(2, keepdim=True)).sub_(self._xhat * along)
        delta.mul_(self._inverse)


def _move(running: Tensor, mean: Tensor, variance: Tensor, weights: Tensor) -> None:
    """Move running means a tenth of the way, for the members that take part in this step."""
    rows = (weights > 0).sum(1).to(mean.dtype).view(-1, 1)
    share = MOMENTUM * (rows > 0).to(mean.dtype)
    unbiased = variance.squeeze(1) * (rows / (rows - 1).clamp_min(1))
    running[:, 0].lerp_(mean.squeeze(1), share)
    running[:, 1].lerp_(unbiased, share)
