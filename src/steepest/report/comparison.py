"""The facts of a comparison, as its page, its picture and the terminal show them, and their sentences."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from steepest.base.recipe import KNOBS
from steepest.report.judged import Judged, beyond, carries, ends, judged, reach, turned
from steepest.report.numbers import NONE, decimals_for, duration, finite, knob, many, number
from steepest.report.records import LOSSES, measure_name

WIDTH = 80
Role = Literal["found", "default", "other"]

TITLES = {"recipe": "whole recipes", "change": "one change at a time against the default"}
"""What is compared where it is no knob."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: its measure with interval, its rates, and how soon it reaches the target."""

    label: str
    role: Role
    mean: float | None
    low: float | None
    high: float | None
    n: int
    diverged: int
    rates: tuple[float, ...]
    rate: float
    epochs: float
    seconds_per_epoch: float
    epochs_to_target: float | None
    seconds_to_target: float | None
    decay: float | None = None
    parameters: int | None = None
    operations: float | None = None
    seconds: float | None = None
    tuning_seconds: float | None = None
    good_rates: Mapping[str, Any] | None = None
    rank: float | None = None
    curve: tuple[tuple[float, float | None], ...] = ()
    band: tuple[tuple[float, float | None, float | None], ...] = ()

    @property
    def breadth(self) -> str:
        """Decades of good rates, in words; an open end makes it a least number."""
        if self.good_rates is None:
            return NONE
        more = self.good_rates["open_below"] or self.good_rates["open_above"]
        return f"{'≥ ' if more else ''}{self.good_rates['decades']:.1f}"

    @property
    def rate_range(self) -> str:
        """From the lowest to the highest rate, where runs differ."""
        low, high = min(self.rates), max(self.rates)
        return "" if low == high else f"{knob(float(low))} to {knob(float(high))}"


@dataclass(frozen=True)
class Comparison:
    """A comparison, in the measure itself: a loss is not negated here; see `experiment.compared.Compared`."""

    knob: str
    objective: str
    reference: str
    best: str
    rope: float
    target: float | None
    entries: tuple[Entry, ...]
    verdicts: tuple[Judged, ...]
    facts: Mapping[str, Any]
    groups: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Comparison":
        """From the object that `compare.json` holds."""
        sign = -1.0 if found["objective"] in LOSSES else 1.0
        names = ("diverged", "rate", "seconds_per_epoch", "epochs_to_target", "seconds_to_target")
        newer = ("decay", "parameters", "operations", "seconds", "tuning_seconds", "good_rates")
        ranking = found.get("ranking") or {"names": (), "mean_ranks": (), "groups": ()}
        ranks = dict(zip(ranking["names"], ranking["mean_ranks"], strict=True))
        entries = []
        for row in found["rows"]:
            low, high = ends(row["low"], row["high"], sign)
            entries.append(
                Entry(
                    label=row["label"],
                    role=_role(row["label"], found),
                    mean=turned(row["mean"], sign),
                    low=low,
                    high=high,
                    n=len(row["scores"]),
                    rates=tuple(row["rates"]),
                    epochs=row["recipe"]["epochs"],
                    **{name: row[name] for name in names},
                    **{name: row.get(name) for name in newer},
                    rank=ranks.get(row["label"]),
                    curve=tuple((e, turned(v, sign)) for e, v in row.get("curve", ())),
                    band=tuple((e, *ends(low, high, sign)) for e, low, high in row.get("band", ())),
                )
            )
        wider = {row["contender"]: judged(row, sign) for row in found.get("beyond", ())}
        verdicts = tuple(
            replace(v, beyond=wider.get(v.label)) for v in (judged(row, sign) for row in found["verdicts"])
        )
        plain = {name: found[name] for name in ("knob", "objective", "reference", "best", "rope")}
        groups = tuple(map(tuple, ranking["groups"]))
        target = turned(found["target"], sign)
        return cls(
            **plain, target=target, entries=tuple(entries), verdicts=verdicts, facts=found, groups=groups
        )

    @property
    def measure(self) -> str:
        """The measure's name for people."""
        return measure_name(self.objective)

    @property
    def lower(self) -> bool:
        """Whether the measure should be low."""
        return self.objective in LOSSES

    @property
    def meaning(self) -> str:
        """What the knob is, or what the contenders are."""
        if self.knob in TITLES:
            return TITLES[self.knob]
        if "×" in self.knob:
            return "every combination"
        group, _, name = self.knob.partition(".")
        if name:
            return f"{name} in place of the network's" if group == "replaced" else "argument of your network"
        return KNOBS[self.knob].meaning

    @property
    def counted(self) -> bool:
        """Whether costs are known: files of earlier versions have none."""
        return any(entry.parameters is not None for entry in self.entries)

    @property
    def subject(self) -> str:
        """What stands before a contender's name: its knob, where there is one."""
        return "" if self.knob in TITLES or "×" in self.knob else f"{self.knob} "

    @property
    def contenders(self) -> str:
        """What takes part, in the plural."""
        return (
            f"values of {self.knob}"
            if self.subject
            else f"{self.knob}s"
            if self.knob in TITLES
            else "of them"
        )

    @property
    def decimals(self) -> int:
        """Decimals for scores: two digits of the narrowest interval."""
        halves = finite(
            (e.high - e.low) / 2 for e in self.entries if e.high is not None and e.low is not None
        )
        means = finite(entry.mean for entry in self.entries)
        narrow = min((half for half in halves if half > 0), default=None)
        return decimals_for(narrow, max(map(abs, means), default=None))

    @property
    def first(self) -> Entry:
        """The value with the highest mean."""
        return next(entry for entry in self.entries if entry.label == self.best)

    @property
    def soonest(self) -> Entry | None:
        """The value that reaches the target in the fewest seconds."""
        reached = [entry for entry in self.entries if entry.seconds_to_target is not None]
        return min(reached, key=lambda entry: entry.seconds_to_target or 0.0, default=None)


