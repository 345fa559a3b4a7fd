"""A study as Optuna keeps one, for its dashboard and plots: an SQLite storage filled from the journal.

Optuna's own way in, one transaction per trial, takes some 40 ms for a trial of 25 knobs. So Optuna lays its
tables and makes the study, and the trials are then written into these tables in one transaction. Where the
tables are not those that steepest knows, Optuna's own way is taken.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from steepest.base.errors import BadInput, StoreError
from steepest.search.optuna_tables import Trials, known
from steepest.search.optuna_trials import AGAIN, trials_of
from steepest.search.silence import quiet
from steepest.store import Journal

MARK = "steepest"
"""User attribute of every study that was exported: only these are written over."""

SLOW = 0.04
"""Seconds that Optuna's own way takes per trial, measured with 25 knobs."""

EVERY = 2.0
"""Seconds between two looks at a study that is followed."""

Say = Callable[[str], None]
Studies = Mapping[str, optuna.Study]


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a study.

    Args:
        name: of the study in Optuna; members that were trained again are in the study "NAME again".
        measure: what its values are.
        lower: whether they should be low; else they should be high.
        facts: more about it, as user attributes.
    """

    name: str
    measure: str = "score"
    lower: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


def export_to_optuna(
    journal: Journal, path: Path, about: About, *, follow: bool = False, say: Say = lambda _: None
) -> int:
    """Write a study into an Optuna storage; what an earlier export of it wrote there is written anew.

    Args:
        journal: of the study.
        path: the storage, an SQLite file; other studies in it are left alone.
        about: what is said of the study.
        follow: go on until no process is at work on the study any more, or Ctrl-C.
        say: hears how it goes.

    Returns:
        How many trials it has.

    Raises:
        BadInput: the file is something else, or holds a study of that name that was not exported.
        StoreError: it cannot be written.
    """
    _check(path)
    try:
        with quiet():
            storage = optuna.storages.RDBStorage(f"sqlite:///{path.absolute()}")
        try:
            studies = {label: _study(storage, path, about, label) for label in ("", AGAIN)}
            with closing(sqlite3.connect(path, timeout=30.0, isolation_level=None)) as connection:
                if known(connection):
                    return _fill(journal, about.lower, studies, connection, follow, say)
            return _one_by_one(journal, about.lower, studies, follow, say)
        finally:
            storage.engine.dispose()
    except (sqlite3.Error, optuna.exceptions.StorageInternalError, OSError) as error:
        cause = str(error.__cause__ or error).split("\n")[0]
        raise StoreError(f"{path} could not be written: {cause}. Make room, or choose --out.") from error


def _fill(
    journal: Journal, lower: bool, studies: Studies, connection: sqlite3.Connection, follow: bool, say: Say
) -> int:
    written = {label: Trials(connection, study._study_id) for label, study in studies.items()}
    for each in written.values():
        each.clear()
    while True:
        running = follow and bool(
            journal.claimed()
        )  # asked first, so that the last look sees the study's end
        found = trials_of(journal, lower)
        changed = [written[label].update(trials) for label, trials in found.items()]
        if follow and any(changed):
            states = [trial.state for trials in found.values() for trial in trials.values()]
            say(f"{len(states):,} trials, {states.count(TrialState.RUNNING):,} of them running")
        if not running:
            return sum(map(len, written.values()))
        time.sleep(EVERY)


def _one_by_one(journal: Journal, lower: bool, studies: Studies, follow: bool, say: Say) -> int:
    """Trial by trial, through Optuna's own calls."""
    if follow:
        given, remedy = f"Optuna {optuna.__version__}", "Export again when the study has ended."
        raise BadInput("follow", "needs an Optuna whose tables steepest knows", given, remedy)
    found = trials_of(journal, lower)
    total = sum(map(len, found.values()))
    say(f"Optuna {optuna.__version__} takes {total:,} trials one by one: about {total * SLOW:,.0f} s.")
    with quiet():
        for label, trials in found.items():
            if studies[label].get_trials(deepcopy=False):
                remedy = "Remove the file, or name another with --out."
                raise BadInput("out", "must not hold the study already", studies[label].study_name, remedy)
            studies[label].add_trials(trials.values())
    return total


def _check(path: Path) -> None:
    """Refuse a file that is not an Optuna storage: Optuna would lay its tables into it."""
    if not path.exists():
        return
    remedy = "Name another file with --out."
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise BadInput("out", "must be a new file or an Optuna storage", str(path), remedy) from error
    if tables and not {"studies", "trials", "version_info"} <= tables:
        raise BadInput("out", "must be a new file or an Optuna storage", str(path), remedy)


def _study(storage: optuna.storages.RDBStorage, path: Path, about: About, label: str) -> optuna.Study:
    """The study of that name: a new one, or the one that an earlier export made."""
    name = f"{about.name} {label}".rstrip()
    with quiet():
        if name in optuna.get_all_study_names(storage):
            study = optuna.load_study(study_name=name, storage=storage)
            if MARK not in study.user_attrs:
                constraint = "must not hold a study of that name that steepest did not write"
                raise BadInput("out", constraint, f"{name} in {path}", "Name another file with --out.")
            return study
        direction = StudyDirection.MINIMIZE if about.lower else StudyDirection.MAXIMIZE
        study = optuna.create_study(study_name=name, storage=storage, direction=direction)
        study.set_metric_names([about.measure])
        for key, value in {MARK: True, **about.facts}.items():
            study.set_user_attr(key, value)
    return study
