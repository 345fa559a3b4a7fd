"""What is asked of a comparison, checked as far as that needs no data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget, BadInput, closest
from steepest.base.recipe import KNOBS
from steepest.experiment.ladder import WAYS


@dataclass(frozen=True)
class Question:
    """What is compared, and how.

    Args:
        knob, values: as `candidates.one_knob`, or `contenders.combined` and its kin give them.
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
        looks: whether it may stop before all seeds are in, once the answer is clear.
        decays: whether the weight decay is tuned too, where a contender has one; None does so where rates are
            tuned and the decay is neither compared nor fixed.
        margin: the smallest difference of the score that matters; the spread between runs counts if larger.

    Raises:
        BadInput: for fewer than two folds or one seed, an unknown way with rates, a limit that is no time.
    """

    knob: str
    values: tuple[Any, ...]
    folds: int = 5
    seeds: int = 4
    seed: int = 0
    epochs: float | None = None
    rates: str | None = None
    against: Any = None
    objective: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget | None = None
    workers: int | None = None
    looks: bool = True
    decays: bool | None = None
    margin: float | None = None

    def __post_init__(self) -> None:
        _whole("folds", self.folds, 2, "5 is usual.")
        _whole("seeds", self.seeds, 1, "4 is usual.")
        _whole("seed", self.seed, 0, "Any will do, such as 0.")
        if self.workers is not None:
            _whole("workers", self.workers, 0, "Leave it out for one per core.")
        if self.rates is not None and self.rates not in WAYS:
            raise BadInput("rates", "must be a known way", self.rates, closest(self.rates, WAYS))
        if self.rates == "scaled" and self.knob != "batch_size":
            remedy = "Use --rates tuned, which suits any knob."
            raise BadInput("rates", "must be 'scaled' for batch_size only", self.knob, remedy)
        if self.margin is not None and not (isinstance(self.margin, int | float) and self.margin >= 0):
            raise BadInput("margin", "must be a difference of the score, 0 or more", self.margin, "Try 0.01.")
        if self.budget is not None and self.budget.seconds is None:
            raise BadBudget("budget", "must be a time", self.budget.text, "Write 60s, 3m or 2h.")

    @property
    def way(self) -> str:
        """How each value comes by its rate."""
        return self.rates or "tuned" if "lr" not in self.knobs else "same"

    @property
    def knobs(self) -> tuple[str, ...]:
        """The knobs that contenders differ in, as far as that is asked; () for whole recipes.

        Example:
            >>> Question("batch_size", (16, 64)).knobs
            ('batch_size',)
        """
        if self.knob in KNOBS or "." in self.knob:
            return (self.knob,)
        found = (knob for value in self.values for knob in getattr(value, "knobs", ()))
        return tuple(dict.fromkeys(found))

    @property
    def tunes_decay(self) -> bool:
        """Whether each contender's decay is chosen on its own."""
        known = "weight_decay" in self.knobs or "weight_decay" in self.fixed
        return self.way == "tuned" and not known and self.decays is not False


def _whole(name: str, value: Any, least: int, remedy: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(name, f"must be a whole number, {least} or more", value, remedy)
