"""What a worker needs of a data set: encoded rows, targets, and the folds with their standardisation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.data.standardise import Standardiser


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to train on, rows to score on, and the standardisation fitted on the former."""

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    standard: Standardiser

    @classmethod
    def of(cls, data: DataSet, split: Split) -> "Fold":
        """The fold of a split, standardised by its training rows only."""
        return cls(split.train, split.held_out, Standardiser.fit(data, split.train))


@dataclass(frozen=True, eq=False)
class Source:
    """Rows that every member of a study reads, held once.

    Args:
        x: encoded features [N, D], NaN where missing.
        y: class codes (int64) or numbers (float64), [N].
        classes: number of classes, 0 for regression.
        folds: the divisions members refer to by index.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64] | NDArray[np.float64]
    classes: int
    folds: tuple[Fold, ...]

    @classmethod
    def of(cls, data: DataSet, splits: list[Split]) -> "Source":
        """The rows of a data set under the given splits."""
        x = np.require(data.x, requirements=["C", "W"])  # torch asks for contiguous arrays it may write to
        y = np.require(data.y, requirements=["C", "W"])
        return cls(x, y, len(data.classes), tuple(Fold.of(data, split) for split in splits))

    @property
    def outputs(self) -> int:
        """Numbers a network writes: one per class, or one."""
        return self.classes or 1

    def save(self, folder: Path) -> None:
        """Write the arrays where worker processes can map them into memory."""
        np.save(folder / "x.npy", self.x)
        np.save(folder / "y.npy", self.y)

    @classmethod
    def load(cls, folder: Path, classes: int, folds: tuple[Fold, ...]) -> "Source":
        """Map what `save` wrote: pages are shared between processes, nothing is copied."""
        x, y = (np.load(folder / name, mmap_mode="c", allow_pickle=False) for name in ("x.npy", "y.npy"))
        return cls(x, y, classes, folds)
