"""The way from the default to the winner, in words, rows and a table."""

import textwrap
from typing import Any

from steepest.report import wording
from steepest.report.facts import Facts
from steepest.report.numbers import NONE, decimals_for, duration, finite, knob, many, number, signed
from steepest.report.records import PathStep, Verdict

WIDTH, MOST_NAME = 80, 26


def sentence(facts: Facts) -> str:
    """What the gain is made of, or that there is none to explain.

    Example:
        >>> from steepest.report.records import Explanation, Study
        >>> rate = PathStep("optimizer, lr", verdict=Verdict("better"), share=0.5)
        >>> steps = rate, PathStep("norm", verdict=Verdict())
        >>> way = Explanation(steps=steps, total=Verdict("better", 0.04))
        >>> sentence(Facts(Study(), explanation=way))
        '50 % of the gain is optimizer, lr; of norm it is not known whether it helps'
    """
    found = facts.explanation
    if found is None or found.total is None:
        return ""
    if found.total.kind != "better":
        return f"on fresh splits the winner is not known to be better: {gain(facts, found.total)}"
    parts = [
        f"{_percent(step.share)} of the gain is {_said(step)}{_ends(step)}"
        for step in found.steps
        if _is(step, "better")
    ]
    for kind, one, several in (
        ("worse", "{} costs some of it", "{} cost some of it"),
        ("equivalent", "{} changes nothing that matters", "{} change nothing that matters"),
        ("unresolved", "of {} it is not known whether it helps", "of {} it is not known whether they help"),
    ):
        names = [_said(step) for step in found.steps if _is(step, kind)]
        if names:
            listed = " and ".join(names) if len(names) < 3 else f"{len(names)} other switches"
            parts.append((one if len(names) == 1 else several).format(listed))
    if any(_is(step, "better") for step in found.steps):
        return "; ".join(parts)
    whole = f"the whole way gains {gain(facts, found.total)}, but no single step is told from chance"
    return "; ".join([whole, *parts])


def gain(facts: Facts, verdict: Verdict) -> str:
    """A gain with its interval, as the measure itself.

    Example:
        >>> from steepest.report.records import Study
        >>> gain(Facts(Study(score_name="mae")), Verdict("better", 0.5, 0.25, 0.75))
        '−0.50 [−0.75, −0.25]'
    """
    if not finite([verdict.effect]):
        return NONE
    ends = finite([verdict.low, verdict.high])
    digits = decimals_for((ends[1] - ends[0]) / 2 if len(ends) == 2 else None, verdict.effect)
    text = signed(facts.study.shown(verdict.effect), digits)
    if len(ends) < 2:
        return text
    low, high = (signed(end, digits) for end in sorted(map(facts.study.shown, ends)))
    return f"{text} [{low}, {high}]"


def heads(facts: Facts) -> tuple[str, ...]:
    """Of the columns of `rows`."""
    return ("step", facts.study.measure, "gain", "verdict", "of the whole")


def rows(facts: Facts) -> list[tuple[str, ...]]:
    """The default, every step, and the whole way."""
    found = facts.explanation
    if found is None:
        return []
    start = found.start
    scored = wording.scored(facts, start.score, start.sd) if start else NONE
    first = (wording.reference(facts), scored, "", "", "")
    steps = [
        (
            _changed(step),
            wording.scored(facts, step.mean, step.sd)
            + (f", {step.diverged} diverged" if step.diverged else ""),
            gain(facts, step.verdict) if step.verdict else NONE,
            step.verdict.kind if step.verdict else NONE,
            f"{_percent(step.share)}{_ends(step)}" if step.share is not None else NONE,
        )
        for step in found.steps
    ]
    total = found.total
    whole = "100 %" if total and total.kind == "better" else NONE
    last = [("the whole way", "", gain(facts, total), total.kind, whole)] if total else []
    return [first, *steps, *last]


