"""What one member does to its series: shift in time, magnitude, masked stretches.

Every kind has a generator of its own, addressed by (member seed, kind, epoch, step), and draws row by row.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.data.augment_series import delay, mask_, rescale_
from steepest.training.image_transforms import whole_steps


class SeriesTransforms:
    """The kinds of one member that belong to series; false if none is on.

    Args:
        recipe: how strongly.
        shape: of a series: steps, features.
        seed: the member's.
    """

    def __init__(self, recipe: Recipe, shape: tuple[int, ...], seed: int) -> None:
        self._seed, self._steps = seed, shape[0]
        self._shift = whole_steps(recipe.time_shift, self._steps)
        self._mask = whole_steps(recipe.time_mask, self._steps)
        self._magnitude = recipe.magnitude

    def __bool__(self) -> bool:
        return bool(self._shift or self._mask or self._magnitude > 0)

    def before(self, x: Tensor, epoch: int, step: int) -> Tensor:
        """Shift, then magnitude: what happens before series are mixed. May change x [B, T, F] in place."""
        if self._shift:
            place = generator(self._seed, "time_shift", epoch, step)
            x = delay(x, place.integers(-self._shift, self._shift + 1, len(x)))
        if self._magnitude > 0:
            z = generator(self._seed, "magnitude", epoch, step).standard_normal(len(x))
            rescale_(x, torch.from_numpy(z), self._magnitude)
        return x

    def after(self, x: Tensor, epoch: int, step: int) -> Tensor:
        """Masked stretches: what happens after series are mixed and noise is added. In place."""
        return mask_(x, *self._stretches(len(x), epoch, step)) if self._mask else x

    def _stretches(self, rows: int, epoch: int, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Starts and lengths: a length from 0 to the longest, then any place where it fits."""
        numbers = generator(self._seed, "time_mask", epoch, step).random((rows, 2))
        length = np.floor(numbers[:, 0] * (self._mask + 1)).astype(np.int64)
        start = np.floor(numbers[:, 1] * (self._steps - length + 1)).astype(np.int64)
        return start, length
