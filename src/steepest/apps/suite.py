"""The Python face of comparisons over several data sets: `st.compare_suite` and its result."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Silent
from steepest.data.read import read
from steepest.experiment.comparing import compare
from steepest.experiment.contenders import combined
from steepest.experiment.folder import free, prepare, write_text
from steepest.experiment.question import Question
from steepest.experiment.suite import Suite, across, fewest_tasks, suite_of, useless
from steepest.report.suite import to_markdown, to_text
from steepest.training.metrics import objective_for

FACTS, PAGE = "suite.json", "suite.md"


class SuiteResult:
    """A finished comparison over data sets. Printing it shows its tables.

    Args:
        suite: what was found; `.compared` has the comparison of each data set.
        folder: where its files are.
    """

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.suite, self.folder = suite, folder

    def to_dict(self) -> dict[str, Any]:
        """Every fact across data sets, as plain JSON values."""
        return self.suite.to_dict()

    def to_frame(self) -> pd.DataFrame:
        """Mean of each contender (column) on each data set (row)."""
        facts = self.to_dict()
        columns = {row["label"]: row["scores"] for row in facts["rows"]}
        return pd.DataFrame({"measure": facts["objectives"], **columns}, index=facts["tasks"])

    def to_markdown(self) -> str:
        """The tables for a page."""
        return to_markdown(self.to_dict())

    def summary(self) -> str:
        """The tables for a person."""
        return to_text(self.to_dict())

    def report(self) -> Path:
        """The page."""
        return self.folder / PAGE

    def __repr__(self) -> str:
        return self.summary()


def compare_suite(
    name: str = "small",
    *,
    each: bool = False,
    folds: int = 5,
    seeds: int = 4,
    rates: str | None = None,
    decays: bool | None = None,
    epochs: Any = None,
    fix: Mapping[str, Any] | None = None,
    budget: str | Budget | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    workers: int | None = None,
    listener: Listener | None = None,
    tasks: tuple[str, ...] | None = None,
    **knobs: Any,
) -> SuiteResult:
    """Compare values of knobs over the data sets of a suite, each contender at rates of its own.

    Args:
        name: of the suite; "small" are the bundled data sets.
        each, folds, seeds, rates, decays, epochs, fix, seed, workers, listener: as for `steepest.compare`.
            Every data set gets all seeds, so that runs weigh the same.
        budget: wall time for each data set.
        out: the run folder; by default one is made under `runs/`.
        tasks: built-in names in place of the suite's.
        knobs: what to compare, as `optimizer=["sgd", "adam"]`.

    Raises:
        BadInput: as for `steepest.compare`.

    Example:
        >>> import tempfile
        >>> found = compare_suite(optimizer=["sgd", "adam"], tasks=("iris", "wine"), epochs=2, seeds=1,
        ...                       rates="same", out=tempfile.mkdtemp(), workers=0)
        >>> list(found.to_frame().index)
        ['iris', 'wine']
    """
    if epochs is not None and hasattr(epochs, "__iter__"):
        knobs, epochs = {**knobs, "epochs": epochs}, None
    names = tasks or suite_of(name)
    title, values = combined(knobs, each)
    hearing = listener or Silent()
    folder = prepare(free(f"suite-{name}") if out is None else Path(out), FACTS, PAGE)
    if len(names) < fewest_tasks(len(values)):
        hearing.say(
            f"{len(names)} data sets can never tell two of {len(values)} contenders apart, whatever they "
            f"score: {fewest_tasks(len(values))} are needed."
        )
    found, floors = [], []
    for place, each_name in enumerate(names):
        data = read(each_name)
        hearing.say(f"{place + 1} of {len(names)}: {data.summary}")
        question = Question(
            knob=title, values=values, folds=folds, seeds=seeds, seed=seed, epochs=epochs, rates=rates,
            fixed=dict(fix or {}), workers=workers, looks=False, decays=decays,
            budget=None if budget is None else Budget.parse(budget),
        )  # fmt: skip
        floors.append(useless(data, objective_for(data.task, None)))
        found.append(compare(data, question, hearing, Clock()))
    runs = min(len(each.rows[0].scores) for each in found)
    if any(len(each.rows[0].scores) != runs for each in found):
        constraint = "must pay for as many rounds on every data set"
        raise BadInput("budget", constraint, str(budget), "Give each data set more time, or fewer seeds.")
    result = SuiteResult(across(name, found, floors), folder)
    write_text(folder / FACTS, json.dumps(result.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
    write_text(folder / PAGE, result.to_markdown())
    return result
