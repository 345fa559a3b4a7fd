"""What a study needs to go on: what it was asked for, the same data, and the same steepest."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import steepest
from steepest.base.budget import Budget
from steepest.base.errors import BadInput, StoreError
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.experiment.earlier import Earlier
from steepest.experiment.settings import Settings
from steepest.search.grammar import words
from steepest.store.journal import Journal

RELATIVE = "from the run: "

HERE = ("folder", "workers", "command", "storage", "started")
"""Settings that another sitting may have otherwise."""


def as_plain(settings: Settings) -> dict[str, Any]:
    """Settings as plain JSON values, but for those that every sitting has of its own.

    Example:
        >>> folder = Path("runs/iris-1")
        >>> settings = Settings(Budget.parse("60s"), 0, folder, fixed={"depth": 2})
        >>> from_plain(as_plain(settings), folder=folder) == settings
        True
    """
    found = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings) if f.name not in HERE}
    earlier = settings.earlier
    return {
        **found,
        "budget": settings.budget.text,
        "start": settings.start.dotted(),
        "asked": {key: words(given) for key, given in settings.asked.items()},
        "earlier": earlier
        and {
            "place": earlier.place,
            "recipe": earlier.recipe.dotted(),
            "others": [other.dotted() for other in earlier.others],
            "task": earlier.task,
            "form": earlier.form,
        },
    }


def from_plain(given: Mapping[str, Any], **here: Any) -> Settings:
    """The inverse of `as_plain`.

    Args:
        given: what it returned, perhaps through JSON.
        here: folder, workers and command of this sitting.
    """
    earlier = given["earlier"]
    known: dict[str, Any] = {
        **{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()},
        "budget": Budget.parse(given["budget"]),
        "start": Recipe.make(**given["start"]),
        "earlier": earlier
        and Earlier(
            earlier["place"],
            Recipe.make(**earlier["recipe"]),
            tuple(Recipe.make(**other) for other in earlier["others"]),
            earlier["task"],
            earlier["form"],
        ),
    }
    return Settings(**known, **here)


def settings_of(journal: Journal, **here: Any) -> Settings:
    """The settings that a study was begun with.

    Raises:
        StoreError: if nothing was written before it was stopped, or another steepest wrote it.
    """
    document = journal.document("asked")
    if document is None:
        raise StoreError(
            f"{journal.place} holds nothing to go on with: it was stopped before its data were read. "
            "Remove it and begin again."
        )
    begun = document.body["steepest"]
    if begun != steepest.__version__:
        raise StoreError(
            f"{journal.place} was begun by steepest {begun}, and this is {steepest.__version__}, which may "
            f"decide otherwise. Install steepest=={begun} to go on, or begin a new study with --start-from."
        )
    return from_plain(document.body["settings"], **here)


def asked_document(settings: Settings) -> dict[str, Any]:
    """The "asked" document: all that is needed to go on."""
    return {"steepest": steepest.__version__, "settings": as_plain(settings)}


def check_same_data(journal: Journal, data: DataSet) -> None:
    """Refuse to go on with other data than the study was begun with.

    Raises:
        BadInput: names both fingerprints.
    """
    known = journal.document("study")
    if known is None or known.body["fingerprint"] == data.fingerprint:
        return
    raise BadInput(
        "data",
        f"must be those that the study was begun with, {known.body['data']} with the fingerprint "
        f"{known.body['fingerprint']}",
        f"{data.name} with the fingerprint {data.fingerprint}",
        "Give the data as they were then, or begin a new study in another folder.",
    )


def source_of(data: Any, how: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Where data are found again: a built-in name, or a path in three ways; {} for objects in memory.

    Args:
        data: as `steepest.tune` got it.
        how: the options they are read with.
        folder: of the run; who moves it along with the data finds them by the path between the two.
    """
    if not isinstance(data, str | Path) or not _is_plain(how):
        return {}
    path = Path(data)
    places = [str(data)]
    if path.exists():
        places += [str(path.absolute()), f"{RELATIVE}{os.path.relpath(path.absolute(), folder.absolute())}"]
    return {"places": places, "how": dict(how)}


def found_again(source: Mapping[str, Any], folder: Path) -> str:
    """Where the data of a study are now.

    Raises:
        BadInput: where they were in memory, or are no longer where they were.
    """
    remedy = 'Give them again: st.resume("runs/x", data=...).'
    if not source:
        raise BadInput("data", "must be given again: they were objects in memory", None, remedy)
    name, *paths = source["places"]
    for place in [name, *paths] if paths else []:
        path = folder / place.removeprefix(RELATIVE) if place.startswith(RELATIVE) else Path(place)
        if path.exists():
            return str(path)
    if not paths:
        return str(name)
    raise BadInput("data", "must still be where they were", name, f"Put them back at {paths[0]}. {remedy}")


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)
