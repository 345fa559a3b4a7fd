"""Data sets of other libraries, known by what they can do, so that none of them is imported."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.arrays import from_arrays
from steepest.data.dataset import DataSet
from steepest.data.hub import from_hub, is_hub
from steepest.data.image_arrays import images_from_arrays
from steepest.data.table import from_table

_PAIR = "Let it give pairs (x, y), or give arrays: read((X, y))."


def from_object(
    source: Any,
    target: str | int | None = None,
    *,
    name: str | None = None,
    task: str | None = None,
    kinds: Mapping[Any, str] | None = None,
    group: str | int | None = None,
) -> DataSet | None:
    """A data set from an object of another library, or None if it is none that is known.

    Known are torch's map-style `Dataset` and `DataLoader`, which give pairs (x, y); Hugging Face's `Dataset`
    and `DatasetDict`, whose split `test` is set aside; any table with `to_pandas()`, as polars and pyarrow.

    Args:
        source: the object.
        target: the column to predict, of tables.
        name: what to call the data set.
        task, kinds, group: see `from_table`.

    Raises:
        BadData: items that are no pairs or of several shapes; anything a table prevents.

    Example:
        >>> class Halves:
        ...     def __len__(self):
        ...         return 20
        ...     def __getitem__(self, i):
        ...         return [i / 2, 1.0], i % 2
        >>> from_object(Halves()).summary
        "dataset: classification of 'y' (0 50.0%, 1 50.0%), 20 rows, 2 inputs"
        >>> from_object(7) is None
        True
    """
    if is_hub(source):
        return from_hub(source, target, name=name or "dataset", task=task, kinds=kinds, group=group)
    if hasattr(source, "to_pandas"):
        return from_table(
            source.to_pandas(),
            target,
            name=name or "table",
            where="the table",
            task=task,
            kinds=kinds,
            group=group,
        )
    items = _items(source)
    if items is None:
        return None
    return _from_items(items, type(source).__name__, name or "dataset", task)


def _items(source: Any) -> Iterator[tuple[Any, Any]] | None:
    """The pairs of a data set, in its order."""
    if hasattr(source, "dataset") and hasattr(source, "collate_fn"):
        inner = source.dataset
        return _items(inner) if hasattr(inner, "__len__") else _unbatched(source)
    plain = isinstance(source, str | bytes | Mapping | list | tuple | range | set | pd.DataFrame | pd.Series)
    if plain or hasattr(source, "__array__"):
        return None
    if not (hasattr(source, "__len__") and hasattr(source, "__getitem__")):
        return None
    return (_pair(source[place], place) for place in range(len(source)))


def _pair(item: Any, place: int) -> tuple[Any, Any]:
    if not isinstance(item, tuple | list) or len(item) != 2:
        shown = f"{len(item)} parts" if isinstance(item, tuple | list) else type(item).__name__
        raise BadData(f"item {place} of the dataset", "must be a pair (x, y)", shown, _PAIR)
    return item[0], item[1]


def _unbatched(batches: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for number, batch in enumerate(batches):
        xs, ys = _pair(batch, number)
        yield from zip(xs, ys, strict=True)


def _from_items(items: Iterator[tuple[Any, Any]], kind: str, name: str, task: str | None) -> DataSet:
    xs, ys = [], []
    picture = False
    for place, (x, y) in enumerate(items):
        picture = picture or hasattr(x, "getbands")  # as a PIL image has
        xs.append(_numbers(x, f"x of item {place} of the {kind}"))
        if xs[-1].shape != xs[0].shape:
            need = f"must have the shape of item 0, {xs[0].shape}"
            raise BadData(f"x of item {place} of the {kind}", need, xs[-1].shape, "Resize or pad it.")
        ys.append(y if isinstance(y, str) else _numbers(y, f"y of item {place} of the {kind}"))
    if not xs:
        raise BadData(f"the {kind}", "must have items", "none", "Check what it reads.")
    said = (
        f"The {len(xs):,} items were read once: whatever it draws at random was drawn once, for all epochs."
    )
    where = f"the {kind}"
    stacked = np.stack(xs)
    targets = _stacked(ys, where)
    if picture or stacked.ndim > 3:
        data = images_from_arrays(stacked, targets, name=name, where=where, task=task)
    else:
        matrix = stacked[:, None] if stacked.ndim == 1 else stacked
        data = from_arrays(matrix, targets, name=name, where=where, task=task)
    return dataclasses.replace(data, notes=(said, *data.notes))


def _numbers(value: Any, called: str) -> NDArray[Any]:
    """A tensor, an image or numbers as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        array = np.asarray(None, dtype="object")
    if array.dtype.kind not in "biuf":
        raise BadData(called, "must be numbers", type(value).__name__, _PAIR)
    return array


def _stacked(ys: Sequence[Any], where: str) -> NDArray[Any]:
    if any(isinstance(y, str) for y in ys):
        return np.array([str(y) for y in ys])
    shapes = {np.shape(y): place for place, y in reversed(list(enumerate(ys)))}
    if len(shapes) > 1:
        place = max(shapes.values())
        need = f"must have the shape of item 0, {np.shape(ys[0])}"
        raise BadData(f"y of item {place} of {where}", need, np.shape(ys[place]), _PAIR)
    return np.stack(ys)
