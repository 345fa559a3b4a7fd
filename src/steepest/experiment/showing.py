"""What the report shows of the data: examples, before and after augmentation, and what was got wrong."""

import base64
import io
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from steepest.base.augmentation import AugmentationKnobs
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet, Rows
from steepest.data.standardise import Standardiser
from steepest.experiment.study import Study
from steepest.networks.cost import cost
from steepest.networks.spec import NetworkSpec
from steepest.training.transforms import gallery

EXAMPLES, COPIES = 4, 4
"""Examples that are shown before and after augmentation, and how many times after."""

SHOWN, WRONG = 10, 8
"""Examples of the data, and of what the network got wrong, at most."""

SIDE = 72
"""Pixels of a picture's longer side, at most."""

_INPUTS, _WORDS, _LETTERS, _STEPS = 8, 40, 160, 240
_BLOCK, _MOST, _FLOPS = 128, 4096, 2e10
_AMONG = 20_000
_NOT_STRENGTHS = ("augment_some",)


def note_examples(study: Study, recipe: Recipe, network: nn.Module, fold: int) -> None:
    """Write the "examples" document.

    Args:
        recipe: whose augmentation is shown.
        network: trained by it; it is run on some test rows, for about a second at most.
        fold: the one that holds the test rows.
    """
    data, served = study.data, study.fold(fold)
    view = _View(data, served.standard)
    shown = _spread(data, served.train, SHOWN)
    strengths = strengths_of(recipe, data)
    body: dict[str, Any] = {"form": data.form, "names": view.names, "strengths": strengths}
    if strengths:
        body["changed"] = view.changed(recipe, _spread(data, served.train, EXAMPLES))
    if data.form == "image" or data.form == "text":
        body["shown"] = [{"label": view.label(row), "example": view.original(row)} for row in shown.tolist()]
    if data.form == "series" and data.task == "forecasting":
        body["shown"] = _forecasts(study, recipe, network, view, _spread(data, served.held_out, EXAMPLES))
    if data.task == "classification" and data.form in ("image", "text"):
        body |= _wrong(study, recipe, network, view, served.held_out)
    study.note("examples", body)


def strengths_of(recipe: Recipe, data: DataSet) -> dict[str, float]:
    """The kinds of augmentation that are on and suit the data, with how strong they are.

    Example:
        >>> from steepest.data.read import read
        >>> strengths_of(Recipe(input_noise=0.1, flip=0.5), read("iris"))
        {'input_noise': 0.1}
    """
    names = [name for name in AugmentationKnobs.model_fields if name not in _NOT_STRENGTHS]
    return {
        name: getattr(recipe, name)
        for name in names
        if getattr(recipe, name) > 0 and KNOBS[name].matters(data.form, data.task)
    }


class _View:
    """Examples as the report shows them: pictures, lines, words or numbers, in their own units."""

    def __init__(self, data: DataSet, standard: Standardiser) -> None:
        self._data, self.standard = data, standard
        varies = np.flatnonzero(data.scaled if standard.varies is None else standard.varies)
        self._places = varies[:_INPUTS] if len(varies) else np.arange(min(_INPUTS, data.x.shape[1]))
        self._range = (0.0, 255.0)
        if data.form == "image" and data.x.dtype.kind == "f":
            some = data.x[_spread(data, np.arange(data.rows), 100)]
            self._range = float(np.nanmin(some)), float(np.nanmax(some))

    @property
    def names(self) -> list[str]:
        """Of the numbers that are shown of a table."""
        names = self._data.feature_names
        return [names[place] for place in self._places] if self._data.form == "table" and names else []

    def label(self, row: int) -> str:
        """The target of an example in words."""
        data, target = self._data, self._data.y[row]
        if data.task == "classification":
            return data.classes[int(target)]
        if data.task == "multilabel":
            return ", ".join(name for name, on in zip(data.classes, target, strict=True) if on) or "none"
        return f"{float(target):.4g}" if data.task == "regression" else ""

    def original(self, row: int) -> Any:
        """An example as it was read."""
        return self._shown(np.asarray(self._data.x[row]))

    def changed(self, recipe: Recipe, rows: Rows) -> list[dict[str, Any]]:
        """Examples, and what a recipe's augmentation makes of them."""
        data, standard = self._data, self.standard
        x = self.read(rows).view(len(rows), *data.shape)
        table = data.form == "table"
        copies = gallery(
            recipe, data.form, data.shape, x, 0, COPIES,
            scaled=standard.varies if table else None, codes=standard.codes,
        )  # fmt: skip
        return [
            {
                "label": self.label(row),
                "original": self.original(row),
                "copies": [self._copy(row, copy[i].reshape(-1).numpy()) for copy in copies],
            }
            for i, row in enumerate(rows.tolist())
        ]

    def read(self, rows: Rows) -> Tensor:
        """What a network reads: standardised numbers or tokens, [B, D]."""
        x = self._data.x[rows]
        if self._data.form == "text":
            return torch.from_numpy(x.astype(np.int64))
        return torch.from_numpy(self.standard.x(x))

    def _copy(self, row: int, values: NDArray[Any]) -> Any:
        if self._data.form == "text":
            words, before = self._words(values), self._data.x[row]
            kept = values[before != 0] == before[before != 0]
            return [word if same else None for word, same in zip(words, kept, strict=False)]
        numbers = values * self.standard.scale + self.standard.mean
        if self._data.form == "table" and self.standard.codes:
            numbers[list(self.standard.codes)] = values[list(self.standard.codes)]
        return self._shown(numbers)

    def _shown(self, values: NDArray[Any]) -> Any:
        match self._data.form:
            case "image":
                return picture(values.reshape(self._data.shape), *self._range)
            case "series":
                steps = values.reshape(self._data.shape)[:, 0]
                return _plain(steps[:: math.ceil(len(steps) / _STEPS)])
            case "text":
                return self._words(values)
            case _:
                return _plain(values[self._places])

    def _words(self, codes: NDArray[Any]) -> list[str]:
        padded = self._data.task != "next-token"
        most = _WORDS if padded else _LETTERS
        known = codes[codes != 0] if padded else codes
        return [self._data.vocabulary[code] for code in known[:most].tolist()]


