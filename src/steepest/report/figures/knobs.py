"""Which values were tried of each knob, and how their members scored: one small panel per knob."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from steepest.base.knobs import Range
from steepest.base.recipe import KNOBS
from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, grid, score_axis
from steepest.report.numbers import knob as written
from steepest.report.records import Member, Study
from steepest.report.scales import Bands, Scale

WIDTH, BROAD, HEIGHT = 240.0, 500.0, 170.0
FEW = 6  # up to so many different numbers are drawn as categories
OFF_ROOM = 32.0  # pixels at the left for members without the knob, where its axis is logarithmic
GOLDEN = 0.6180339887
LETTER = 7.2


@dataclass(frozen=True, slots=True)
class Panel:
    """One knob's picture."""

    name: str
    meaning: str
    broad: bool
    drawing: Drawing


def draw_knobs(facts: Facts) -> list[Panel]:
    """A panel for every knob the search varied, in the recipe's order."""
    members = [m for m in facts.of("search", "") if m.curve and math.isfinite(m.curve[0].score)]
    if len(members) < 3:
        return []
    study = facts.study
    members = [replace(m, score=study.shown(m.curve[0].score)) for m in members]
    y = score_axis(facts, [_score(m) for m in members], HEIGHT - 28, 8)
    panels = []
    for name in dict.fromkeys(name for m in members for name in m.recipe):
        having = [m for m in members if matters(study, name, m.recipe)]
        values = {m.recipe[name] for m in having}
        if len(values) > 1:
            meaning = KNOBS[name].meaning if name in KNOBS else ""
            broad = not _numbers(values) and (len(values) > FEW or _crowded(values))
            panels.append(
                Panel(name, meaning, broad, _panel(name, having, y, BROAD if broad else WIDTH, study.lower))
            )
    return sorted(panels, key=lambda panel: _place(panel.name))


def matters(study: Study, name: str, recipe: Mapping[str, Any]) -> bool:
    """Whether the data, and the recipe's other choices, make use of this knob."""
    if name not in recipe or isinstance(recipe[name], dict):
        return False
    if name in ("start_from", "start_match") and not recipe.get("start_from"):
        return False
    if name not in KNOBS:
        return True
    knob = KNOBS[name]
    suits = knob.matters(study.form, study.task)
    return suits and all(recipe.get(other) in options for other, options in knob.when.items())


def _crowded(values: Collection[Any]) -> bool:
    """Whether names in two rows would run into each other on a narrow panel."""
    return max(len(written(v)) for v in values) * LETTER > 2 * (WIDTH - 44) / len(values)


def _place(name: str) -> int:
    """Optimizer and learning rate first, then the recipe's order."""
    order = ["optimizer", "lr", *(k for k in KNOBS if k not in ("optimizer", "lr"))]
    return order.index(name) if name in order else len(order)


def _score(member: Member) -> float:
    """The measure at the member's first rung, where all had trained equally long; kept as its score."""
    assert member.score is not None
    return member.score


def _numbers(values: Collection[Any]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _panel(name: str, members: Sequence[Member], y: Scale, width: float, lower: bool) -> Drawing:
    values = {m.recipe[name] for m in members}
    drawing = Drawing(width, HEIGHT, f"First score against {name}, {len(members)} members")
    margins = Margins(left=40, right=4)
    grid(drawing, Scale(0, 1, margins.left, width - margins.right), y, 4)
    if _numbers(values) and len(values) > FEW:
        _numeric(drawing, name, members, y, margins)
    else:
        _categories(drawing, name, members, y, margins, lower)
    return drawing


def _numeric(drawing: Drawing, name: str, members: Sequence[Member], y: Scale, margins: Margins) -> None:
    values = [float(m.recipe[name]) for m in members]
    positive = [v for v in values if v > 0]
    log = bool(positive) and min(values) >= 0 and _is_log(name, positive)
    used = positive if log else values
    room = OFF_ROOM if log and len(positive) < len(values) else 0.0
    x = Scale(min(used), max(used), margins.left + room + 6, drawing.width - margins.right - 6, log)
    off = margins.left + OFF_ROOM / 2

    def place(member: Member) -> tuple[float, float]:
        value = float(member.recipe[name])
        shift = (member.number * GOLDEN % 1 - 0.5) * 14
        return (off + shift if log and value <= 0 else x(value), y(_score(member)))

    _dots(drawing, members, place)
    foot(drawing, x, y.start, about=2 if room else 4)
    if room:
        drawing.line((margins.left, y.start), (margins.left + OFF_ROOM - 6, y.start), "axis")
        drawing.text((off, y.start + 18), "off", "tick", "middle")


def _is_log(name: str, positive: Sequence[float]) -> bool:
    where = KNOBS[name].search if name in KNOBS else None
    if isinstance(where, Range):
        return where.scale == "log"
    return max(positive) > 100 * min(positive)


def _categories(
    drawing: Drawing, name: str, members: Sequence[Member], y: Scale, margins: Margins, lower: bool
) -> None:
    values = {m.recipe[name] for m in members}
    ordered = sorted(values, key=lambda v: (isinstance(v, str), v if not isinstance(v, str) else 0, str(v)))
    if any(isinstance(v, str) for v in ordered):
        sign = 1.0 if lower else -1.0
        best = {v: min(sign * _score(m) for m in members if m.recipe[name] == v) for v in ordered}
        ordered.sort(key=lambda v: best[v])
    x = Bands(tuple(ordered), margins.left, drawing.width - margins.right)
    spread = min(x.band * 0.55, 36)

    def place(member: Member) -> tuple[float, float]:
        shift = (member.number * GOLDEN % 1 - 0.5) * spread
        return (x(member.recipe[name]) + shift, y(_score(member)))

    _dots(drawing, members, place)
    drawing.line((x.start, y.start), (x.end, y.start), "axis")
    tight = max(len(written(v)) for v in ordered) * LETTER > x.band
    for index, value in enumerate(ordered):
        down = 11 if tight and index % 2 else 0
        drawing.text((x(value), y.start + 15 + down), written(value), "tick", "middle")


def _dots(drawing: Drawing, members: Sequence[Member], place: Any) -> None:
    drawing.dots([place(m) for m in members if m.status != "finished"], "left-dot")
    drawing.dots([place(m) for m in members if m.status == "finished"], "stayed-dot")
