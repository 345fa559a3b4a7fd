"""What is asked of a comparison, checked as far as that needs no data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget, BadInput, closest
from steepest.experiment.ladder import WAYS


@dataclass(frozen=True)
class Question:
    """What is compared, and how.

    Args:
        knob, values: as `candidates.one_knob` gives them.
        folds: parts the rows are dealt into; each is held out once.
        seeds: rounds of that, each with folds and starts of its own.
        seed: fixes everything random.
        epochs: of every training; the recipe's own if None.
        rates: "tuned", "scaled" or "same"; None tunes, or takes "same" where the rate itself is compared.
        against: the value that others are held against; None takes the default value, else the first.
        objective: the score; the task's first one if None.
        fixed: other knobs, with their values.
        budget: wall time of everything, None for no limit.
        workers: processes; None takes none for small work, one per core beyond.

    Raises:
        BadInput: for fewer than two folds or one seed, an unknown way with rates, a limit that is no time.
    """

    knob: str
    values: tuple[Any, ...]
    folds: int = 5
    seeds: int = 2
    seed: int = 0
    epochs: float | None = None
    rates: str | None = None
    against: Any = None
    objective: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        _whole("folds", self.folds, 2, "5 is usual.")
        _whole("seeds", self.seeds, 1, "2 is usual.")
        _whole("seed", self.seed, 0, "Any will do, such as 0.")
        if self.workers is not None:
            _whole("workers", self.workers, 0, "Leave it out for one per core.")
        if self.rates is not None and self.rates not in WAYS:
            raise BadInput("rates", "must be a known way", self.rates, closest(self.rates, WAYS))
        if self.rates == "scaled" and self.knob != "batch_size":
            remedy = "Use --rates tuned, which suits any knob."
            raise BadInput("rates", "must be 'scaled' for batch_size only", self.knob, remedy)
        if self.budget is not None and self.budget.seconds is None:
            raise BadBudget("budget", "must be a time", self.budget.text, "Write 60s, 3m or 2h.")

    @property
    def way(self) -> str:
        """How each value comes by its rate."""
        return self.rates or "tuned" if self.knob != "lr" else "same"


def _whole(name: str, value: Any, least: int, remedy: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(name, f"must be a whole number, {least} or more", value, remedy)
