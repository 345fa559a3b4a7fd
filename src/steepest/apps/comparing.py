"""The Python face of comparisons: `st.compare` and its result."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from steepest.apps.answers import Answer, asked, figure
from steepest.apps.network import Chosen, chosen, workers_for
from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Silent
from steepest.base.recipe import KNOBS
from steepest.data.read import Reading
from steepest.evidence.family import Row as Judged
from steepest.experiment.compared import Compared, Row
from steepest.experiment.comparing import compare as run_compare
from steepest.experiment.contenders import combined, networks
from steepest.experiment.contenders import recipes as whole_recipes
from steepest.experiment.question import Question
from steepest.report.comparison import Comparison, to_text
from steepest.report.comparison_page import to_html
from steepest.report.comparison_plotly import to_plotly
from steepest.report.comparison_tables import table_rows, to_markdown

PAGE, FACTS = "compare.html", "compare.json"


class ComparisonResult(Answer):
    """A finished comparison. Printing it shows the table and the verdicts.

    Args:
        compared: what was found.
        folder: where its files are.
        command: how it was asked for.
    """

    def __init__(self, compared: Compared, folder: Path, command: str) -> None:
        super().__init__(folder, PAGE, FACTS)
        self._compared, self._command = compared, command
        self._facts = Comparison.read(self.to_dict())

    @property
    def rows(self) -> tuple[Row, ...]:
        """One per value, in their order: `.value`, `.mean`, `.low`, `.high`, `.scores`, `.recipe`, …"""
        return self._compared.rows

    @property
    def verdicts(self) -> tuple[Judged, ...]:
        """Every other value against the reference: `.contender`, `.verdict`, `.p_adjusted`."""
        return self._compared.verdicts

    def to_frame(self) -> pd.DataFrame:
        """One line per contender, with all numbers of the table and of its verdict."""
        return pd.DataFrame(table_rows(self._facts)).set_index("contender")

    def to_markdown(self) -> str:
        """The table and the verdicts, for a page or an issue."""
        return to_markdown(self._facts)

    def to_figure(self) -> Any:
        """Learning curves with bands, and the means at the end with their intervals, as a plotly figure.

        Raises:
            BadInput: where plotly is not installed.
        """
        return figure(to_plotly(self._facts))

    def summary(self) -> str:
        """The comparison for a person."""
        return to_text(self._facts)

    def to_dict(self) -> dict[str, Any]:
        """Every fact, as plain JSON values."""
        return {**self._compared.to_dict(), "command": self._command}

    def pages(self) -> dict[str, str]:
        """The page."""
        return {PAGE: to_html(self._facts)}


def compare(
    data: Any,
    *,
    epochs: Any = None,
    recipes: Any = None,
    each: bool = False,
    folds: int = 5,
    seeds: int = 4,
    looks: bool = True,
    rates: str | None = None,
    decays: bool | None = None,
    margin: float | None = None,
    against: Any = None,
    objective: str | None = None,
    fix: Mapping[str, Any] | None = None,
    network: Any = None,
    budget: str | Budget | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    workers: int | None = None,
    listener: Listener | None = None,
    command: str | None = None,
    **more: Any,
) -> ComparisonResult:
    """Compare contenders by cross-validation, each at a learning rate of its own.

    Args:
        data: a built-in name, a path, a DataFrame, a pair (X, y) or a `DataSet`.
        epochs: of every training; a list compares them.
        recipes: whole recipes to compare: files and run folders in a list, or recipes under names.
        each: of several knobs, one change at a time against the default; else all combinations.
        folds: parts the rows are dealt into; each is held out once.
        seeds: rounds of that, each with folds and starts of its own; folds · seeds is the number of paired
            replicates.
        looks: stop before all rounds are in once every verdict is clear; the error stays at 5 %.
        rates: "tuned" gives each contender and fold the best rate of a ladder within its training rows;
            "scaled" scales it with the batch size; "same" leaves it.
        decays: tune the weight decay too; done where rates are tuned unless said otherwise.
        margin: the smallest difference of the score that matters to you, where it is more than the spread
            between runs.
        against: the contender to hold the others against; the default one, or else the first.
        objective: metric to score by; accuracy for classification and R² for regression unless named.
        fix: other knobs, with their values.
        network: your own network, as for `tune`, or one family for all; a list compares them.
        budget: wall time of everything ("3m"): seeds, then rates are left out until it suffices.
        seed: fixes everything random.
        out: the run folder; by default one is made under `runs/`.
        workers: processes to train in, 0 for none but this one; None takes one per core for long work.
        listener: hears how it goes.
        command: how it was asked for, for the record.
        more: the knobs to compare, as `batch_size=[16, 64]`; and how the data is read, as for `tune`.

    Raises:
        BadInput: an argument or the data cannot be used; the message says what to do.

    Example:
        >>> import tempfile
        >>> out = tempfile.mkdtemp()
        >>> found = compare("iris", optimizer=["sgd", "adam"], epochs=5, rates="same", seeds=1, out=out)
        >>> [(row.label, row.rate, len(row.scores)) for row in found.rows]
        [('sgd', 0.2, 5), ('adam', 0.002, 5)]
        >>> found.report().name
        'compare.html'
    """
    clock = Clock()
    how = {name: more.pop(name) for name in Reading.__annotations__ if name in more}
    if epochs is not None and hasattr(epochs, "__iter__"):
        more, epochs = {**more, "epochs": epochs}, None
    title, values, asked_for = _contenders(more, recipes, network, each)
    question = Question(
        knob=title, values=values, folds=folds, seeds=seeds, seed=seed, epochs=epochs, rates=rates,
        against=against, objective=objective, fixed={**(fix or {}), **asked_for.knobs},
        workers=workers_for(asked_for, workers, 0) if asked_for.here else workers,
        budget=None if budget is None else Budget.parse(budget), looks=looks, decays=decays, margin=margin,
    )  # fmt: skip
    hearing = listener or Silent()
    name, folder, compared = asked(
        data, how, lambda table, ready: run_compare(table, question, hearing, clock, ready),
        out=out, kind="compare", files=(PAGE, FACTS), listener=hearing, clock=clock,
    )  # fmt: skip
    names = [str(each) for each in values] if title not in KNOBS else list(values)
    told = command or f"st.compare({name!r}, {title}: {names!r}, seed={seed})"
    result = ComparisonResult(compared, folder, told)
    result.write()
    return result


def _contenders(
    knobs: Mapping[str, Any], recipes: Any, network: Any, each: bool
) -> tuple[str, tuple[Any, ...], Chosen]:
    """What is compared, its contenders, and the network that all share."""
    many = isinstance(network, list | tuple)
    if recipes is not None:
        if knobs or many or each:
            given = ", ".join([*knobs, *(["network"] if many else []), *(["each"] if each else [])])
            raise BadInput("recipes", "must be compared alone", given, "Hold other knobs by fix= (--fix).")
        return *whole_recipes(recipes), chosen(network)
    if not many:
        return *combined(knobs, each), chosen(network)
    own = [chosen(one) for one in network]
    names = [str(one.fixed["factory"]) if "factory" in one.fixed else one.families[0] for one in own]
    if knobs or each:
        if any(":" in name for name in names):
            remedy = "Compare networks first, then the knobs of the better one."
            raise BadInput("network", "of your own must be compared without other knobs", names, remedy)
        return *combined({"network": names, **knobs}, each), chosen(None)
    return *networks(names), Chosen((), {}, here=any(one.here for one in own))
