"""What was tried: every search member's score at its rungs, until it left."""

import math
from collections.abc import Sequence

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, grid, score_axis, titles
from steepest.report.numbers import count, many
from steepest.report.records import Member
from steepest.report.scales import Scale

GOLDEN = 0.6180339887


def draw_search(facts: Facts, width: float) -> Drawing | None:
    """Grey lines left at a rung, coloured ones were trained to the end; above, how many were there."""
    lines = {m.number: _line(facts, m) for m in facts.of("search", "")}
    lines = {number: line for number, line in lines.items() if line}
    if not lines:
        return None
    height = 360 if width > 500 else 300
    margins = Margins(top=54, right=20)
    epochs = [epoch for line in lines.values() for epoch, _ in line]
    scores = [score for line in lines.values() for _, score in line]
    y = score_axis(facts, scores, height - margins.bottom, margins.top)
    x = _epoch_axis(epochs, margins.left + 6, width - margins.right)
    drawing = Drawing(width, height, f"Score of {len(lines)} search members at each rung")
    grid(drawing, Scale(0, 1, margins.left, width - margins.right), y)
    stayed, left = _split(facts.of("search", ""), lines)
    drawing.paths([[(x(e), y(s)) for e, s in line] for line in left], "tried")
    drawing.dots([(x(line[-1][0]) + _aside(i), y(line[-1][1])) for i, line in enumerate(left)], "tried-end")
    drawing.paths([[(x(e), y(s)) for e, s in line] for line in stayed], "stayed")
    drawing.dots([(x(line[-1][0]), y(line[-1][1])) for line in stayed], "stayed-end")
    if facts.bar is not None:
        height_of_bar = y(facts.study.shown(facts.bar))
        drawing.line((margins.left, height_of_bar), (width - margins.right, height_of_bar), "bar")
        drawing.text((margins.left + 4, height_of_bar - 6), "best baseline", "note")
    rungs = _rungs(drawing, x, epochs)
    foot(drawing, x, y.start, at=rungs if len(rungs) <= 8 else None)
    titles(drawing, "epochs trained", f"held-out {facts.study.measure}", margins)
    return drawing


def _aside(index: int) -> float:
    """A few pixels to either side, so that members that left together can be told apart."""
    return (index * GOLDEN % 1 - 0.5) * 9


def _line(facts: Facts, member: Member) -> list[tuple[float, float]]:
    return [
        (p.epoch, facts.study.shown(p.score)) for p in member.curve if math.isfinite(p.score) and p.epoch > 0
    ]


def _epoch_axis(epochs: Sequence[float], start: float, end: float) -> Scale:
    low, high = min(epochs), max(epochs)
    if high <= low * 1.001:  # one rung only
        return Scale(low / 2, high * 2, start, end, log=True)
    return Scale(low, high, start, end, log=high / low > 4)


def _split(
    members: Sequence[Member], lines: dict[int, list[tuple[float, float]]]
) -> tuple[list[list[tuple[float, float]]], list[list[tuple[float, float]]]]:
    """The lines of the members that were trained to the end, and those of all others."""
    stayed = [lines[m.number] for m in members if m.number in lines and m.status == "finished"]
    left = [lines[m.number] for m in members if m.number in lines and m.status != "finished"]
    return stayed, left


def _rungs(drawing: Drawing, x: Scale, epochs: Sequence[float]) -> list[float]:
    """Write how many members were seen at each rung, and give the rungs; crowded ones keep their silence."""
    seen: dict[float, int] = {}
    for epoch in epochs:
        place = float(f"{epoch:.2g}")
        seen[place] = seen.get(place, 0) + 1
    last = -math.inf
    written: list[float] = []
    for epoch in sorted(seen):
        at = x(epoch)
        if at - last < 44 or seen[epoch] < 2:
            continue
        anchor = "end" if at > x.end - 20 else "middle"
        if not written and drawing.width > 500:
            drawing.text((at - 4, 38), many(seen[epoch], "member"), "rung")
        else:
            drawing.text((at, 38), count(seen[epoch]), "rung", anchor)
        last = at
        written.append(epoch)
    return written
