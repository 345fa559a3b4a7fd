"""Batches as torch modules read them: standardised, shaped as one example is, and augmented."""

from collections.abc import Sequence

import torch
from torch import Tensor

from steepest.networks.architecture import bins_of
from steepest.training.feed import Feed
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.transforms import Mixing, Transforms


class Batches:
    """Training batches of the members of a chunk.

    Args:
        members: of one network shape.
        source, feed: what they read.
        dtype: floating-point type of examples.
    """

    def __init__(self, members: Sequence[Member], source: Source, feed: Feed, dtype: torch.dtype) -> None:
        ports = source.ports
        self._feed, self._tokens, self._dtype = feed, bool(ports.tokens), dtype
        self._shape = ports.binned(bins_of(members[0].recipe, ports)).shape
        codes, table = [place for place, _ in ports.codes], ports.form == "table"
        self._transforms = [
            Transforms(
                m.recipe, ports.form, self._shape, m.seed, scaled if table else None, codes, source.task
            )
            for m, scaled in zip(members, feed.varying, strict=True)
        ]

    def one(self, k: int, rows: Tensor, round_: int, step: int) -> tuple[Tensor, Tensor, Mixing | None]:
        """Member k's examples [B, *shape] of `rows` [B], its targets, and how to mix these."""
        x, target, mixing = self._feed.example(k, rows), self._feed.target(k, rows), None
        if self._transforms[k]:
            x, mixing = self._transforms[k].apply(x, round_, step)
        return x, target, mixing

    def stack(
        self, members: Sequence[int], rows: Tensor, round_: int, step: int
    ) -> tuple[Tensor, Tensor, Mixing | None]:
        """The same for some members, `rows` [G, B]: [G, B, *shape], targets, and how to mix those.

        A member that does not mix leaves each row what it is: it is its own partner.
        """
        x, targets = self.plain(members, rows)
        mixings: dict[int, Mixing] = {}
        for i, k in enumerate(members):
            if self._transforms[k]:
                changed, mixing = self._transforms[k].apply(x[i], round_, step)
                if changed.data_ptr() != x[i].data_ptr():
                    x[i] = changed
                if mixing is not None:
                    mixings[i] = mixing
        if not mixings:
            return x, targets, None
        partner = torch.arange(rows.shape[1]).repeat(len(members), 1)
        share = torch.ones(rows.shape, dtype=x.dtype)
        for i, mixing in mixings.items():
            partner[i], share[i] = mixing.partner, mixing.share
        return x, targets, Mixing(partner, share)

    def plain(self, members: Sequence[int], rows: Tensor) -> tuple[Tensor, Tensor]:
        """Examples [G, B, *shape] and targets as they are scored, of `rows` [G, B]."""
        if len(members) == len(self._transforms) and not self._tokens:
            x = torch.empty(*rows.shape, int(torch.Size(self._shape).numel()), dtype=self._dtype)
            return self._feed.inputs(rows, x).view(*rows.shape, *self._shape), self._feed.targets(rows)
        pairs = list(zip(members, rows, strict=True))
        x = torch.stack([self._feed.example(k, r) for k, r in pairs])
        return x, torch.stack([self._feed.target(k, r) for k, r in pairs])
