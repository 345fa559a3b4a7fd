"""The Python face of what earlier studies left: `st.runs`. Also what finds a run folder by its name."""

import contextlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from steepest.apps.pruning import Pruned, prune
from steepest.base.errors import BadInput, StoreError, closest
from steepest.report import run_list, runs_compared
from steepest.report.facts import Facts, read_facts
from steepest.report.member_text import show_member
from steepest.report.run_text import LEADERS, show
from steepest.report.runs import Run, Unread, read_run
from steepest.store import Journal, open_journal

HOME = "runs"
JOURNALS = ("study.db", "study.url")
"""A run folder holds one of these: the journal, or where the journal is."""

COMPARISON = "compare.json"


class Runs(Sequence[Run]):
    """The runs of a folder, newest first. Printing it shows the table.

    Args:
        folder: that holds the run folders.
        found: its runs.
        unread: folders in it that hold no study that can be read, each with the reason.
    """

    def __init__(self, folder: Path, found: Sequence[Run], unread: Sequence[Unread] = ()) -> None:
        self.folder, self.unread = folder, tuple(unread)
        self._found = tuple(found)

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, key: int | str) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Run]: ...
    def __getitem__(self, key: int | str | slice) -> Run | Sequence[Run]:
        if not isinstance(key, str):
            return self._found[key]
        return run_at(find(key, self.folder))

    def facts(self, name: str) -> Facts:
        """Everything that is known of a run, members and curves too."""
        return facts_at(find(name, self.folder))

    def show(self, name: str, *, member: int | None = None, top: int = LEADERS) -> str:
        """A run in words, or one of its members."""
        return show_run(find(name, self.folder), member=member, top=top)

    def compare(self, *names: str) -> str:
        """Runs side by side."""
        return runs_compared.to_text(some([find(name, self.folder) for name in names]))

    def prune(
        self,
        *names: str,
        older_than: str | None = None,
        keep_best: int | None = None,
        whole: bool = False,
        networks: bool = False,
        dry_run: bool = False,
    ) -> list[Pruned]:
        """Free room; see `steepest.apps.pruning.prune`. `whole` removes folders without asking."""
        chosen = [self[name] for name in names] if names else list(self)
        named = bool(names)
        return prune(chosen, named, older_than, keep_best, whole=whole, networks=networks, dry_run=dry_run)

    def to_dict(self) -> dict[str, Any]:
        """The table as plain values."""
        unread = [each.to_dict() for each in self.unread]
        return {"folder": str(self.folder), "runs": [run.to_dict() for run in self], "unread": unread}

    def __repr__(self) -> str:
        return listed(self)


def runs(folder: str | Path = HOME) -> Runs:
    """The runs of a folder, newest first.

    Args:
        folder: that holds run folders, or one run folder.

    Raises:
        BadInput: there is no such folder.

    Example:
        >>> import tempfile
        >>> from steepest.store import Document, open_journal
        >>> home = Path(tempfile.mkdtemp())
        >>> with open_journal(home / "iris-1", create=True) as journal:
        ...     journal.record(documents=[Document("study", {"data": "iris"})])
        >>> [(run.name, run.state, run.facts.study.data) for run in runs(home)]
        [('iris-1', 'unfinished', 'iris')]
    """
    home = Path(folder)
    if not home.is_dir():
        state = "a file" if home.exists() else "nothing there"
        beside = [each.name for each in _folders(home.parent)]
        remedy = closest(home.name, beside) if beside else "Check the path."
        raise BadInput("folder", "must be a folder of runs", f"{folder} ({state})", remedy)
    found: list[Run] = []
    unread: list[Unread] = []
    for each in [home] if is_run(home) else _folders(home):
        if not is_run(each):
            unread.append(Unread(each, _other(each)))
            continue
        try:
            found.append(run_at(each))
        except (StoreError, BadInput) as error:
            unread.append(Unread(each, str(error)))
    found.sort(key=lambda run: (run.started is not None, run.started and run.started.timestamp(), run.name))
    return Runs(home, found[::-1], unread)


def listed(found: Runs) -> str:
    """The table, as wide as the terminal."""
    if not found and not found.unread:
        return f"No runs in {found.folder}."
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return run_list.to_text(list(found), found.unread, width)


def is_run(folder: Path) -> bool:
    """Whether a folder holds a study, or says where it is."""
    return any((folder / name).is_file() for name in JOURNALS)


def find(place: str | Path, home: str | Path = HOME) -> Path:
    """The run folder that is meant: a path, or the name of one under `home`.

    Raises:
        BadInput: there is none; the closest name is told.
    """
    path = Path(place)
    if path.name in JOURNALS and path.is_file():
        return path.parent
    for folder in (path, Path(home) / path):
        if folder.is_dir() and is_run(folder):
            return folder
    if path.exists():
        given = f"{place} (a file)" if path.is_file() else f"{place} ({_other(path)})"
        inside = [each.name for each in _folders(path) if is_run(each)] if path.is_dir() else []
        remedy = f"It holds runs: name one of {', '.join(inside[:8])}." if inside else "Check the path."
        raise BadInput("run", "must be a run folder", given, remedy)
    beside = path.parent if path.parent != Path() else Path(home)
    names = [each.name for each in _folders(beside) if is_run(each)]
    remedy = closest(path.name, names) if names else f"There are no runs in {beside}."
    raise BadInput("run", "must be a run folder", f"{place} (nothing there)", remedy)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Journal]:
    """A run's journal, for reading; what no study writes is told as damage, in one message.

    Raises:
        StoreError: it cannot be read.
    """
    with open_journal(folder) as journal:
        try:
            yield journal
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            what = f"{type(error).__name__}: {error}".split("\n")[0]
            raise StoreError(
                f"{journal.place} holds what no study writes ({what}). It is damaged: restore it from a copy."
            ) from error


def run_at(folder: Path) -> Run:
    """A run at a glance."""
    with opened(folder) as journal:
        return read_run(folder, journal)


def some(folders: Sequence[Path]) -> list[Run]:
    """Two runs or more, to be compared.

    Raises:
        BadInput: there are fewer, or one is named twice.
    """
    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        given = [str(folder) for folder in folders]
        raise BadInput("runs", "must be two or more, each named once", given, "Name another run.")
    return [run_at(folder) for folder in folders]


def facts_at(folder: Path) -> Facts:
    """Everything that is known of a run."""
    with opened(folder) as journal:
        return read_facts(journal)


def show_run(folder: Path, *, member: int | None = None, top: int = LEADERS) -> str:
    """A run in words, or one of its members.

    Raises:
        BadInput: it has no such member.
    """
    with opened(folder) as journal:
        facts = read_facts(journal, curves=member is not None)
        if member is None:
            return show(Run(folder, facts, len(facts.members), journal.claimed()), facts, top)
    found = [each for each in facts.members if each.number == member]
    if not found:
        last = max((each.number for each in facts.members), default=-1)
        remedy = f"Members are numbered 0 to {last}." if last >= 0 else "Nothing was trained yet."
        raise BadInput("member", f"must be one of {folder}", member, remedy)
    return show_member(facts, found[0])


def _folders(home: Path) -> list[Path]:
    """Folders in a folder, less the hidden ones."""
    try:
        return sorted(each for each in home.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError:
        return []


def _other(folder: Path) -> str:
    """What a folder without a study holds."""
    if (folder / COMPARISON).is_file():
        return "a comparison of one knob, which has a page: compare.html"
    return "no study.db in it"
