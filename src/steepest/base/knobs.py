"""A knob: one declared choice of a recipe. Validation, search space, command line and docs read this.

A knob is attached to a field of `steepest.base.recipe.Recipe` with `typing.Annotated`, so that its name,
type and default stand in the same line.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Scale = Literal["linear", "log"]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a number is searched.

    Args:
        low, high: ends of the range, both included.
        center: mode of the prior; the default prior is a normal around it with a standard deviation of a
            quarter of the (logarithmic) range.
        scale: "linear" or "log".
        off: a value that means "not used"; it then gets half of the prior's mass.
        whole: only whole numbers.
    """

    low: float
    high: float
    center: float | None = None
    scale: Scale = "linear"
    off: float | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a range needs low < high, but got low={self.low!r}, high={self.high!r}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(
                f"a log range needs low > 0, but got low={self.low!r}; use scale='linear' or off=0"
            )

    @property
    def middle(self) -> float:
        """The centre, or the middle of the range on its scale where it has none.

        Example:
            >>> Range(1e-4, 1.0, scale="log").middle
            0.01
        """
        if self.center is not None:
            return self.center
        between = math.sqrt(self.low * self.high) if self.scale == "log" else (self.low + self.high) / 2
        return round(between) if self.whole else between


@dataclass(frozen=True, slots=True)
class Choice:
    """A finite set of values, with prior weights (equal if none are given)."""

    options: tuple[Any, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if len(self.options) < 1:
            raise ValueError("a choice needs at least one option")
        if self.weights is not None and len(self.weights) != len(self.options):
            raise ValueError(f"a choice needs one weight per option, but got {len(self.weights)} weights")


@dataclass(frozen=True, slots=True)
class Knob:
    """One declared choice.

    Args:
        meaning: what it does, in one line, for `--help`, docs and the report.
        unit: "steps", "epochs", "examples", "per step", … or "" for pure numbers.
        source: where the range and default come from.
        valid: closed limits outside which a value is refused, whatever the search does.
        search: where `tune` looks; None means the knob stays at its default.
        search_by: other ranges for particular values of another knob: {("optimizer", "sgd"): Range(…)}; with
            "task" for that knob, for a task.
        when: the knob matters only if each named knob has one of the named values.
        forms: forms of data the knob matters for; () means all.
        tasks: tasks the knob matters for; () means all.
        splits_stack: True where two values cannot share one tensor program: they change its shape.
    """

    meaning: str
    unit: str = ""
    source: str = ""
    valid: tuple[float, float] | None = None
    search: Range | Choice | None = None
    search_by: Mapping[tuple[str, str], Range | Choice] = field(default_factory=dict)
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    forms: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    splits_stack: bool = False

    def matters(self, form: str = "", task: str = "") -> bool:
        """Whether it has an effect on data of a form and a task; "" leaves either open.

        Example:
            >>> Knob("probability of a mirror image", forms=("image",)).matters("table")
            False
        """
        suits_form = not form or not self.forms or form in self.forms
        return suits_form and (not task or not self.tasks or task in self.tasks)
