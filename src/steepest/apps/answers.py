"""Questions about data that end in a run folder: read, ask, write. Comparisons and conflicts are such."""

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from steepest.base.budget import Clock
from steepest.base.errors import BadInput
from steepest.base.progress import Listener, Progress
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment.folder import free, prepare, write_text

Found = TypeVar("Found")


class Answer(ABC):
    """What was found, in a folder. Printing it shows it as text.

    Args:
        folder: where its files are.
        page, facts: names of the page to read, and of every number behind it.
    """

    def __init__(self, folder: Path, page: str, facts: str) -> None:
        self.folder, self._page, self._facts_file = folder, page, facts

    def report(self) -> Path:
        """The page."""
        return self.folder / self._page

    @abstractmethod
    def summary(self) -> str:
        """The answer for a person."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Every fact, as plain JSON values."""

    @abstractmethod
    def pages(self) -> Mapping[str, str]:
        """The texts to write, by file name."""

    def write(self) -> None:
        """Write the facts and the pages into the folder."""
        facts = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        for name, text in {self._facts_file: facts, **self.pages()}.items():
            write_text(self.folder / name, text)

    def __repr__(self) -> str:
        return self.summary()


def figure(plain: Mapping[str, Any]) -> Any:
    """A plotly figure of the plain object that describes it.

    Raises:
        BadInput: where plotly is not installed.
    """
    try:
        from plotly import graph_objects  # optional: the pages need none
    except ImportError:
        remedy = "Run: pip install plotly. The page has the same pictures without it."
        raise BadInput("to_figure", "must have plotly to draw with", "none", remedy) from None
    return graph_objects.Figure(plain)


def asked(
    data: Any,
    how: Mapping[str, Any],
    find: Callable[[DataSet, Callable[[], None]], Found],
    *,
    out: str | Path | None,
    kind: str,
    files: tuple[str, ...],
    listener: Listener,
    clock: Clock,
) -> tuple[str, Path, Found]:
    """Read data, find something out about it, and have a folder for that.

    Args:
        data, how: what is read, and how.
        find: gets the data, and what to call before anything is trained: it makes the folder.
        out: the folder; None makes one under `runs/`, of the data's name and the `kind`.
        files: names of what will be written; nothing is written over.
        listener, clock: as ever.

    Returns:
        The data's name, the folder, and what was found.
    """
    listener.progress(Progress("read", clock.elapsed(), 0.0))
    table = read(data, **how)
    for note in (table.summary, *table.notes):
        listener.say(note)
    folder = free(f"{table.name}-{kind}") if out is None else Path(out)

    def ready() -> None:
        prepare(folder, *files)

    try:
        found = find(table, ready)
    except BaseException:
        with contextlib.suppress(OSError):  # only an empty folder goes
            folder.rmdir()
        raise
    listener.progress(Progress("write", clock.elapsed(), 1.0))
    return table.name, folder, found