def picture(values: NDArray[Any], low: float, high: float) -> str:
    """An image as a small PNG file, base64; of a volume its middle slice, of other channels the first.

    Args:
        values: [channels, height, width] or [channels, depth, height, width]; NaN is drawn as `low`.
        low, high: what is black and what is white.

    Example:
        >>> base64.b64decode(picture(np.zeros((3, 4, 4)), 0, 1))[1:4]
        b'PNG'
    """
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    share = (np.nan_to_num(values.astype(np.float64), nan=low) - low) / max(high - low, 1e-12)
    pixels = np.clip(np.round(share * 255), 0, 255).astype(np.uint8)
    coloured = len(pixels) in (3, 4)
    image = Image.fromarray(pixels[:3].transpose(1, 2, 0) if coloured else pixels[0])
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _spread(data: DataSet, rows: Rows, count: int) -> Rows:
    """Rows that show what there is: of every class one, then another one; else from start to end."""
    some = rows[:: math.ceil(len(rows) / _AMONG)]
    if data.task == "classification":
        y = data.y[some]
        order = np.argsort(y, kind="stable")
        first = np.searchsorted(y[order], y[order])
        turn = np.arange(len(order)) - first
        return some[order[np.lexsort((y[order], turn))][:count]]
    return some[np.unique(np.linspace(0, len(some) - 1, min(count, len(some))).astype(np.int64))]


def _outputs(study: Study, recipe: Recipe, network: nn.Module, x: Tensor) -> NDArray[Any]:
    dense = isinstance(study.spec(recipe), NetworkSpec)
    with torch.no_grad():
        found: NDArray[Any] = network(x if dense else x.view(len(x), *study.data.shape)).numpy()
    return found


def _wrong(study: Study, recipe: Recipe, network: nn.Module, view: _View, held_out: Rows) -> dict[str, Any]:
    """The first test examples that the network took for another class, and among how many they were found."""
    each = max(cost(study.spec(recipe), 1, 0).flops_forward, 1)
    rows = held_out[: max(WRONG, min(_MOST, int(_FLOPS / each)))]
    wrong: list[dict[str, Any]] = []
    looked_at = 0
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        found = _outputs(study, recipe, network, view.read(block)).argmax(1)
        for row, code in zip(block.tolist(), found.tolist(), strict=True):
            if len(wrong) == WRONG:
                return {"wrong": wrong, "looked_at": looked_at}
            looked_at += 1
            if code != study.data.y[row]:
                named = {"label": view.label(row), "predicted": study.data.classes[code]}
                wrong.append({**named, "example": view.original(row)})
    return {"wrong": wrong, "looked_at": looked_at}


def _forecasts(
    study: Study, recipe: Recipe, network: nn.Module, view: _View, rows: Rows
) -> list[dict[str, Any]]:
    """Windows of the test, each with what came next, what the network forecast and the naive forecast."""
    data, ahead = study.data, study.data.outputs
    standard = view.standard
    found = standard.unscale_y(_outputs(study, recipe, network, view.read(rows)))
    rows_of = [("truth", data.y[rows]), ("forecast", found)]
    if data.naive is not None:
        rows_of.append(("naive", data.naive[rows]))
    shown = []
    for i, row in enumerate(rows.tolist()):
        past = _plain(np.asarray(data.x[row]).reshape(data.shape)[-min(data.shape[0], _STEPS) :, 0])
        lines = {name: _plain(np.asarray(values).reshape(len(rows), ahead)[i]) for name, values in rows_of}
        shown.append({"label": "", "example": {"past": past, **lines}})
    return shown


def _plain(values: NDArray[Any]) -> list[float | None]:
    """Numbers to five digits, None where one is missing."""
    return [float(f"{v:.5g}") if math.isfinite(v) else None for v in values.tolist()]