def _role(label: str, found: Mapping[str, Any]) -> Role:
    if label == found["best"]:
        return "found"
    return "default" if label == found["reference"] else "other"


def headline(facts: Comparison) -> str:
    """The answer in a few words: never more than the verdicts say."""
    kinds = {row.label: row.kind for row in facts.verdicts}
    here = {row.label: "" if carries(row) else " on these rows" for row in facts.verdicts}
    anywhere = "" if not any(here.values()) else " on these rows"
    better = [entry for entry in facts.entries if kinds.get(entry.label) == "better"]
    if better:
        means = {entry.mean or 0.0: entry for entry in better}
        first = means[min(means) if facts.lower else max(means)]
        return f"{facts.subject}{first.label} is better than {facts.reference}{here[first.label]}"
    if all(kind == "equivalent" for kind in kinds.values()):
        return f"All {facts.contenders} do equally well{anywhere}"
    if all(kind == "worse" for kind in kinds.values()):
        return f"{facts.subject}{facts.reference} is better than the others{anywhere}"
    return f"No {facts.knob if facts.subject else 'other'} is known to be better than {facts.reference}"


def lead(facts: Comparison) -> str:
    """The best mean, and what comes soonest near it."""
    first, digits = facts.first, facts.decimals
    mean = f"{number(first.mean, digits)} {interval(first, digits)}".strip()
    end = "lowest" if facts.lower else "highest"
    words = f"{first.label} has the {end} mean {facts.measure}, {mean}."
    soon = facts.soonest
    if soon is not None:
        who = "It" if soon is first else soon.label
        reached = f"after {epochs(soon.epochs_to_target)}, {seconds(soon.seconds_to_target)} a run"
        words += f" {who} is the first to reach {number(facts.target, digits)}: {reached}."
    return words


def interval(entry: Entry, digits: int) -> str:
    """[low, high] of the mean, or nothing."""
    if len(finite([entry.low, entry.high])) < 2:
        return ""
    return f"[{number(entry.low, digits)}, {number(entry.high, digits)}]"


def seconds(count: float | None) -> str:
    """A short time, two digits of it.

    Example:
        >>> seconds(0.0123), seconds(75.0), seconds(None)
        ('0.012 s', '75.0 s', '–')
    """
    return f"{count:.2g} s" if count is not None and 0 < count < 1 else duration(count)


def epochs(count: float | None) -> str:
    """A number of epochs.

    Example:
        >>> epochs(1.0), epochs(2.5), epochs(None)
        ('1 epoch', '2.5 epochs', '–')
    """
    if count is None:
        return NONE
    return f"{count:g} epoch{'' if count == 1 else 's'}"


def design(facts: Comparison) -> str:
    """How it was done, in a sentence."""
    seen, lengths = facts.facts, facts.facts["epochs"]
    length = f"{epochs(lengths[0])} each" if len(lengths) == 1 else "each for its own number of epochs"
    word = "value" if facts.subject else "contender"
    parts = many(len(facts.entries), word), many(seen["folds"], "fold"), many(seen["seeds"], "seed")
    return f"{' × '.join(parts)}, {length}"


def rates(facts: Comparison) -> str:
    """How each value came by its learning rate."""
    seen = facts.facts
    if seen["rates"] == "tuned":
        return (
            f"Rates are tuned for every value and fold: {seen['rungs']} rates over {seen['decades']:g} "
            "decades, more where the best is at an end, train on 80 % of the fold's training rows, and the "
            "one that scores best on the rest, smoothed over its neighbours, trains the fold."
            + (DECAYS if seen.get("decays") else "")
            + " No held-out row of a fold has a part in choosing its rate."
        )
    if seen["rates"] == "scaled":
        return (
            "Rates are scaled from the default batch size: in proportion to the batch for sgd, momentum and "
            "nesterov (Goyal et al. 2017), to its root for rmsprop, adam, adamw and nadamw (Malladi et al. "
            "2022)."
        )
    if facts.knob == "lr":
        return "The rate is what is compared."
    return "Every value keeps the rate of its recipe."


