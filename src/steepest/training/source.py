"""What a worker needs of a data set: examples, targets, and the folds with their standardisation."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.dataset import DataSet, Inputs, Task
from steepest.data.split import Split
from steepest.data.standardise import Standardiser, fit_all
from steepest.networks.ports import Ports

ROUND_ROWS = 8192
"""Most examples of a round, …"""

ROUND_NUMBERS = 2**24
"""… and most numbers that a network computes with there, roughly: it should take seconds."""

TOKEN_NUMBERS, STEP_NUMBERS = 256, 64
"""How many numbers a token, and a step of a series, count for: as many as a small network makes of them."""


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
        x: inputs [N, D]: float32 (NaN where missing), uint8 pixels or int32 tokens.
        y: class codes (int64) or numbers (float64), [N] or [N, …].
        classes: number of classes, labels or tokens; 0 for numbers.
        folds: the divisions members refer to by index.
        ports: what networks read and write.
        task: decides loss and metrics.
        rounds: into how many rounds an epoch is cut. A round is the shortest stretch of training after which
            members can be scored; with little data it is a whole epoch.
        naive, naive_name: a forecast to compare with, the shape of y, and what it is; see `DataSet`.
    """

    x: Inputs
    y: NDArray[np.int64] | NDArray[np.float64]
    classes: int
    folds: tuple[Fold, ...]
    ports: Ports
    task: Task
    rounds: int = 1
    naive: NDArray[np.float64] | None = None
    naive_name: str = ""

    @classmethod
    def table(
        cls,
        x: Inputs,
        y: NDArray[np.int64] | NDArray[np.float64],
        classes: int,
        folds: tuple[Fold, ...],
        rounds: int = 1,
    ) -> "Source":
        """The rows of a table of numbers: classes to tell apart, or with `classes` 0 a number to predict."""
        task: Task = "classification" if classes else "regression"
        return cls(x, y, classes, folds, Ports.table(x.shape[1], classes or 1), task, rounds)

    @classmethod
    def of(cls, data: DataSet, splits: list[Split]) -> "Source":
        """The rows of a data set under the given splits."""
        standards = fit_all(data, [split.train for split in splits])
        folds = [Fold(s.train, s.held_out, standard) for s, standard in zip(splits, standards, strict=True)]
        rows = max((len(split.train) for split in splits), default=data.rows)
        y = np.require(data.y, requirements=["C", "W"])
        return cls(
            x=_writable(data.x), y=y, classes=len(data.classes), folds=tuple(folds), ports=ports_of(data),
            task=data.task, rounds=rounds_of(data, rows), naive=data.naive, naive_name=data.naive_name,
        )  # fmt: skip

    @property
    def outputs(self) -> int:
        """Numbers a network writes, at each step if it writes at every step."""
        return self.ports.outputs

    @cached_property
    def missing(self) -> bool:
        """Whether any input is missing."""
        return self.x.dtype.kind == "f" and bool(np.isnan(self.x).any())

    def total_rounds(self, epochs: float) -> int:
        """Rounds in so many epochs, at least one.

        Example:
            >>> Source.table(np.zeros((4, 1), np.float32), np.zeros(4), 0, (), rounds=3).total_rounds(1.5)
            4
        """
        return max(1, round(epochs * self.rounds))

    def save(self, folder: Path) -> None:
        """Write the arrays where worker processes can map them into memory."""
        np.save(folder / "x.npy", self.x)
        np.save(folder / "y.npy", self.y)
        if self.naive is not None:
            np.save(folder / "naive.npy", self.naive)

    @property
    def facts(self) -> dict[str, Any]:
        """What `load` needs besides the arrays."""
        return {
            "classes": self.classes, "folds": self.folds, "ports": self.ports, "task": self.task,
            "rounds": self.rounds, "naive_name": self.naive_name,
        }  # fmt: skip

    @classmethod
    def load(cls, folder: Path, **facts: Any) -> "Source":
        """Map what `save` wrote: pages are shared between processes, nothing is copied."""
        x, y = (np.load(folder / name, mmap_mode="c", allow_pickle=False) for name in ("x.npy", "y.npy"))
        naive = folder / "naive.npy"
        if naive.exists():
            facts["naive"] = np.load(naive, mmap_mode="r", allow_pickle=False)
        return cls(x, y, **facts)


def ports_of(data: DataSet) -> Ports:
    """What a network for a data set reads and writes."""
    return Ports(
        form=data.form,
        shape=data.shape,
        outputs=data.outputs,
        tokens=len(data.vocabulary),
        each=data.task == "next-token",
        codes=data.cardinalities,
        numbers=data.numbers,
    )


def rounds_of(data: DataSet, rows: int) -> int:
    """Into how many rounds an epoch of so many training rows is cut.

    Example:
        >>> from steepest.data.read import read
        >>> rounds_of(read("digits"), 1437), rounds_of(read("digits"), 20_000)
        (1, 3)
    """
    each = math.prod(data.shape)
    if data.form == "text":
        each *= TOKEN_NUMBERS
    if data.form == "series":
        each = data.shape[0] * max(data.shape[1], STEP_NUMBERS)
    return max(1, math.ceil(rows / ROUND_ROWS), math.ceil(rows * each / ROUND_NUMBERS))


def _writable(x: Inputs) -> Inputs:
    """The same numbers, contiguous and writable, as torch asks; of a map, copies only what is written."""
    if isinstance(x, np.memmap) and not x.flags.writeable and x.filename is not None:
        return np.memmap(x.filename, x.dtype, "c", x.offset, x.shape)
    return np.require(x, requirements=["C", "W"])
