"""From arrays of pixels to a data set of images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.assemble import LEAST_ROWS, MOST_REPEATED
from steepest.data.columns import Tidied, tidy
from steepest.data.dataset import DataSet, Rows, equal_rows
from steepest.data.orientation import oriented as find_oriented
from steepest.data.target import Target, code_target

CHANNELS = (1, 3, 4)
"""An axis of so many values, first or last, may hold the channels; the fewer the likelier."""

_LAYOUTS = "[N, H, W], [N, C, H, W], [N, H, W, C], [N, D, H, W], [N, C, D, H, W] or [N, D, H, W, C]"


def images_from_arrays(
    x: object,
    y: object,
    *,
    name: str,
    where: str,
    task: str | None = None,
    target: str = "y",
    labels: Sequence[str] | None = None,
    test_rows: Rows | None = None,
    oriented: bool | None = None,
) -> DataSet:
    """Check arrays of images, or of volumes, and their targets.

    Args:
        x: [N, H, W], [N, C, H, W], [N, H, W, C], [N, D, H, W], [N, C, D, H, W] or [N, D, H, W, C] with C in
            1, 3, 4: an array, or whatever NumPy makes one of, such as a torch tensor. Whole numbers from 0 to
            255 are kept as bytes, all else as float32; what is so already is not copied.
        y: [N] targets: numbers or text.
        name: what to call the data set.
        where: the source, for errors.
        task: "classification", "regression", or None to infer it.
        target: what to call `y`.
        labels: names of the classes whose codes in `y` are 0, 1, ….
        test_rows: rows set aside for the test.
        oriented: whether left and right matter to the label; None finds out.

    Raises:
        BadData: other axes, no numbers, equal images throughout, fewer than 20, targets that do not fit.

    Example:
        >>> x = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3))
        >>> data = images_from_arrays(x, ["cat", "dog"] * 12, name="pets", where="the arrays")
        >>> data.summary, data.x.dtype.name
        ("pets: classification of 'y' (cat 50.0%, dog 50.0%), 24 images of 3×8×8", 'uint8')
        >>> data.notes[0]
        'The 3 values of the last axis are taken as channels: images of 8×8.'
    """
    array = _array(x, where)
    array, note = _channels_first(array, where)
    pixels, notes = _pixels(array.reshape(len(array), -1), where)
    coded, named = _coded(y, len(pixels), target, task, labels, where)
    return image_set(
        name=name,
        where=where,
        target_name=target,
        target=coded,
        x=pixels if coded.known.all() else pixels[coded.known],
        shape=array.shape[1:],
        notes=[note, *notes],
        test_rows=_moved(test_rows, coded.known),
        named=named,
        oriented=oriented,
    )


def image_set(
    *,
    name: str,
    where: str,
    target_name: str,
    target: Target,
    x: NDArray[np.uint8] | NDArray[np.float32],
    shape: tuple[int, ...],
    notes: Sequence[str],
    test_rows: Rows | None = None,
    named: bool = True,
    oriented: bool | None = None,
) -> DataSet:
    """The last step of every reader of images: count duplicates, and see whether left and right matter.

    Args:
        name: what to call the data set.
        where: the source, for errors.
        target_name, target: the coded target.
        x: [M, …] pixels of the rows whose target is known.
        shape: of one image.
        notes: what the reader decided; more are added here.
        test_rows: places in M set aside by the source.
        named: classes bear names that someone gave them, not mere codes.
        oriented: whether left and right matter; None finds out.

    Raises:
        BadData: fewer than 20 images, all of them equal, or none to train on.
    """
    check_count(len(x), where)
    if test_rows is not None and len(test_rows) == len(x):
        raise BadData(where, "must have images to train on", "test images only", "Add training images.")
    groups = equal_rows(x)
    repeated = len(x) - int(groups.max()) - 1
    if repeated == len(x) - 1:
        raise BadData(where, "must hold images that differ", f"{len(x):,} equal ones", "Check the pixels.")
    said = [*notes, *target.notes, *say_repeated(repeated, groups, test_rows)]
    everyone = np.arange(len(x), dtype=np.int64)
    if oriented is None:
        learnt = everyone if test_rows is None else np.setdiff1d(everyone, test_rows)
        oriented, reason = find_oriented(x, target.y, shape, target.classes if named else (), learnt)
        said.append(reason)
    return DataSet(
        name=name,
        task=target.task,
        target=target_name,
        classes=target.classes,
        x=x,
        y=target.y,
        test_rows=test_rows,
        notes=tuple(said),
        groups=everyone if repeated > MOST_REPEATED * len(x) else groups,
        form="image",
        shape=shape,
        oriented=oriented,
    )


def check_count(count: int, where: str) -> None:
    """Refuse fewer images than can be split.

    Raises:
        BadData: fewer than 20.
    """
    if count < LEAST_ROWS:
        remedy = "Add images: fewer cannot be split into training, validation and test."
        raise BadData(where, f"must have at least {LEAST_ROWS} images with a target", count, remedy)


def say_repeated(repeated: int, groups: Rows, test_rows: Rows | None) -> list[str]:
    """What is to be said of equal images: how many, and what becomes of them."""
    if not repeated:
        return []
    said = f"Images that repeat another's pixels exactly: {repeated:,}"
    if test_rows is not None:
        training = np.setdiff1d(np.arange(len(groups)), test_rows)
        leaked = int(np.isin(groups[test_rows], groups[training]).sum())
        return [
            f"{said}; {leaked:,} of the {len(test_rows):,} test images are also among the training images."
        ]
    if repeated > MOST_REPEATED * len(groups):
        return [f"{said}, over half: equal images are split like any others."]
    return [f"{said}; equal images stay on one side of every split."]


def named_target(
    codes: Sequence[int | None], names: Sequence[str], target: str, task: str | None, where: str
) -> Target:
    """Code a target that is written as places in a list of class names; classes keep that order.

    Args:
        codes: N places from 0; None where it is missing.
        names: the class names, all different.
        target: what the target is called.
        task: as the user asked, or None.
        where: the source, for errors.

    Raises:
        BadData: a place beyond the list; see also `code_target`.

    Example:
        >>> coded = named_target([1, 0, 1, 0, None], ["old", "new"], "age", None, "table")
        >>> coded.classes, coded.y.tolist(), coded.known.sum()
        (('old', 'new'), [1, 0, 1, 0], np.int64(4))
    """
    for row, code in enumerate(codes, 1):
        if code is not None and not 0 <= code < len(names):
            limit = f"must be one of the {len(names):,} classes that are named, from 0"
            raise BadData(f"target {target!r} of {where}", limit, f"{code} in data row {row}", "Correct it.")
    places = [-1 if code is None else code for code in codes]
    cells = pd.Series(pd.Categorical.from_codes(places, categories=pd.Index(list(names)), ordered=True))
    return code_target(Tidied(cells, "text"), target, task or "classification", where)


def _array(x: object, where: str) -> NDArray[np.generic]:
    try:
        array: NDArray[np.generic] = np.asarray(x)
        if array.dtype.kind not in "biuf":
            array = array.astype(np.float64)
    except (ValueError, TypeError, RuntimeError):  # RuntimeError: a tensor that wants gradients
        remedy = "Give numbers, every image of one shape; of a torch tensor: x.detach().cpu()."
        raise BadData(f"x of {where}", "must be an array of pixels", type(x).__name__, remedy) from None
    if array.ndim not in (3, 4, 5) or 0 in array.shape[1:]:
        remedy = "For rows of pixels: x.reshape(-1, 28, 28), say."
        raise BadData(f"x of {where}", f"must be {_LAYOUTS}", f"shape {array.shape}", remedy)
    return array


def _channels_first(array: NDArray[np.generic], where: str) -> tuple[NDArray[np.generic], str]:
    """[N, C, (D,) H, W], and which axis was taken as what."""
    sides = array.shape[1:]
    if array.ndim == 3:
        return array[:, None], f"Grey images of {_times(sides)}, one channel."
    first, last = sides[0] in CHANNELS, sides[-1] in CHANNELS
    if first and last:  # of 1 and 3, say, the 1; where both are equal the first
        first = sides[0] <= sides[-1]
        last = not first
    what = "images" if array.ndim == 4 else "volumes"
    if first:
        said = f"The {sides[0]} values of the second axis are taken as channels"
        return array, f"{said}: {what} of {_times(sides[1:])}."
    if last:
        said = f"The {sides[-1]} values of the last axis are taken as channels"
        return np.moveaxis(array, -1, 1), f"{said}: {what} of {_times(sides[:-1])}."
    if array.ndim == 4:
        said = "No axis of 1, 3 or 4 values could hold channels"
        return array[:, None], f"{said}: taken as volumes of {_times(sides)}, one channel."
    remedy = "Put the channels second: numpy.moveaxis(x, axis, 1)."
    limit = "must have 1, 3 or 4 channels on its second or last axis"
    raise BadData(f"x of {where}", limit, f"shape {array.shape}", remedy)


def _times(sides: Sequence[int]) -> str:
    return "×".join(map(str, sides))


def _pixels(
    matrix: NDArray[np.generic], where: str
) -> tuple[NDArray[np.uint8] | NDArray[np.float32], list[str]]:
    if matrix.dtype.kind in "biu" and len(matrix):
        if matrix.dtype.itemsize == 1 and matrix.dtype.kind != "i":
            return np.ascontiguousarray(matrix, np.uint8), []
        if matrix.min() >= 0 and matrix.max() <= 255:
            return np.ascontiguousarray(matrix, np.uint8), []
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(matrix, np.float32)
    infinite = np.isinf(numbers)
    notes = []
    if infinite.any():
        numbers = np.where(infinite, np.float32(np.nan), numbers)
        notes.append(f"Infinite pixels, taken as missing: {infinite.sum():,}.")
    gone = np.isnan(numbers)
    if gone.all() and len(numbers):
        raise BadData(f"x of {where}", "must hold pixels", "only missing values", "Check x.")
    if gone.any():
        notes.append(f"Missing pixels, filled with the training mean: {gone.sum():,}.")
    return numbers, notes


def _coded(
    y: object, rows: int, target: str, task: str | None, labels: Sequence[str] | None, where: str
) -> tuple[Target, bool]:
    """The coded target, and whether its classes have names rather than numbers."""
    try:
        values: NDArray[np.generic] = np.asarray(y)
    except (ValueError, TypeError, RuntimeError):
        remedy = "Give one target per image."
        raise BadData(f"y of {where}", "must be an array of targets", type(y).__name__, remedy) from None
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        remedy = "For one-hot targets: y.argmax(1)."
        raise BadData(f"y of {where}", "must hold one value per image", f"shape {values.shape}", remedy)
    if len(values) != rows:
        remedy = "Each image needs its target."
        raise BadData(f"y of {where}", f"must have as many rows as x ({rows:,})", len(values), remedy)
    check_count(rows, where)
    if labels is not None and values.dtype.kind in "iu":
        return named_target(values.tolist(), labels, target, task, where), True
    tidied = tidy(pd.Series(values))
    return code_target(tidied, target, task, where), tidied.form == "text"


def _moved(test_rows: Rows | None, known: NDArray[np.bool_]) -> Rows | None:
    """Where the test rows are once rows without a target are gone."""
    if test_rows is None:
        return None
    place = np.cumsum(known) - 1
    return place[test_rows[known[test_rows]]].astype(np.int64)
