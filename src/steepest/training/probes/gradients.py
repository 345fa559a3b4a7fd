"""Signal and noise of mini-batch gradients, and the size of updates, on a sample of every weight array.

For the gradients g₁…g_n of the first n ≤ 4 mini-batches of a round, with ḡ their mean:

    N̂ = n/(n-1) · (mean ‖g_s‖² - ‖ḡ‖²)        Ŝ = ‖ḡ‖² - N̂/n
    SNR = √(max(Ŝ, 0) / N̂)                    noise scale = B·N̂ / Ŝ

N̂ estimates tr Σ, the variance of a mini-batch's gradient summed over its numbers, and Ŝ the squared norm of
the full gradient, both without bias if the n mini-batches are independent and the weights stand still between
them (McCandlish et al. 2018, arXiv 1812.06162, appendix A.1, which takes two batch sizes instead of n equal
batches). Neither holds strictly: batches are drawn without replacement, and the weights move by n-1 steps.

The sample of a weight array [out, …] is every m-th of its out rows, such that about 1024 numbers and at least
16 rows are left: units are exchangeable, so that ratios of sums over the sample estimate those over all. Sums
over several arrays weigh each by m.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

STEPS = 4
"""Mini-batches whose gradients are compared."""

NUMBERS, ROWS = 1024, 16
"""About so many numbers of a weight array are looked at, and at least so many of its rows."""


def stride_of(shape: Sequence[int]) -> int:
    """m: every m-th row of a weight array [out, …] is looked at.

    Example:
        >>> stride_of((10, 64)), stride_of((128, 64)), stride_of((1024, 1024))
        (1, 8, 64)
    """
    kept = max(ROWS, NUMBERS // max(math.prod(shape[1:]), 1))
    return max(1, shape[0] // kept)


@dataclass(frozen=True, slots=True)
class Moments:
    """Ŝ and N̂, in arrays of one shape; NaN where fewer than two mini-batches are known."""

    signal: Tensor
    noise: Tensor

    @classmethod
    def of(cls, squares: Tensor, mean: Tensor, n: Tensor) -> "Moments":
        """From what mini-batches say.

        Args:
            squares: mean of ‖g_s‖², [..., K].
            mean: ‖ḡ‖², [..., K].
            n: how many mini-batches there are, [K].

        Example:
            >>> two = Moments.of(torch.tensor([5.0]), torch.tensor([4.0]), torch.tensor([2.0]))  # g: 3, 1
            >>> two.signal.item(), two.noise.item()
            (3.0, 2.0)
        """
        noise = ((squares - mean) * (n / (n - 1))).clamp_min(0)  # 0·∞, NaN, for a single one
        return cls(mean - noise / n, noise)

    def total(self, weights: Sequence[float]) -> "Moments":
        """The weighted sum over the first axis."""
        by = torch.tensor(weights, dtype=self.signal.dtype)
        return Moments(by @ self.signal, by @ self.noise)

    @property
    def snr(self) -> Tensor:
        """√(max(Ŝ, 0) / N̂); NaN where every gradient is 0."""
        return (self.signal.clamp_min(0) / self.noise).sqrt_()

    def noise_scale(self, batches: Tensor) -> Tensor:
        """B·N̂/Ŝ for mini-batches of B rows [K]; infinite where Ŝ is not positive."""
        scale = batches * self.noise / self.signal
        return scale.masked_fill((self.signal <= 0) & (self.noise > 0), torch.inf)


class Samples:
    """The sampled rows of every weight array: their gradients in some mini-batches, and what a step moves.

    Args:
        weights, gradients: views [K, out, …] of each weight array and of its gradient.
    """

    def __init__(self, weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        self.strides = [stride_of(view.shape[1:]) for view in weights]
        self._theta = [view[:, ::m] for view, m in zip(weights, self.strides, strict=True)]
        self._grads = [view[:, ::m] for view, m in zip(gradients, self.strides, strict=True)]
        self._kept = [each.new_empty(STEPS, *each.shape) for each in self._grads]
        self._before = [torch.empty_like(each) for each in self._theta]

    def keep_gradients(self, step: int) -> None:
        """Note the gradients of a mini-batch, `step` from 0 to STEPS - 1."""
        for kept, grad in zip(self._kept, self._grads, strict=True):
            kept[step].copy_(grad)

    def moments(self, known: Tensor) -> Moments:
        """Ŝ and N̂ of every weight array, [arrays, K].

        Args:
            known: which of the noted gradients each member has, [n, K].
        """
        whole, steps = bool(known.all()), len(known)
        squares, means = [], []
        for kept in self._kept:
            gradients = kept[:steps].flatten(2)
            if not whole:
                gradients = torch.where(known.unsqueeze(2), gradients, 0)
            squares.append(torch.linalg.vector_norm(gradients, dim=2))
            means.append(torch.linalg.vector_norm(gradients.sum(0), dim=1))
        n = known.sum(0).double()
        return Moments.of(
            torch.stack(squares).double().square().sum(1) / n, (torch.stack(means).double() / n).square(), n
        )

    def before(self) -> None:
        """Note the weights before a step."""
        for into, theta in zip(self._before, self._theta, strict=True):
            into.copy_(theta)

    def update_ratio(self) -> Tensor:
        """‖ΔW‖/‖W‖ of the step since `before`, [K, arrays]."""
        sizes = norms(self._before)
        moved = [before.sub_(theta) for before, theta in zip(self._before, self._theta, strict=True)]
        return norms(moved) / sizes


def norms(views: Sequence[Tensor]) -> Tensor:
    """Norm of each member's part of some views [K, …], in float64, [K, views]."""
    found = [torch.linalg.vector_norm(view, dim=tuple(range(1, view.dim()))) for view in views]
    return torch.stack(found, 1).double()
