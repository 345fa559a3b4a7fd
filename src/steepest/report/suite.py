"""A comparison across data sets in words: tables for the terminal and for Markdown."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from steepest.report.comparison import WIDTH, seconds, tabulated
from steepest.report.numbers import many, number

Facts = Mapping[str, Any]


def headline(facts: Facts) -> str:
    """Who is told apart from whom: never more than the tests say."""
    told = [pair for pair in facts["pairs"] if pair["p_adjusted"] <= 0.05]
    if not told:
        return f"No {facts['knob']} is shown to be better than another over {len(facts['tasks'])} data sets"
    words = []
    for pair in told:
        first, second = (pair["a"], pair["b"]) if pair["difference"] > 0 else (pair["b"], pair["a"])
        words.append(f"{first} over {second}")
    return f"Over {len(facts['tasks'])} data sets shown to be better: {', '.join(words)}"


def ranks(facts: Facts) -> list[tuple[str, ...]]:
    """One row per contender from the best mean rank: rank, interquartile mean, cost."""
    rows = {row["label"]: row for row in facts["rows"]}
    order = zip(facts["ranking"]["names"], facts["ranking"]["mean_ranks"], strict=True)
    found: list[tuple[str, ...]] = [(facts["knob"], "mean rank", "IQM", "95 % interval", "diverged", "time")]
    for name, rank in order:
        row = rows[name]
        between = f"[{number(row['low'], 3)}, {number(row['high'], 3)}]"
        found.append(
            (name, number(rank, 2), number(row["mean"], 3), between, str(row["diverged"]),
             seconds(row["seconds"]))
        )  # fmt: skip
    return found


def scores(facts: Facts) -> list[tuple[str, ...]]:
    """One row per data set: the mean of each contender in the data set's own measure."""
    labels = [row["label"] for row in facts["rows"]]
    found: list[tuple[str, ...]] = [("data", "measure", *labels)]
    for place, (task, measure) in enumerate(zip(facts["tasks"], facts["objectives"], strict=True)):
        found.append((task, measure, *(number(row["scores"][place], 3) for row in facts["rows"])))
    return found


def pairs(facts: Facts) -> list[tuple[str, ...]]:
    """One row per pair: data sets won, tied and lost, and Wilcoxon's p after Holm's adjustment."""
    found: list[tuple[str, ...]] = [("pair", "won", "tied", "lost", "p", "p, Holm")]
    for pair in facts["pairs"]:
        counts = (str(pair[name]) for name in ("wins", "ties", "losses"))
        p_values = (number(pair[name], 3) for name in ("p_value", "p_adjusted"))
        found.append((f"{pair['a']} – {pair['b']}", *counts, *p_values))
    return found


def profile(facts: Facts, at: Sequence[float] = (0.5, 0.7, 0.8, 0.9, 0.95)) -> list[tuple[str, ...]]:
    """Share of runs above some thresholds of the common scale."""
    found: list[tuple[str, ...]] = [("share of runs above", *(number(value, 2) for value in at))]
    for row in facts["rows"]:
        known = {
            round(t, 2): s for t, s in zip(row["profile"]["thresholds"], row["profile"]["share"], strict=True)
        }
        found.append((row["label"], *(number(known[value], 2) for value in at)))
    return found


def kinds(facts: Facts) -> list[tuple[str, ...]]:
    """One row per contender: how often it was better, equivalent, worse, unresolved against the reference."""
    words = ("better", "equivalent", "worse", "unresolved")
    found: list[tuple[str, ...]] = [("against the reference, beyond the rows", *words)]
    flat = [row for task in facts["verdicts"] for row in task]
    for row in facts["rows"]:
        own = [each["kind"] for each in flat if each["contender"] == row["label"]]
        if own:
            found.append((row["label"], *(str(own.count(word)) for word in words)))
    return found


SCALE = (
    "The common scale: 0 is a network that has learnt nothing (the share of the largest class, or R² = 0), 1 "
    "is perfect. IQM is the mean of the middle half of all runs of all data sets; its interval resamples "
    "runs within data sets, so it speaks of these. Whether one is better on data sets like these is what "
    "the pairs say: Wilcoxon's test with data sets as its units, adjusted by Holm."
)


def to_text(facts: Facts) -> str:
    """The tables for a terminal."""
    tables = ["\n".join(tabulated(rows)) for rows in _tables(facts)]
    notes = ["\n".join(textwrap.wrap(words, WIDTH)) for words in (_standing(facts), SCALE)]
    return "\n\n".join([f"▸ {headline(facts)}", *tables, *notes])


def to_markdown(facts: Facts) -> str:
    """The same in Markdown."""
    parts = [f"**{headline(facts)}.**"]
    for rows in _tables(facts):
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        parts.append("\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]))
    return "\n\n".join([*parts, _standing(facts), SCALE]) + "\n"


def _tables(facts: Facts) -> list[list[tuple[str, ...]]]:
    return [ranks(facts), scores(facts), pairs(facts), profile(facts), kinds(facts)]


def _standing(facts: Facts) -> str:
    groups = "; ".join(", ".join(group) for group in facts["ranking"]["groups"])
    told = f"Not told apart: {groups}." if groups else "All are told apart."
    return f"{many(len(facts['rows']), 'contender')}, {many(len(facts['tasks']), 'data set')}. {told}"
