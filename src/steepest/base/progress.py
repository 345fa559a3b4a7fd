"""What a running study says of itself; the command line draws it, Python may ignore it."""

from dataclasses import dataclass
from typing import Protocol

from steepest.base.budget import Spent


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a running study.

    Args:
        stage: "read", "calibrate", "search", "confirm", "test", "write".
        elapsed: seconds since the study began.
        share: share of the budget that is spent, in [0, 1].
        started: members started so far.
        alive: members training now.
        steps_per_second: member-steps per second, over the last stretch.
        best: best score of the search so far (higher is better), None before the first.
        bar: score to clear: the better baseline, None before it is known.
        score_name: what the scores are: "accuracy", "r2", …
        seconds_left: wall time left, None where the budget does not limit it.
        spent: what is used up of the limit that is nearest to its end, in its unit.
    """

    stage: str
    elapsed: float
    share: float
    started: int = 0
    alive: int = 0
    steps_per_second: float = 0.0
    best: float | None = None
    bar: float | None = None
    score_name: str = ""
    seconds_left: float | None = None
    spent: Spent | None = None


class Listener(Protocol):
    """Hears a study: snapshots of its progress, and sentences meant for the user."""

    def progress(self, snapshot: Progress) -> None:
        """Called a few times a second at most."""

    def say(self, sentence: str) -> None:
        """A decision or repair the user should know of: 'column 3 is constant: left out'."""


class Silent:
    """A listener that ignores everything."""

    def progress(self, snapshot: Progress) -> None:
        """Ignore it."""

    def say(self, sentence: str) -> None:
        """Ignore it."""
