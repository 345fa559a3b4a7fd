"""Batches for a chunk of members: each member's own order over its own fold, standardised on the way.

The order of an epoch is a function of (member seed, epoch) alone, so members of one replicate see the same
batches, and no member's batches depend on its neighbours.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.seeds import generator
from steepest.training.member import Member
from steepest.training.source import Source


class Feed:
    """Rows of a source as standardised tensors [K, B, D] and targets [K, B].

    Args:
        source: the rows.
        members: in the chunk's order; each reads its own fold.
        dtype: floating-point type of what is served.
    """

    def __init__(self, source: Source, members: Sequence[Member], dtype: torch.dtype) -> None:
        folds = [source.folds[m.fold] for m in members]
        self._members, self._folds = members, folds
        self._x = torch.from_numpy(source.x).to(dtype)
        self._y = torch.from_numpy(source.y) if source.classes else torch.from_numpy(source.y).to(dtype)
        self._missing = bool(np.isnan(source.x).any())
        standards = [fold.standard for fold in folds]
        self._mean = torch.from_numpy(np.stack([s.mean for s in standards])).to(dtype).unsqueeze(1)
        self._scale = torch.from_numpy(np.stack([s.scale for s in standards])).to(dtype).unsqueeze(1)
        self._clip = standards[0].clip
        self._y_mean = torch.tensor([s.y_mean for s in standards], dtype=dtype).unsqueeze(1)
        self._y_scale = torch.tensor([s.y_scale for s in standards], dtype=dtype).unsqueeze(1)
        self.train_rows = [len(fold.train) for fold in folds]
        self.held_out_rows = [len(fold.held_out) for fold in folds]
        every = np.ones(source.x.shape[1], dtype=np.bool_)
        self.varying = [every if s.varies is None else s.varies for s in standards]
        self.y_scale = self._y_scale.squeeze(1).double().numpy()
        self._classes = source.classes

    def order(self, epoch: int, length: int = 0) -> Tensor:
        """Row numbers of an epoch, [K, most training rows]; shorter ones repeat their first row.

        With a `length` all are padded to it. Padding the last batch to the size of the others costs less than
        the matrix library takes to prepare for one more shape.
        """
        return _padded(
            [
                fold.train[generator(member.seed, "order", epoch).permutation(len(fold.train))]
                for member, fold in zip(self._members, self._folds, strict=True)
            ],
            length,
        )

    def held_out(self) -> Tensor:
        """Held-out row numbers, [K, most held-out rows], padded like `order`."""
        return _padded([fold.held_out for fold in self._folds])

    def inputs(self, rows: Tensor, out: Tensor) -> Tensor:
        """Standardised features of `rows` [K, B], written into `out` [K, B, D]."""
        torch.index_select(self._x, 0, rows.reshape(-1), out=out.view(-1, out.shape[2]))
        out.sub_(self._mean).div_(self._scale)
        if self._missing:
            out.nan_to_num_(nan=0.0)
        return out.clamp_(-self._clip, self._clip)

    def targets(self, rows: Tensor) -> Tensor:
        """Class codes, or standardised numbers, of `rows` [K, B]."""
        y = self._y.index_select(0, rows.reshape(-1)).view(rows.shape)
        return y if self._classes else y.sub_(self._y_mean).div_(self._y_scale)


def _padded(rows: list[NDArray[np.int64]], length: int = 0) -> Tensor:
    longest = max(length, *map(len, rows))
    return torch.from_numpy(np.stack([np.pad(r, (0, longest - len(r)), constant_values=r[0]) for r in rows]))


def batch_weights(counts: Sequence[int], start: int, batch: int, dtype: torch.dtype) -> Tensor:
    """Weights [K, B] of a batch that starts at position `start`: 1/rows for real rows, 0 for padding.

    Example:
        >>> batch_weights([5, 4], start=3, batch=2, dtype=torch.float64).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """
    position = torch.arange(start, start + batch)
    real = (position < torch.tensor(counts).unsqueeze(1)).to(dtype)
    return real / real.sum(1, keepdim=True).clamp_min(1)
