"""`steepest tune --resume`: what may be said of a study that goes on, and what was said when it began."""

from collections.abc import Mapping
from typing import Any

import typer

from steepest.base.errors import BadInput

CHANGEABLE = ("resume", "budget", "fix", "changes", "space", "workers", "quiet", "as_json")
"""Parameters of `tune` that may be given beside `--resume`."""


def is_given(context: typer.Context, name: str) -> bool:
    """Whether the user gave a parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_changes(
    context: typer.Context, data: str | None, source: str | None, how: Mapping[str, Any]
) -> None:
    """Refuse what was settled when the study began.

    Raises:
        BadInput: for data, and every option that cannot change.
    """
    if data is not None or source is not None:
        remedy = "Leave it out: they are found where they were."
        raise BadInput("DATA", "must not be given with --resume", data or source, remedy)
    given = [name for name in context.params if is_given(context, name) and name not in CHANGEABLE]
    given += [name for name in how if name not in given]
    if given:
        option = "--" + given[0].replace("_", "-")
        remedy = "Leave it out, or begin a new study with --start-from and the folder."
        raise BadInput(
            option, "must stay as it was when the study began", context.params.get(given[0]), remedy
        )


def needed(data: str | None) -> str:
    """The argument DATA, which all but `--resume` need.

    Raises:
        BadInput: if it is missing.
    """
    if data is None:
        remedy = "Name data, such as digits or people.csv; or go on with a study: --resume runs/digits-1."
        raise BadInput("DATA", "must be given", "nothing", remedy)
    return data
