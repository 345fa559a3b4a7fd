"""A small SVG pen. Shapes carry class names; the page's style sheet gives them colour in light and dark."""

from collections.abc import Iterable, Sequence
from html import escape

Point = tuple[float, float]


class Drawing:
    """Collects shapes in paint order; `str()` is the finished `<svg>`.

    Args:
        width, height: natural size in pixels; the page may shrink it.
        label: what the picture shows, in a sentence, for those who cannot see it.

    Example:
        >>> drawing = Drawing(100, 50, "a line")
        >>> drawing.line((0, 0), (100, 50), "grid")
        >>> str(drawing)
        '<svg viewBox="0 0 100 50" width="100" height="50" role="img" aria-label="a line"><path...
    """

    def __init__(self, width: float, height: float, label: str) -> None:
        self.width, self.height, self.label = width, height, label
        self._parts: list[str] = []

    def line(self, start: Point, end: Point, kind: str) -> None:
        """A straight line."""
        self.path([start, end], kind)

    def path(self, points: Sequence[Point], kind: str, *, closed: bool = False) -> None:
        """A line through points, or the area inside them."""
        if points:
            self._parts.append(f'<path class="{kind}" d="{_trace(points)}{"Z" if closed else ""}"/>')

    def paths(self, lines: Iterable[Sequence[Point]], kind: str) -> None:
        """Many lines of one kind as one shape: a thousand curves stay light."""
        trace = "".join(_trace(points) for points in lines if points)
        if trace:
            self._parts.append(f'<path class="{kind}" d="{trace}"/>')

    def dots(self, points: Iterable[Point], kind: str) -> None:
        """Many dots as one shape: strokes of no length with round ends, as wide as the kind's stroke."""
        trace = "".join(f"M{_n(x)} {_n(y)}h0" for x, y in points)
        if trace:
            self._parts.append(f'<path class="{kind}" d="{trace}"/>')

    def box(self, corner: Point, width: float, height: float, kind: str) -> None:
        """A rectangle from its upper left corner."""
        x, y = corner
        self._parts.append(
            f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"/>'
        )

    def text(self, place: Point, words: str, kind: str = "tick", anchor: str = "start") -> None:
        """Words; `anchor` is "start", "middle" or "end"."""
        x, y = place
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._parts.append(f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}"{at}>{escape(words)}</text>')

    def window(self, corner: Point, width: float, height: float, inner: "Drawing") -> None:
        """Another drawing in the same coordinates, cut off at the edges of a rectangle."""
        x, y = _n(corner[0]), _n(corner[1])
        w, h = _n(width), _n(height)
        body = "".join(inner._parts)
        self._parts.append(
            f'<svg x="{x}" y="{y}" width="{w}" height="{h}" viewBox="{x} {y} {w} {h}">{body}</svg>'
        )

    def __str__(self) -> str:
        w, h = _n(self.width), _n(self.height)
        head = f'<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img"'
        return f'{head} aria-label="{escape(self.label)}">{"".join(self._parts)}</svg>'


def _trace(points: Sequence[Point]) -> str:
    (x, y), *rest = points
    return f"M{_n(x)} {_n(y)}" + "".join(f"L{_n(a)} {_n(b)}" for a, b in rest)


def _n(value: float) -> str:
    """A coordinate to a tenth of a pixel, without idle zeros."""
    return f"{value:.1f}".removesuffix(".0")
