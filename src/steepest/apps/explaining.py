"""The Python face of explanations: `st.explain`, why the winner of a finished study won."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from steepest.apps.finished import Finished
from steepest.apps.network import Chosen, workers_for
from steepest.apps.run_folders import find
from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadInput, closest
from steepest.base.progress import Listener, Progress, Silent
from steepest.data.read import Reading
from steepest.experiment import folder as files
from steepest.experiment.explaining import Why
from steepest.experiment.explaining import explain as find_way
from steepest.experiment.workers import cores
from steepest.report.explanation import COLUMNS, frame_rows, to_markdown, to_text
from steepest.report.export import to_dict
from steepest.report.facts import Facts, read_facts
from steepest.report.page import to_html
from steepest.store.opening import open_journal
from steepest.store.records import Document


class Explanation:
    """Why the winner won. Printing it shows the way, step by step.

    Args:
        facts: of the study, with the explanation.
        folder: of the run.
    """

    def __init__(self, facts: Facts, folder: Path) -> None:
        self.facts, self.folder = facts, folder

    def report(self) -> Path:
        """The study's page, which shows the way too."""
        return self.folder / files.REPORT

    def summary(self) -> str:
        """The way for a terminal."""
        return to_text(self.facts)

    def to_dict(self) -> dict[str, Any]:
        """The way as plain JSON values."""
        found: dict[str, Any] = to_dict(self.facts)["explanation"]
        return found

    def to_frame(self) -> pd.DataFrame:
        """One row per step, the default first: mean, gain over the step before, interval, verdict, share."""
        return pd.DataFrame(frame_rows(self.facts), columns=COLUMNS)

    def to_markdown(self) -> str:
        """The same for a pull request or a notebook."""
        return to_markdown(self.facts)

    def __repr__(self) -> str:
        return self.summary()


def explain(
    run: str | Path,
    data: Any = None,
    *,
    budget: str | Budget | None = "60s",
    workers: int | None = None,
    listener: Listener | None = None,
    **how: Any,
) -> Explanation:
    """Find out why the winner of a finished study won, by training the way to it from the default.

    One switch at a time: first the one that gains most, then the next. Every step is trained anew, on splits
    and seeds of its own, and tested. What comes out is kept in the run's journal and shown on its page.

    Args:
        run: its folder, or its name under `runs/`.
        data: the data once more, where they have moved or were objects in memory; others are found where
            they were.
        budget: wall time of everything; None for no limit.
        workers: processes to train in, 0 for none but this one; None takes one per core.
        listener: hears how it goes.
        how: how the data given here are read, as for `tune`, where it differs from then.

    Raises:
        BadInput: the study has not ended, or found nothing better; the data are not those of then.
        BadBudget: too little for a verdict.

    Example:
        >>> import tempfile
        >>> from steepest.apps.api import tune
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "dull.yaml").write_text("lr: 1e-5")
        >>> quick = {"epochs": 3, "depth": 1, "norm": "none", "bins": 0, "schedule": "constant"}
        >>> begun = {"start_from": folder / "dull.yaml", "out": folder / "run", "fix": quick}
        >>> found = tune("iris", budget="9trials", workers=0, **begun)
        >>> why = explain(found.folder, budget=None, workers=0)
        >>> why.to_frame()["step"][0], why.facts.explanation.total.kind
        ('your recipe', 'better')
    """
    clock, hearing = Clock(), listener or Silent()
    limit = None if budget is None else Budget.parse(budget)
    place = find(run)
    with open_journal(place) as journal:
        study = Finished.read(journal, place)
        journal.claim()  # refused now, not after the trainings, where another process extends the study
        hearing.progress(Progress("read", clock.elapsed(), 0.0))
        _check_how(data, how)
        read_in = study.data(journal, hearing, data, how, 'Give them again: st.explain("runs/x", data=...).')
    why = Why(
        default=study.default, winner=study.winner, objective=study.objective, seed=study.settings.seed,
        shares=study.shares, workers=workers_for(Chosen((), {}), workers, cores()), budget=limit,
    )  # fmt: skip
    explained = find_way(read_in, why, hearing, clock)
    with open_journal(place) as journal:
        journal.claim()
        journal.record(documents=[Document("explanation", explained.to_dict())])
        facts = read_facts(journal)
    hearing.progress(Progress("write", clock.elapsed(), 1.0))
    files.write_text(place / files.REPORT, to_html(facts))
    return Explanation(facts, place)


def _check_how(data: Any, how: Mapping[str, Any]) -> None:
    """Ways to read come with the data that they are about."""
    for name, value in how.items():
        if name not in Reading.__annotations__:
            remedy = closest(name, Reading.__annotations__)
            raise BadInput(name, "must be an argument of explain or of reading", value, remedy)
        if data is None:
            remedy = "Leave it out: they are read as they were."
            raise BadInput(name, "must come with the data that it is about", value, remedy)
