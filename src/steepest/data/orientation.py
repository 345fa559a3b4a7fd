"""Does a mirror image keep its label? A cat does; a 6, a b or "turn left" does not."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from steepest.base.seeds import generator
from steepest.data.dataset import Inputs, Rows

MOST_IMAGES = 4000
"""Images looked at: half to learn from, half to try."""

LEAST_Z = 4.0
"""A difference counts from so many standard errors on: one chance in 16,000 (one-sided)."""

LEAST_LOSS = 0.2
"""Of what a classifier knows beyond chance, the share that mirror images must cost it.

Photographs lose a little too, where most cars drive to the left, and flips help them nevertheless.
"""

FLIPPED, NOT_FLIPPED = "so images may be flipped.", "so images are not flipped."
"""How the note on it ends."""

_SIDE = 8  # images are averaged down to 8 to 15 pixels a side
_RIDGE = 0.1
_MOST_NUMBERS = 2**26  # values read at most: fewer of very large images
_FEWEST = 40


def oriented(
    x: Inputs,
    y: NDArray[np.int64] | NDArray[np.float64],
    shape: tuple[int, ...],
    classes: Sequence[str],
    rows: Rows | None = None,
) -> tuple[bool, str]:
    """Whether left and right matter to the label, and how that was told.

    Classes that are all single letters or digits say so by name. Else a ridge classifier learns from half of
    the images, averaged down, and is tried on the other half and on their mirror images. If mirroring keeps
    labels, both are equally likely to be right, whatever the classifier: of b images that are right only as
    they are and c that are right only mirrored, (b − c)/√(b + c) is then about standard normal (McNemar).
    Left and right matter where that is at least 4 and mirroring costs at least a fifth of the accuracy beyond
    chance, which is the share of the commonest class. Where accuracy is not 4 standard errors beyond
    chance, or the target is no class, nothing can be told, and left and right are taken to matter.

    Args:
        x: [N, …] pixels, each row of `shape`.
        y: int64 [N] class codes; numbers otherwise.
        shape: (channels, …, height, width).
        classes: names by code; () where codes are all that is known.
        rows: rows to look at; None means all.

    Returns:
        Whether it is oriented, and one sentence for the notes.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> x, y = load_digits(return_X_y=True)
        >>> oriented(x.astype(np.uint8), y, (1, 8, 8), [str(digit) for digit in range(10)])[0]
        True
        >>> oriented(x.astype(np.uint8), y, (1, 8, 8), ())[0]
        True

    References:
        McNemar (1947), Psychometrika 12(2), 153-157.
    """
    if y.dtype.kind != "i":
        return True, f"Whether mirror images keep a target that is no class is not known, {NOT_FLIPPED}"
    if classes and all(len(name) == 1 and name.isalnum() for name in classes):
        return True, f"Classes are single letters or digits, whose mirror images differ, {NOT_FLIPPED}"
    learn, tried = _halves(x, y, np.arange(len(x)) if rows is None else rows)
    if len(tried) < _FEWEST:
        return True, f"Too few images to tell whether mirror images keep their labels, {NOT_FLIPPED}"
    weights = _Ridge(_small(x, learn, shape, mirror=False), y[learn])
    right = weights.classes(_small(x, tried, shape, mirror=False)) == y[tried]
    mirrored = weights.classes(_small(x, tried, shape, mirror=True)) == y[tried]
    chance = float(np.bincount(y[tried]).max() / len(tried))
    known = float(right.mean()) - chance
    said = (
        f"a linear model is right on {right.mean():.1%} of {len(tried):,} held-out images "
        f"and on {mirrored.mean():.1%} of their mirror images"
    )
    if known < LEAST_Z * np.sqrt(chance * (1 - chance) / len(tried)):
        return True, f"Whether mirror images keep their labels cannot be told ({said}), {NOT_FLIPPED}"
    only, other = int((right & ~mirrored).sum()), int((mirrored & ~right).sum())
    z = (only - other) / np.sqrt(max(only + other, 1))
    if z >= LEAST_Z and right.mean() - mirrored.mean() >= LEAST_LOSS * known:
        return True, f"Left and right matter to the label ({said}), {NOT_FLIPPED}"
    return False, f"Mirror images keep their labels ({said}), {FLIPPED}"


def _halves(x: Inputs, y: NDArray[np.generic], rows: Rows) -> tuple[Rows, Rows]:
    """Two halves at random; in order of rows, so that a file is read forwards."""
    most = max(2 * _FEWEST, min(MOST_IMAGES, _MOST_NUMBERS // x.shape[1], len(rows)))
    chosen = generator(0, "orientation", len(y)).permutation(rows)[:most]
    half = len(chosen) // 2
    return np.sort(chosen[:half]), np.sort(chosen[half:])


def _small(x: Inputs, rows: Rows, shape: tuple[int, ...], *, mirror: bool) -> NDArray[np.float64]:
    """Images averaged down to fewer than 16 pixels a side, as rows of numbers."""
    images = np.nan_to_num(np.asarray(x[rows], np.float32)).reshape(len(rows), *shape)
    if mirror:
        images = images[..., ::-1]
    for axis in range(2, images.ndim):
        side = images.shape[axis]
        block = max(1, side // _SIDE)
        many = side // block
        start = (side - many * block) // 2
        images = np.moveaxis(images, axis, -1)[..., start : start + many * block]
        images = np.moveaxis(images.reshape(*images.shape[:-1], many, block).mean(-1), -1, axis)
    return images.reshape(len(rows), -1).astype(np.float64)


class _Ridge:
    """Least squares on zeros and ones per class, with a penalty; the largest output is the class."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.generic]) -> None:
        self.mean, scale = x.mean(0), x.std(0)
        self.scale = np.where(scale > 0, scale, 1.0)
        z = (x - self.mean) / self.scale
        self.known = np.unique(y)
        wanted = (y[:, None] == self.known) * 1.0
        self.offset = wanted.mean(0)
        gram = z.T @ z + _RIDGE * len(z) * np.eye(z.shape[1])
        self.weights = np.linalg.solve(gram, z.T @ (wanted - self.offset))

    def classes(self, x: NDArray[np.float64]) -> NDArray[np.generic]:
        outputs = (x - self.mean) / self.scale @ self.weights + self.offset
        found: NDArray[np.generic] = self.known[outputs.argmax(1)]
        return found
