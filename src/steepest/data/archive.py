"""Read `.npz`: arrays x and y, and x_test and y_test as the outer test set. Never unpickles."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.arrays import from_arrays
from steepest.data.dataset import DataSet
from steepest.data.image_arrays import images_from_arrays

_NAMES = {"x": "x", "x_train": "x", "y": "y", "y_train": "y", "x_test": "x_test", "y_test": "y_test"}
_FORM = "Save it with numpy.savez(path, x=…, y=…), and x_test=…, y_test=… for a test set."


def read_archive(path: Path, name: str, task: str | None = None, kind: str | None = None) -> DataSet:
    """The data set in an `.npz` file.

    Args:
        path: holds `x` [N, …] and `y` [N] (or `x_train`, `y_train`); perhaps `x_test`, `y_test`. More axes
            than two make images.
        name: what to call it.
        task: see `steepest.data.table.from_table`.
        kind: "table" lays images out as columns; see `steepest.data.read.Reading`.

    Raises:
        BadData: no `x` or `y`, pickled objects, test rows of another shape.
    """
    arrays = _load(path)
    for needed in ("x", "y"):
        if needed not in arrays:
            raise BadData(str(path), f"must hold an array {needed}", ", ".join(arrays) or "nothing", _FORM)
    x, y = arrays["x"], arrays["y"]
    if ("x_test" in arrays) != ("y_test" in arrays):
        lone = "x_test" if "x_test" in arrays else "y_test"
        raise BadData(str(path), "must hold x_test and y_test together", f"only {lone}", _FORM)
    test_rows = None
    if "x_test" in arrays:
        x, y, test_rows = _append_test(x, y, arrays["x_test"], arrays["y_test"], path)
    if x.ndim > 2 and kind != "table":
        return images_from_arrays(x, y, name=name, where=str(path), task=task, test_rows=test_rows)
    return from_arrays(x, y, name=name, where=str(path), task=task, test_rows=test_rows)


def _load(path: Path) -> Mapping[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {_NAMES.get(key.lower(), key): file[key] for key in file.files}
    except (ValueError, EOFError, OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if "pickle" in str(error):
            remedy = (
                "Pickles can run code; save plain numbers or text: array.astype(float), array.astype(str)."
            )
            raise BadData(str(path), "must hold plain arrays", "pickled objects", remedy) from None
        raise BadData(str(path), "must be a whole .npz file", str(error), _FORM) from None


def _append_test(
    x: NDArray[np.generic],
    y: NDArray[np.generic],
    x_test: NDArray[np.generic],
    y_test: NDArray[np.generic],
    path: Path,
) -> tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.int64]]:
    for name, own, other in (("x", x, x_test), ("y", y, y_test)):
        if own.shape[1:] != other.shape[1:]:
            raise BadData(
                f"{name}_test of {path}",
                f"must have rows of shape {own.shape[1:]} like {name}",
                other.shape[1:],
                _FORM,
            )
    for name, inputs, targets in (("", x, y), ("_test", x_test, y_test)):
        if len(inputs) != len(targets) or not len(inputs):
            limit = f"must have as many rows as x{name} ({len(inputs):,}), at least one"
            raise BadData(f"y{name} of {path}", limit, len(targets), _FORM)
    rows = np.arange(len(x), len(x) + len(x_test), dtype=np.int64)
    return np.concatenate([x, x_test]), np.concatenate([y, y_test]), rows
