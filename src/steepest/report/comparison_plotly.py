"""A comparison as a plotly figure, written as the plain object that plotly reads: no import of plotly."""

from typing import Any

from steepest.report.comparison import Comparison, Entry, headline

COLOURS = ("#2166ac", "#b2182b", "#1b7837", "#762a83", "#e08214", "#35978f", "#8c510a", "#636363")


def to_plotly(facts: Comparison) -> dict[str, Any]:
    """Learning curves with 95 % bands on the left, means at the end with their intervals on the right."""
    traces: list[dict[str, Any]] = []
    for place, entry in enumerate(facts.entries):
        colour = COLOURS[place % len(COLOURS)]
        traces += [*_curve(entry, colour), _end(entry, colour)]
    axis = {"title": {"text": facts.measure}}
    return {
        "data": traces,
        "layout": {
            "title": {"text": f"{facts.facts['data']}: {headline(facts)}"},
            "xaxis": {"domain": [0.0, 0.62], "title": {"text": "epochs"}},
            "yaxis": axis,
            "xaxis2": {"domain": [0.72, 1.0], "anchor": "y2", "title": {"text": facts.knob}},
            "yaxis2": {**axis, "anchor": "x2"},
            "legend": {"title": {"text": facts.knob}},
        },
    }


def _curve(entry: Entry, colour: str) -> list[dict[str, Any]]:
    """The band as one closed line, and the mean."""
    known = [(e, low, high) for e, low, high in entry.band if low is not None and high is not None]
    shown = {"legendgroup": entry.label, "line": {"color": colour}, "type": "scatter", "mode": "lines"}
    around = {
        **shown,
        "x": [e for e, _, _ in known] + [e for e, _, _ in reversed(known)],
        "y": [high for _, _, high in known] + [low for _, low, _ in reversed(known)],
        "fill": "toself",
        "opacity": 0.25,
        "line": {"color": colour, "width": 0},
        "showlegend": False,
        "hoverinfo": "skip",
        "name": f"{entry.label}, 95 %",
    }
    mean = {
        **shown, "name": entry.label, "x": [e for e, _ in entry.curve], "y": [v for _, v in entry.curve],
    }  # fmt: skip
    return [around, mean]


def _end(entry: Entry, colour: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [entry.label],
        "y": [entry.mean],
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"color": colour, "size": 9},
        "legendgroup": entry.label,
        "showlegend": False,
        "name": entry.label,
    }
    if entry.mean is not None and entry.low is not None and entry.high is not None:
        found["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [entry.high - entry.mean],
            "arrayminus": [entry.mean - entry.low],
        }
    return found
