"""What simple models read: a row's numbers, its categories spelt out, images made small, words weighed."""

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from steepest.base.later import Later
from steepest.networks.ports import Ports
from steepest.training.source import Fold, Source

if TYPE_CHECKING:
    from sklearn.feature_extraction import text as words
else:
    words = Later("sklearn.feature_extraction.text")

MOST_VALUES = 64
"""Values of a category that a linear model tells apart."""

MOST_PIXELS = 256
"""Numbers that are left of an image."""

_BLOCK = 1024
"""Images that are made small at a time."""

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


def standardised(source: Source, fold: Fold, rows: Rows) -> Floats:
    """Rows as the networks see them, [n, D + …]: codes of categories become one input per frequent value.

    Codes count values by how frequent they are, 1 the most frequent; 0 is any other or none.
    """
    scaled = fold.standard.x(source.x[rows])
    places = [place for place, _ in source.ports.codes]
    if not places:
        return scaled
    spelt = [
        (scaled[:, [place]] == np.arange(1, min(codes - 1, MOST_VALUES) + 1)).astype(np.float32)
        for place, codes in source.ports.codes
    ]
    return np.concatenate([np.delete(scaled, places, axis=1), *spelt], axis=1)


def width_standardised(ports: Ports) -> int:
    """How many inputs `standardised` makes.

    Example:
        >>> width_standardised(Ports("table", (5,), 2, codes=((4, 1001),)))
        68
    """
    return ports.inputs + sum(min(codes - 1, MOST_VALUES) - 1 for _, codes in ports.codes)


def thumbnail(ports: Ports) -> tuple[int, tuple[int, ...]]:
    """Pixels along the edge of a block that becomes one, and the sides of what is left.

    The smallest blocks that leave at most `MOST_PIXELS` numbers; incomplete ones at the end count.

    Example:
        >>> thumbnail(Ports("image", (3, 32, 32), 10)), thumbnail(Ports("image", (1, 28, 28), 10))
        ((4, (8, 8)), (2, (14, 14)))
    """
    channels, *sides = ports.shape
    for edge in itertools.count(1):
        left = tuple(-(-side // edge) for side in sides)
        if channels * math.prod(left) <= MOST_PIXELS or max(left) == 1:
            break
    return edge, left


def thumbnails(source: Source, fold: Fold, rows: Rows) -> Floats:
    """Standardised images, each block of pixels its mean: float32 [n, channels · what is left]."""
    edge, left = thumbnail(source.ports)
    shape = source.ports.shape
    small = np.empty((len(rows), shape[0], *left), np.float32)
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        small[start : start + len(some)] = _pooled(fold.standard.x(source.x[some]).reshape(-1, *shape), edge)
    return small.reshape(len(rows), -1)


def _pooled(images: Floats, edge: int) -> Floats:
    """Means over blocks along every axis but the first two."""
    for axis in range(2, images.ndim):
        starts = np.arange(0, images.shape[axis], edge)
        sizes = np.diff(np.append(starts, images.shape[axis])).astype(np.float32)
        along = sizes.reshape(-1, *[1] * (images.ndim - 1 - axis))
        sums: Floats = np.add.reduceat(images, starts, axis=axis, dtype=np.float32)
        images = sums / along
    return images


def bag_of_words(source: Source, train: Rows) -> Callable[[Rows], Any]:
    """What turns rows into weights of words, sparse [n, V], by the frequencies of training rows.

        w(t, d) ∝ (1 + ln n(t, d)) · (1 + ln((1 + N) / (1 + N(t)))),    of length 1

    n counts a word in a document, N(t) documents with it. Code 0 is padding and counts for nothing.
    """
    counts = _counts(source, train)
    weigh = words.TfidfTransformer(sublinear_tf=True).fit(counts)
    return lambda rows: weigh.transform(_counts(source, rows))


def _counts(source: Source, rows: Rows) -> Any:
    x = source.x[rows]
    ends = np.arange(len(x) + 1) * x.shape[1]
    shape = (len(x), source.ports.tokens)
    counts = csr_matrix((np.ones(x.size, np.float32), x.reshape(-1), ends), shape=shape)
    counts.sum_duplicates()
    counts.data[counts.indices == 0] = 0.0
    counts.eliminate_zeros()
    return counts
