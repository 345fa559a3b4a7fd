"""The options that say how data is read, declared once for every command that reads any."""

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from steepest.apps.cli.options import DATA
from steepest.base.errors import BadInput


def _option(metavar: str | None, text: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, show_default=False, rich_help_panel=DATA)


def _reading(
    target: Annotated[
        str | None,
        _option("COLUMN", "Column to predict: its name, or its place (0 is the first, -1 the last)."),
    ] = None,
    header: Annotated[
        bool | None,
        _option(
            None,
            "Whether the first line names the columns. Decided from the file if not given.",
            "--header/--no-header",
        ),
    ] = None,
    task: Annotated[
        str | None,
        _option("NAME", "classification or regression. Decided from the target if not given."),
    ] = None,
    kind: Annotated[
        str | None,
        _option("NAME", "table, image, series or text, where the data does not say what it is."),
    ] = None,
    test: Annotated[Path | None, _option("FILE", "A second file whose rows are the test set.")] = None,
    column: Annotated[
        list[str] | None,
        _option(
            "NAME=KIND",
            "What a column holds: number, boolean, date, category, code (embedded) or drop. "
            "May be given several times.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        _option("COLUMN", "Rows with equal values here stay on one side of every split."),
    ] = None,
    forecast: Annotated[
        str | None, _option("COLUMN", "Forecast this column of a table whose rows follow in time.")
    ] = None,
    horizon: Annotated[
        int | None, _option("STEPS", "How many steps ahead to forecast. One if not given.")
    ] = None,
    window: Annotated[
        int | None,
        _option("STEPS", "How many steps, characters or words a network reads. Chosen if not given."),
    ] = None,
    sort: Annotated[
        bool | None, _option(None, "Put the rows of a series in order of time first.", "--sort")
    ] = None,
    size: Annotated[
        int | None, _option("PIXELS", "Bring images to this side, where they differ in size.")
    ] = None,
    oriented: Annotated[
        bool | None,
        _option(
            None,
            "Whether a mirror image means something else (digits do). Decided from the images if not given.",
            "--oriented/--mirrored",
        ),
    ] = None,
) -> None:
    """What every reading command shares; only its signature is used."""


def reads_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options above; it receives those that were given as `how`."""
    shared = inspect.signature(_reading).parameters
    own = [p for p in inspect.signature(command).parameters.values() if p.name != "how"]

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        how = {name: given.pop(name) for name in shared if name in given}
        command(**given, how=_chosen(how))

    added = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in shared.values()]
    first = [p for p in own if p.name in ("context", "data")]
    rest = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p not in first]
    parameters = [*first, *added, *rest]
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    return wrapper


def _chosen(how: dict[str, Any]) -> dict[str, Any]:
    """Options that were given, columns as a mapping."""
    chosen = {name: value for name, value in how.items() if value is not None and value != []}
    if "column" in chosen:
        chosen["columns"] = parse_columns(chosen.pop("column"))
    return chosen


def parse_columns(settings: Iterable[str]) -> dict[str, str]:
    """`NAME=KIND` pairs as a mapping; the kinds are checked against the data.

    Example:
        >>> parse_columns(["age=number", "zip code=category"])
        {'age': 'number', 'zip code': 'category'}

    Raises:
        BadInput: for text without `=`, or a column given twice.
    """
    kinds: dict[str, str] = {}
    for setting in settings:
        name, separator, kind = setting.rpartition("=")
        if not separator or not name or not kind:
            raise BadInput("--column", "must read NAME=KIND", setting, "For example: --column age=number.")
        if name in kinds:
            raise BadInput(f"--column {name}", "must be given once", setting, f"It is {kinds[name]} already.")
        kinds[name.strip()] = kind.strip()
    return kinds
