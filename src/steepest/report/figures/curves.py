"""Learning curves of the confirmation: the found recipe and the default, over all replicates."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, grid, titles
from steepest.report.numbers import finite
from steepest.report.records import Member
from steepest.report.scales import Scale, span

EARLY = 0.12  # share of training whose low scores may be cut off


@dataclass(frozen=True, slots=True)
class Band:
    """What several runs of one recipe did: at each epoch the lowest, mean and highest of the measure."""

    name: str
    kind: str
    epochs: tuple[float, ...]
    low: tuple[float, ...]
    mean: tuple[float, ...]
    high: tuple[float, ...]
    runs: int


def bands(facts: Facts) -> list[Band]:
    """The default and the found recipe, from the confirmation; the calibration runs where there is none."""
    winner = facts.of("confirm", facts.winner_label)
    default = facts.of("confirm", "default") or facts.of("calibrate")
    shown = facts.study.shown
    found = [_band("default", "default", default, shown), _band("found recipe", "found", winner, shown)]
    return [band for band in found if band is not None]


def draw_curves(facts: Facts, width: float) -> Drawing | None:
    """Means as lines, lowest to highest as bands."""
    shown = bands(facts)
    if all(len(band.epochs) < 2 for band in shown):  # scored at the end alone
        return None
    height = 330 if width > 500 else 260
    margins = Margins(right=96 if width > 500 else 14, top=30 if width > 500 else 46)
    x = Scale(0.0, max(band.epochs[-1] for band in shown), margins.left, width - margins.right)
    y = Scale(*span(_late(shown), 0.05), height - margins.bottom, margins.top)
    name = facts.study.measure
    drawing = Drawing(width, height, f"Held-out {name} over epochs: {_ends(shown)}")
    grid(drawing, x, y)
    inner = Drawing(width, height, "")
    for band in shown:
        upper = [(x(e), _free(y, v)) for e, v in zip(band.epochs, band.high, strict=True)]
        lower = [(x(e), _free(y, v)) for e, v in zip(band.epochs, band.low, strict=True)]
        inner.path(upper + lower[::-1], f"band {band.kind}", closed=True)
    for band in shown:
        inner.path(
            [(x(e), _free(y, v)) for e, v in zip(band.epochs, band.mean, strict=True)], f"curve {band.kind}"
        )
    drawing.window((x.start, y.end), x.end - x.start, y.start - y.end, inner)
    foot(drawing, x, y.start)
    titles(drawing, "epochs", f"held-out {name}", margins)
    _names(drawing, shown, x, y)
    return drawing


def _band(name: str, kind: str, members: Sequence[Member], shown: Callable[[float], float]) -> Band | None:
    scores: dict[float, list[float]] = {}
    for member in members:
        for point in member.curve:
            if math.isfinite(point.score):
                scores.setdefault(round(point.epoch, 6), []).append(shown(point.score))
    runs = max(map(len, scores.values()), default=0)
    epochs = [epoch for epoch in sorted(scores) if 2 * len(scores[epoch]) > runs]  # most runs were there
    if not epochs:
        return None
    columns = [scores[epoch] for epoch in epochs]
    return Band(
        name,
        kind,
        tuple(epochs),
        tuple(map(min, columns)),
        tuple(sum(c) / len(c) for c in columns),
        tuple(map(max, columns)),
        len(members),
    )


def _late(shown: Sequence[Band]) -> list[float]:
    """The values the axis must hold: all but the steep rise, or fall, at the start."""
    horizon = max(band.epochs[-1] for band in shown)
    values = [
        value
        for band in shown
        for epoch, low, high in zip(band.epochs, band.low, band.high, strict=True)
        if epoch >= EARLY * horizon
        for value in (low, high)
    ]
    return finite(values)


def _free(y: Scale, value: float) -> float:
    """A height that may lie below the axis: the window cuts it off."""
    return y.start + (value - y.low) / (y.high - y.low) * (y.end - y.start)


def _names(drawing: Drawing, shown: Sequence[Band], x: Scale, y: Scale) -> None:
    """Each curve's name beside its end; above the picture where that is too narrow."""
    if drawing.width <= 500:
        place = 2.0
        for band in reversed(shown):
            drawing.text((place, 30), band.name, f"name {band.kind}")
            place += 8.0 * len(band.name) + 10
        return
    heights = [y(band.mean[-1]) for band in shown]
    if len(heights) == 2 and abs(heights[0] - heights[1]) < 15:
        middle = sum(heights) / 2
        down = 1 if heights[0] >= heights[1] else -1
        heights = [middle + 8 * down, middle - 8 * down]
    for band, height in zip(shown, heights, strict=True):
        drawing.text((x.end + 8, height + 4), band.name, f"name {band.kind}")


def _ends(shown: Sequence[Band]) -> str:
    return ", ".join(f"{band.name} ends at {band.mean[-1]:.4g} (mean of {band.runs} runs)" for band in shown)
