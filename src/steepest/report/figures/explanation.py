"""The way from the default to the winner as stairs: each bar begins where the one above it ended."""

import textwrap

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, titles
from steepest.report.numbers import finite
from steepest.report.scales import Scale, span

ROW, BAR, LINE, LETTER, BESIDE = 30.0, 12.0, 15.0, 7.2, 300.0


def draw_explanation(facts: Facts, width: float) -> Drawing | None:
    """A bar per switch from the mean before it to the mean after it, with the interval of the gain."""
    found = facts.explanation
    if found is None or found.start is None or found.start.score is None:
        return None
    before, stairs = found.start.score, []
    for step in found.steps:
        if step.mean is None or step.verdict is None:
            return None
        stairs.append((step, before, step.mean))
        before = step.mean
    shown, beside = facts.study.shown, width > 500
    names = [
        textwrap.wrap(step.switch, int((BESIDE if beside else width - 20) / LETTER)) for step, _, _ in stairs
    ]
    left = LETTER * max(len(line) for lines in names for line in lines) + 24 if beside else 14.0
    rows = [max(ROW, LINE * len(n) + 8) if beside else ROW + LINE * len(n) for n in names]
    margins = Margins(left=left, right=20, top=6)
    height = margins.top + sum(rows) + margins.bottom
    ends = finite(v for step, a, b in stairs for v in (a, b, *_whisker(step.verdict, a)))
    x = Scale(*span([shown(v) for v in ends]), left, width - margins.right)
    bottom = height - margins.bottom
    drawing = Drawing(
        width, height, f"{facts.study.measure} from the default to the winner, switch by switch"
    )
    top = margins.top
    for (step, a, b), lines, row in zip(stairs, names, rows, strict=True):
        assert step.verdict is not None
        middle = top + row / 2 if beside else top + row - ROW / 2
        first = middle + 4 - LINE * (len(lines) - 1) / 2 if beside else top + LINE
        for k, line in enumerate(lines):
            place, anchor = (left - 12, "end") if beside else (left, "start")
            drawing.text((place, first + LINE * k), line, "row", anchor)
        start, end = sorted((x(shown(a)), x(shown(b))))
        drawing.box((start, middle - BAR / 2), max(end - start, 1.5), BAR, f"step {step.verdict.kind}")
        whisker = finite(_whisker(step.verdict, a))
        if len(whisker) == 2:
            low, high = (x(shown(v)) for v in whisker)
            drawing.line((low, middle), (high, middle), "whisker share")
        drawing.line((x(shown(b)), middle), (x(shown(b)), top + row + ROW / 2), "axis")
        top += row
    foot(drawing, x, bottom, about=int(width // 110))
    titles(drawing, facts.study.measure, "", margins)
    return drawing


def _whisker(verdict: object, before: float) -> tuple[float | None, float | None]:
    """Where the interval of a gain lies on the axis of means."""
    low, high = getattr(verdict, "low", None), getattr(verdict, "high", None)
    return (None if low is None else before + low, None if high is None else before + high)
