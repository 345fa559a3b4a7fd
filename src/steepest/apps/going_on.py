"""Studies that go on: after a kill or Ctrl-C, by the same command, or beyond what they were begun for."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from steepest.apps.network import Chosen, chosen, looked_for, workers_for
from steepest.apps.reporting import with_report
from steepest.apps.result import Result
from steepest.base.budget import Budget
from steepest.base.errors import BadInput, SteepestError
from steepest.base.own import dotted
from steepest.base.progress import Listener, Silent
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment.folder import is_run
from steepest.experiment.part import Extension, ended_parts
from steepest.experiment.resuming import asked_document, found_again, settings_of
from steepest.experiment.settings import Settings
from steepest.experiment.tune import go_on
from steepest.experiment.tune import tune as begin
from steepest.experiment.workers import cores
from steepest.store.opening import open_journal


def resume(
    folder: str | Path,
    data: Any = None,
    *,
    budget: str | Budget | None = None,
    fix: Mapping[str, Any] | None = None,
    space: Mapping[str, Any] | str | Path | None = None,
    network: Callable[..., nn.Module] | None = None,
    workers: int | None = None,
    started: float | None = None,
    listener: Listener | None = None,
    command: str | None = None,
) -> Result:
    """Go on with a study from where it was stopped, or extend one that has ended.

    A study that was killed goes on as if nothing had happened: with what its budget has left, to the same
    members and scores. An extension searches on from all that was tried, and confirms on fresh splits.

    Args:
        folder: the run's.
        data: the data once more, where they were objects in memory; others are found where they were.
        budget: what to spend beyond the first budget; then it is an extension.
        fix, space: as for `tune`: knobs that are fixed, or searched otherwise, from here on.
        network: the function that makes your own network, where it is one of this script or notebook.
        workers, started, listener, command: as for `tune`.

    Raises:
        BadInput: nothing is left to do; the data are not those of then.
        StoreError: there is no study, another process has it, or another steepest began it.

    Example:
        >>> import tempfile
        >>> from steepest.apps.api import tune
        >>> folder = tempfile.mkdtemp()
        >>> first = tune("iris", budget="9trials", fix={"epochs": 3}, workers=0, out=folder)
        >>> more = resume(folder, budget="4trials", workers=0)
        >>> len(more.facts.of("search", "")) - len(first.facts.of("search", ""))
        4
    """
    place, started = Path(folder), time.perf_counter() if started is None else started
    with open_journal(place) as journal:
        settings = settings_of(
            journal,
            folder=place,
            workers=0,
            started=started,
            command=command or f"st.resume({str(folder)!r})",
        )
    asked = chosen(network) if network is not None else Chosen((), {}, _here(settings))
    settings = replace(settings, workers=workers_for(asked, workers, cores()))
    if asked.here and network is None:
        remedy = "Give it again: st.resume(folder, network=make)."
        raise BadInput(
            "network", "must be given again: it was one of a script", settings.fixed["factory"], remedy
        )
    more = _more(budget, fix, space)

    def read_data() -> DataSet:
        if data is not None:
            return read(data, **settings.source.get("how", {}))
        return read(found_again(settings.source, place), **settings.source["how"])

    return with_report(go_on(read_data, settings, listener or Silent(), more))


def begin_or_go_on(
    read_data: Callable[[], DataSet], settings: Settings, listener: Listener, places: Sequence[Path]
) -> Result:
    """Begin a study, or go on with this very one where it lies unfinished.

    Args:
        read_data, settings, listener: as for `steepest.experiment.tune.tune`.
        places: folders that may hold it.
    """
    going = unfinished(settings, places)
    if going is None:
        return with_report(begin(read_data, settings, listener))
    listener.say(f"{going} holds this study, unfinished: it goes on there. Another --out begins anew.")
    return with_report(go_on(read_data, replace(settings, folder=going), listener))


def unfinished(settings: Settings, places: Sequence[Path]) -> Path | None:
    """The first of these folders that holds this very study, unfinished and in nobody's hands.

    Args:
        settings: what is asked for now.
        places: folders to look at; whether they are there does not matter.
    """
    if not settings.source:  # objects in memory are not known to be the same before they are read
        return None
    wanted = json.loads(json.dumps(asked_document(settings)))
    for place in places:
        if is_run(place) and _is_unfinished(place, wanted):
            return place
    return None


def _is_unfinished(place: Path, wanted: Mapping[str, Any]) -> bool:
    try:
        with open_journal(place) as journal:
            known = journal.document("asked")
            begun = known is not None and dict(known.body) == wanted
            over = ended_parts(journal) > 0 or bool(journal.documents("extension"))
            return begun and not over and not journal.claimed()
    except SteepestError:
        return False


def _more(
    budget: str | Budget | None,
    fix: Mapping[str, Any] | None,
    space: Mapping[str, Any] | str | Path | None,
) -> Extension | None:
    if budget is None:
        if fix or space:
            remedy = "Say how much to spend on it, such as budget='2m' (--budget 2m)."
            raise BadInput("budget", "must be given where a study is extended", None, remedy)
        return None
    wanted, fixed = looked_for(space, dotted(fix or {}), Chosen((), {}))
    if "epochs" in fixed:
        remedy = "Begin a new study with --start-from and the folder."
        raise BadInput(
            "epochs", "must stay as they were: all members train for the same time", fixed["epochs"], remedy
        )
    return Extension(Budget.parse(budget), wanted, fixed)


def _here(settings: Settings) -> bool:
    """Whether the network was one of a script or notebook."""
    return str(settings.fixed.get("factory", "")).startswith("__main__:")
