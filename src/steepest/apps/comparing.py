"""The Python face of comparisons: `st.compare` and its result."""

import contextlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steepest.apps.network import chosen, workers_for
from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Progress, Silent
from steepest.data.read import Reading, read
from steepest.evidence.family import Row as Judged
from steepest.experiment.candidates import one_knob
from steepest.experiment.compared import Compared, Row
from steepest.experiment.comparing import compare as run_compare
from steepest.experiment.folder import prepare, write_text
from steepest.experiment.question import Question
from steepest.report.comparison import Comparison, to_text
from steepest.report.comparison_page import to_html

PAGE, FACTS = "compare.html", "compare.json"


class ComparisonResult:
    """A finished comparison. Printing it shows the table and the verdicts.

    Args:
        compared: what was found.
        folder: where its files are.
        command: how it was asked for.
    """

    def __init__(self, compared: Compared, folder: Path, command: str) -> None:
        self._compared, self.folder, self._command = compared, folder, command
        self._facts = Comparison.read(self.to_dict())

    @property
    def rows(self) -> tuple[Row, ...]:
        """One per value, in their order: `.value`, `.mean`, `.low`, `.high`, `.scores`, `.recipe`, …"""
        return self._compared.rows

    @property
    def verdicts(self) -> tuple[Judged, ...]:
        """Every other value against the reference: `.contender`, `.verdict`, `.p_adjusted`."""
        return self._compared.verdicts

    def report(self) -> Path:
        """The page."""
        return self.folder / PAGE

    def summary(self) -> str:
        """The comparison for a person."""
        return to_text(self._facts)

    def to_dict(self) -> dict[str, Any]:
        """Every fact, as plain JSON values."""
        return {**self._compared.to_dict(), "command": self._command}

    def write(self) -> None:
        """Write the page and the facts into the folder."""
        write_text(
            self.folder / FACTS, json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        )
        write_text(self.folder / PAGE, to_html(self._facts))

    def __repr__(self) -> str:
        return self.summary()


def compare(
    data: Any,
    *,
    epochs: Any = None,
    folds: int = 5,
    seeds: int = 2,
    rates: str | None = None,
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
    """Compare values of one knob by cross-validation, each at a learning rate of its own.

    Args:
        data: a built-in name, a path, a DataFrame, a pair (X, y) or a `DataSet`.
        epochs: of every training; a list compares them.
        folds: parts the rows are dealt into; each is held out once.
        seeds: rounds of that, each with folds and starts of its own.
        rates: "tuned" gives each value and fold the best rate of a ladder within its training rows; "scaled"
            scales it with the batch size; "same" leaves it.
        against: the value to hold the others against; the default value, or else the first.
        objective: metric to score by; accuracy for classification and R² for regression unless named.
        fix: other knobs, with their values.
        network: your own network, as for `tune`, or one family for all; a list of families compares them.
        budget: wall time of everything ("3m"): seeds, then rates are left out until it suffices.
        seed: fixes everything random.
        out: the run folder; by default one is made under `runs/`.
        workers: processes to train in, 0 for none but this one; None takes one per core for long work.
        listener: hears how it goes.
        command: how it was asked for, for the record.
        more: the knob to compare, as `batch_size=[16, 64]`; and how the data is read, as for `tune`.

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
    if isinstance(network, list | tuple):
        more, network = {**more, "network": network}, None
    asked_for = chosen(network)
    knob, values = one_knob(more)
    question = Question(
        knob=knob, values=values, folds=folds, seeds=seeds, seed=seed, epochs=epochs, rates=rates,
        against=against, objective=objective, fixed={**(fix or {}), **asked_for.knobs},
        workers=workers_for(asked_for, workers, 0) if asked_for.here else workers,
        budget=None if budget is None else Budget.parse(budget),
    )  # fmt: skip
    hearing = listener or Silent()
    hearing.progress(Progress("read", clock.elapsed(), 0.0))
    table = read(data, **how)
    for note in (table.summary, *table.notes):
        hearing.say(note)
    folder = _next(table.name) if out is None else Path(out)
    asked = command or f"st.compare({table.name!r}, {knob}={list(values)!r}, seed={seed})"
    try:
        compared = run_compare(table, question, hearing, clock, ready=lambda: _prepare(folder))
    except BaseException:
        with contextlib.suppress(OSError):  # only an empty folder goes
            folder.rmdir()
        raise
    hearing.progress(Progress("write", clock.elapsed(), 1.0))
    result = ComparisonResult(compared, folder, asked)
    result.write()
    return result


def _prepare(folder: Path) -> None:
    """Make the folder; nothing in it is written over."""
    for name in (PAGE, FACTS):
        if (folder / name).exists():
            constraint = f"must not hold {name} already: nothing is overwritten"
            raise BadInput("out", constraint, str(folder), "Name another folder, or remove this one.")
    prepare(folder)


def _next(name: str) -> Path:
    """The next free folder under `runs/`."""
    folders = (Path("runs") / f"{name}-compare-{number}" for number in itertools.count(1))
    return next(folder for folder in folders if not folder.exists())
