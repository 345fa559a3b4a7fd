"""The bar to clear: simple models beside the network, on the same rows."""

from dataclasses import dataclass

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import Margins, foot, titles
from steepest.report.numbers import decimals_for, finite, number
from steepest.report.scales import Scale, span

ROW = 34.0


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


def draw_baselines(facts: Facts, width: float) -> Drawing | None:
    """One row per contender: a dot at its mean, a line of one standard deviation to either side."""
    where, entries = contenders(facts)
    if not any(entry.kind == "baseline" for entry in entries):
        return None
    left = 170.0 if width > 500 else 14.0
    step = ROW if width > 500 else ROW + 16
    margins = Margins(left=left, right=70, top=8)
    height = margins.top + step * len(entries) + 46
    ends = [entry.score + side * (entry.sd or 0.0) for entry in entries for side in (-1, 1)]
    x = Scale(*span(finite(ends)), left, width - margins.right)
    bottom = height - margins.bottom
    digits = decimals_for(min(finite(entry.sd for entry in entries), default=None), entries[0].score)
    drawing = Drawing(width, height, f"{where} {facts.study.measure} of the network and of simple models")
    for index, entry in enumerate(entries):
        middle = margins.top + step * (index + 0.5)
        beside = width > 500
        if not beside:
            drawing.text((left, middle - 8), entry.name, f"row {entry.kind}")
            middle += 9
        else:
            drawing.text((left - 14, middle + 4), entry.name, f"row {entry.kind}", "end")
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
