"""How the found recipe and the default differ, replicate by replicate, with the interval of the mean."""

from collections.abc import Sequence

from steepest.report.drawing import Drawing
from steepest.report.facts import Facts
from steepest.report.frame import foot
from steepest.report.numbers import decimals_for, finite, signed
from steepest.report.scales import Scale, span

HEIGHT, INTERVAL, DOTS, BOTTOM = 136.0, 44.0, 88.0, 100.0


def draw_differences(facts: Facts, width: float) -> Drawing | None:
    """Dots for the replicates, a bar for the interval, a band where differences are too small to matter."""
    verdict = facts.verdict
    if verdict is None or not finite(verdict.differences):
        return None
    shown = facts.study.shown
    differences = [shown(d) for d in finite(verdict.differences)]
    rope = verdict.rope or 0.0
    interval = sorted(map(shown, finite([verdict.low, verdict.effect, verdict.high])))
    x = Scale(*span([0.0, rope, -rope, *interval, *differences]), 14, width - 14)
    digits = decimals_for(rope or None, max(map(abs, differences)))
    label = (
        f"Paired differences of {len(differences)} replicates, found recipe minus default, "
        f"mean {signed(shown(verdict.effect), digits)}"
    )
    drawing = Drawing(width, HEIGHT, label)
    if rope:
        drawing.box((x(-rope), 22), x(rope) - x(-rope), BOTTOM - 22, "rope")
        drawing.text((x(0), 14), "too small to matter", "note", "middle")
    drawing.line((x(0), 22), (x(0), BOTTOM), "zero")
    if len(interval) == 3:
        drawing.line((x(interval[0]), INTERVAL), (x(interval[2]), INTERVAL), "interval")
        drawing.dots([(x(interval[1]), INTERVAL)], "mean")
    drawing.dots(_pile([x(d) for d in differences]), "replicate")
    foot(drawing, x, BOTTOM, about=int(width // 90))
    left, right = ("found recipe", "default") if facts.study.lower else ("default", "found recipe")
    drawing.text((14, HEIGHT - 2), f"← {left} better", "title")
    drawing.text((width - 14, HEIGHT - 2), f"{right} better →", "title", "end")
    return drawing


def _pile(places: Sequence[float], apart: float = 9.0) -> list[tuple[float, float]]:
    """Dots that would overlap are piled up."""
    piled: list[tuple[float, float]] = []
    for place in sorted(places):
        level = 0
        while any(abs(place - x) < apart and y == DOTS - level * apart for x, y in piled):
            level += 1
        piled.append((place, DOTS - level * apart))
    return piled
