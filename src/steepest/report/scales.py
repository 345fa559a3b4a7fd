"""From values to places on paper: linear, logarithmic and categorical axes with round ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steepest.report.numbers import tidy_exponent


@dataclass(frozen=True, slots=True)
class Scale:
    """A numeric axis: `low` is drawn at `start`, `high` at `end`, both in pixels.

    Args:
        log: equal factors are equally far apart.
        top: the best value there can be; equal factors of the distance to it are equally far apart, so
            that 0.9 to 0.99 takes as much room as 0.99 to 0.999.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    top: float | None = None

    def __call__(self, value: float) -> float:
        """Where a value lies; values beyond the axis lie at its ends.

        Example:
            >>> Scale(0, 10, 100, 200)(5), Scale(1, 100, 0, 200, log=True)(10), Scale(0, 1, 0, 50)(7)
            (150.0, 100.0, 50.0)
            >>> round(Scale(0.9, 0.999, 0, 100, top=1.0)(0.99))
            50
        """
        low, high = self._bent(self.low), self._bent(self.high)
        share = (self._bent(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[tuple[float, str]]:
        """Round values inside the axis with their labels, roughly `about` of them.

        Example:
            >>> [label for _, label in Scale(0.93, 0.99, 0, 1).ticks(4)]
            ['0.94', '0.96', '0.98']
            >>> [label for _, label in Scale(-1.2, 1.1, 0, 1).ticks(4)]
            ['−1', '0', '1']
            >>> [label for _, label in Scale(2e-4, 3e-2, 0, 1, log=True).ticks()]
            ['0.001', '0.01']
        """
        if self.top is not None:
            return _ticks_below(self.top, self.low, self.high, about)
        ticks = _log_ticks if self.log else _even_ticks
        return ticks(self.low, self.high, about)

    def _bent(self, value: float) -> float:
        if self.top is not None:
            return -math.log(self.top - value)
        return math.log(value) if self.log else value


@dataclass(frozen=True, slots=True)
class Bands:
    """A categorical axis: each option gets an equal band between `start` and `end`."""

    options: tuple[Any, ...]
    start: float
    end: float

    @property
    def band(self) -> float:
        """Width of a band in pixels."""
        return (self.end - self.start) / len(self.options)

    def __call__(self, option: Any) -> float:
        """The middle of an option's band.

        Example:
            >>> Bands(("a", "b"), 0, 100)("b")
            75.0
        """
        return self.start + (self.options.index(option) + 0.5) * self.band


def span(values: Sequence[float], margin: float = 0.06, least: float = 1e-9) -> tuple[float, float]:
    """The range of some values with room around it; a single value gets room of its own size.

    Example:
        >>> span([0.0, 1.0], margin=0.1)
        (-0.1, 1.1)
    """
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * margin if high - low > least else max(abs(low) * 0.01, 0.01)
    return low - room, high + room


def _even_ticks(low: float, high: float, about: int) -> list[tuple[float, str]]:
    rough = (high - low) / max(about, 1)
    power = math.floor(math.log10(rough))
    step, power = next(
        (m * 10.0**p, p)
        for m, p in ((1, power), (2, power), (5, power), (1, power + 1))
        if m * 10.0**p >= rough * 0.999
    )
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(i * step, 12) for i in range(first, last + 1)]
    return [(value, _label(value, f",.{max(0, -power)}f")) for value in values]


def _log_ticks(low: float, high: float, about: int, least: int = 2) -> list[tuple[float, str]]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [low, high]
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        inside = [m * 10.0**d for d in decades for m in steps if low * 0.999 <= m * 10.0**d <= high * 1.001]
        if len(inside) >= least:
            values = inside[:: math.ceil(len(inside) / max(about, 2))]
            break
    return [(value, _label(value, "g" if 1e-4 < value < 1e5 else ".2g")) for value in values]


def _ticks_below(top: float, low: float, high: float, about: int) -> list[tuple[float, str]]:
    """Ticks at round distances from the best value: 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, …"""
    inside = _log_ticks(top - high, top - low, about, least=4)
    return [(top - distance, f"{top - distance:g}".replace("-", "−")) for distance, _ in reversed(inside)]


def _label(value: float, form: str) -> str:
    return tidy_exponent(format(value + 0.0, form)).replace("-", "−")
