"""The report for a terminal: a dozen lines of plain text, at most 80 columns."""

import textwrap
from collections.abc import Iterator

from steepest.report import conflicts, ensemble, explanation, importance, wording
from steepest.report.facts import Facts
from steepest.report.figures.baselines import contenders
from steepest.report.numbers import finite, knob, many

WIDTH = 80
LABEL = 10


def to_text(facts: Facts, width: int = WIDTH) -> str:
    """The summary that the command line prints and a result shows as itself.

    Example:
        >>> from steepest.report.facts import Facts
        >>> from steepest.report.records import Study, Verdict
        >>> verdict = Verdict("better", 0.012, 0.006, 0.018, n=8, sentence="It won 8 of 8 replicates.")
        >>> print(to_text(Facts(Study(data="digits", score_name="accuracy"), verdict=verdict)))
        digits
        ▲ Better than the default
          It won 8 of 8 replicates.
    """
    head = [facts.study.data, wording.about_data(facts)]
    lines = textwrap.wrap(" · ".join(part for part in head if part), width)
    lines.append(f"{wording.mark(facts)} {wording.headline(facts)}")
    lines += textwrap.wrap(_kept(wording.lead(facts)), width, initial_indent="  ", subsequent_indent="  ")
    rows = list(_rows(facts))
    if rows:
        lines.append("")
    for label, words in rows:
        indent = "  " + " " * LABEL
        lines += textwrap.wrap(
            _kept(words),
            width,
            initial_indent=f"  {label:<{LABEL}}",
            subsequent_indent=indent,
            break_long_words=True,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _kept(words: str) -> str:
    """A number and its unit stay on one line."""
    return words.replace(" %", "\u00a0%").replace(" ± ", "\u00a0±\u00a0")


def _rows(facts: Facts) -> Iterator[tuple[str, str]]:
    yield from (row for row in [("score", _scores(facts)), ("bar", _bar(facts))] if row[1])
    if wording.luck(facts):
        yield "luck", wording.luck(facts)
    if facts.recipe is not None:
        yield "recipe", _recipe(facts)
    for place, sentence in enumerate(ensemble.gained(facts)):
        yield "" if place else "ensemble", sentence
    if facts.obeying:
        yield "limits", facts.obeying
    if importance.mattered(facts):
        yield "mattered", importance.mattered(facts)
    if importance.room(facts):
        yield "room", importance.room(facts)
    if facts.explanation is not None:
        yield "why", explanation.sentence(facts)
    crossed = conflicts.of_study(facts)
    if crossed is not None:
        yield "conflicts", f"{conflicts.headline(crossed)}. {conflicts.lead(crossed)}"
    for row in facts.front:
        yield "front", wording.front_row(facts, row)
    if wording.searched(facts):
        yield "searched", wording.searched(facts)
    if facts.members:
        yield "spent", wording.spent(facts)
    if facts.kept:
        yield "kept", ensemble.kept(facts)
    if facts.verdict is not None and facts.end_sentence:
        yield "end", facts.end_sentence
    if facts.missed:
        yield "not done", wording.missed(facts)


def _scores(facts: Facts) -> str:
    """From the flattering score of the search to the one that counts."""
    curse, test, parts = facts.curse, facts.test, []
    if curse is not None and curse.search_score is not None:
        parts.append(f"search {wording.scored(facts, curse.search_score)}")
    if curse is not None and curse.confirmed_mean is not None:
        parts.append(f"confirmed {wording.scored(facts, curse.confirmed_mean, wording.half(curse))}")
    if test is not None and test.winner is not None:
        parts.append(f"test {wording.scored(facts, test.winner.score, test.winner.sd)}")
    if not parts and facts.calibration is not None and finite([facts.calibration.mean]):
        parts.append(f"default {wording.scored(facts, facts.calibration.mean, facts.calibration.sd)}")
    return f"{' → '.join(parts)} {wording.measured(facts)}" if parts else ""


def _bar(facts: Facts) -> str:
    where, entries = contenders(facts)
    simple = [f"{e.name} {wording.scored(facts, e.score)}" for e in entries if e.kind == "baseline"]
    end = {True: ": cleared", False: ": not cleared", None: ""}[wording.cleared(facts)]
    return f"{', '.join(simple)} on the {where} {wording.noun(facts)}s{end}" if simple else ""


def _recipe(facts: Facts) -> str:
    """The knobs that were changed."""
    assert facts.recipe is not None
    changed = [f"{name}={knob(facts.recipe.values.get(name))}" for name in facts.recipe.changed]
    size = f" ({many(facts.recipe.parameters, 'parameter')})" if facts.recipe.parameters else ""
    return (" ".join(changed) or wording.reference(facts)) + size
