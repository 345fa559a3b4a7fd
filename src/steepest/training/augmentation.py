"""Augmentation that belongs to a member, not to a stack.

What is drawn for a step is a function of (kind, member seed, epoch, step), so a member's noise, partners and
dropped inputs are the same whoever its neighbours are. Only members that use a kind go through it. The order
is mixup, noise, dropout: so noise keeps its strength, and what is dropped is 0.

What it adds to a step, measured on one core of a two-core machine (16 members, all of them users, float32,
64-128-64-10, batches of 64; 1.15 ms without): noise 12 %, input dropout 7 %, mixup 9 %, all three 29 %. A
member alone is bound by the overhead of calls: 13, 12 and 23 % of 0.27 ms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.seeds import generator
from steepest.data.augment import add_noise_, drop_inputs_, drop_limit, mix_, normal
from steepest.training.member import Member


@dataclass(frozen=True, slots=True)
class Trainee:
    """What augmentation has to know of a member.

    Args:
        member: its recipe says how strongly, its seed with which numbers.
        rows: training rows.
        batch: rows in a full batch.
        scaled: inputs in units of their deviation, bool [D]; noise leaves the others alone.
    """

    member: Member
    rows: int
    batch: int
    scaled: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mixing:
    """Who is blended with whom in a step: views, which the next epoch overwrites.

    Args:
        partner: π [K, B]; a row that is not mixed is its own partner.
        share: λ [K]; 1 for members that do not mix.
    """

    partner: Tensor
    share: Tensor

    def codes(self, targets: Tensor) -> Tensor:
        """Class codes of the partners, [K, B]."""
        return targets.gather(1, self.partner)

    def numbers(self, targets: Tensor) -> Tensor:
        """Numeric targets, blended in place, [K, B]."""
        return mix_(targets, self.partner, self.share)


class Augmentation:
    """Everything a chunk's members do to their training batches; false if that is nothing.

    Args:
        trainees: all members of a chunk, in its order.
        dtype: floating-point type of the inputs.
    """

    def __init__(self, trainees: Sequence[Trainee], dtype: torch.dtype) -> None:
        def users(knob: str) -> list[int]:
            return [k for k, t in enumerate(trainees) if getattr(t.member.recipe, knob) > 0]

        mixing, noisy, dropping = users("mixup"), users("input_noise"), users("input_dropout")
        self._mixup = Mixup(trainees, mixing, dtype) if mixing else None
        self._noise = Noise(trainees, noisy, dtype) if noisy else None
        self._dropout = InputDropout(trainees, dropping) if dropping else None

    def __bool__(self) -> bool:
        return any((self._mixup, self._noise, self._dropout))

    def apply(self, x: Tensor, epoch: int, step: int, first: int = 0) -> Mixing | None:
        """Change a batch x [K, B, D] in place; returns how to mix its targets, None if nobody does.

        Where nobody mixes, x may be a part of a batch, whose row `first` is its first.
        """
        mixing = self._mixup.apply(x, epoch, step) if self._mixup else None
        if self._noise:
            self._noise.apply(x, epoch, step, first)
        if self._dropout:
            self._dropout.apply(x, epoch, step, first)
        return mixing


class Mixup:
    """One λ and one permutation of the batch's real rows for each of the `group` and each step."""

    def __init__(self, trainees: Sequence[Trainee], group: Sequence[int], dtype: torch.dtype) -> None:
        self._group, self._chosen = _Group(group, len(trainees)), [trainees[k] for k in group]
        steps = max(-(-t.rows // t.batch) for t in trainees)
        self._partner = torch.arange(max(t.batch for t in trainees)).repeat(steps, len(trainees), 1)
        self._share = torch.ones(steps, len(trainees), dtype=dtype)
        self._epoch = -1

    def apply(self, x: Tensor, epoch: int, step: int) -> Mixing:
        """Blend the rows of x [K, B, D] in place."""
        if epoch != self._epoch:
            self._epoch = epoch
            for trainee, k in zip(self._chosen, self._group.members, strict=True):
                self._draw(trainee, k)
        partner, share = self._partner[step, :, : x.shape[1]], self._share[step]
        self._group.change(x, lambda part, of: mix_(part, of(partner), of(share)))
        return Mixing(partner, share)

    def _draw(self, trainee: Trainee, k: int) -> None:
        """An epoch of permutations, by sorting random keys; a short batch sorts those of its real rows."""
        draw = generator(trainee.member.seed, "mixup", self._epoch)
        alpha, batch = trainee.member.recipe.mixup, trainee.batch
        whole, rest = divmod(trainee.rows, batch)
        keys = draw.bit_generator.random_raw((whole + 1, batch))
        shares = draw.beta(alpha, alpha, whole + 1)
        self._partner[:whole, k, :batch] = torch.from_numpy(keys[:whole].argsort(1))
        self._share[:whole, k] = torch.from_numpy(shares[:whole])
        if rest:
            self._partner[whole, k, :rest] = torch.from_numpy(keys[whole, :rest].argsort())
            self._share[whole, k] = shares[whole]


class Noise:
    """Gaussian noise on the scaled inputs of a `group`."""

    def __init__(self, trainees: Sequence[Trainee], group: Sequence[int], dtype: torch.dtype) -> None:
        self._group, self._bits = _Group(group, len(trainees)), _Bits("input noise", trainees, group)
        deviation = np.stack([trainees[k].member.recipe.input_noise * trainees[k].scaled for k in group])
        self._deviation, self._dtype = torch.from_numpy(deviation).to(dtype).unsqueeze(1), dtype

    def apply(self, x: Tensor, epoch: int, step: int, first: int = 0) -> None:
        """Add to x [K, B, D] in place."""
        z = normal(self._bits.at(epoch, step, x.shape[1], first), self._dtype)
        self._group.change(x, lambda part, _: add_noise_(part, z, self._deviation))


class InputDropout:
    """Inputs of a `group` that are dropped."""

    def __init__(self, trainees: Sequence[Trainee], group: Sequence[int]) -> None:
        self._group, self._bits = _Group(group, len(trainees)), _Bits("input dropout", trainees, group)
        self._limit = drop_limit([trainees[k].member.recipe.input_dropout for k in group])

    def apply(self, x: Tensor, epoch: int, step: int, first: int = 0) -> None:
        """Drop from x [K, B, D] in place."""
        bits = self._bits.at(epoch, step, x.shape[1], first)
        self._group.change(x, lambda part, _: drop_inputs_(part, bits, self._limit))


class _Bits:
    """16 random bits for each input of a `group`, from one generator per member and epoch."""

    def __init__(self, kind: str, trainees: Sequence[Trainee], group: Sequence[int]) -> None:
        self._kind, self._seeds = kind, [trainees[k].member.seed for k in group]
        inputs, batch = len(trainees[0].scaled), max(t.batch for t in trainees)
        words = np.zeros((len(group), -(-batch * inputs // 4)), np.uint64)
        bits = words.view(np.uint16)[:, : batch * inputs]
        self._bits = torch.from_numpy(bits).view(len(group), batch, inputs)
        self._words = [words[i, : -(-trainees[k].batch * inputs // 4)] for i, k in enumerate(group)]
        self._streams: list[np.random.BitGenerator] = []
        self._epoch, self._next = -1, 0

    def at(self, epoch: int, step: int, rows: int, first: int = 0) -> Tensor:
        """Bits of a step, uint16 [group, rows, D]. Drawn in order; going back starts the epoch anew."""
        if epoch != self._epoch or step < self._next - 1:
            self._epoch, self._next = epoch, 0
            self._streams = [generator(seed, self._kind, epoch).bit_generator for seed in self._seeds]
        while self._next <= step:
            self._next += 1
            for words, stream in zip(self._words, self._streams, strict=True):
                words[:] = stream.random_raw(len(words))  # half the time of Generator.integers
        return self._bits[:, first : first + rows]


class _Group:
    """Some members of a stack: changes touch them alone."""

    def __init__(self, members: Sequence[int], of: int) -> None:
        self.members = list(members)
        self._index = None if len(members) == of else torch.tensor(self.members)

    def change(self, x: Tensor, act: Callable[[Tensor, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """x[group] ← act(x[group], of), where `of` takes the group's rows of any tensor."""
        if self._index is None:
            act(x, lambda t: t)
        else:
            x.index_copy_(0, self._index, act(self._of(x), self._of))

    def _of(self, tensor: Tensor) -> Tensor:
        assert self._index is not None
        return tensor.index_select(0, self._index)
