"""What `tune` and `train` hand back."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.unseen import Encoder
from steepest.evidence.verdict import Verdict
from steepest.experiment import folder as files
from steepest.experiment.tune import Finished
from steepest.networks.architecture import bins_of, spec_of
from steepest.networks.ensemble import Ensemble
from steepest.networks.spec import NetworkSpec
from steepest.report.export import to_dict
from steepest.report.facts import Facts
from steepest.report.importance import COLUMNS, frame_rows
from steepest.report.page import to_html
from steepest.report.records import FrontRow
from steepest.report.text import to_text
from steepest.store.opening import open_journal
from steepest.store.probed import ProbeRow, probe_rows
from steepest.training.source import ports_of

_BLOCK = 512
"""Examples that are predicted at a time."""


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
    def front(self) -> tuple[FrontRow, ...]:
        """Recipes that no other beats in score and costs; () where the score alone was asked for."""
        return self.facts.front

    @property
    def importance(self) -> pd.DataFrame:
        """Which knobs mattered: one row per knob, the largest share first; empty where that is not known.

        Shares with their intervals and chances at the first rung, the same by who came furthest ("later"),
        a random forest's, and the value that did best; docs/explain.md says what they are.
        """
        return pd.DataFrame(frame_rows(self.facts.importance), columns=COLUMNS)

    @property
    def network(self) -> nn.Module:
        """The trained network, an ordinary torch module; it reads standardised inputs (see `predict`)."""
        return self._finished.network

    @property
    def ensemble(self) -> Ensemble | None:
        """The replicates of the recipe's confirmation as one module, where keep="ensemble" was asked for.

        It reads examples as `rows` gives them, not standardised; None where too few replicates came to
        their end.
        """
        return self._finished.ensemble

    @property
    def test(self) -> dict[str, Any]:
        """Scores on the test set, which was touched once, at the end."""
        return self._finished.test

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._finished.settings.folder

    @property
    def probes(self) -> pd.DataFrame:
        """What was seen inside confirmation's trainings, or inside the one of `train`.

        One row per member, look, probe and layer; docs/probes.md says what the probes are.
        """
        with open_journal(self._finished.settings.place) as journal:
            return pd.DataFrame(probe_rows(journal), columns=ProbeRow._fields)

    def predict(self, x: Any) -> NDArray[Any]:
        """What the network says of new examples, in the units of the data.

        Args:
            x: for a table, a data frame with the columns of training, or encoded rows [N, D]; else examples
                as they were in training: images [N, channels, height, width] of pixels, windows [N, steps,
                features], token codes [N, tokens]; flat rows [N, D] will do too.

        Returns:
            Labels [N]; for several labels at once truth values [N, C]; numbers [N], or [N, H] of H steps
            ahead; the likeliest next token at each position [N, T].

        Raises:
            BadInput: examples of another shape than those of training; columns that are missing.
        """
        data, standard = self._finished.data, self._finished.standard
        rows = self._examples(x)
        parts = np.array_split(rows, max(1, -(-len(rows) // _BLOCK)))
        with torch.no_grad():
            out = np.concatenate(
                [self.network(self._inputs(standard.x(part, self._bins))).numpy() for part in parts]
            )
        if data.task == "multilabel":
            return np.asarray(out > 0)
        if data.classes:
            labels: NDArray[Any] = np.array(data.classes)[out.argmax(-1)]
            return labels
        return standard.unscale_y(out[:, 0] if data.y.ndim == 1 else out)

    def rows(self, x: Any) -> torch.Tensor:
        """New examples as `ensemble` reads them, [N, D].

        Args:
            x: as for `predict`.

        Raises:
            BadInput: as for `predict`.
        """
        return torch.from_numpy(np.array(self._examples(x)))

    def _examples(self, x: Any) -> NDArray[Any]:
        """Flat rows [N, D], as the data set holds them."""
        data = self._finished.data
        if data.form == "table" and (isinstance(x, pd.DataFrame) or hasattr(x, "to_pandas")):
            return Encoder.of(data).encode(x)
        rows = np.asarray(x)
        if rows.shape in (data.shape, (data.x.shape[1],)):
            rows = rows[None]
        if rows.ndim > 1 and rows.shape[1:] in (data.shape, (data.x.shape[1],)):
            return rows.reshape(len(rows), -1)
        sides = " × ".join(map(str, data.shape))
        names = ", ".join(data.feature_names[:8])
        remedy = f"They are: {names}, …" if names else "Give examples as they were in training."
        raise BadInput("x", f"must have the {sides} inputs of the training data", rows.shape[1:], remedy)

    @property
    def _bins(self) -> int:
        """Bins that the network reads numbers in."""
        return bins_of(self.recipe, ports_of(self._finished.data))

    def _inputs(self, rows: NDArray[np.float32]) -> torch.Tensor:
        """Standardised rows as the network reads them."""
        ports = ports_of(self._finished.data)
        x = torch.from_numpy(rows)
        if isinstance(spec_of(self.recipe, ports), NetworkSpec):
            return x
        return (x.long() if ports.tokens else x).view(len(rows), *ports.binned(self._bins).shape)

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
