"""Two data sets, one to train on and one to test on, as one."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.assemble import MOST_REPEATED
from steepest.data.dataset import DataSet, Inputs, equal_rows
from steepest.data.decode import Allocate
from steepest.data.image_arrays import say_repeated
from steepest.data.image_cache import KEPT, kept, key_of
from steepest.data.orientation import FLIPPED, NOT_FLIPPED

_BLOCK = 4096  # rows copied at a time


def join_test(train: DataSet, test: DataSet) -> DataSet:
    """Append a test set to a training set and mark its rows as the source's own test.

    Images that are mapped from disk are joined on disk, and kept for the next time.

    Args:
        train: its name, classes and columns hold for both.
        test: of the same form, shape, task and inputs; it may lack some of the classes.

    Raises:
        BadData: another form, shape, task or number type, other inputs, a class that only the test set has, a
            training set with a test of its own, rows in order of time.

    Example:
        >>> def images(seed, labels):
        ...     x = np.random.default_rng(seed).integers(0, 256, (20, 4), dtype=np.uint8)
        ...     return DataSet(name="toy", task="classification", target="y", classes=labels, x=x,
        ...                    y=np.arange(20) % 2, form="image", shape=(1, 2, 2))
        >>> data = join_test(images(0, ("cat", "dog")), images(1, ("cat", "dog")))
        >>> data.rows, data.test_rows[0], data.y[-2:].tolist()
        (40, np.int64(20), [0, 1])
    """
    _check(train, test)
    y = np.concatenate([train.y, _recoded(train, test)])
    if isinstance(train.x, np.memmap) and train.x.dtype == np.uint8 and train.form == "image":
        key = key_of("joined", train.fingerprint, test.fingerprint, train.notes, test.notes)
        return kept(key, train.name, lambda allocate: _joined(train, test, y, allocate))
    return _joined(train, test, y, None)


def _joined(
    train: DataSet, test: DataSet, y: NDArray[np.int64] | NDArray[np.float64], allocate: Allocate | None
) -> DataSet:
    rows = train.rows + test.rows
    x: Inputs = np.empty((rows, train.x.shape[1]), train.x.dtype)
    if allocate is not None:
        x = allocate((rows, train.x.shape[1]))
    for start, part in ((0, train.x), (train.rows, test.x)):
        for first in range(0, len(part), _BLOCK):
            block = part[first : first + _BLOCK]
            x[start + first : start + first + len(block)] = block
    groups = equal_rows(x)
    test_rows = np.arange(train.rows, rows, dtype=np.int64)
    repeated = rows - int(groups.max()) - 1
    learnt = [note for note in train.notes if not note.startswith(KEPT)]
    own = [
        f"Of the test set: {note}"
        for note in test.notes
        if note not in train.notes and not note.startswith(KEPT) and not note.endswith((FLIPPED, NOT_FLIPPED))
    ]
    return dataclasses.replace(
        train,
        x=x,
        y=y,
        test_rows=test_rows,
        notes=(*learnt, *own, *say_repeated(repeated, groups, test_rows)),
        groups=np.arange(rows, dtype=np.int64) if repeated > MOST_REPEATED * rows else groups,
        fingerprint="",
    )


def _check(train: DataSet, test: DataSet) -> None:
    where = f"the test set {test.name}"
    same = f"like the training set {train.name}"
    for what, own, other in (
        ("form", train.form, test.form),
        ("task", train.task, test.task),
        ("shape", train.shape, test.shape),
        ("numbers", train.x.dtype.name, test.x.dtype.name),
    ):
        if own != other:
            remedy = "Prepare both alike; images of other sizes take one --size (size= in Python)."
            raise BadData(f"{what} of {where}", f"must be {own} {same}", other, remedy)
    for what, unequal in (
        ("inputs", train.feature_names != test.feature_names or train.columns != test.columns),
        ("vocabulary", train.vocabulary != test.vocabulary),
    ):
        if unequal:
            remedy = "Read both as one source, so that they are encoded alike."
            raise BadData(f"{what} of {where}", f"must be {same}", "others", remedy)
    if train.moments is not None or test.moments is not None or train.naive is not None:
        remedy = "Give the whole series: its end is set aside for the test."
        raise BadData(where, "must not be in order of time", train.task, remedy)
    if train.test_rows is not None:
        shown = f"{len(train.test_rows):,} test rows"
        raise BadData(
            f"the training set {train.name}", "must not bring its own test", shown, "Give one of both."
        )


def _recoded(train: DataSet, test: DataSet) -> NDArray[np.int64] | NDArray[np.float64]:
    """The test targets in the codes of the training classes."""
    if train.classes == test.classes:
        return test.y
    unseen = [label for label in test.classes if label not in train.classes]
    if unseen:
        limit = f"must be among those of the training set {train.name}"
        remedy = f"Its classes are {', '.join(train.classes[:20])}."
        raise BadData(f"classes of the test set {test.name}", limit, ", ".join(unseen[:5]), remedy)
    if test.task != "classification":
        limit = f"must be {', '.join(train.classes[:20])} as in the training set {train.name}"
        shown = ", ".join(test.classes[:20])
        raise BadData(f"labels of the test set {test.name}", limit, shown, "Prepare both alike.")
    codes = np.array([train.classes.index(label) for label in test.classes], np.int64)
    return codes[test.y.astype(np.int64)]
