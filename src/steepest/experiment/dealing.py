"""Folds of repeated cross-validation, dealt for comparisons and conflicts; what both say of themselves."""

import platform
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import steepest
from steepest.base.budget import Clock
from steepest.base.errors import BadInput
from steepest.base.seeds import derive
from steepest.data.dataset import DataSet, Rows
from steepest.data.split import Split, fold_split, inner_split
from steepest.experiment.workers import Workers, cores
from steepest.training.source import Source


def dealt(data: DataSet, folds: int, seeds: int, seed: int) -> list[Split]:
    """Every seed's folds, one seed after the other; rows that the source sets aside for a test stay out.

    Raises:
        BadInput: where a class has fewer rows than there are folds: every fold should hold every class.
    """
    rows = np.arange(data.rows, dtype=np.int64)
    if data.test_rows is not None:
        rows = np.setdiff1d(rows, data.test_rows)
    if data.task == "classification":
        _check_rarest(data, rows, folds)
    return [
        fold_split(data, rows, derive(seed, "folds", r), folds, index)
        for r in range(seeds)
        for index in range(folds)
    ]


def inner(data: DataSet, splits: Iterable[Split], seed: int) -> list[Split]:
    """For each fold, its training rows divided once more: ladders see nothing else."""
    return [inner_split(data, s.train, derive(seed, "rates"), i) for i, s in enumerate(splits)]


def overlap_of(splits: Sequence[Split]) -> float:
    """Held-out rows per training row, for verdicts on folds that share rows."""
    return float(np.mean([len(split.held_out) / len(split.train) for split in splits]))


def check_batch(most: int, source: Source, remedy: str) -> None:
    """A larger batch than there are rows is all rows, and would be called what it is not.

    Args:
        most: the largest batch.
        source: of the folds.
        remedy: for the user.

    Raises:
        BadInput: where the smallest fold has fewer training rows.
    """
    rows = min(len(fold.train) for fold in source.folds) // source.rounds
    if most > rows:
        constraint = f"must be at most {rows:,}, the training rows of the smallest division"
        raise BadInput("batch_size", constraint, most, remedy)


def facts(
    data: DataSet, splits: Sequence[Split], pool: Workers, clock: Clock, trainings: int, notes: Iterable[str]
) -> dict[str, Any]:
    """Of which data, on what machine, and what it took."""
    return {
        "data": data.name,
        "summary": data.summary,
        "fingerprint": data.fingerprint,
        "task": data.task,
        "rows": sum(map(len, (splits[0].train, splits[0].held_out))),
        "trainings": trainings,
        "workers": pool.count,
        "notes": list(notes),
        "data_notes": list(data.notes),
        "seconds": round(clock.elapsed(), 3),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": cores()},
        "versions": {"steepest": steepest.__version__, "python": platform.python_version()},
    }


def _check_rarest(data: DataSet, rows: Rows, folds: int) -> None:
    counts = np.bincount(data.y[rows], minlength=len(data.classes))
    rarest = int(np.argmin(np.where(counts > 0, counts, len(rows))))
    if folds > counts[rarest]:
        constraint = (
            f"must be at most {counts[rarest]}, the rows of the rarest class {data.classes[rarest]!r}"
        )
        raise BadInput("folds", constraint, folds, "Take fewer folds, or leave the class out.")
