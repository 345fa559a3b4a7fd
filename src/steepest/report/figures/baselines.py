"""The bar to clear: simple models beside the network, on the same rows."""

import textwrap
from dataclasses import dataclass, replace
from itertools import accumulate

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, titles
from steepest.report.numbers import decimals_for, finite, number
from steepest.report.scales import Scale, span

ROW, LINE = 34.0, 16.0
BESIDE = 310.0
"""Most room for names on the left of a wide picture, in pixels; on a narrow one they stand above their row.
Names that are longer are broken into lines."""

LETTER = 7.2
"""Width of a letter, on the safe side."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender: its score, the standard deviation over its runs, and how it is drawn."""

    name: str
    kind: str
    score: float
    sd: float | None


def contenders(facts: Facts) -> tuple[str, list[Entry]]:
    """Where the scores were taken ("test" or "held-out") and who took part, best first."""
    test, entries = facts.test, []
    on_test = test is not None and test.winner is not None
    if test is not None and test.winner is not None:
        for name, kind, scores in (
            ("found recipe", "found", test.winner),
            ("default", "default", test.default),
        ):
            if scores is not None and scores.score is not None:
                entries.append(Entry(name, kind, scores.score, scores.sd))
    else:
        if facts.curse is not None and facts.curse.confirmed_mean is not None:
            entries.append(Entry("found recipe", "found", facts.curse.confirmed_mean, None))
        if facts.calibration is not None and facts.calibration.mean is not None:
            entries.append(Entry("default", "default", facts.calibration.mean, facts.calibration.sd))
    rows = test.baselines if test is not None and on_test else facts.baselines
    entries += [Entry(row.name, "baseline", row.score, row.sd) for row in rows if row.score is not None]
    return "test" if on_test else "held-out", sorted(entries, key=lambda entry: -entry.score)


def _wrapped(name: str, width: float) -> list[str]:
    return textwrap.wrap(name, int(width / LETTER)) or [""]


def draw_baselines(facts: Facts, width: float) -> Drawing | None:
    """One row per contender: a dot at its mean, a line of one standard deviation to either side."""
    where, entries = contenders(facts)
    if not any(entry.kind == "baseline" for entry in entries):
        return None
    beside = width > 500
    names = [_wrapped(entry.name, BESIDE if beside else width - 28) for entry in entries]
    longest = max(len(line) for lines in names for line in lines)
    left = max(170.0, LETTER * longest + 28) if beside else 14.0
    ends_of_rows = list(accumulate(ROW + (0 if beside else LINE * len(lines)) for lines in names))
    margins = Margins(left=left, right=70, top=8)
    height = margins.top + ends_of_rows[-1] + 46
    entries = [replace(entry, score=facts.study.shown(entry.score)) for entry in entries]
    ends = [entry.score + side * (entry.sd or 0.0) for entry in entries for side in (-1, 1)]
    x = Scale(*span(finite(ends)), left, width - margins.right)
    bottom = height - margins.bottom
    digits = decimals_for(min(finite(entry.sd for entry in entries), default=None), entries[0].score)
    drawing = Drawing(width, height, f"{where} {facts.study.measure} of the network and of simple models")
    for entry, lines, end in zip(entries, names, ends_of_rows, strict=True):
        middle = margins.top + end - ROW / 2
        last = middle + 4 + LINE * (len(lines) - 1) / 2 if beside else middle - LINE
        place, anchor = (left - 14, "end") if beside else (left, "start")
        for above, line in enumerate(reversed(lines)):
            drawing.text((place, last - LINE * above), line, f"row {entry.kind}", anchor)
        drawing.line((x.start, middle), (x.end, middle), "grid")
        if entry.sd:
            drawing.line(
                (x(entry.score - entry.sd), middle),
                (x(entry.score + entry.sd), middle),
                f"whisker {entry.kind}",
            )
        drawing.dots([(x(entry.score), middle)], f"score-dot {entry.kind}")
        drawing.text((width - 4, middle + 4), number(entry.score, digits), f"value {entry.kind}", "end")
    foot(drawing, x, bottom, about=int(width // 110))
    titles(drawing, f"{where} {facts.study.measure}", "", margins)
    return drawing
