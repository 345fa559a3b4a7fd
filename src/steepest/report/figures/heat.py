"""A heat map of pairs: how much two strategies gain or lose by being together, against what matters."""

from steepest.report.conflicts import Conflicts, PairRow
from steepest.report.drawing import Drawing
from steepest.report.numbers import signed

STRENGTHS = (1.0, 2.0, 4.0)
"""Interactions, in regions that do not matter, from which a colour is one step stronger."""

LETTER, FIELD, LOWEST = 7.2, 34.0, 24.0
MARKS = {"conflict": "conflict", "redundant": "redundant", "synergy": "synergy", "additive": "none",
         "unresolved": "?"}  # fmt: skip


def draw_heat(facts: Conflicts, width: float) -> Drawing | None:
    """One field per pair that was tried: a row for its first strategy, a column for its second."""
    rows = list(dict.fromkeys(row.first for row in facts.pairs))
    across = list(dict.fromkeys(row.second for row in facts.pairs))
    if not rows or not across:
        return None
    if width < 500 or len(across) > 9:
        return _listed(facts, width)
    left = min(max(map(len, rows)) * LETTER + 12, width * 0.34)
    field = min((width - left) / len(across), 150.0)
    heads = [_broken(name, max(int(field / LETTER), 4)) for name in across]
    top = max(map(len, heads)) * 15.0 + 8
    height = top + FIELD * len(rows) + 6
    drawing = Drawing(width, height, f"interactions of {len(facts.pairs)} pairs of strategies")
    for j, lines in enumerate(heads):
        for k, line in enumerate(lines):
            middle = left + (j + 0.5) * field
            drawing.text((middle, top - 8 - 15.0 * (len(lines) - 1 - k)), line, "row", "middle")
    for i, name in enumerate(rows):
        drawing.text((left - 10, top + FIELD * (i + 0.5) + 4), name, "row", "end")
    for row in facts.pairs:
        corner = left + across.index(row.second) * field, top + rows.index(row.first) * FIELD
        drawing.box((corner[0] + 1, corner[1] + 1), field - 2, FIELD - 2, shade(row))
        drawing.text((corner[0] + field / 2, corner[1] + FIELD / 2 + 4), _words(facts, row, field), *_MIDDLE)
    return drawing


_MIDDLE = ("value", "middle")


def _listed(facts: Conflicts, width: float) -> Drawing:
    """The same as a list, for a narrow screen or many strategies."""
    height = (FIELD + LOWEST) * len(facts.pairs)
    drawing = Drawing(width, height, f"interactions of {len(facts.pairs)} pairs of strategies")
    for i, row in enumerate(facts.pairs):
        top = i * (FIELD + LOWEST)
        drawing.text((0, top + 15), row.name, "row")
        drawing.box((0, top + 21), min(width, 300.0), FIELD - 4, shade(row))
        drawing.text((min(width, 300.0) / 2, top + 40), _words(facts, row, 300.0), *_MIDDLE)
    return drawing


def shade(row: PairRow) -> str:
    """The kind of a field: its side, and how strong beside the region that does not matter.

    An unresolved pair is not coloured: its effect may be chance.
    """
    if not coloured(row):
        return f"heat {row.kind}"
    size = abs(row.effect) / row.rope if row.rope else float("inf")
    step = sum(size >= bound for bound in STRENGTHS)
    return f"heat {'gain' if row.good > 0 else 'loss'} step-{max(step, 1)}"


def coloured(row: PairRow) -> bool:
    """Whether an interaction is shown that matters."""
    return row.kind not in ("unresolved", "additive")


def _words(facts: Conflicts, row: PairRow, room: float) -> str:
    """Verdict and effect, as far as there is room."""
    full = f"{MARKS[row.kind]} {signed(row.effect, facts.decimals)}"
    return full if len(full) * LETTER <= room - 8 else MARKS[row.kind]


def _broken(name: str, length: int) -> list[str]:
    """A name in lines of at most so many letters, as far as its words allow."""
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + 1 + len(word) <= length:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
