"""Augmentation of one member's batches: of images, series, texts, and tables that are not stacked.

What is drawn for a step is a function of (kind, member seed, epoch, step): the same whatever was asked
before, whoever else trains, and whichever other kinds are on. The order is moves or shift in time, light or
magnitude, mixup or CutMix, noise, then erasing, masking and dropout: so noise keeps its strength, and what is
dropped is 0, the mean.

What it takes, in ms for a batch of 64 colour images of 32 × 32 in float32, and in % of a training step on the
same batch (60.4 ms, quartiles 57 and 63; of a step of 20 ms it would be three times the share):

    flip, shift, brightness, contrast and erase                      1.41    2.3 %
    those, rotate and scale                                          2.03    3.4 %
    two of these seven for each image                                2.37    3.9 %
    flip; flip and shift                                       0.77; 0.90    1.3, 1.5 %
    rotate; rotate and scale                                   1.35; 1.44    2.2, 2.4 %
    brightness; contrast; colour; erase            0.47; 0.70; 0.68; 0.56    0.8 to 1.2 %
    mixup; CutMix                                              0.75; 0.52    1.2, 0.9 %
    noise; input dropout                                       0.92; 0.64    1.5, 1.1 %

Medians of 25 calls of `Transforms.apply`, each straight after a training step, with the caches as the step
leaves them, on one thread of a two-core machine whose other core was busy. The step: three times a 3 × 3
convolution without bias (32, 64, 128 channels), batch norm and ReLU, with 2 × 2 max pooling between and the
average at the end, a linear layer to 10 classes; cross-entropy, channels last, fused AdamW. Strengths: flip
.5, shift .1, brightness and contrast .2, erase .25, rotate 10, scale .2, colour .3, mixup and cutmix 1,
input_noise and input_dropout .1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.recipe import KNOBS, Recipe
from steepest.base.seeds import generator
from steepest.data.augment import LEVELS, add_noise_, drop_inputs_, drop_limit, normal
from steepest.data.augment_images import blend_, cut, cutmix_
from steepest.data.augment_series import drop_tokens_
from steepest.data.dataset import Form, Task
from steepest.training.image_transforms import ImageTransforms
from steepest.training.series_transforms import SeriesTransforms


@dataclass(frozen=True, slots=True)
class Mixing:
    """Who is blended with whom in a step, for the loss: λ·loss(own target) + (1 - λ)·loss(partner's).

    Args:
        partner: π [B], int64; a row may be its own partner.
        share: λ [B], what is left of each row's own.
    """

    partner: Tensor
    share: Tensor


class Transforms:
    """Everything one member does to its training batches; false if that is nothing.

    Knobs that do not apply to the form of the data, or to its task, do nothing.

    Args:
        recipe: how strongly.
        form: of the data.
        shape: of one example.
        seed: the member's.
        scaled: inputs of a table in units of their deviation, bool [D]; noise leaves the others alone.
        codes: inputs of a table that hold a category's code: mixup takes the code of the larger share.
        task: None if the knobs were chosen for the task.

    Example:
        >>> transforms = Transforms(Recipe(flip=1.0), "image", (1, 1, 2), seed=0)
        >>> transforms.apply(torch.tensor([[[[1.0, 2.0]]]]), epoch=0, step=0)
        (tensor([[[[2., 1.]]]]), None)
        >>> bool(Transforms(Recipe(flip=1.0), "series", (1, 2), seed=0))
        False
    """

    def __init__(
        self,
        recipe: Recipe,
        form: Form,
        shape: tuple[int, ...],
        seed: int,
        scaled: NDArray[np.bool_] | None = None,
        codes: Sequence[int] = (),
        task: Task | None = None,
    ) -> None:
        def strength(name: str) -> float:
            knob = KNOBS[name]
            used = form in knob.forms and (task is None or not knob.tasks or task in knob.tasks)
            return float(getattr(recipe, name)) if used else 0.0

        self._seed, self._numbers, self._codes = seed, int(np.prod(shape)), list(codes)
        self._images = ImageTransforms(recipe, shape, seed) if form == "image" else None
        self._series = SeriesTransforms(recipe, shape, seed) if form == "series" else None
        self._side = shape[-2:] if form == "image" else ()
        self._mixup, self._cutmix = strength("mixup"), strength("cutmix")
        self._noise, self._dropout = strength("input_noise"), strength("input_dropout")
        self._tokens = strength("token_dropout")
        self._scaled = None if scaled is None else torch.from_numpy(scaled)

    def __bool__(self) -> bool:
        own = self._mixup, self._cutmix, self._noise, self._dropout, self._tokens
        return any(own) or bool(self._images) or bool(self._series)

    def apply(self, x: Tensor, epoch: int, step: int) -> tuple[Tensor, Mixing | None]:
        """A training batch changed, and how to mix its targets, None if they stay.

        Args:
            x: standardised numbers, or int64 tokens, [B, *shape], on the processor; may change in place.
            epoch, step: which batch it is.
        """
        if x.dtype == torch.int64:
            return self._drop_tokens(x, epoch, step), None
        draws = self._images.draw(len(x), epoch, step) if self._images else None
        if draws is not None:
            x = ImageTransforms.before(x, draws)
        if self._series:
            x = self._series.before(x, epoch, step)
        mixing = self._mix(x, epoch, step) if self._mixup or self._cutmix else None
        if self._noise:
            self._add_noise(x, epoch, step)
        if draws is not None:
            x = ImageTransforms.after(x, draws)
        if self._series:
            x = self._series.after(x, epoch, step)
        if self._dropout:
            bits = self._bits("input_dropout", x, epoch, step)
            drop_inputs_(x.unsqueeze(0), bits.unsqueeze(0), drop_limit([self._dropout]))
        return x, mixing

    def _mix(self, x: Tensor, epoch: int, step: int) -> Mixing:
        """Blend x in place, by mixup or CutMix; with both on, by either with probability one half."""
        both = self._mixup > 0 and self._cutmix > 0
        cutting = self._cutmix > 0
        if both:
            cutting = generator(self._seed, "mixup or cutmix", epoch, step).random() < 0.5
        kind, alpha = ("cutmix", self._cutmix) if cutting else ("mixup", self._mixup)
        draw = generator(self._seed, kind, epoch, step)
        share, down, right = float(draw.beta(alpha, alpha)), float(draw.random()), float(draw.random())
        partner = torch.from_numpy(draw.permutation(len(x)))
        if cutting:
            share = cutmix_(x, partner, cut((self._side[0], self._side[1]), share, down, right))
        else:
            codes = x[:, self._codes] if self._codes else None
            blend_(x, partner, share)
            if codes is not None:
                x[:, self._codes] = codes if share >= 0.5 else codes[partner]
        return Mixing(partner, torch.full((len(x),), share, dtype=x.dtype))

    def _add_noise(self, x: Tensor, epoch: int, step: int) -> None:
        z = normal(self._bits("input_noise", x, epoch, step), x.dtype)
        deviation = torch.tensor(self._noise, dtype=x.dtype)
        add_noise_(x, z, deviation if self._scaled is None else deviation * self._scaled)

    def _drop_tokens(self, x: Tensor, epoch: int, step: int) -> Tensor:
        if not self._tokens:
            return x
        return drop_tokens_(x, self._bits("token_dropout", x, epoch, step), round(self._tokens * LEVELS))

    def _bits(self, kind: str, x: Tensor, epoch: int, step: int) -> Tensor:
        """16 random bits for each number, uint16 like x; row by row, whatever the number of rows."""
        words = generator(self._seed, kind, epoch, step).bit_generator.random_raw(-(-x.numel() // 4))
        return torch.from_numpy(words.view(np.uint16)[: x.numel()]).view(x.shape)


def gallery(
    recipe: Recipe,
    form: Form,
    shape: tuple[int, ...],
    x: Tensor,
    seed: int,
    count: int,
    scaled: NDArray[np.bool_] | None = None,
    codes: Sequence[int] = (),
) -> list[Tensor]:
    """So many augmented copies of a batch, to be looked at; the batch itself stays as it is.

    Args:
        recipe, form, shape: as for `Transforms`.
        x: examples [B, *shape], as a network reads them.
        seed: of the draws.
        count: copies.
        scaled, codes: as for `Transforms`.

    Example:
        >>> copies = gallery(Recipe(flip=0.5), "image", (1, 1, 2), torch.ones(3, 1, 1, 2), seed=0, count=2)
        >>> [list(copy.shape) for copy in copies]
        [[3, 1, 1, 2], [3, 1, 1, 2]]
    """
    transforms = Transforms(recipe, form, shape, seed, scaled, codes)
    return [transforms.apply(x.clone(), 0, i)[0] for i in range(count)]
