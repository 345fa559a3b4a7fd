"""How much may be spent: wall time, members or work, and the clock that counts the time."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from steepest.base.errors import BadBudget

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_FORMS = (
    "Write a time such as 60s, 3m or 2h, a number of members such as 150trials, work such as 1e12flops, "
    'or members with one of the others: "10m,500trials".'
)
_ONE = re.compile(r"\s*(\d+(?:\.\d+)?(?:e\+?\d+)?)\s*(s|m|h|trials?|flops?)\s*", flags=re.IGNORECASE)
LEAST_SECONDS = 5.0


class Spent(NamedTuple):
    """How far a budget is spent: in its unit ("s", "trials", "flops"), so much of so much."""

    unit: str
    used: float
    limit: float

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return min(max(self.used / self.limit, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on a study. None is no limit; whichever is reached first ends the search.

    Args:
        text: as it was written.
        seconds: wall time of everything.
        trials: members started by the search.
        flops: floating-point operations of training, of all members of all stages.
    """

    text: str
    seconds: float | None = None
    trials: int | None = None
    flops: float | None = None

    @classmethod
    def parse(cls, text: "str | Budget") -> "Budget":
        """Read `60s`, `3m`, `1.5h`, `150trials`, `1e12flops` or `10m,500trials`.

        Raises:
            BadBudget: for anything else, for zero, for the same twice, for time together with work, and for
                less time than a study can start in.

        Example:
            >>> Budget.parse("3m").seconds
            180.0
            >>> Budget.parse("150trials").trials
            150
            >>> Budget.parse("1e12flops, 500trials")
            Budget(text='1e12flops,500trials', seconds=None, trials=500, flops=1000000000000.0)
        """
        if isinstance(text, Budget):
            return text
        found: dict[str, float] = {}
        words = [part.strip() for part in str(text).split(",")]
        for part in words:
            kind, amount = _amount(part, text)
            if kind in found:
                raise BadBudget("budget", f"must limit {kind} once", text, _FORMS)
            found[kind] = amount
        if {"seconds", "flops"} <= found.keys():
            why = "must limit time or work, not both: what is searched would hang on the machine's speed"
            raise BadBudget("budget", why, text, _FORMS)
        trials = found.get("trials")
        return cls(
            text=",".join(words),
            seconds=found.get("seconds"),
            trials=None if trials is None else int(trials),
            flops=found.get("flops"),
        )

    def spent(self, used: Mapping[str, float]) -> Spent | None:
        """How far it is spent, by the limit that is nearest to its end; None without a limit.

        Args:
            used: so far, by unit: "s", "trials", "flops".

        Example:
            >>> Budget.parse("10m,500trials").spent({"s": 60, "trials": 200, "flops": 1e9})
            Spent(unit='trials', used=200, limit=500)
        """
        limits = {"s": self.seconds, "trials": self.trials, "flops": self.flops}
        known = [Spent(unit, used[unit], limit) for unit, limit in limits.items() if limit]
        return max(known, key=lambda spent: spent.share, default=None)


def _amount(part: str, text: object) -> tuple[str, float]:
    """The field of a budget that a part of its text is for, and its amount."""
    match = _ONE.fullmatch(part)
    if match is None or not float(match[1]):
        raise BadBudget("budget", "must be a positive number with a unit", text, _FORMS)
    amount, unit = float(match[1]), match[2].lower()
    if unit.startswith("trial"):
        if amount < 1 or amount != int(amount):
            raise BadBudget("budget", "must be a whole number of trials, at least 1", text, _FORMS)
        return "trials", amount
    if unit.startswith("flop"):
        return "flops", amount
    seconds = amount * _SECONDS[unit]
    if seconds < LEAST_SECONDS:
        raise BadBudget("budget", f"must be at least {LEAST_SECONDS:g}s", text, _FORMS)
    return "seconds", seconds


@dataclass(slots=True)
class Clock:
    """Wall time since the study began, in seconds; `spent_before` carries what earlier sittings used."""

    spent_before: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Seconds spent on the study so far."""
        return self.spent_before + time.perf_counter() - self.started
