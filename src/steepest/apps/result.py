"""What `tune` and `train` hand back."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.evidence.verdict import Verdict
from steepest.experiment import folder as files
from steepest.experiment.tune import Finished
from steepest.report.export import to_dict
from steepest.report.facts import Facts
from steepest.report.page import to_html
from steepest.report.text import to_text


class Result:
    """A finished run: the recipe, the evidence, the trained network, and where everything is.

    Printing it shows the verdict; a notebook shows the report's first lines.
    """

    def __init__(self, finished: Finished, facts: Facts) -> None:
        self._finished, self.facts = finished, facts

    @property
    def recipe(self) -> Recipe:
        """The recipe to use."""
        return self._finished.recipe

    @property
    def verdict(self) -> Verdict | None:
        """The search's first against the default; None where nothing was compared."""
        return self._finished.verdict

    @property
    def network(self) -> nn.Module:
        """The trained network, an ordinary torch module; it reads standardised inputs (see `predict`)."""
        return self._finished.network

    @property
    def test(self) -> dict[str, Any]:
        """Scores on the test set, which was touched once, at the end."""
        return self._finished.test

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._finished.settings.folder

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """Labels, or numbers, for encoded rows [N, D] in the units of the data.

        Raises:
            BadInput: for another number of columns than the network was trained on.
        """
        rows = np.atleast_2d(np.asarray(x, dtype=np.float32))
        data, standard = self._finished.data, self._finished.standard
        if rows.shape[1] != data.x.shape[1]:
            need = f"must have the {data.x.shape[1]} columns of the training data"
            raise BadInput("x", need, rows.shape[1], f"They are: {', '.join(data.feature_names[:8])}, …")
        with torch.no_grad():
            out = self.network(torch.from_numpy(standard.x(rows))).numpy()
        if data.classes:
            labels: NDArray[Any] = np.array(data.classes)[out.argmax(1)]
            return labels
        return standard.unscale_y(out[:, 0])

    def report(self) -> Path:
        """The report, one self-contained page."""
        return self.folder / files.REPORT

    def summary(self) -> str:
        """The result in a few lines."""
        return to_text(self.facts)

    def to_dict(self) -> dict[str, Any]:
        """Every fact, as plain JSON values."""
        return to_dict(self.facts)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        page = to_html(self.facts).replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{page}" style="width:100%;height:640px;border:0"></iframe>'
