"""Draws the classics on four small landscapes: `python docs/rules/pictures.py` writes SVG files beside it.

Every path is computed by the pure rules as one stack, each rule at the best of a ladder of rates (the
lowest on average along the way), so that no rule is shown at a rate that suits another.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from steepest.rules.catalogue import rule

HERE = Path(__file__).parent
SIZE, STEPS = 360, 100
RULES = {
    "gd": "#4c4c4c",
    "momentum": "#0072b2",
    "nesterov": "#56b4e9",
    "adagrad": "#009e73",
    "rmsprop": "#e69f00",
    "adam": "#d55e00",
}
RATES = torch.logspace(-4, 0, 33, dtype=torch.float64)
Landscape = Callable[[Tensor], Tensor]


def bowl(p: Tensor) -> Tensor:
    """x² + 4y²."""
    return p[:, 0] ** 2 + 4 * p[:, 1] ** 2


def ravine(p: Tensor) -> Tensor:
    """x²/20 + 5y²: a hundred times steeper across than along."""
    return p[:, 0] ** 2 / 20 + 5 * p[:, 1] ** 2


def rosenbrock(p: Tensor) -> Tensor:
    """(1 − x)² + 20(y − x²)²: a bent valley."""
    return (1 - p[:, 0]) ** 2 + 20 * (p[:, 1] - p[:, 0] ** 2) ** 2


def saddle(p: Tensor) -> Tensor:
    """x² − y² + y⁴/4: flat at the origin, lower at y = ±√2."""
    return p[:, 0] ** 2 - p[:, 1] ** 2 + p[:, 1] ** 4 / 4


PICTURES: dict[str, tuple[Landscape, tuple[float, float], tuple[float, float, float, float], float]] = {
    "bowl": (bowl, (-1.8, 1.4), (-2.0, 2.0, -2.0, 2.0), 0.0),
    "ravine": (ravine, (-3.5, 1.2), (-4.0, 1.0, -2.5, 2.5), 0.0),
    "rosenbrock": (rosenbrock, (-1.2, 1.6), (-2.0, 2.0, -1.0, 3.0), 0.0),
    "saddle": (saddle, (1.4, 0.02), (-2.0, 2.0, -2.0, 2.0), -1.0),
}


def path(name: str, height: Landscape, start: tuple[float, float], floor: float) -> tuple[Tensor, float]:
    """(points [steps + 1, 2], rate) of the best rate; all rates run as one stack."""
    chosen = rule(name)
    theta = torch.tensor([start], dtype=torch.float64).repeat(len(RATES), 1)
    state, points = chosen.init(theta), [theta]
    for _ in range(STEPS):
        leaf = theta.detach().requires_grad_()
        (grad,) = torch.autograd.grad(height(leaf).sum(), leaf)
        theta, state = chosen.update(theta, grad, state, {"lr": RATES})
        points.append(theta)
    way = torch.stack(points)
    heights = height(way.reshape(-1, 2)).reshape(len(points), -1) - floor
    best = int((heights + 1e-2).log().nan_to_num(torch.inf).mean(0).argmin())
    return way[:, best], float(RATES[best])


def contours(height: Landscape, box: tuple[float, float, float, float], cells: int = 60) -> list[str]:
    """The landscape as shaded cells: darker is lower, by rank, so that flat floors show too."""
    left, right, bottom, top = box
    x = torch.linspace(left, right, cells + 1, dtype=torch.float64)[:-1] + (right - left) / cells / 2
    y = torch.linspace(bottom, top, cells + 1, dtype=torch.float64)[:-1] + (top - bottom) / cells / 2
    grid = torch.cartesian_prod(x, y)
    ranks = height(grid).argsort().argsort().reshape(cells, cells)
    shades = (ranks * 12 // (cells * cells)).tolist()
    side, parts = SIZE / cells, []
    for row in range(cells):  # a run of equal cells is one rectangle
        begin = 0
        for column in range(1, cells + 1):
            if column == cells or shades[column][row] != shades[begin][row]:
                grey = 205 + 4 * shades[begin][row]
                at = SIZE - (row + 1) * side
                wide = (column - begin) * side
                parts.append(
                    f'<rect x="{begin * side:.0f}" y="{at:.0f}" width="{wide:.0f}" height="{side:.0f}" '
                    f'fill="rgb({grey},{grey},{grey + 3})"/>'
                )
                begin = column
    return parts


def draw(name: str) -> str:
    """One landscape with all paths, as SVG."""
    height, start, box, floor = PICTURES[name]
    left, right, bottom, top = box
    parts = contours(height, box)
    legend = []
    for index, (each, colour) in enumerate(RULES.items()):
        points, rate = path(each, height, start, floor)
        xy = [
            f"{(x - left) / (right - left) * SIZE:.1f},{(top - y) / (top - bottom) * SIZE:.1f}"
            for x, y in points.tolist()
        ]
        parts.append(
            f'<polyline points="{" ".join(xy)}" fill="none" stroke="{colour}" stroke-width="1.6" '
            f'stroke-opacity="0.85"/>'
        )
        at = SIZE + 18 + 16 * (index // 2)
        legend.append(
            f'<text x="{10 + 175 * (index % 2)}" y="{at}" fill="{colour}">{each}, lr = {rate:.2g}</text>'
        )
    x, y = (start[0] - left) / (right - left) * SIZE, (top - start[1]) / (top - bottom) * SIZE
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#000"/>')
    inside = f'<svg width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}">{"".join(parts)}</svg>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE + 60}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>Paths of six rules: {height.__doc__}</title>'
        f'<rect width="{SIZE}" height="{SIZE + 60}" fill="#fff"/>{inside}{"".join(legend)}</svg>\n'
    )


if __name__ == "__main__":
    for each in PICTURES:
        (HERE / f"{each}.svg").write_text(draw(each), encoding="utf-8")
