"""Dropout masks that belong to a member, not to a stack.

The mask of a step is a function of (member seed, epoch, block of steps, layer): 16 random bits a unit, which
is kept if they are at or above 65536·p. The rate is therefore met to 1/65536, and survivors are scaled by
1/(1-p) (inverted dropout, Srivastava et al. 2014, section 10), so that evaluation needs no scaling.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.seeds import generator
from steepest.training.member import Member

BLOCK, BLOCK_ROWS = 16, 1024
"""Steps, and rows, drawn together at most: enough to hide the cost of seeding, few enough for the cache."""


class Masks:
    """Masks of the members that drop units, for every hidden layer.

    Args:
        members: those with dropout > 0, in the chunk's order.
        widths: units of each hidden layer.
        batches: rows in a full batch of each member.
        dtype: floating-point type of the masks.
        out: where they are written, [members, rows, units] per layer; made if not given.
    """

    def __init__(
        self,
        members: Sequence[Member],
        widths: Sequence[int],
        batches: Sequence[int],
        dtype: torch.dtype,
        out: Sequence[Tensor] = (),
    ) -> None:
        self._members, self._widths, self._batches = members, widths, batches
        rates = [m.recipe.dropout for m in members]
        self._thresholds = [round(65536 * p) for p in rates]
        self._scale = torch.tensor([1 / (1 - p) for p in rates], dtype=dtype).view(-1, 1, 1)
        nominal = members[0].recipe.batch_size  # the same for all of a chunk, whoever is in it
        few = members[0].recipe.optimizer == "gd"
        self._steps = 1 if few else max(1, min(BLOCK, BLOCK_ROWS // nominal))
        self._place = (-1, -1)
        self._kept: list[Tensor] = []
        self._out = list(out) or [
            torch.empty(len(members), max(batches), width, dtype=dtype) for width in widths
        ]

    def at(self, epoch: int, step: int, rows: int, first: int = 0) -> list[Tensor]:
        """Masks [members, rows, units] per hidden layer, holding 0 or 1/(1-p).

        Args:
            epoch: 0-based epoch.
            step: 0-based step within the epoch.
            rows: rows of this batch, or of the part of it that is asked for.
            first: place of the first of them in the batch.
        """
        place = epoch, step // self._steps
        if place != self._place:
            self._place = place
            self._kept = [self._draw(layer, width) for layer, width in enumerate(self._widths)]
        for out, kept in zip(self._out, self._kept, strict=True):
            part = kept[:, step % self._steps, first : first + rows]
            out[:, : part.shape[1]].copy_(part).mul_(self._scale)
        return [out[:, :rows] for out in self._out]

    def _draw(self, layer: int, width: int) -> Tensor:
        kept = np.zeros((len(self._members), self._steps, max(self._batches), width), dtype=np.bool_)
        for k, (member, batch, limit) in enumerate(
            zip(self._members, self._batches, self._thresholds, strict=True)
        ):
            bits = _bits(generator(member.seed, "dropout", *self._place, layer), self._steps, batch, width)
            np.greater_equal(bits, limit, out=kept[k, :, :batch])
        return torch.from_numpy(
            kept.view(np.uint8)
        )  # torch turns bytes into floats six times as fast as bools


def _bits(source: np.random.Generator, *shape: int) -> NDArray[np.uint16]:
    """What `source.integers(0, 65536, shape, np.uint16)` gives, in a third of its time: four to a word."""
    count = math.prod(shape)
    words = source.bit_generator.random_raw(-(-count // 4))
    return words.astype("<u8", copy=False).view("<u2")[:count].reshape(shape)


class PartMasks:
    """Masks of members whose batches differ in size: in each step, of a part of each one's batch.

    Args:
        members, widths, batches, dtype: as for `Masks`.
        part: rows of a step.
    """

    def __init__(
        self,
        members: Sequence[Member],
        widths: Sequence[int],
        batches: Sequence[int],
        dtype: torch.dtype,
        part: int,
    ) -> None:
        self._batches = batches
        self._out = [torch.zeros(len(members), part, width, dtype=dtype) for width in widths]
        self._each = [
            Masks([member], widths, [batch], dtype, [out[k : k + 1] for out in self._out])
            for k, (member, batch) in enumerate(zip(members, batches, strict=True))
        ]

    def at(self, epoch: int, start: int, rows: int) -> list[Tensor]:
        """Masks [members, rows, units] per hidden layer of the rows from `start` on in an epoch."""
        for masks, batch in zip(self._each, self._batches, strict=True):
            step, first = divmod(start, batch)
            masks.at(epoch, step, rows, first)
        return [out[:, :rows] for out in self._out]
