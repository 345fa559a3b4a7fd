"""The least that a budget must allow: refused before anything is written where it can be foreseen."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, StoreError
from steepest.data.dataset import DataSet
from steepest.experiment import folder as files
from steepest.experiment.pace import EXTENTS, FINAL, LEAST_ROUNDS
from steepest.experiment.purse import writing_seconds
from steepest.experiment.settings import Settings
from steepest.experiment.work import operations
from steepest.networks.architecture import spec_of
from steepest.store.journal import Journal
from steepest.training.source import ports_of, rounds_of


def too_small(budget: Budget, needed: str, enough: str) -> BadBudget:
    """The error for a budget that does not even suffice to begin."""
    return BadBudget(
        "budget", f"must allow {needed}", budget.text, f"Give it {enough} or more, or fewer rows."
    )


def refuse_too_small(settings: Settings, data: DataSet, rows: int, clock: Clock) -> None:
    """Refuse a budget that does not pay for calibration and one network, or is spent already.

    Args:
        settings: with trial 0 as it is for the data.
        data: as they were read.
        rows: development rows.
        clock: has run since the study was asked for.

    Raises:
        BadBudget: with what it would take.
    """
    budget, start = settings.budget, settings.start
    rounds = rounds_of(data, rows)
    if budget.flops is not None:
        each = operations(start, spec_of(start, ports_of(data)), 0.8 * rows / rounds)
        length = max(1, round(start.epochs * rounds)) if "epochs" in settings.fixed else LEAST_ROUNDS
        flops = math.ceil(each * length * (EXTENTS[-1].replicates + FINAL))
        if flops > budget.flops:
            few = f"{EXTENTS[-1].replicates} short trainings of {settings.reference}, and its network"
            raise too_small(budget, f"{few}: {flops:.2g}flops", f"{4 * flops:.2g}flops")
    elif budget.seconds is not None:
        need = clock.elapsed() + writing_seconds(data.x.nbytes)
        if need > budget.seconds:
            spent = f"{clock.elapsed():.1f}s to begin and {writing_seconds(data.x.nbytes):.1f}s to write"
            raise too_small(budget, spent, f"{math.ceil(3 * need)}s")


@contextlib.contextmanager
def nothing_left(journal: Journal, folder: Path, made: bool) -> Iterator[None]:
    """Take away the study that was begun if its budget turns out not to suffice to begin.

    Args:
        journal: of the study, which this process began.
        folder: of the run.
        made: whether the folder is new.
    """
    try:
        yield
    except BadBudget as refusal:
        try:
            journal.discard()
        except StoreError as error:
            remedy = f"{refusal.remedy} What was begun is still there: {error}"
            raise BadBudget(refusal.argument, refusal.constraint, refusal.value, remedy) from None
        (folder / files.POINTER).unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):  # not empty: somebody else's
                folder.rmdir()
        raise
