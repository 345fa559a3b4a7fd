"""Conflicts around the recipe that a study found: sought on its data, kept in its run, shown on its page."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from steepest.apps.finished import Finished
from steepest.apps.run_folders import HOME, find, is_run
from steepest.base.budget import Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Progress
from steepest.data.dataset import DataSet
from steepest.experiment import folder as files
from steepest.experiment.conflicted import Conflicted
from steepest.experiment.conflicting import Asked
from steepest.report.facts import read_facts
from steepest.report.page import to_html
from steepest.store.opening import open_journal
from steepest.store.records import Document

REMEDY = 'Seek around its recipe with the data given: st.conflicts(data, ..., fix={"width": 64}).'


def run_meant(data: Any) -> Path | None:
    """The run folder that is given in place of data, by its path or its name under `runs/`; None for data."""
    if not isinstance(data, str | Path):
        return None
    places = Path(data), Path(HOME) / data
    return find(data) if any(place.is_dir() and is_run(place) for place in places) else None


def sought_in(
    place: Path,
    question: Asked,
    given: Mapping[str, Any],
    find_conflicts: Callable[[DataSet, Asked], Conflicted],
    listener: Listener,
    clock: Clock,
) -> tuple[Finished, Conflicted]:
    """Read a study's data again, and seek around the recipe it found.

    Args:
        place: the run folder.
        question: what to try; its score is the study's unless another is named.
        given: name → value of what the study has settled, and is therefore not to be given: all None.
        find_conflicts: does the work.
        listener, clock: as ever.

    Raises:
        BadInput: the study has not ended; the data are others; something is given that is settled.
    """
    for name, value in given.items():
        if value is None:
            continue
        remedy = "Leave it out: it is as it was when the study began, and what is found is kept in its run."
        raise BadInput(name, "must be left out where a run is given", value, remedy)
    with open_journal(place) as journal:
        study = Finished.read(journal, place)
        journal.claim()  # refused now, not after the trainings, where another process extends the study
        listener.progress(Progress("read", clock.elapsed(), 0.0))
        table = study.data(journal, listener, remedy=REMEDY)
    asked = replace(question, start=study.winner, objective=question.objective or study.objective)
    return study, find_conflicts(table, asked)


def keep_in(study: Finished, found: Mapping[str, Any]) -> None:
    """Write what was found into the study's journal, and its page anew.

    Args:
        study: around whose recipe it was sought.
        found: plain values.
    """
    with open_journal(study.place) as journal:
        journal.claim()
        journal.record(documents=[Document("conflicts", {**found, "key": study.key})])
        facts = read_facts(journal)
    files.write_text(study.place / files.REPORT, to_html(facts))
