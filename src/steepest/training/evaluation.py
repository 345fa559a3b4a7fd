"""Score a chunk on held-out rows, block by block, without dropout."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.networks.dense import DenseStack, Norms
from steepest.training.feed import Feed
from steepest.training.metrics import Values, tally_for
from steepest.training.source import Source

BLOCK, LEAST, TOGETHER = 256, 64, 4096
"""Rows of a member per pass: enough for full speed, few enough to stay in cache. Of large stacks fewer, so
that scoring takes no more memory than training: `TOGETHER` for all, but no less than `LEAST` for each.
"""


class Evaluation:
    """Metrics of every member on its own held-out rows."""

    def __init__(
        self, feed: Feed, sizes: Sequence[int], recipes: Sequence[Recipe], source: Source, dtype: torch.dtype
    ) -> None:
        self._feed, self._sizes, self._source, self._dtype = feed, sizes, source, dtype
        self._activations, self._norm = [r.activation for r in recipes], recipes[0].norm
        self._rows = feed.held_out()
        self._counts = torch.tensor(feed.held_out_rows).unsqueeze(1)

    def run(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor | None], norms: Norms | None = None
    ) -> dict[str, Values]:
        """Metric name → values [K]."""
        members = len(self._activations)
        tally = tally_for(self._source.task, members, self._source.classes, self._feed.y_scale)
        longest = self._rows.shape[1]
        most = max(LEAST, min(BLOCK, TOGETHER // members))
        width = math.ceil(longest / math.ceil(longest / most))  # equal blocks: one shape to prepare for
        program = DenseStack(
            self._sizes, self._activations, 0, width, self._dtype, trains=False, norm=self._norm
        )
        x = torch.empty(members, width, self._sizes[0], dtype=self._dtype)
        for start in range(0, longest, width):
            rows = self._rows[:, start : start + width]
            if rows.shape[1] < width:
                rows = torch.cat([rows, rows[:, :1].expand(-1, width - rows.shape[1])], 1)
            self._feed.inputs(rows, x)
            real = torch.arange(start, start + width) < self._counts
            logits = program.forward(x, weights, biases, norms=norms)
            tally.add(logits, self._feed.targets(rows), real)
        return tally.result()
