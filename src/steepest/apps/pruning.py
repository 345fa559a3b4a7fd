"""Freeing room in run folders: first what can be made again, whole folders only where that is asked for."""

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from steepest.base.errors import BadInput, StoreError
from steepest.experiment.folder import ENSEMBLE, FINALISTS
from steepest.report.runs import Run
from steepest.store import open_journal

STATES = "states"
"""Folder of a run in which the states of members are kept, for going on from them."""

NETWORKS = (FINALISTS, ENSEMBLE)
"""Networks that `--keep` left beside the one that is handed out: made again only by training again."""

_HOURS = {"h": 1, "d": 24, "w": 24 * 7}
_NAMES = ("study.db", "study.url")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning does to one run.

    Args:
        run: at a glance.
        paths: files and folders that go.
        bytes: that this frees.
        kept: why nothing goes; "" where something does.
        stay: networks of `NETWORKS` that stay.
    """

    run: Run
    paths: tuple[Path, ...] = ()
    bytes: int = 0
    kept: str = ""
    stay: tuple[Path, ...] = ()


def prune(
    runs: Sequence[Run],
    named: bool,
    older_than: str | None = None,
    keep_best: int | None = None,
    *,
    whole: bool = False,
    networks: bool = False,
    dry_run: bool = False,
) -> list[Pruned]:
    """Free room in runs that are chosen, and say what went.

    What goes: states that members were kept in for going on, and files that were left half-written. The
    states of a study that is unfinished stay, because it is resumed from them. Networks that were kept
    beside the one that is handed out go where that is asked for. A run that is being worked on is never
    touched.

    Args:
        runs: to choose from.
        named: the runs were named one by one, so that nothing else needs to choose them.
        older_than: choose those that began longer ago than this: "12h", "30d", "8w".
        keep_best: leave out this many with the best confirmed score for each data set and measure. With
            `older_than`, a run must be both old and not among the best.
        whole: remove the whole folder.
        networks: remove finalists and ensembles too; the recipe's own network stays.
        dry_run: only say what would go.

    Raises:
        BadInput: nothing says which runs are meant, or a value cannot be read.
        StoreError: a file cannot be removed.
    """
    if not named and older_than is None and keep_best is None:
        remedy = "Add --older-than 30d or --keep-best 3, or name runs one by one."
        raise BadInput("prune", "must be told which runs are meant", "a folder of runs", remedy)
    if keep_best is not None and keep_best < 0:
        raise BadInput("keep-best", "must be 0 or more runs", keep_best)
    age = None if older_than is None else duration_of(older_than)
    best = _best(runs, keep_best) if keep_best is not None else set()
    now = datetime.now(UTC)
    chosen = [
        run
        for run in runs
        if run.folder not in best and (age is None or (run.started is not None and now - run.started > age))
    ]
    plan = [_planned(run, whole, networks) for run in chosen]
    if not dry_run:
        for each in plan:
            _remove(each)
    return plan


def duration_of(text: str) -> timedelta:
    """Read "12h", "30d" or "8w".

    Example:
        >>> duration_of("30d").days
        30
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([hdw])\s*", text)
    if match is None:
        raise BadInput(
            "older-than", "must be a number of hours, days or weeks", text, "Such as 12h, 30d, 8w."
        )
    return timedelta(hours=float(match[1]) * _HOURS[match[2]])


def _best(runs: Sequence[Run], count: int) -> set[Path]:
    """The folders of the best runs for each data set and measure; higher scores are better."""
    alike: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if run.confirmed is not None:
            alike[run.facts.study.fingerprint, run.facts.study.score_name].append(run)
    ranked = (sorted(group, key=lambda run: -(run.confirmed or 0.0)) for group in alike.values())
    return {run.folder for group in ranked for run in group[:count]}


def _planned(run: Run, whole: bool, networks: bool) -> Pruned:
    if run.holder:
        return Pruned(run, kept=f"{run.holder} is at work on it")
    if whole:
        if run.folder.is_symlink():
            return Pruned(run, kept="a link to a folder elsewhere")
        return Pruned(run, (run.folder,), bytes_of(run.folder))
    resumable = run.state == "unfinished"
    extra = [run.folder / name for name in NETWORKS]
    extra = [path for path in extra if path.exists() and not path.is_symlink()]
    paths = [each for each in sorted(run.folder.iterdir()) if each.name.endswith(".part")]
    states = run.folder / STATES
    if states.is_dir() and not states.is_symlink() and not resumable:
        paths.append(states)
    going = extra if networks and not resumable else []
    paths += going
    stay = () if going else tuple(extra)
    if not paths:
        kept = "it is resumed from its states" if resumable and states.is_dir() else "nothing to free"
        return Pruned(run, kept=kept, stay=stay)
    return Pruned(run, tuple(paths), sum(map(bytes_of, paths)), stay=stay)


def bytes_of(path: Path) -> int:
    """Size of a file, or of all files in a folder."""
    return sum(map(_size, _files(path)))


def _files(path: Path) -> Iterator[Path]:
    yield from ((file for file in path.rglob("*") if file.is_file()) if path.is_dir() else (path,))


def _size(file: Path) -> int:
    return file.lstat().st_size


def _remove(pruned: Pruned) -> None:
    if not pruned.paths:
        return
    if any((pruned.run.folder / name).exists() for name in _NAMES):
        with open_journal(pruned.run.folder) as journal:
            holder = journal.claimed()
        if holder:  # it was begun since it was looked at
            raise StoreError(f"{pruned.run.folder} was left alone: {holder} is at work on it now.")
    for path in pruned.paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} could not be removed: {error.strerror}. Check its rights.") from error
