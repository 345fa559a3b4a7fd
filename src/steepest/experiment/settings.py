"""What a user may ask of a study, checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from steepest.base.budget import Budget
from steepest.base.errors import BadInput, closest
from steepest.base.recipe import Recipe
from steepest.experiment.earlier import Earlier

Precision = Literal["auto", "float32"]


@dataclass(frozen=True)
class Settings:
    """A study's settings.

    Args:
        budget: wall time, members or work.
        seed: fixes everything random.
        objective: metric to search by; None takes the task's first.
        costs: what is kept low beside it: "parameters", "flops", "latency".
        folder: where the run is written.
        fixed: knobs the search leaves alone, with their values.
        asked: knobs that are searched as the user says, as `steepest.search.asked` reads it.
        start: trial 0: the default recipe, or the user's own.
        earlier: what the user begins from, if anything.
        families: architectures that compete; () takes those that suit the data.
        limits: what a recipe must not exceed, as `steepest.experiment.limits` reads it.
        workers: processes to train in; 0 trains in this process.
        command: how the study was asked for, for the record.
        precision: "float32" forbids rounding to bfloat16; "auto" rounds where it pays and changes little.
        strategy: how it is searched, a name of `steepest.search.rivals.STRATEGIES`.
        sampler: Optuna's sampler that learns from the results, a name of `steepest.search.samplers.SAMPLERS`;
            "" for the strategy's own.
        storage: where the journal is kept, if not in the folder: "postgresql://…?study=NAME".
        keep: what is kept beside the network that is handed out, as `steepest.experiment.keeping` reads it.
        source: where the data are found again, as `steepest.experiment.resuming.source_of` says.
        stop_at: a score, in the metric's own unit, that is enough: the search stops once it is confirmed.
        started: the moment of `time.perf_counter` from which the budget counts; None for when work begins.
    """

    budget: Budget
    seed: int
    folder: Path
    objective: str | None = None
    costs: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    start: Recipe = field(default_factory=Recipe)
    earlier: Earlier | None = None
    families: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    workers: int = 1
    command: str = ""
    precision: Precision = "auto"
    strategy: str = "steepest"
    sampler: str = ""
    storage: str = ""
    keep: tuple[str, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    stop_at: float | None = None
    started: float | None = None

    @property
    def place(self) -> str | Path:
        """Where the journal is opened, password and all; the folder alone knows no password."""
        return self.storage or self.folder

    @property
    def reference(self) -> str:
        """What trial 0 is called."""
        return "your recipe" if self.earlier else "the default"

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise BadInput("seed", "must be a whole number, 0 or more", self.seed, "Any will do, such as 0.")
        check_precision(self.precision)
        if self.stop_at is not None and not math.isfinite(self.stop_at):
            raise BadInput("stop_at", "must be a number", self.stop_at, "Write a score, such as 0.98.")
        if self.workers < 0:
            raise BadInput(
                "workers", "must be 0 or more processes", self.workers, "Leave it out for one per core."
            )


def check_precision(precision: str) -> Precision:
    """The precision of that name.

    Raises:
        BadInput: for anything but "auto" and "float32".
    """
    known: tuple[Precision, ...] = get_args(Precision)
    for name in known:
        if name == precision:
            return name
    raise BadInput("precision", f"must be {' or '.join(known)}", precision, closest(precision, known))
