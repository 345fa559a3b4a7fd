"""What a user may ask of a study, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from steepest.base.budget import Budget
from steepest.base.errors import BadInput, closest
from steepest.base.recipe import Recipe


@dataclass(frozen=True)
class Settings:
    """A study's settings.

    Args:
        budget: wall time or members.
        seed: fixes everything random.
        objective: metric to search by; None takes the task's first.
        folder: where the run is written.
        fixed: knobs the search leaves alone, with their values.
        start: trial 0: the default recipe, or the user's own.
        families: architectures that compete; () takes those that suit the data.
        workers: processes to train in; 0 trains in this process.
        command: how the study was asked for, for the record.
        precision: "float32" forbids rounding to bfloat16; "auto" rounds where that is faster and changes little.
    """

    budget: Budget
    seed: int
    folder: Path
    objective: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    start: Recipe = field(default_factory=Recipe)
    families: tuple[str, ...] = ()
    workers: int = 1
    command: str = ""
    precision: Literal["auto", "float32"] = "auto"

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise BadInput("seed", "must be a whole number, 0 or more", self.seed, "Any will do, such as 0.")
        if self.precision not in ("auto", "float32"):
            raise BadInput(
                "precision",
                "must be auto or float32",
                self.precision,
                closest(self.precision, ("auto", "float32")),
            )
        if self.workers < 0:
            raise BadInput(
                "workers", "must be 0 or more processes", self.workers, "Leave it out for one per core."
            )
