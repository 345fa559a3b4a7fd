"""Several runs side by side: what was asked of each that differs, what each found, whether scores compare."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from steepest.report import wording
from steepest.report.changes import counts
from steepest.report.facts import Facts
from steepest.report.numbers import NONE, count, duration, finite, knob, number
from steepest.report.run_list import shortened
from steepest.report.runs import Run
from steepest.report.text import WIDTH

LEAST = 12
"""Columns that a run gets at least; runs that do not fit beside each other follow below."""

_ASKED: Mapping[str, Callable[[Facts], Any]] = {
    "data": lambda f: f.study.data,
    "fingerprint": lambda f: f.study.fingerprint,
    "task": lambda f: f.study.task,
    "target": lambda f: f.study.target,
    "examples": lambda f: count(f.study.rows),
    "test rows": lambda f: count(f.study.test_rows),
    "measure": lambda f: f.study.measure,
    "seed": lambda f: f.study.seed,
    "precision": lambda f: f.study.precision,
    "steepest": lambda f: f.study.versions.get("steepest"),
    "torch": lambda f: f.study.versions.get("torch"),
    "processor": lambda f: f.study.machine.get("processor"),
    "workers": lambda f: f.study.machine.get("workers"),
}


def why_not_comparable(runs: Sequence[Run]) -> list[str]:
    """Reasons why the scores of runs may not be held against each other; none where they may.

    Example:
        >>> from pathlib import Path
        >>> from steepest.report.records import Study
        >>> one, other = (Facts(Study(fingerprint="a", seed=seed)) for seed in (0, 1))
        >>> why_not_comparable([Run(Path("a"), one), Run(Path("b"), other)])
        ['their seeds differ, so other rows may have been kept for the test']
    """
    studies = [run.facts.study for run in runs]
    reasons = []
    if len({s.fingerprint for s in studies}) > 1 or not studies[0].fingerprint:
        reasons.append("their data differs")
    if len({s.score_name for s in studies}) > 1:
        reasons.append("they count in different measures")
    if len({s.seed for s in studies}) > 1:
        reasons.append("their seeds differ, so other rows may have been kept for the test")
    elif len({(s.development_rows, s.test_rows) for s in studies}) > 1:
        reasons.append("they kept different numbers of rows for the test")
    return reasons


def to_dict(runs: Sequence[Run]) -> dict[str, Any]:
    """The comparison as plain values."""
    return {
        "comparable": not why_not_comparable(runs),
        "why_not": why_not_comparable(runs),
        "settings": _as_lists(settings(runs)),
        "recipe": _as_lists(recipes(runs)),
        "runs": [{**run.to_dict(), "scores": _scores(run)} for run in runs],
    }


def settings(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """What was asked of the runs and given to them, where it is not the same for all."""
    rows = {name: [read(run.facts) for run in runs] for name, read in _ASKED.items()}
    return {name: row for name, row in rows.items() if any(value != row[0] for value in row)}


def recipes(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Knobs of the recipes that were found, where they differ; None where a knob does not count."""
    found = [_found(run.facts) for run in runs]
    names = dict.fromkeys(name for values in found for name in values)
    rows = {name: [values.get(name) for values in found] for name in names}
    return {name: row for name, row in rows.items() if any(value != row[0] for value in row)}


