"""Hugging Face data sets: tables, images or texts, with the class names and the test split they bring."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from steepest.base.errors import BadData
from steepest.data.class_folders import Entry
from steepest.data.columns import describe, tidy
from steepest.data.dataset import DataSet, Rows
from steepest.data.documents import documents
from steepest.data.given_test import join_frames
from steepest.data.image_arrays import images_from_arrays
from steepest.data.naming import listed
from steepest.data.table import from_table
from steepest.data.target import find_target

_TRAIN = ("train", "training", "validation", "valid", "val")
_TEST = ("test", "testing")


def is_hub(source: Any) -> bool:
    """Whether an object is a Hugging Face data set or a dictionary of them.

    Example:
        >>> is_hub({"train": [1]})
        False
    """
    if isinstance(source, Mapping):
        return len(source) > 0 and all(is_hub(part) for part in source.values())
    return hasattr(source, "features") and hasattr(source, "to_pandas")


def from_hub(
    source: Any,
    target: str | int | None = None,
    *,
    name: str,
    task: str | None = None,
    kinds: Mapping[Any, str] | None = None,
    group: str | int | None = None,
) -> DataSet:
    """The data set in a Hugging Face `Dataset` or `DatasetDict`.

    A column of images makes a data set of images; a single usable column of free text, one of texts; all else
    a table. Labels get the names that the features give them. Of a dictionary, `train` and `validation` are
    trained on, and `test` is set aside.

    Args:
        source: a data set, or splits by name.
        target: the column to predict; by default the one called label, target, class or y.
        name: what to call the data set.
        task, kinds, group: see `from_table`.

    Raises:
        BadData: no split to train on, splits with other columns, several columns of images.
    """
    train, test, notes = _splits(source)
    names = [str(column) for column in train[0].features]
    place, _ = find_target(names, target, "the dataset")
    pictures = [column for column in names if type(train[0].features[column]).__name__ == "Image"]
    if pictures:
        return _images(train, test, pictures, names[place], name, task)
    frame = pd.concat([_frame(part, names[place]) for part in train], ignore_index=True)
    aside: Rows | None = None
    if test:
        tested = pd.concat([_frame(part, names[place]) for part in test], ignore_index=True)
        frame, aside, said = join_frames(frame, tested, "the training split", "the test split", names[place])
        notes = [*notes, *said]
    text = _free_text(frame, names[place]) if task in (None, "classification") else None
    if text is not None and not kinds:
        return _texts(frame, text, names[place], aside, name)
    return from_table(
        frame, names[place], name=name, where="the dataset", task=task, kinds=kinds, group=group,
        test_rows=aside, notes=notes,
    )  # fmt: skip


def _splits(source: Any) -> tuple[list[Any], list[Any], list[str]]:
    if not isinstance(source, Mapping):
        return [source], [], []
    train = [part for key, part in source.items() if key in _TRAIN]
    test = [part for key, part in source.items() if key in _TEST]
    if not train:
        if len(source) > 1 or test:
            raise BadData(
                "the dataset", "must have a split called train", listed(list(source)), "Name one train."
            )
        train = list(source.values())
    rest = [key for key in source if key not in (*_TRAIN, *_TEST)] if len(source) > 1 else []
    return train, test, [f"Splits passed over: {listed(rest)}."] if rest else []


def _frame(part: Any, target: str) -> pd.DataFrame:
    frame: pd.DataFrame = part.to_pandas()
    labels = getattr(part.features[target], "names", None)
    if labels is None:
        return frame
    words = dict(enumerate(labels))
    return frame.assign(**{target: frame[target].map(words)})  # −1 stands for no label


def _free_text(frame: pd.DataFrame, target: str) -> str | None:
    """The only column beside the target that could be used, if it is free text."""
    columns = [describe(str(name), tidy(frame[name])) for name in frame.columns if str(name) != target]
    texts = [column.name for column in columns if column.note.startswith("it is free text")]
    usable = any(column.inputs for column in columns)
    return texts[0] if len(texts) == 1 and not usable else None


def _texts(frame: pd.DataFrame, text: str, target: str, aside: Rows | None, name: str) -> DataSet:
    known = (frame[text].notna() & frame[target].notna()).to_numpy()
    test = np.isin(np.arange(len(frame)), aside) if aside is not None else np.zeros(len(frame), np.bool_)
    told = [
        Entry(
            f"row {row + 1}", str(frame[target].iloc[row]), str(frame[text].iloc[row]).encode, bool(test[row])
        )
        for row in np.flatnonzero(known)
    ]
    return documents(told, name=name, where="the dataset")


def _images(
    train: list[Any], test: list[Any], pictures: list[str], target: str, name: str, task: str | None
) -> DataSet:
    if len(pictures) > 1:
        raise BadData("the dataset", "must have one column of images", listed(pictures), "Remove the others.")
    items = [(item[pictures[0]], item[target]) for part in (*train, *test) for item in part]
    arrays = [np.asarray(image) for image, _ in items]
    for row, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            need = f"must have the size of row 1, {arrays[0].shape}"
            remedy = "Convert the images to one size and mode."
            raise BadData(f"{pictures[0]!r} of data row {row + 1}", need, array.shape, remedy)
    trained = sum(len(part) for part in train)
    return images_from_arrays(
        np.stack(arrays), [label for _, label in items], name=name, where="the dataset", task=task,
        target=target, labels=getattr(train[0].features[target], "names", None),
        test_rows=np.arange(trained, len(items), dtype=np.int64) if test else None,
    )  # fmt: skip
