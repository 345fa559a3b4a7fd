"""How much may be spent: wall time or a number of members, and the clock that counts it."""

import re
import time
from dataclasses import dataclass, field

from steepest.base.errors import BadBudget

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_FORMS = "Write a time such as 60s, 3m or 2h, or a number of members such as 150trials."
LEAST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on a study: `seconds` of wall time, or `trials` members started by the search. One is None."""

    text: str
    seconds: float | None = None
    trials: int | None = None

    @classmethod
    def parse(cls, text: "str | Budget") -> "Budget":
        """Read `60s`, `3m`, `1.5h` or `150trials`.

        Raises:
            BadBudget: for anything else, for zero, and for less time than a study can start in.

        Example:
            >>> Budget.parse("3m").seconds
            180.0
            >>> Budget.parse("150trials").trials
            150
        """
        if isinstance(text, Budget):
            return text
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|trials?)\s*", str(text), flags=re.IGNORECASE)
        if match is None:
            raise BadBudget("budget", "must be a positive number with a unit", text, _FORMS)
        amount, unit = float(match[1]), match[2].lower()
        if unit.startswith("trial"):
            if amount < 1 or amount != int(amount):
                raise BadBudget("budget", "must be a whole number of trials, at least 1", text, _FORMS)
            return cls(text=f"{int(amount)}trials", trials=int(amount))
        seconds = amount * _SECONDS[unit]
        if seconds < LEAST_SECONDS:
            raise BadBudget("budget", f"must be at least {LEAST_SECONDS:g}s", text, _FORMS)
        return cls(text=str(text).strip(), seconds=seconds)


@dataclass(slots=True)
class Clock:
    """Wall time since the study began, in seconds; `spent_before` carries what earlier sittings used."""

    spent_before: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Seconds spent on the study so far."""
        return self.spent_before + time.perf_counter() - self.started