def goal(facts: Comparison) -> str:
    """What the target is."""
    side = "plus" if facts.lower else "less"
    noise = facts.facts.get("noise", facts.rope)
    return (
        f"The target {number(facts.target, facts.decimals)} is the best mean {side} "
        f"{number(noise, facts.decimals)}, the spread between runs of one recipe; it is reached when "
        "the mean curve of a value's runs first gets there."
    )


def to_text(facts: Comparison, width: int = WIDTH) -> str:
    """The comparison for a terminal."""
    lines = textwrap.wrap(facts.facts["summary"], width)
    lines += textwrap.wrap(f"{facts.knob} ({facts.meaning}): {design(facts)}", width)
    lines += ["", *_table(facts), "", *textwrap.wrap(f"▸ {headline(facts)}", width)]
    lines += textwrap.wrap(lead(facts), width, initial_indent="  ", subsequent_indent="  ")
    if facts.counted:
        lines += ["", *tabulated([cost_columns(facts), *(cell for _, cell in cost_cells(facts))])]
    lines += ["", f"Against {facts.reference}, on the same folds and seeds (Holm's adjustment)"]
    for row in facts.verdicts:
        head = f"  {row.label:<10}"
        lines += textwrap.wrap(row.sentence, width, initial_indent=head, subsequent_indent=" " * len(head))
        indent = " " * len(head)
        lines += textwrap.wrap(
            beyond(row, facts.decimals), width, initial_indent=indent, subsequent_indent=indent
        )
    notes = [
        *reach(facts.verdicts),
        *pairing(facts),
        *standing(facts),
        rates(facts),
        goal(facts),
        *([BROAD] if facts.counted else []),
        TIME,
        *facts.facts["notes"],
    ]
    return "\n".join([*lines, "", *(line for note in notes for line in textwrap.wrap(note, width))])


BROAD = (
    "Flops are floating-point operations of one run. Decades are the width of the range of rates whose mean "
    "score on the ladders' rows lies within the spread between runs of the best: a method that works at one "
    "rate only is worth less."
)
TIME = "Seconds are a run's measured share of its stack on this machine, scoring included."


def columns(facts: Comparison) -> Sequence[str]:
    """The head of the table."""
    return facts.knob, facts.measure, "95 % interval", "rate", "an epoch", "to the target"


def cells(facts: Comparison) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """The rows of the table, in words."""
    digits = facts.decimals
    for entry in facts.entries:
        broken = f" ({entry.diverged} of {entry.n} diverged)" if entry.diverged else ""
        reached = f"{epochs(entry.epochs_to_target)}, {seconds(entry.seconds_to_target)}"
        yield (
            entry,
            (
                entry.label,
                number(entry.mean, digits) + broken,
                interval(entry, digits) or NONE,
                knob(float(entry.rate)),
                seconds(entry.seconds_per_epoch),
                reached if entry.epochs_to_target is not None else "not reached",
            ),
        )


def cost_columns(facts: Comparison) -> Sequence[str]:
    """The head of the second table."""
    return facts.knob, "parameters", "flops", "a run", "tuning", "decay", "decades", "rank"


def cost_cells(facts: Comparison) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """What each contender costs, and how much care its rate needs."""
    for entry in facts.entries:
        yield (
            entry,
            (
                entry.label,
                NONE if entry.parameters is None else f"{entry.parameters:,}",
                NONE if entry.operations is None else f"{entry.operations:.1e}".replace("e+", "e"),
                seconds(entry.seconds),
                seconds(entry.tuning_seconds or None),
                NONE if entry.decay is None else knob(float(entry.decay)),
                entry.breadth,
                number(entry.rank, 2),
            ),
        )


def pairing(facts: Comparison) -> list[str]:
    """What sharing folds and seeds bought."""
    known = [(v.label, v.correlation) for v in facts.verdicts if v.correlation is not None]
    if not known:
        return []
    words = ", ".join(f"{label} {number(value, 2)}" for label, value in known)
    return [
        f"Runs share folds and data order, and initial weights where the networks' shapes are the same. "
        f"Correlation of their scores with those of {facts.reference}: {words}."
    ]


def standing(facts: Comparison) -> list[str]:
    """The ranks in words."""
    ranked = sorted((e for e in facts.entries if e.rank is not None), key=lambda e: e.rank or 0.0)
    if not ranked:
        return []
    words = ", ".join(f"{entry.label} {number(entry.rank, 2)}" for entry in ranked)
    groups = "; ".join(", ".join(group) for group in facts.groups)
    told = f" Not told apart: {groups}." if groups else " All are told apart."
    return [f"Mean ranks over the replicates: {words}.{told}"]


DECAYS = (
    " At that rate the recipe's weight decay, none and ten times as much are tried on the same rows, and the "
    "best of them is kept."
)


def _table(facts: Comparison) -> list[str]:
    return tabulated([columns(facts), *(cell for _, cell in cells(facts))])


def tabulated(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of words as lines with aligned columns.

    Example:
        >>> tabulated([("a", "bc"), ("def", "g")])
        ['a    bc', 'def  g']
    """
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{word:<{size}}" for word, size in zip(row, sizes, strict=True)).rstrip() for row in rows
    ]
