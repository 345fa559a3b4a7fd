"""What one member does to its images: moves, light and colour, erasing, and how the draws become them.

Every kind has a generator of its own, addressed by (member seed, kind, epoch, step), and draws row by row. So
switching a kind on changes nothing of what the others draw, nor does the number of rows.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.data.augment_images import (
    AREA,
    ASPECT,
    Floats,
    Moves,
    boxes,
    brighten_,
    colour_,
    contrast_,
    erase_,
    move,
)

KINDS = ("flip", "shift", "rotate", "scale", "brightness", "contrast", "colour", "erase")
"""What `augment_some` chooses from."""


@dataclass(frozen=True, slots=True)
class ImageDraws:
    """What becomes of each image in a step; None for what is off.

    Args:
        moves: flip, shift, rotation and scale.
        brightness, contrast, colour: change and factors, [B].
        erased: rectangles [B, 4].
    """

    moves: Moves | None
    brightness: Tensor | None
    contrast: Tensor | None
    colour: Tensor | None
    erased: NDArray[np.int64] | None


class ImageTransforms:
    """The kinds of one member that belong to images; false if none is on.

    Args:
        recipe: how strongly.
        shape: of an image, channels first.
        seed: the member's.
    """

    def __init__(self, recipe: Recipe, shape: tuple[int, ...], seed: int) -> None:
        self._recipe, self._seed, self._side = recipe, seed, (shape[-2], shape[-1])
        self._most = np.array([whole_steps(recipe.shift, length) for length in self._side])
        self._on = [kind for kind in KINDS if getattr(recipe, kind) > 0]
        if not self._most.any() and "shift" in self._on:
            self._on.remove("shift")
        if shape[0] == 1 and "colour" in self._on:
            self._on.remove("colour")
        self._some = recipe.augment_some if 0 < recipe.augment_some < len(self._on) else 0

    def __bool__(self) -> bool:
        return bool(self._on)

    def draw(self, rows: int, epoch: int, step: int) -> ImageDraws:
        """What becomes of a batch of so many images."""
        chosen = self._chosen(rows, epoch, step)

        def numbers(kind: str, columns: int) -> Floats:
            return generator(self._seed, kind, epoch, step).random((rows, columns))

        def change(kind: str, middle: float) -> Floats:
            """Uniform around what changes nothing, and just that where the kind is not chosen."""
            strength = float(getattr(self._recipe, kind))
            return middle + strength * (2 * numbers(kind, 1)[:, 0] - 1) * chosen[kind]

        def light(kind: str, middle: float) -> Tensor | None:
            return torch.from_numpy(change(kind, middle)) if kind in chosen else None

        moves = Moves.none(rows)
        flipped, down, right, angle, size = moves.flipped, moves.down, moves.right, moves.angle, moves.size
        if "flip" in chosen:
            flipped = (numbers("flip", 1)[:, 0] < self._recipe.flip) & chosen["flip"]
        if "shift" in chosen:
            by = np.floor(numbers("shift", 2) * (2 * self._most + 1)).astype(np.int64) - self._most
            down, right = (by * chosen["shift"][:, np.newaxis]).T
        if "rotate" in chosen:
            angle = change("rotate", 0.0)
        if "scale" in chosen:
            size = change("scale", 1.0)
        erased = self._erased(numbers("erase", 5), chosen["erase"]) if "erase" in chosen else None
        still = chosen.keys().isdisjoint(("flip", "shift", "rotate", "scale"))
        return ImageDraws(
            None if still else Moves(flipped, down, right, angle, size),
            light("brightness", 0.0), light("contrast", 1.0), light("colour", 1.0), erased,
        )  # fmt: skip

    def _chosen(self, rows: int, epoch: int, step: int) -> dict[str, NDArray[np.bool_]]:
        """Which images each kind that is on may change: all, or for each image `augment_some` kinds."""
        if not self._some:
            every = np.ones(rows, np.bool_)
            return dict.fromkeys(self._on, every)
        keys = generator(self._seed, "augment some", epoch, step).random((rows, len(KINDS)))
        ranks = keys[:, [KINDS.index(kind) for kind in self._on]].argsort(1).argsort(1)
        return {kind: ranks[:, i] < self._some for i, kind in enumerate(self._on)}

    def _erased(self, numbers: Floats, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rectangles: uniform area, uniform logarithm of the aspect, uniform place."""
        area = AREA[0] + (AREA[1] - AREA[0]) * numbers[:, 1]
        low, high = np.log(ASPECT)
        aspect = np.exp(low + (high - low) * numbers[:, 2])
        where = boxes(self._side, area, aspect, numbers[:, 3], numbers[:, 4])
        where[(numbers[:, 0] >= self._recipe.erase) | ~chosen] = 0
        return where

    @staticmethod
    def before(x: Tensor, draws: ImageDraws) -> Tensor:
        """Moves, then light and colour: what happens before images are mixed. May change x in place."""
        if draws.moves is not None:
            x = move(x, draws.moves)
        if draws.brightness is not None:
            brighten_(x, draws.brightness)
        if draws.contrast is not None:
            contrast_(x, draws.contrast)
        if draws.colour is not None:
            colour_(x, draws.colour)
        return x

    @staticmethod
    def after(x: Tensor, draws: ImageDraws) -> Tensor:
        """Erasing: what happens after images are mixed and noise is added. In place."""
        return x if draws.erased is None else erase_(x, draws.erased)


def whole_steps(share: float, length: int) -> int:
    """How many whole pixels or steps are within a share of a length.

    Example:
        >>> whole_steps(0.29, 100), whole_steps(0.1, 8)
        (29, 0)
    """
    return math.floor(share * length + 1e-9)
