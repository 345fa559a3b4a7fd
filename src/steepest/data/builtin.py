"""Data sets that need no file: scikit-learn's bundled ones, and small ones made by rule."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.errors import BadData, closest
from steepest.data.arrays import from_arrays
from steepest.data.dataset import DataSet

_MADE_SEED = 0  # the made sets are fixed: the same for everybody


def _bundled(name: str) -> Callable[[], dict[str, Any]]:
    def load() -> dict[str, Any]:
        from sklearn import datasets  # takes a second: only when asked for

        found = getattr(datasets, f"load_{name}")()
        labels = [str(label) for label in found.get("target_names", ())] or None
        names = [str(each) for each in found.feature_names]
        return {"x": found.data, "y": found.target, "names": names, "labels": labels}

    return load


def _digits() -> dict[str, Any]:
    """As scikit-learn loads them, from its file: to import what that takes would double a study's start."""
    library = find_spec("sklearn")
    folders = (library.submodule_search_locations if library else None) or []
    place = next((p for p in (Path(f, "datasets/data/digits.csv.gz") for f in folders) if p.exists()), None)
    if place is None:  # another version keeps it elsewhere
        return _bundled("digits")()
    table = np.loadtxt(place, delimiter=",")
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    y = table[:, -1].astype(np.int64)
    return {"x": table[:, :-1], "y": y, "names": names, "labels": [str(digit) for digit in range(10)]}


def _made(maker: str, **options: Any) -> Callable[[], dict[str, Any]]:
    def load() -> dict[str, Any]:
        from sklearn import datasets  # takes a second: only when asked for

        x, y = getattr(datasets, maker)(random_state=_MADE_SEED, **options)[:2]
        return {"x": x, "y": y}

    return load


def _spirals() -> dict[str, Any]:
    """Three arms, 400 points each, a turn and a quarter, angular noise of 0.2 rad."""
    generator = np.random.Generator(np.random.PCG64(_MADE_SEED))
    radius = np.tile(np.linspace(0.05, 1.0, 400), 3)
    arm = np.repeat(np.arange(3), 400)
    angle = arm * 2 * np.pi / 3 + radius * 2.5 * np.pi + generator.normal(0.0, 0.2, radius.shape)
    return {"x": np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), "y": arm}


_LOADERS: dict[str, Callable[[], dict[str, Any]]] = {
    "digits": _digits,
    **{name: _bundled(name) for name in ("iris", "wine", "breast_cancer", "diabetes")},
    "moons": _made("make_moons", n_samples=1000, noise=0.25),
    "circles": _made("make_circles", n_samples=1000, noise=0.12, factor=0.6),
    "spirals": _spirals,
    "friedman": _made("make_friedman1", n_samples=1000, noise=1.0),
}
NAMES: tuple[str, ...] = tuple(_LOADERS)
"""Names that `read` knows: bundled with scikit-learn, then made by rule."""


def read_builtin(name: str, task: str | None = None) -> DataSet:
    """A built-in data set.

    Raises:
        BadData: unknown name, with the closest known one.

    Example:
        >>> read_builtin("iris").summary
        "iris: classification of 'y' (setosa 33.3%, versicolor 33.3%, virginica 33.3%), 150 rows, 4 inputs"
    """
    if name not in _LOADERS:
        raise BadData("data", "must be a known name or a file", name, closest(name, NAMES))
    return from_arrays(**_LOADERS[name](), name=name, where=name, task=task)