def to_text(runs: Sequence[Run], width: int = WIDTH) -> str:
    """The comparison as aligned text.

    Args:
        runs: two or more.
        width: of the terminal.

    Example:
        >>> from pathlib import Path
        >>> from steepest.report.records import Study
        >>> print(to_text([Run(Path(name), Facts(Study(seed=0, budget=name))) for name in ("60s", "3m")]))
                   60s          3m
        budget     60s          3m
        state      unfinished   unfinished
        members    0            0
        <BLANKLINE>
        What was asked is the same, and so are the recipes.
        Scores may not be held against each other: their data differs.
    """
    blocks: list[str] = []
    left = 2 + max(map(len, [*_asked_and_found(runs), *settings(runs), *recipes(runs), "confirmed"]))
    beside = max(1, (width - left) // (LEAST + 1))
    for first in range(0, len(runs), beside):
        part = slice(first, min(first + beside, len(runs)))
        room = min(34, (width - left) // (part.stop - part.start) - 1)
        blocks += ["\n".join(_tables(runs, part, left, room))]
    return "\n\n".join([*blocks, "\n".join(_words(runs, width))])


def _tables(runs: Sequence[Run], part: slice, left: int, room: int) -> Iterator[str]:
    def line(name: str, cells: Sequence[str]) -> str:
        fitted = (shortened(cell, room).ljust(room) for cell in cells[part])
        return f"{name:<{left}}{' '.join(fitted)}".rstrip()

    yield line("", [run.name for run in runs])
    for name, row in _asked_and_found(runs).items():
        yield line(name, row)
    for heading, rows in (("What was asked", settings(runs)), ("Recipes", recipes(runs))):
        if rows:
            yield ""
            yield f"{heading}, where not the same"
        for name, values in rows.items():
            yield line(f"  {name}", [knob(value) for value in values])


def _words(runs: Sequence[Run], width: int) -> Iterator[str]:
    same = [
        what
        for what, rows in (("What was asked", settings(runs)), ("the recipes", recipes(runs)))
        if not rows
    ]
    text = {2: "What was asked is the same, and so are the recipes.", 0: ""}.get(len(same))
    if text is None:
        text = "What was asked is the same." if same[0] == "What was asked" else "The recipes are the same."
    reasons = why_not_comparable(runs)
    verdict = (
        f"Scores may not be held against each other: {'; '.join(reasons)}."
        if reasons
        else "Scores may be held against each other: data, measure and test rows are the same."
    )
    for sentence in filter(None, (text, verdict)):
        yield from textwrap.wrap(sentence, width)


def _asked_and_found(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Rows that are always shown, but for those that no run can fill."""
    rows: dict[str, list[str]] = {
        "budget": [run.facts.study.budget or NONE for run in runs],
        "state": [run.state for run in runs],
        "time": [duration(run.facts.total_seconds) for run in runs],
        "members": [count(run.members) for run in runs],
        "verdict": [run.verdict or NONE for run in runs],
        "against the default": [wording.effect(run.facts).split(" (")[0] for run in runs],
        "confirmed": [_mean(run) for run in runs],
        "  interval": [_interval(run) for run in runs],
        "test": [_test(run) for run in runs],
    }
    return {name: row for name, row in rows.items() if any(cell != NONE for cell in row)}


def _ends(run: Run) -> list[float]:
    """The interval of the confirmed mean; empty where there is none for the recipe that is handed back."""
    curse = run.facts.curse
    if curse is None or curse.confirmed_mean != run.confirmed:
        return []
    ends = finite([curse.confirmed_low, curse.confirmed_high])
    return sorted(map(run.facts.study.shown, ends)) if len(ends) == 2 else []


def _scores(run: Run) -> dict[str, Any]:
    shown, test = run.facts.study.shown, run.facts.test
    found: dict[str, Any] = {"confirmed": shown(run.confirmed), "interval": _ends(run) or None}
    if test is not None and test.winner is not None:
        found["test"], found["test_sd"] = shown(test.winner.score), test.winner.sd
    return found


def _mean(run: Run) -> str:
    return number(run.facts.study.shown(run.confirmed), wording.decimals(run.facts))


def _interval(run: Run) -> str:
    digits = wording.decimals(run.facts)
    return " to ".join(number(end, digits) for end in _ends(run)) or NONE


def _test(run: Run) -> str:
    test = run.facts.test
    if test is None or test.winner is None:
        return NONE
    return wording.scored(run.facts, test.winner.score, test.winner.sd)


def _found(facts: Facts) -> dict[str, Any]:
    """The knobs that count in the recipe that was found."""
    values = facts.recipe.values if facts.recipe is not None else {}
    form, task = facts.study.form, facts.study.task
    return {name: value for name, value in values.items() if counts(name, values, form, task)}


def _as_lists(rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: list(row) for name, row in rows.items()}
