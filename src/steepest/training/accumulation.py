"""Gradients of batches that are taken in parts: the parts are summed before the update."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Accumulation:
    """Members of a chunk whose batches differ in size go through them in equal parts.

    A part's rows weigh 1/rows of the whole batch, so the sum over a batch's parts is its gradient, whoever
    the neighbours are; only the order of additions differs.

    Args:
        blocks: gradients of a part, [K, n] each.
        batches: rows in a full batch of each member.
        rows: training rows of each member.
        part: rows that each step takes.
    """

    def __init__(
        self, blocks: Sequence[Tensor], batches: Sequence[int], rows: Sequence[int], part: int
    ) -> None:
        self._batches, self._rows, self._part = batches, rows, part
        self._parts = [[block[k] for block in blocks] for k in range(len(batches))]
        self._sums = [
            [torch.zeros_like(each) for each in parts] if batch > part else []
            for parts, batch in zip(self._parts, batches, strict=True)
        ]

    def add(self, start: int, active: Sequence[bool]) -> list[bool]:
        """Take in a step's gradients; those of batches that end with it are put in their place.

        Args:
            start: place of the step's first row in the round.
            active: members that take part.

        Returns:
            who has come to the end of a batch.
        """
        ended = []
        for k, (batch, rows) in enumerate(zip(self._batches, self._rows, strict=True)):
            first = start % batch
            end = first + self._part >= batch or start + self._part >= rows
            ended.append(active[k] and end)
            if not active[k] or (end and not first):
                continue
            parts, sums = self._parts[k], self._sums[k]
            if end:
                torch._foreach_add_(parts, sums)
            elif first:
                torch._foreach_add_(sums, parts)
            else:
                torch._foreach_copy_(sums, parts)
        return ended
