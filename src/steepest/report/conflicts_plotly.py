"""A search for conflicts as a plotly figure: the plain object that plotly reads, without importing it."""

from typing import Any

from steepest.report.conflicts import CORNERS, Conflicts, PairRow, headline
from steepest.report.figures.heat import coloured
from steepest.report.numbers import signed

GAIN, NEITHER, LOSS = "#2166ac", "#f7f7f7", "#b2182b"
MARKS = ("circle-open", "triangle-right", "triangle-left", "circle")
COLOURS = ("#636363", "#e08214", "#762a83", "#1b7837")
STRONGEST = 4.0
"""Interactions, in regions that do not matter, from which the colour is the strongest."""


def to_plotly(facts: Conflicts) -> dict[str, Any]:
    """A heat map of the pairs on the left, the four means behind each on the right.

    Strategies that are crossed with each other are rows and columns; pairs that share few are a list. As on
    the page, only an interaction that is shown is coloured: blue for a gain, red for a loss.
    """
    names = [row.name for row in facts.pairs]
    traces = [_map(facts), *(_means(facts, place) for place in range(len(CORNERS)))]
    right = 0.62 if _crossed(facts) else 0.5
    return {
        "data": traces,
        "layout": {
            "title": {"text": f"{facts.facts['data']}: {headline(facts)}"},
            "xaxis": {"domain": [0.0, right - 0.17], "side": "top", "automargin": True, "type": "category"},
            "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
            "xaxis2": {
                "domain": [right, 1.0],
                "anchor": "y2",
                "title": {"text": f"mean {facts.measure}"},
            },
            "yaxis2": {
                "anchor": "x2",
                "autorange": "reversed",
                "automargin": True,
                "type": "category",
                "categoryorder": "array",
                "categoryarray": names,
            },
            "legend": {"title": {"text": "with"}, "orientation": "h", "y": -0.15},
        },
    }


def _crossed(facts: Conflicts) -> bool:
    """Whether rows and columns would hold more pairs than gaps."""
    return 2 * len(facts.pairs) > len(_firsts(facts)) * len(_seconds(facts)) > 1


def _firsts(facts: Conflicts) -> list[str]:
    return list(dict.fromkeys(row.first for row in facts.pairs))


def _seconds(facts: Conflicts) -> list[str]:
    return list(dict.fromkeys(row.second for row in facts.pairs))


def _map(facts: Conflicts) -> dict[str, Any]:
    """The heat map; each field's `customdata` holds the interaction and the ends of its interval."""
    if _crossed(facts):
        down, across = _firsts(facts), _seconds(facts)
        fields = {(row.first, row.second): row for row in facts.pairs}
    else:
        down, across = [row.name for row in facts.pairs], ["interaction"]
        fields = {(row.name, "interaction"): row for row in facts.pairs}
    grid = [[fields.get((a, b)) for b in across] for a in down]
    return {
        "type": "heatmap",
        "name": "interaction",
        "x": across,
        "y": down,
        "z": [[None if row is None else _strength(row) for row in line] for line in grid],
        "text": [["" if row is None else _words(facts, row) for row in line] for line in grid],
        "customdata": [
            [[None] * 3 if row is None else [row.effect, row.low, row.high] for row in line] for line in grid
        ],
        "texttemplate": "%{text}",
        "hovertemplate": "%{y}, %{x}<br>%{customdata[0]:.4g} [%{customdata[1]:.4g}, %{customdata[2]:.4g}]"
        "<extra></extra>",
        "zmin": -STRONGEST,
        "zmax": STRONGEST,
        "colorscale": [[0.0, LOSS], [0.5, NEITHER], [1.0, GAIN]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }


def _strength(row: PairRow) -> float:
    """The interaction in regions that do not matter, positive for a gain; 0 where none is shown."""
    if not coloured(row):
        return 0.0
    size = abs(row.effect) / row.rope if row.rope else STRONGEST
    return min(size, STRONGEST) * (1.0 if row.good > 0 else -1.0)


def _words(facts: Conflicts, row: PairRow) -> str:
    return f"{row.verdict}<br>{signed(row.effect, facts.decimals)}"


def _means(facts: Conflicts, place: int) -> dict[str, Any]:
    """The means of all pairs with neither strategy, one, the other, or both."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": CORNERS[place],
        "x": [row.means[place] for row in facts.pairs],
        "y": [row.name for row in facts.pairs],
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"symbol": MARKS[place], "color": COLOURS[place], "size": 10},
    }
