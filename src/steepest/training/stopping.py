"""When a member's training stops before its horizon: rules that read its checks, each with a reason in words.

A check is a score on held-out rows after a round, and such a score is a measurement: the next round would
give another one though nothing was gained. `Plateau` therefore asks whether the last n checks are better than
the n best ones in a row before them by more than a standard error,

    gain = mean(last n) − max over windows of n before (mean),     stop if gain ≤ z · SE,
    SE² = 2 σ²/n + |gain| (1 − |gain|)/N,        σ² = mean (s_{t+1} − s_t)² / 2  over the last 2n checks.

The first term is the curve's own jitter: σ² from differences of neighbours is the variance around a trend
(von Neumann 1941), and a window's mean has a share 1/n of it. The second is the sampling noise of a score
that is a share of N rows: both windows are scored on the same rows, so only rows whose answer changed count.
At least N·|gain| did, and with so few this is McNemar's variance of a difference of two shares.

The family of rules is Prechelt's (1998, "Early stopping - but when?"): like his PQ and UP it compares strips
of successive checks, like his GL with the best so far. It departs in measuring progress by its standard
error, where those have thresholds in per cent that suit one data set's noise and not another's. z = 1 is the
standard error of Breiman et al. (1984, section 3.4.3), who prefer the smaller tree within one.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from steepest.base.errors import BadInput

PATIENCE = 5
"""Checks that a window holds unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look at a member in training.

    Args:
        round: rounds of training behind.
        score: on held-out rows, higher is better; NaN once its loss stopped being a number.
        seconds: of training behind.
        memory: bytes its process holds.
    """

    round: int
    score: float
    seconds: float = 0.0
    memory: int = 0


class StopRule(Protocol):
    """A reason to stop."""

    def reason(self, checks: Sequence[Check]) -> str:
        """Why training should stop after the last of these checks, "" if it should go on."""


@dataclass(frozen=True, slots=True)
class Diverged:
    """The loss stopped being a number."""

    def reason(self, checks: Sequence[Check]) -> str:
        """See `StopRule`."""
        return "the loss stopped being a number" if math.isnan(checks[-1].score) else ""


@dataclass(frozen=True, slots=True)
class Horizon:
    """So many rounds are behind.

    Args:
        rounds: of training.
    """

    rounds: int

    def reason(self, checks: Sequence[Check]) -> str:
        """See `StopRule`."""
        return f"all {self.rounds} rounds were trained" if checks[-1].round >= self.rounds else ""


@dataclass(frozen=True, slots=True)
class Target:
    """The score is good enough.

    Args:
        score: that is asked for.
    """

    score: float

    def reason(self, checks: Sequence[Check]) -> str:
        """See `StopRule`."""
        return f"the score reached {self.score:g}" if checks[-1].score >= self.score else ""


@dataclass(frozen=True, slots=True)
class Plateau:
    """No significant improvement; the equation opens this file.

    Args:
        patience: n, checks in a window; no member stops before 2n.
        rows: N, held-out rows of which the score is the share that is right; 0 where it is something else,
            whose sampling noise the jitter alone has to tell.
        errors: z, standard errors that count as improvement.

    Example:
        >>> rising = [Check(t, t / 10) for t in range(1, 9)]
        >>> flat = [Check(t, 0.8 + 0.01 * (t % 2)) for t in range(9, 17)]
        >>> rule = Plateau(patience=3)
        >>> rule.reason(rising), rule.reason(rising + flat)
        ('', 'no significant improvement over 3 checks')
    """

    patience: int = PATIENCE
    rows: int = 0
    errors: float = 1.0

    def __post_init__(self) -> None:
        if self.patience < 2:  # of one check a window's jitter cannot be told from its gain
            raise BadInput("patience", "must be 2 checks or more", self.patience, f"Try {PATIENCE}.")

    def reason(self, checks: Sequence[Check]) -> str:
        """See `StopRule`."""
        n = self.patience
        scores = np.array([check.score for check in checks])
        if len(scores) < 2 * n or not np.isfinite(scores).all():
            return ""
        means = np.convolve(scores, np.full(n, 1 / n), "valid")
        gain = float(means[-1] - means[:-n].max())
        jitter = float(np.mean(np.diff(scores[-2 * n :]) ** 2)) / 2
        sampling = min(abs(gain), 1.0) * (1 - min(abs(gain), 1.0)) / self.rows if self.rows else 0.0
        error = math.sqrt(2 * jitter / n + sampling)
        return f"no significant improvement over {n} checks" if gain <= self.errors * error else ""


@dataclass(frozen=True, slots=True)
class Time:
    """So many seconds are behind.

    Args:
        seconds: allowed.
    """

    seconds: float

    def reason(self, checks: Sequence[Check]) -> str:
        """See `StopRule`."""
        return f"{self.seconds:g} s of training were up" if checks[-1].seconds >= self.seconds else ""


@dataclass(frozen=True, slots=True)
class Memory:
    """The process holds more than it may.

    Args:
        most: bytes allowed.
    """

    most: int

    def reason(self, checks: Sequence[Check]) -> str:
        """See `StopRule`."""
        held = checks[-1].memory
        return f"its process held {held / 1e9:.2f} GB of memory" if held > self.most else ""


@dataclass(frozen=True, slots=True)
class Stopping:
    """When one member stops, and what is kept of it.

    A member whose loss stopped being a number stops in any case.

    Args:
        rules: asked in this order after every check; the first reason counts.
        metric: that scores are made of.
        restore: whether the state after the best check is kept, in place of the last one: the first of the
            best, where several are.

    Example:
        >>> Stopping((Target(0.9), Plateau()), "accuracy").metric
        'accuracy'
    """

    rules: tuple[StopRule, ...]
    metric: str
    restore: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """What came of a member under a `Stopping`.

    Args:
        round: rounds it trained.
        reason: why it stopped, "" if the job ended first.
        best: round of its best check, 0 if no check had a score.
        kept: round whose state is kept.
    """

    round: int
    reason: str
    best: int
    kept: int


class Vigil:
    """The checks of one member, and what its rules make of them.

    Args:
        stopping: its rules.

    Example:
        >>> vigil = Vigil(Stopping((Target(0.9),), "accuracy", restore=True))
        >>> [vigil.take(Check(t, score)) for t, score in ((1, 0.5), (2, 0.95))]
        ['', 'the score reached 0.9']
        >>> vigil.stop()
        Stop(round=2, reason='the score reached 0.9', best=2, kept=2)
    """

    def __init__(self, stopping: Stopping) -> None:
        self.stopping, self.checks = stopping, list[Check]()
        self.best: Check | None = None
        self.reason = ""

    def take(self, check: Check) -> str:
        """Take in a check; the reason to stop, if there is one."""
        self.checks.append(check)
        if not math.isnan(check.score) and (self.best is None or check.score > self.best.score):
            self.best = check
        reasons = (rule.reason(self.checks) for rule in (Diverged(), *self.stopping.rules))
        self.reason = next((reason for reason in reasons if reason), "")
        return self.reason

    @property
    def improved(self) -> bool:
        """Whether the last check is the best."""
        return self.best is not None and self.best is self.checks[-1]

    def stop(self) -> Stop:
        """What came of it."""
        last = self.checks[-1].round if self.checks else 0
        best = self.best.round if self.best else 0
        return Stop(last, self.reason, best, best if self.stopping.restore and best else last)


def memory_held() -> int:
    """Bytes this process holds in memory; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
