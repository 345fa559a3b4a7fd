"""The Python face of conflicts: `st.conflicts` and its result."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from steepest.apps.answers import Answer, asked, figure
from steepest.apps.conflicts_in_run import keep_in, run_meant, sought_in
from steepest.apps.network import chosen, workers_for
from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Silent
from steepest.data.read import Reading
from steepest.experiment.conflicted import Conflicted, Pair, Setting
from steepest.experiment.conflicting import Asked
from steepest.experiment.conflicting import conflicts as find_conflicts
from steepest.experiment.switches import combinations
from steepest.report.conflicts import Conflicts, rows, to_text
from steepest.report.conflicts_page import to_html, to_markdown
from steepest.report.conflicts_plotly import to_plotly

PAGE, FACTS, TEXT = "conflicts.html", "conflicts.json", "conflicts.md"


class ConflictsResult(Answer):
    """A finished search for conflicts. Printing it shows the pairs with their verdicts and means.

    Args:
        found: what was found.
        folder: where its files are.
        command: how it was asked for.
    """

    def __init__(self, found: Conflicted, folder: Path, command: str) -> None:
        super().__init__(folder, PAGE, FACTS)
        self._found, self._command = found, command
        self._facts = Conflicts.read(self.to_dict())

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """One per pair: `.first`, `.second`, `.found.kind`, `.found.effect`, `.found.mean_11`, …"""
        return self._found.pairs

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What was trained: `.label`, `.scores`, `.rates`, `.recipe`, …"""
        return self._found.settings

    def summary(self) -> str:
        """The pairs for a person."""
        return to_text(self._facts)

    def to_dict(self) -> dict[str, Any]:
        """Every fact, as plain JSON values."""
        return {**self._found.to_dict(), "command": self._command}

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: verdict, interaction, interval, the four means, n."""
        return pd.DataFrame(rows(self._facts))

    def to_figure(self) -> Any:
        """A heat map of the pairs, and the four means behind each, as a plotly figure.

        Raises:
            BadInput: where plotly is not installed.
        """
        return figure(to_plotly(self._facts))

    def to_markdown(self) -> str:
        """The same for a pull request or a notebook."""
        return to_markdown(self._facts)

    def pages(self) -> dict[str, str]:
        """The page, and the same as Markdown."""
        return {TEXT: self.to_markdown(), PAGE: to_html(self._facts)}


def conflicts(
    data: Any,
    *switches: Any,
    folds: int = 10,
    seeds: int = 2,
    epochs: float | None = None,
    rates: str = "tuned",
    margin: float | None = None,
    objective: str | None = None,
    fix: Mapping[str, Any] | None = None,
    network: Any = None,
    budget: str | Budget | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    workers: int | None = None,
    listener: Listener | None = None,
    command: str | None = None,
    **how: Any,
) -> ConflictsResult:
    """Find out which strategies help, hinder or replace each other on your data.

    Every pair is trained in four settings (neither, one, the other, both), each at learning rates and decays
    of its own, on the same folds from the same seeds.

    Args:
        data: a built-in name, a path, a DataFrame, a pair (X, y) or a `DataSet`; or the run of a finished
            study: strategies are tried on its data in the recipe it found, and what is found is kept in it.
        switches: two or more strategies: "dropout=0.3" (on), "dropout=0,0.3" (off and on), "batch_size=x4",
            or a mapping of several knobs. Or names of known pairs, such as "dropout-norm". Nothing takes all
            known pairs that suit the data.
        folds: parts the rows are dealt into; each is held out once.
        seeds: rounds of that, each with folds and starts of its own.
        epochs: of every training; the recipe's own if not given.
        rates: "tuned" gives every setting and run the best rate and decay of ladders within its training
            rows; "same" leaves them.
        margin: an interaction up to this does not matter, in the metric's unit; the noise between runs if not
            given, or if that is larger.
        objective: metric to score by; accuracy for classification and R² for regression unless named.
        fix: other knobs, with their values.
        network: your own network, as for `tune`, or one family.
        budget: wall time of everything ("3m"): seeds, rates, then pairs are left out until it suffices.
        seed: fixes everything random.
        out: the run folder; by default one is made under `runs/`.
        workers: processes to train in, 0 for none but this one; None takes one per core for long work.
        listener: hears how it goes.
        command: how it was asked for, for the record.
        how: how the data is read, as for `tune`.

    Raises:
        BadInput: an argument or the data cannot be used; the message says what to do.

    Example:
        >>> import tempfile
        >>> out, quick = tempfile.mkdtemp(), {"epochs": 1, "folds": 3, "seeds": 1, "rates": "same"}
        >>> found = conflicts("iris", "dropout=0.3", "norm=batch", out=out, **quick)
        >>> [(pair.first, pair.second, pair.found.kind) for pair in found.pairs]
        [('dropout=0.3', 'norm=batch', 'unresolved')]
        >>> len(found.settings), found.report().name
        (4, 'conflicts.html')
    """
    clock = Clock()
    unknown = sorted(set(how) - set(Reading.__annotations__))
    if unknown:
        remedy = 'Write switches as text: st.conflicts(data, "dropout=0.3", "norm=batch").'
        raise BadInput(unknown[0], "must be an argument of conflicts or of reading", how[unknown[0]], remedy)
    if rates not in ("tuned", "same"):
        raise BadInput("rates", "must be 'tuned' or 'same'", rates, "Tuned is usual.")
    own = chosen(network)
    question = Asked(
        combinations=combinations(switches), named=bool(switches), folds=folds, seeds=seeds, seed=seed,
        epochs=epochs, tuned=rates == "tuned", margin=margin, objective=objective,
        fixed={**(fix or {}), **own.knobs}, workers=workers_for(own, workers, 0) if own.here else workers,
        budget=None if budget is None else Budget.parse(budget),
    )  # fmt: skip
    hearing, place = listener or Silent(), run_meant(data)
    told = "".join(f", {each!r}" for each in switches)
    if place is not None:
        study, found = sought_in(
            place, question, {**how, "network": network, "out": out},
            lambda table, about: find_conflicts(table, about, hearing, clock), hearing, clock,
        )  # fmt: skip
        result = ConflictsResult(found, place, command or f"st.conflicts({str(data)!r}{told}, seed={seed})")
        keep_in(study, result.to_dict())
    else:
        name, folder, found = asked(
            data, how, lambda table, ready: find_conflicts(table, question, hearing, clock, ready),
            out=out, kind="conflicts", files=(PAGE, FACTS, TEXT), listener=hearing, clock=clock,
        )  # fmt: skip
        result = ConflictsResult(found, folder, command or f"st.conflicts({name!r}{told}, seed={seed})")
    result.write()
    return result
