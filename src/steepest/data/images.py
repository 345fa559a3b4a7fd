"""Read images from class folders, archives of them, and Parquet files that hold encoded images."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from steepest.base.errors import BadData, BadInput
from steepest.data.class_folders import Entry, entries, is_archive, kind_of
from steepest.data.columns import tidy
from steepest.data.dataset import DataSet
from steepest.data.decode import Allocate, Source, decode
from steepest.data.image_arrays import check_count, image_set, named_target
from steepest.data.image_cache import identity, kept
from steepest.data.target import Target, code_target, find_target
from steepest.data.windows import whole_number

_BATCH = 64  # encoded images held in memory at a time
_PARQUET_FAULTS = (OSError, ValueError)  # pyarrow's own errors are both


def read_images(
    path: Path, target: str | int | None = None, *, name: str | None, size: int | None, task: str | None
) -> DataSet:
    """The images of a folder, an archive or a Parquet file, decoded and kept for the next time.

    A Parquet file has a column of encoded images, struct<bytes, path> as Hugging Face data sets have it, and
    a column of labels; class names are taken from the schema's metadata. For folders see `read_image_folder`.

    Args:
        path: a folder or archive of class folders, or a .parquet file.
        target: the label column of a Parquet file, by name or by place from 0; None takes the one called
            label, target, class or y, or the only one there is.
        name: what to call the data set; by default the file's stem.
        size: pixels a side to resize to; None needs images of one size.
        task: "classification", "regression", or None to infer it.

    Raises:
        BadData: a damaged file or image, images of several sizes, labels that cannot be used.
        BadInput: a size that is no whole number from 1; a target for class folders.
    """
    if path.is_dir() or is_archive(path):
        if target is not None:
            raise BadInput("target", f"must not be given for {path}", target, "Its folders are the classes.")
        if task not in (None, "classification"):
            raise BadInput("task", f"must be classification for {path}", task, "Its folders are the classes.")
        return read_image_folder(path, name=name, size=size)
    size = None if size is None else whole_number("size", size)
    return _read_table(path, target, name or path.stem, size, task)


def read_image_folder(path: Path, *, name: str | None = None, size: int | None = None) -> DataSet:
    """The images of a folder of class folders, or of an archive of them; see `class_folders.entries`.

    Args:
        path: the folder or archive.
        name: what to call the data set; by default the folder's name.
        size: pixels a side to resize to; None needs images of one size.

    Raises:
        BadData: as `read_images`; also files that are no images.

    Example:
        >>> import io, os
        >>> from tempfile import TemporaryDirectory
        >>> from unittest.mock import patch
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder, patch.dict(os.environ, STEEPEST_CACHE=f"{folder}/cache"):
        ...     for number in range(20):
        ...         file = Path(folder, "pets", "cat" if number % 2 else "dog", f"{number}.png")
        ...         file.parent.mkdir(parents=True, exist_ok=True)
        ...         Image.new("L", (6, 4), number).save(file)
        ...     read_image_folder(Path(folder, "pets")).summary
        "pets: classification of 'label' (cat 50.0%, dog 50.0%), 20 images of 1×4×6"
    """
    size = None if size is None else whole_number("size", size)
    where = str(path)
    found = entries(path) if path.is_dir() else None  # an archive is opened only where nothing is kept
    files = [path] if found is None else [path / entry.name for entry in found]

    def build(allocate: Allocate) -> DataSet:
        return _from_entries(entries(path) if found is None else found, where, size, allocate)

    listed = () if found is None else tuple(entry.name for entry in found)
    try:
        key = identity(files, "folders", size, listed)
    except OSError as error:
        raise _unreadable(path, error) from None
    stem = path.name if path.is_dir() else path.name.removesuffix(path.suffix).removesuffix(".tar")
    return kept(key, name or stem or path.resolve().name, build)


def is_image_table(path: Path) -> bool:
    """Whether a file is a Parquet file with a column of encoded images; looks at its schema only.

    Example:
        >>> is_image_table(Path("nowhere.parquet"))
        False
    """
    try:
        return bool(_image_columns(pq.read_schema(path)))
    except _PARQUET_FAULTS:
        return False


def _from_entries(found: Sequence[Entry], where: str, size: int | None, allocate: Allocate) -> DataSet:
    if kind_of(found) != "image":
        remedy = "Convert them to PNG or JPEG."
        raise BadData(where, "must hold images, by their suffixes", found[0].name, remedy)
    check_count(len(found), where)
    labels = {entry.label for entry in found}
    numbers = all(label.isascii() and label.isdigit() for label in labels)
    order = sorted(labels, key=lambda label: (int(label) if numbers else 0, label))
    code = {label: place for place, label in enumerate(order)}
    target = named_target([code[entry.label] for entry in found], order, "label", None, where)

    def sources() -> Iterator[Source]:
        return ((f"{entry.name} of {where}", entry.read) for entry in found)

    decoded = decode(sources, len(found), where=where, size=size, allocate=allocate)
    test = [row for row, entry in enumerate(found) if entry.test]
    return image_set(
        name="",
        where=where,
        target_name="label",
        target=target,
        x=decoded.x,
        shape=decoded.shape,
        notes=decoded.notes,
        test_rows=np.array(test, np.int64) if test else None,
    )


def _read_table(
    path: Path, target: str | int | None, name: str, size: int | None, task: str | None
) -> DataSet:
    where = str(path)
    try:
        schema = pq.read_schema(path)
        key = identity([path], "parquet", size, target, task)
    except _PARQUET_FAULTS as error:
        raise _unreadable(path, error) from None
    images = _image_columns(schema)
    if len(images) != 1:
        limit = "must have one column of encoded images, struct<bytes, path>"
        remedy = f"Its columns are {', '.join(map(repr, schema.names))}."
        raise BadData(where, limit, ", ".join(images) or "none", remedy)
    chosen, note = _find_label(schema, images[0], target, where)

    def build(allocate: Allocate) -> DataSet:
        return _from_table(path, schema, images[0], chosen, note, size, task, allocate)

    return kept(key, name, build)


def _unreadable(path: Path, error: Exception) -> BadData:
    reason = str(error).split("\n")[0]
    return BadData(str(path), "must be whole and readable", reason, "Write or download it again.")


def _image_columns(schema: pa.Schema) -> list[str]:
    """Names of columns of struct<bytes, …>; sounds, which look the same, say so in the metadata."""
    features = _features(schema)
    return [
        field.name
        for field in schema
        if pa.types.is_struct(field.type)
        and any(
            part.name == "bytes" and (pa.types.is_binary(part.type) or pa.types.is_large_binary(part.type))
            for part in field.type
        )
        and features.get(field.name, {}).get("_type", "Image") == "Image"
    ]


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What Hugging Face wrote of every column, or nothing."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}


def _class_names(schema: pa.Schema, column: str) -> list[str]:
    """Names of the classes 0, 1, … of a label column; [] where the schema has none."""
    names = _features(schema).get(column, {}).get("names")
    if isinstance(names, dict):  # an older way of writing the same
        names = [names[key] for key in sorted(names, key=int)]
    if names is None and b"class_names" in (schema.metadata or {}):
        names = schema.metadata[b"class_names"].decode("utf-8", "replace").split(",")
    found = [str(name).strip() for name in names or ()]
    return found if len(set(found)) == len(found) else []


def _find_label(schema: pa.Schema, image: str, target: str | int | None, where: str) -> tuple[str, str]:
    """Name of the label column, and a note."""
    others = [name for name in schema.names if name != image]
    if not others:
        remedy = "Add a column that says what each image shows."
        raise BadData(where, "must have a column of labels beside its images", "none", remedy)
    if target is None:
        place, note = find_target(others, others[0] if len(others) == 1 else None, where)
        return others[place], note
    place, note = find_target(schema.names, target, where)
    if schema.names[place] == image:
        remedy = f"Name one of {', '.join(map(repr, others))}."
        raise BadData("target", f"must be a column of labels of {where}", image, remedy)
    return schema.names[place], note


def _from_table(
    path: Path,
    schema: pa.Schema,
    image: str,
    label: str,
    note: str,
    size: int | None,
    task: str | None,
    allocate: Allocate,
) -> DataSet:
    where = str(path)
    try:
        column = pq.read_table(path, columns=[label]).column(0)
    except _PARQUET_FAULTS as error:
        raise _unreadable(path, error) from None
    check_count(len(column), where)
    names = _class_names(schema, label) if pa.types.is_integer(column.type) else []
    target = _coded(column, names, label, task, where)
    count = int(target.known.sum())
    check_count(count, where)
    decoded = decode(lambda: _encoded(path, image, target), count, where=where, size=size, allocate=allocate)
    others = [repr(name) for name in schema.names if name not in (image, label)]
    left_out = f"Columns beside the image and its label, left out: {', '.join(others)}." if others else ""
    return image_set(
        name="",
        where=where,
        target_name=label,
        target=target,
        x=decoded.x,
        shape=decoded.shape,
        notes=[*filter(None, (note, left_out)), *decoded.notes],
        named=bool(names) or pa.types.is_string(column.type) or pa.types.is_large_string(column.type),
    )


def _coded(column: pa.ChunkedArray, names: Sequence[str], label: str, task: str | None, where: str) -> Target:
    if names and task != "regression":
        codes = [None if code is None or code == -1 else int(code) for code in column.to_pylist()]
        return named_target(codes, names, label, task, where)  # Hugging Face writes -1 where it has no label
    return code_target(tidy(pd.Series(column.to_pandas())), label, task, where)


def _encoded(path: Path, image: str, target: Target) -> Iterator[Source]:
    """Every image whose target is known, batch by batch."""
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH, columns=[image]):
                for raw, place in zip(*_parts(batch.column(0)), strict=True):
                    row += 1
                    if target.known[row - 1]:
                        shown = f" ({place})" if place else ""
                        yield f"data row {row}{shown} of {path}", _holder(raw or b"")
    except _PARQUET_FAULTS as error:
        raise _unreadable(path, error) from None


def _parts(images: pa.StructArray) -> tuple[list[bytes | None], list[str | None]]:
    """The bytes and the path of each image; `flatten` honours rows that are missing altogether."""
    names = [field.name for field in images.type]
    parts = dict(zip(names, images.flatten(), strict=True))
    paths = parts["path"].to_pylist() if "path" in parts else [None] * len(images)
    return parts["bytes"].to_pylist(), paths


def _holder(raw: bytes) -> Callable[[], bytes]:
    return lambda: raw
