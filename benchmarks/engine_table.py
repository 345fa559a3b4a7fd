"""From turns to the engine's table: ratios within turns, limits, and what is met."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from engine_rows import Row, Way

TOLERANCE = 0.03
"""Difference in median accuracy from which two contenders may not have done the same work."""
MOST_MEMORY, MOST_SECONDS = 1.3, 4.0
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Run:
    """One turn: seconds, optimizer steps of all members together, held-out accuracy of each."""

    seconds: float
    steps: int
    scores: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Member-steps per second."""
        return self.steps / self.seconds

    def reckoned(self, fewer: "Run", real: Sequence[int], members: int) -> "Run":
        """A run of `members`, on the line through this one and one of fewer.

        What is done once, such as starting, is so counted once.
        """
        few, more = real
        each = (self.seconds - fewer.seconds) / (more - few)
        seconds = self.seconds + (members - more) * max(each, 0.0)
        return Run(seconds, self.steps * members // more, self.scores)


@dataclass(frozen=True)
class Ceiling:
    """What the machine could do at best: member-steps per second, and what binds them."""

    rate: float
    binding: str

    @classmethod
    def of(cls, found: Sequence[Mapping[str, float]]) -> "Ceiling":
        """Of cores that were measured at the same time: their rates add up.

        Example:
            >>> Ceiling.of([{"products": 0.5, "bytes": 0.1}, {"products": 0.25, "bytes": 0.1}])
            Ceiling(rate=6.0, binding='products')
        """
        products, moved = (sum(each[name] for each in found) for name in ("products", "bytes"))
        rate = sum(1 / max(each["products"], each["bytes"]) for each in found)
        return cls(rate, "products" if products >= moved else "bytes")


@dataclass(frozen=True)
class Line:
    """A line of the table; `met` is None for what was not measured or has no bound."""

    cells: tuple[str, ...]
    met: bool | None


HEADER = (
    "row", "work", "against", "bound", "measured", "min to max", "met", "steepest", "of the limit", "accuracy"
)  # fmt: skip
RIGHT = (3, 4, 5, 7, 8)


def row_lines(
    row: Row, runs: Mapping[Way, Sequence[Run]], absent: Mapping[Way, str], ceiling: Ceiling
) -> list[Line]:
    """A line for each that a row is held against."""
    ours = runs[row.ours]
    rate = median(run.rate for run in ours)
    speed = f"{rate:,.0f} steps/s"
    share = f"{rate / ceiling.rate:.0%} of {ceiling.rate:,.0f} ({ceiling.binding})"
    lines = []
    for against in row.against:
        bound = f"≥ {against.at_least:g} ×"
        there = [way for way in against.ways if way in runs]
        if not there:
            why = absent[against.ways[0]]
            cells = (
                row.name,
                row.title,
                against.title,
                bound,
                why,
                "",
                "",
                speed,
                share,
                _accuracy(ours, None),
            )
            lines.append(Line(cells, None))
            continue
        turns = zip(ours, *(runs[way] for way in there), strict=True)
        ratios = [mine.rate / max(run.rate for run in others) for mine, *others in turns]
        middle = median(ratios)
        met = middle >= against.at_least
        reckoned = " ¹" * any(way.real and row.members > max(way.real) for way in there)
        cells = (
            row.name, row.title, against.title + reckoned, bound, f"{middle:.2f} ×",
            f"{min(ratios):.2f} to {max(ratios):.2f}", "yes" if met else "**no**", speed, share,
            _accuracy(ours, _fastest(there, runs)),
        )  # fmt: skip
        lines.append(Line(cells, met))
    return lines


def memory_line(members: int, ratios: Sequence[float], needed: float) -> Line:
    """Of memory: what a process grew by, in what its members need."""
    met = median(ratios) <= MOST_MEMORY
    cells = (
        "memory", f"{members} members, MLP 17k, in one stack",
        "members × (weights, gradients, moments, activations)", f"≤ {MOST_MEMORY:g} ×",
        f"{median(ratios):.2f} ×", f"{min(ratios):.2f} to {max(ratios):.2f}", "yes" if met else "**no**",
        f"{median(ratios) * needed / MEBIBYTE:,.0f} MiB", f"{1 / median(ratios):.0%}", "",
    )  # fmt: skip
    return Line(cells, met)


FIRST = (
    ("scored", "a searched member has its first rung's score", MOST_SECONDS),
    ("default", "the default recipe has a score", None),
    ("compared", "the first rung is decided", None),
)
"""Moments of a cold study: name, words, and the most seconds."""


def first_rung_lines(found: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Of a cold study: seconds until each moment, and what share of them importing torch takes."""
    floor = median(each["floor"] for each in found)
    lines = []
    for name, what, most in FIRST:
        seconds = [each[name] for each in found]
        middle = median(seconds)
        met = None if most is None else middle <= most
        cells = (
            "first", f"`steepest tune digits`, cold: {what}", "the clock",
            "" if most is None else f"≤ {most:g} s", f"{middle:.2f} s",
            f"{min(seconds):.2f} to {max(seconds):.2f}", {None: "", True: "yes", False: "**no**"}[met], "",
            f"{floor / middle:.0%} of it is `import torch`", "",
        )  # fmt: skip
        lines.append(Line(cells, met))
    return lines


def markdown(lines: Sequence[Line], notes: Sequence[str]) -> list[str]:
    """The table and what is said below it."""
    rule = ["---:" if i in RIGHT else "---" for i in range(len(HEADER))]
    text = [
        "|" + "|".join(rule) + "|" if each is rule else f"| {' | '.join(each)} |" for each in (HEADER, rule)
    ]
    text += [f"| {' | '.join(line.cells)} |" for line in lines]
    if any("¹" in cell for line in lines for cell in line.cells):
        text += ["", "¹ Reckoned from runs of two lengths on a line; steepest really trains all members."]
    if notes:
        text += ["", *(f"- {note}" for note in notes)]
    return text


def _fastest(ways: Sequence[Way], runs: Mapping[Way, Sequence[Run]]) -> Sequence[Run]:
    return max((runs[way] for way in ways), key=lambda found: median(run.rate for run in found))


def _accuracy(ours: Sequence[Run], theirs: Sequence[Run] | None) -> str:
    """Median over the members, ours and theirs; seeds are fixed, so the first turn speaks for all."""
    mine = _middle(ours[0].scores)
    if theirs is None:
        return f"{mine:.3f}"
    other = _middle(theirs[0].scores)
    doubt = "" if mine >= other - TOLERANCE else " ←"
    return f"{mine:.3f}, {other:.3f}{doubt}"


def _middle(scores: Sequence[float]) -> float:
    """The median; members that diverged are right about nothing."""
    return median(0.0 if math.isnan(score) else score for score in scores)
