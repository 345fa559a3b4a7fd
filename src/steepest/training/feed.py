"""Batches for a chunk of members: each member's own order over its own fold, standardised on the way.

The order of a round is a function of (member seed, round) alone, so members of one replicate see the same
batches, and no member's batches depend on its neighbours.
"""

import functools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.seeds import generator
from steepest.data.dataset import CODED
from steepest.data.standardise import Standardiser
from steepest.networks.architecture import bins_of
from steepest.training.member import Member
from steepest.training.source import Source

READY_BYTES = 2**24
"""Most bytes of standardised rows that a chunk keeps ahead; they save three passes over each batch."""


class Feed:
    """Rows of a source as standardised tensors and targets.

    Args:
        source: the rows.
        members: in the chunk's order; each reads its own fold.
        dtype: floating-point type of what is served.
    """

    def __init__(self, source: Source, members: Sequence[Member], dtype: torch.dtype) -> None:
        folds = [source.folds[m.fold] for m in members]
        self._members, self._folds, self._source, self._dtype = members, folds, source, dtype
        x = torch.from_numpy(source.x)
        self._x = x.to(dtype) if x.is_floating_point() else x
        self._coded = source.task in CODED
        self._y = torch.from_numpy(source.y) if self._coded else torch.from_numpy(source.y).to(dtype)
        self._missing = source.missing
        standards = [fold.standard for fold in folds]
        self._mean = torch.from_numpy(np.stack([s.mean for s in standards])).to(dtype).unsqueeze(1)
        self._scale = torch.from_numpy(np.stack([s.scale for s in standards])).to(dtype).unsqueeze(1)
        self._clip, self._codes = standards[0].clip, list(standards[0].codes)
        self._y_mean = torch.tensor([s.y_mean for s in standards], dtype=dtype)
        self._y_scale = torch.tensor([s.y_scale for s in standards], dtype=dtype)
        self._scaled_target = source.task in ("regression", "forecasting")
        self.train_rows = [len(fold.train) // source.rounds for fold in folds]
        self.held_out_rows = [len(fold.held_out) for fold in folds]
        bins = bins_of(members[0].recipe, source.ports)
        self._bins = Bins(standards, bins, dtype) if bins else None
        self._shape = source.ports.binned(bins).shape
        every = np.ones(source.x.shape[1], dtype=np.bool_)
        more = np.zeros(bins * len(source.ports.numbers), dtype=np.bool_)
        self.varying = [np.append(every if s.varies is None else s.varies, more) for s in standards]
        self.y_scale = self._y_scale.double().numpy()

    def order(self, round_: int, length: int = 0) -> Tensor:
        """Row numbers of a round, [K, most training rows]; shorter ones repeat their first row.

        A round takes the next part of the epoch's permutation; what is left over at the end of an epoch,
        fewer rows than it has rounds, is left out of that epoch. With a `length` all are padded to it: that
        costs less than the matrix library takes to prepare for one more shape.
        """
        epoch, part = divmod(round_, self._source.rounds)
        return _padded(
            [
                fold.train[
                    generator(member.seed, "order", epoch).permutation(len(fold.train))[
                        part * rows : (part + 1) * rows
                    ]
                ]
                for member, fold, rows in zip(self._members, self._folds, self.train_rows, strict=True)
            ],
            length,
        )

    def held_out(self) -> Tensor:
        """Held-out row numbers, [K, most held-out rows], padded like `order`."""
        return _padded([fold.held_out for fold in self._folds])

    def inputs(self, rows: Tensor, out: Tensor) -> Tensor:
        """Standardised features of `rows` [K, B], written into `out` [K, B, D]."""
        if self._bins:
            raw = self._x.index_select(0, rows.reshape(-1)).view(*rows.shape, -1)
            self._bins.fill(raw, out[..., raw.shape[2] :])
            out[..., : raw.shape[2]] = self._standardised(raw, self._mean, self._scale)
            return out
        flat = out.view(-1, out.shape[2])
        if self._ahead is not None:
            ready, first = self._ahead
            torch.index_select(ready, 0, (rows + first).view(-1), out=flat)
            return out
        if self._x.is_floating_point():
            torch.index_select(self._x, 0, rows.reshape(-1), out=flat)
        else:
            flat.copy_(self._x.index_select(0, rows.reshape(-1)))
        return self._standardised(out, self._mean, self._scale)

    @functools.cached_property
    def _ahead(self) -> tuple[Tensor, Tensor] | None:
        """All rows as each fold standardises them, one fold after the other; None where they are too many.

        Returns:
            the rows [folds · N, D], and the first row of each member's fold, [K, 1].
        """
        places = [m.fold for m in self._members]
        folds = sorted(set(places))
        if len(folds) * self._x.numel() * self._dtype.itemsize > READY_BYTES:
            return None
        each = [
            self._standardised(self._x.to(self._dtype, copy=True), self._mean[k], self._scale[k])
            for k in map(places.index, folds)
        ]
        return torch.cat(each), torch.tensor([[folds.index(f) * len(self._x)] for f in places])

    def example(self, k: int, rows: Tensor) -> Tensor:
        """What member k's network reads of `rows` [B]: standardised numbers, or int64 tokens, [B, *shape]."""
        raw = self._x.index_select(0, rows)
        if self._source.ports.tokens:
            return raw.long().view(len(rows), *self._shape)
        parts = [self._bins.of(k, raw)] if self._bins else []
        x = self._standardised(raw.to(self._dtype), self._mean[k], self._scale[k])
        return torch.cat([x, *parts], 1).view(len(rows), *self._shape) if parts else x.view(-1, *self._shape)

    def targets(self, rows: Tensor) -> Tensor:
        """Class codes, or standardised numbers, of `rows` [K, B], with further axes if targets have them."""
        y = self._y.index_select(0, rows.reshape(-1)).view(*rows.shape, *self._y.shape[1:])
        if not self._scaled_target:
            return y
        shape = -1, *[1] * (y.dim() - 1)
        return y.sub_(self._y_mean.view(shape)).div_(self._y_scale.view(shape))

    def target(self, k: int, rows: Tensor) -> Tensor:
        """The same for member k alone, `rows` [B]."""
        y = self._y.index_select(0, rows)
        return y.sub_(self._y_mean[k]).div_(self._y_scale[k]) if self._scaled_target else y

    def class_shares(self, classes: int) -> Tensor:
        """Share of each class, or frequency of each label, among each member's training rows, [K, C]."""
        shares = []
        for fold in self._folds:
            y = self._source.y[fold.train]
            count = np.bincount(y, minlength=classes) if self._coded and y.ndim == 1 else y.sum(0)
            shares.append(count / len(y))
        return torch.tensor(np.stack(shares), dtype=self._dtype)

    def _standardised(self, x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        x.sub_(mean).div_(scale)
        if self._missing:
            x.nan_to_num_(nan=0.0)
        codes = x[..., self._codes] if self._codes else None
        x.clamp_(-self._clip, self._clip)
        if codes is not None:
            x[..., self._codes] = codes
        return x


class Bins:
    """Numbers of a table in bins, by the training rows of each member's fold; see `Standardiser.binned`.

    Args:
        standards: one per member.
        bins: of each number.
        dtype: floating-point type of what is written.
    """

    def __init__(self, standards: Sequence[Standardiser], bins: int, dtype: torch.dtype) -> None:
        edges = torch.from_numpy(np.stack([s.edges(bins) for s in standards])).to(dtype)  # [K, n, bins + 1]
        self._places = list(standards[0].numbers)
        self._ends, low = edges[:, None, :, 1:], edges[:, None, :, :-1]
        width = self._ends - low
        self._wide, self._low = width > 0, low
        self._slope = torch.where(self._wide, 1 / torch.where(self._wide, width, 1), 0)
        self._all_wide = bool(self._wide.all())

    def fill(self, raw: Tensor, out: Tensor) -> None:
        """Encode raw inputs [K, B, D] into out [K, B, numbers · bins]."""
        out.copy_(self._encoded(raw, slice(None)).flatten(2))

    def of(self, k: int, raw: Tensor) -> Tensor:
        """The same for member k, [B, D] → [B, numbers · bins]."""
        return self._encoded(raw.unsqueeze(0), slice(k, k + 1))[0].flatten(1)

    def _encoded(self, raw: Tensor, members: slice) -> Tensor:
        x = raw[..., self._places].unsqueeze(3)  # [K, B, n, 1]
        share = (x - self._low[members]).mul_(self._slope[members])
        if not self._all_wide:
            share = torch.where(self._wide[members], share, (x >= self._ends[members]).to(share.dtype))
        return share.nan_to_num_(nan=0.0).clamp_(0, 1)


def _padded(rows: list[NDArray[np.int64]], length: int = 0) -> Tensor:
    longest = max(length, *map(len, rows))
    return torch.from_numpy(np.stack([np.pad(r, (0, longest - len(r)), constant_values=r[0]) for r in rows]))


def part_weights(
    counts: Sequence[int], batches: Sequence[int], start: int, part: int, dtype: torch.dtype
) -> Tensor:
    """Weights [K, part] of the rows from `start` on, where members take batches of different sizes.

    Each real row counts 1/rows of the batch it belongs to; padding counts 0.

    Example:
        >>> part_weights([6, 6], [2, 4], start=4, part=2, dtype=torch.float64).tolist()
        [[0.5, 0.5], [0.5, 0.5]]
        >>> part_weights([8, 5], [2, 4], start=4, part=2, dtype=torch.float64).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """
    n, sizes = torch.tensor(counts), torch.tensor(batches)
    rows = torch.minimum(sizes, n - start // sizes * sizes).clamp_min(1).unsqueeze(1)
    real = torch.arange(start, start + part) < n.unsqueeze(1)
    return real.to(dtype) / rows


def batch_weights(counts: Sequence[int], start: int, batch: int, dtype: torch.dtype) -> Tensor:
    """Weights [K, B] of a batch that starts at position `start`: 1/rows for real rows, 0 for padding.

    Example:
        >>> batch_weights([5, 4], start=3, batch=2, dtype=torch.float64).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """
    position = torch.arange(start, start + batch)
    real = (position < torch.tensor(counts).unsqueeze(1)).to(dtype)
    return real / real.sum(1, keepdim=True).clamp_min(1)
