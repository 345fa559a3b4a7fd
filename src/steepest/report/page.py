"""The report as one self-contained HTML page: style and pictures inside, nothing loaded, no script."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from steepest.base.recipe import KNOBS
from steepest.report import conflicts, ensemble, examples, explanation, importance, numbers, wording
from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.figures import (
    draw_baselines,
    draw_changed,
    draw_curves,
    draw_differences,
    draw_explanation,
    draw_forecast,
    draw_front,
    draw_importance,
    draw_knobs,
    draw_search,
)
from steepest.report.figures.heat import draw_heat
from steepest.report.figures.knobs import matters
from steepest.report.records import Changed, measure_name

T = TypeVar("T")
_OFF = (0, False, "", "none")
WIDE, NARROW = 760.0, 340.0  # pixels: each picture is drawn for a desk and for a phone


def to_html(facts: Facts) -> str:
    """The whole page.

    Example:
        >>> from steepest.report.facts import Facts
        >>> from steepest.report.records import Study
        >>> "<h1>No verdict yet</h1>" in to_html(Facts(Study(data="digits")))
        True
    """
    figures = {
        "differences": both(draw_differences, facts),
        "curves": both(draw_curves, facts),
        "search": both(draw_search, facts),
        "front": both(draw_front, facts),
        "importance": both(draw_importance, facts),
        "explanation": both(draw_explanation, facts),
        "baselines": both(draw_baselines, facts),
    }
    crossed = conflicts.of_study(facts)
    panels = [
        {"name": p.name, "meaning": p.meaning, "broad": p.broad, "drawing": Markup(str(p.drawing))}
        for p in draw_knobs(facts)
    ]
    text = environment().get_template("page.html.jinja")
    return text.render(
        facts=facts,
        study=facts.study,
        figures=figures,
        crossed=crossed,
        map=both(draw_heat, crossed) if crossed else None,
        strategies=conflicts,
        panels=panels,
        knobs=_knob_rows(facts),
        decimals=wording.decimals(facts),
        drawn=_Drawn,
        says=examples,
        ensemble=ensemble,
        importance=importance,
        explanation=explanation,
        words=wording,
        n=numbers,
        measure_name=measure_name,
    )


def write_page(facts: Facts, path: str | Path) -> None:
    """Write the page to a file, in UTF-8."""
    Path(path).write_text(to_html(facts), encoding="utf-8")


def environment() -> Environment:
    """Templates that escape whatever they are given and refuse unknown names."""
    return Environment(
        loader=PackageLoader("steepest.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def both(draw: Callable[[T, float], Drawing | None], facts: T) -> Markup | None:
    """A picture twice, of which the style sheet shows the one that fits; None if there is nothing to draw."""
    wide, narrow = draw(facts, WIDE), draw(facts, NARROW)
    if wide is None or narrow is None:
        return None
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')


class _Drawn:
    """Pictures that a template asks for, one example at a time."""

    @staticmethod
    def changed(row: Changed) -> Markup:
        """A series before and after augmentation."""
        return Markup(str(draw_changed(row.original, row.copies)))

    @staticmethod
    def forecast(lines: Mapping[str, Any]) -> Markup:
        """A window and what came next."""
        return Markup(str(draw_forecast(lines)))


def _knob_rows(facts: Facts) -> list[dict[str, Any]]:
    """The knobs that matter under the recipe's choices, changed ones first."""
    recipe = facts.recipe
    if recipe is None:
        return []
    rows = []
    for name, value in recipe.values.items():
        knob = KNOBS.get(name)
        if name not in recipe.changed and not matters(facts.study, name, recipe.values):
            continue
        row = {"name": name, "value": numbers.knob(value), "changed": name in recipe.changed}
        row["default"] = numbers.knob(recipe.default[name]) if name in recipe.default else numbers.NONE
        row["meaning"] = knob.meaning if knob else ""
        row["off"] = not row["changed"] and value in _OFF
        rows.append(row)
    return sorted(rows, key=lambda row: not row["changed"])
