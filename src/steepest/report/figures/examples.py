"""Series before and after augmentation, and forecasts beside what came: small pictures, one per example."""

from collections.abc import Mapping, Sequence
from typing import Any

from steepest.report.drawing import Drawing, Point
from steepest.report.numbers import finite
from steepest.report.scales import Scale, span

WIDTH, HEIGHT, ROOM = 240.0, 110.0, 6.0
_FORECAST = (("naive", "naive-line"), ("truth", "truth-line"), ("forecast", "forecast-line"))


def draw_changed(original: Sequence[float | None], copies: Sequence[Sequence[float | None]]) -> Drawing:
    """A series in grey, its augmented copies over it.

    Example:
        >>> "augmented" in str(draw_changed([1.0, 2.0, 3.0], [[1.1, 2.1, 2.9]]))
        True
    """
    drawing = Drawing(WIDTH, HEIGHT, f"A series and {len(copies)} augmented copies")
    x, y = _axes(len(original), [original, *copies])
    for copy in copies:
        drawing.paths(_pieces(copy, 0, x, y), "copy-line")
    drawing.paths(_pieces(original, 0, x, y), "truth-line")
    return drawing


def draw_forecast(lines: Mapping[str, Any]) -> Drawing:
    """A window, what came after it, the network's forecast and, where there is one, the naive forecast."""
    past = lines["past"]
    ahead = {name: lines[name] for name, _ in _FORECAST if lines.get(name)}
    steps = len(past) + max(map(len, ahead.values()), default=0)
    x, y = _axes(steps, [past, *ahead.values()])
    drawing = Drawing(WIDTH, HEIGHT, "A test window, what came next, and what the network forecast")
    drawing.line((x(len(past) - 0.5), 0), (x(len(past) - 0.5), HEIGHT), "grid")
    drawing.paths(_pieces(past, 0, x, y), "past-line")
    for name, kind in _FORECAST:
        if name in ahead:
            drawing.paths(_pieces(ahead[name], len(past), x, y), kind)
            if len(ahead[name]) == 1 and finite(ahead[name]):
                drawing.dots([(x(len(past)), y(ahead[name][0]))], f"{kind}-dot")
    return drawing


def _axes(steps: int, lines: Sequence[Sequence[float | None]]) -> tuple[Scale, Scale]:
    values = finite(value for line in lines for value in line)
    return Scale(0, max(steps - 1, 1), ROOM, WIDTH - ROOM), Scale(*span(values), HEIGHT - ROOM, ROOM)


def _pieces(line: Sequence[float | None], start: int, x: Scale, y: Scale) -> list[list[Point]]:
    """Runs of known values: a gap in a series is a gap in its line."""
    pieces: list[list[Point]] = [[]]
    for place, value in enumerate(line, start):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((x(place), y(value)))
    return [piece for piece in pieces if len(piece) > 1]