def how(facts: Facts) -> str:
    """How it was found."""
    found = facts.explanation
    if found is None:
        return ""
    others = many(found.choosing, "other")
    order = f"The order was decided on {others}, so that no step is flattered by its place. "
    notes = [f"{note[0].upper()}{note[1:]}" for note in found.notes]
    words = (
        f"Every step was trained anew on {many(found.n, 'replicate')} that all share, on splits and seeds of "
        f"their own. {order if found.choosing else ''}Intervals of gains are at the level that Holm's "
        "procedure leaves each step, those of shares at 95 %. What a switch gains hangs on those before it. "
        f"{many(found.trainings, 'training')} in {duration(found.seconds)}."
    )
    return " ".join([words, *notes])


def to_text(facts: Facts, width: int = WIDTH) -> str:
    """The way for a terminal."""
    found = facts.explanation
    if found is None:
        return ""
    said = sentence(facts)
    lines = [*textwrap.wrap(f"{facts.study.data}: {said}", width), ""]
    cells = [heads(facts), *rows(facts)]
    names = [textwrap.wrap(row[0], MOST_NAME) for row in cells]
    rooms = [
        max(max(map(len, lines_)) for lines_ in names),
        *(max(len(row[i]) for row in cells) for i in (1, 2, 3, 4)),
    ]
    for name, row in zip(names, cells, strict=True):
        rest = "  ".join(cell.ljust(room) for cell, room in zip(row[1:], rooms[1:], strict=True))
        lines.append(f"  {name[0]:<{rooms[0]}}  {rest}".rstrip())
        lines += [f"    {more}" for more in name[1:]]
    return "\n".join([*lines, "", *textwrap.wrap(how(facts), width)])


def to_markdown(facts: Facts) -> str:
    """The way as Markdown."""
    lines = [heads(facts), ("---",) * 5, *rows(facts)]
    table = "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
    said = sentence(facts)
    return f"{said[0].upper()}{said[1:]}.\n\n{table}\n\n{how(facts)}\n"


COLUMNS = (
    "step", "mean", "sd", "n", "gain", "low", "high", "level", "p_value", "verdict", "share", "share_low",
    "share_high", "changes",
)  # fmt: skip


def frame_rows(facts: Facts) -> list[dict[str, Any]]:
    """One row per step, the default first; gains are of scores, higher is better."""
    found = facts.explanation
    if found is None:
        return []
    first = found.start
    start = {
        "step": wording.reference(facts),
        "mean": first and first.score,
        "sd": first and first.sd,
        "n": found.n,
    }
    return [start, *(_frame_row(step, found.n) for step in found.steps)]


def _frame_row(step: PathStep, n: int) -> dict[str, Any]:
    verdict = step.verdict or Verdict()
    return {
        "step": step.switch,
        "mean": step.mean,
        "sd": step.sd,
        "n": n,
        "gain": verdict.effect,
        "low": verdict.low,
        "high": verdict.high,
        "level": verdict.level,
        "p_value": verdict.p_value,
        "verdict": verdict.kind,
        "share": step.share,
        "share_low": step.share_low,
        "share_high": step.share_high,
        "changes": dict(step.changes),
    }


def _changed(step: PathStep) -> str:
    """The switch with its new values, as far as they are few."""
    from_to = [(name, change[1]) for name, change in step.changes.items()]
    few = 0 < len(from_to) <= 3
    return ", ".join(f"{name}={knob(value)}" for name, value in from_to) if few else step.switch


def _said(step: PathStep) -> str:
    """The switch in a sentence."""
    few = len(step.changes) <= 3
    return step.switch if few else f"{len(step.changes)} knobs together"


def _is(step: PathStep, kind: str) -> bool:
    return step.verdict is not None and step.verdict.kind == kind


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{number(100 * share, 0)} %"


def _ends(step: PathStep) -> str:
    if step.share_low is None or step.share_high is None:
        return ""
    return f" ({number(100 * step.share_low, 0)} to {number(100 * step.share_high, 0)} %)"
