"""The facts of a search for conflicts, as page, picture, Markdown, table and terminal show them, in words."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steepest.report.comparison import epochs
from steepest.report.facts import Facts
from steepest.report.numbers import NONE, decimals_for, duration, finite, many, number, signed
from steepest.report.records import LOSSES, measure_name

WIDTH = 80
CORNERS = ("neither", "the first", "the second", "both")
KINDS = {
    "conflict": ("conflict", "conflicts"),
    "redundant": ("redundant", "redundant"),
    "synergy": ("synergy", "synergies"),
    "additive": ("no interaction", "without interaction"),
    "unresolved": ("unresolved", "unresolved"),
}
"""Of each kind: its name, and several of it."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair, in the measure itself: a loss is not negated, and its interaction has the loss's sign."""

    combination: str
    first: str
    second: str
    kind: str
    effect: float
    low: float
    high: float
    level: float
    rope: float
    p_value: float
    p_adjusted: float
    n: int
    n_needed: int | None
    means: tuple[float, ...]
    diverged: tuple[int, ...]
    runs: tuple[int, ...]
    settings: tuple[tuple[int, ...], ...]
    sentence: str
    best: str
    expected: str
    source: str
    good: float

    @property
    def name(self) -> str:
        """Both strategies."""
        return f"{self.first} × {self.second}"

    @property
    def verdict(self) -> str:
        """The kind in words."""
        return KINDS[self.kind][0]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One recipe that was trained, in the measure itself."""

    label: str
    mean: float | None
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    scores: tuple[float | None, ...]
    diverged: int


@dataclass(frozen=True)
class Conflicts:
    """A search for conflicts; see `experiment.conflicted.Conflicted`."""

    objective: str
    pairs: tuple[PairRow, ...]
    settings: tuple[SettingRow, ...]
    facts: Mapping[str, Any]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Conflicts":
        """From the object that `conflicts.json` holds."""
        sign = -1.0 if found["objective"] in LOSSES else 1.0
        settings = tuple(
            SettingRow(
                label=row["label"],
                mean=None if row["mean"] is None else sign * row["mean"],
                rates=tuple(row["rates"]),
                decays=tuple(row["decays"]),
                scores=tuple(None if s is None else sign * s for s in row["scores"]),
                diverged=row["diverged"],
            )
            for row in found["settings"]
        )
        return cls(
            found["objective"], tuple(_pair(row, sign, found) for row in found["pairs"]), settings, found
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
    def decimals(self) -> int:
        """Decimals of scores and effects: two digits of the narrowest interval."""
        halves = [half for half in finite((row.high - row.low) / 2 for row in self.pairs) if half > 0]
        sizes = [abs(mean) for row in self.pairs for mean in finite(row.means)]
        return decimals_for(min(halves, default=None), max(sizes, default=None))


def _pair(row: Mapping[str, Any], sign: float, found: Mapping[str, Any]) -> PairRow:
    low, high = sorted((sign * row["low"], sign * row["high"]))
    same = ("combination", "first", "second", "kind", "level", "rope", "p_value", "p_adjusted", "n",
            "n_needed", "sentence", "best", "expected", "source")  # fmt: skip
    settings = tuple(tuple(places) for places in row["settings"])
    return PairRow(
        **{name: row[name] for name in same},
        effect=sign * row["effect"],
        low=low,
        high=high,
        means=tuple(sign * row[f"mean_{corner}"] for corner in ("00", "10", "01", "11")),
        diverged=tuple(row["diverged"]),
        runs=tuple(found["runs"] * len(places) for places in settings),
        settings=settings,
        good=row["effect"],
    )


def of_study(facts: Facts) -> Conflicts | None:
    """What was found around a study's recipe; None where nothing was tested, or it has another by now."""
    return Conflicts.read(facts.conflicts) if facts.conflicts else None


def how(facts: Conflicts) -> str:
    """How it was done, for the report of a study."""
    seen = facts.facts
    spent = f"{many(seen['trainings'], 'training')} in {duration(seen['seconds'])}"
    return f"All settings are the found recipe but for what they switch: {design(facts)}; {spent}."


def rows(facts: Conflicts) -> list[dict[str, Any]]:
    """One row per pair, for a table that other tools read: full precision, in the measure itself."""
    return [
        {
            "first": row.first,
            "second": row.second,
            "combination": row.combination,
            "verdict": row.verdict,
            "interaction": row.effect,
            "low": row.low,
            "high": row.high,
            "level": row.level,
            "region": row.rope,
            "p_value": row.p_value,
            "p_adjusted": row.p_adjusted,
            "n": row.n,
            "n_needed": row.n_needed,
            "mean_neither": row.means[0],
            "mean_first": row.means[1],
            "mean_second": row.means[2],
            "mean_both": row.means[3],
            "diverged": sum(row.diverged),
            "measure": facts.objective,
        }
        for row in facts.pairs
    ]


def headline(facts: Conflicts) -> str:
    """The answer in a few words: never more than the verdicts say."""
    if len(facts.pairs) == 1:
        (row,) = facts.pairs
        words = {
            "conflict": f"{row.first} and {row.second} conflict",
            "redundant": f"{row.first} and {row.second} are redundant",
            "synergy": f"{row.first} and {row.second} bring more together",
            "additive": f"{row.first} and {row.second} do not interact",
            "unresolved": f"{row.first} × {row.second}: unresolved",
        }
        return words[row.kind]
    counts = [(kind, sum(row.kind == kind for row in facts.pairs)) for kind in KINDS]
    told = [f"{count} {KINDS[kind][count > 1]}" for kind, count in counts if count]
    return f"{len(facts.pairs)} pairs: {', '.join(told)}"


def lead(facts: Conflicts) -> str:
    """The pairs that were named, the strongest first; or what is known if none was."""
    named = sorted(
        (row for row in facts.pairs if row.kind in ("conflict", "redundant", "synergy")),
        key=lambda row: -abs(row.effect),
    )
    if not named:
        open_ = [row for row in facts.pairs if row.kind == "unresolved"]
        if not open_:
            return "No pair interacts by more than what matters: choose each strategy by itself."
        return (
            "No interaction is shown. What is unresolved may still interact, by less than its interval's end."
        )
    return " ".join(f"{row.name}: {row.verdict}, {effect(facts, row)}." for row in named[:3])


def effect(facts: Conflicts, row: PairRow) -> str:
    """The interaction with its interval."""
    digits = facts.decimals
    ends = f"[{signed(row.low, digits)}, {signed(row.high, digits)}]"
    return f"{signed(row.effect, digits)} {ends}"


def corner(facts: Conflicts, row: PairRow, place: int) -> str:
    """One of the four means, with the runs that diverged."""
    broken = f" ({row.diverged[place]} of {row.runs[place]} diverged)" if row.diverged[place] else ""
    return number(row.means[place], facts.decimals) + broken


def columns() -> Sequence[str]:
    """The head of the table of verdicts."""
    return "pair", "verdict", "interaction and interval"


def mean_columns() -> Sequence[str]:
    """The head of the table of means."""
    return "pair", *CORNERS, "region"


def cells(facts: Conflicts) -> Iterator[tuple[PairRow, tuple[str, ...]]]:
    """The rows of the table of verdicts, in words."""
    for row in facts.pairs:
        yield row, (row.name, row.verdict, f"{effect(facts, row)} ({100 * row.level:.3g} %)")


def mean_cells(facts: Conflicts) -> Iterator[tuple[PairRow, tuple[str, ...]]]:
    """The rows of the table of means, in words."""
    for row in facts.pairs:
        means = (corner(facts, row, place) for place in range(4))
        yield row, (row.name, *means, f"±{number(row.rope, facts.decimals)}")


def advice(row: PairRow) -> str:
    """What a verdict means for one who has to choose."""
    best = {"neither": "neither", "first": f"{row.first} alone", "second": f"{row.second} alone"}
    mean = f"the best mean has {best.get(row.best, 'both')}"
    if row.kind == "additive" and max(row.means) - min(row.means) < row.rope:
        return "neither changes the score by more than what matters, so there was nothing to interact"
    return {
        "conflict": f"together they do worse than one of them alone; do not combine them, {mean}",
        "redundant": f"the second adds less than it would alone; {mean}",
        "synergy": f"both bring more together than the sum of each alone; {mean}",
        "additive": f"each brings what it brings alone, so each can be chosen by itself; {mean}",
        "unresolved": "these runs cannot tell, which is not the same as no interaction",
    }[row.kind]


def after(row: PairRow) -> str:
    """What would settle an unresolved pair, and what is said of it elsewhere."""
    parts = []
    if row.kind == "unresolved" and row.n > 1:
        count = (
            f"about {row.n_needed} runs of each setting" if row.n_needed else "no practical number of runs"
        )
        parts.append(f"{count} would settle it if effect and spread stay as seen")
    if row.expected:
        source = row.source.replace(" (", ", ").replace(")", "")
        parts.append(f"expected {row.expected} ({source})" if source else f"expected {row.expected}")
    return "; ".join(parts)


def told(row: PairRow) -> str:
    """What a verdict means, what would settle it, and what is said of the pair elsewhere."""
    return "; ".join(part for part in (advice(row), after(row)) if part)


def opened(words: str) -> str:
    """Words as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def paired(facts: Conflicts) -> Iterator[tuple[SettingRow, Mapping[str, Any]]]:
    """Each setting with its recipe."""
    return zip(facts.settings, (each["recipe"] for each in facts.facts["settings"]), strict=True)


def design(facts: Conflicts) -> str:
    """How it was done, in a sentence."""
    seen = facts.facts
    lengths = sorted({s["recipe"]["epochs"] for s in seen["settings"]})
    length = f"{epochs(lengths[-1])} each"
    if len(lengths) > 1:
        length = f"{lengths[0]:g} to {epochs(lengths[-1])} each"
    parts = (
        many(len(facts.settings), "setting"),
        many(seen["folds"], "fold"),
        many(seen["seeds"], "seed"),
    )
    return f"{' × '.join(parts)}, {length}"


def tuning(facts: Conflicts) -> str:
    """How each setting came by its rate and decay."""
    seen = facts.facts
    if not seen["rungs"]:
        return "Every setting keeps the rate and decay of its recipe: what is found may be a matter of rates."
    text = (
        f"Every setting finds its own learning rate in every run: {seen['rungs']} rates over "
        f"{seen['decades']:g} decades, more where the best is at an end, train on 80 % of the fold's "
        "training rows, and the one that scores best on the rest, smoothed over its neighbours, trains the "
        "fold. "
    )
    if seen["decays"]:
        text += f"Then its own weight decay, among {seen['decays'] + 1}, in the same way. "
    else:
        text += "The weight decay stays as the recipe has it. "
    fixed = [each["name"] for each in seen["combinations"] if not each["rate_tuned"]]
    kept = [each["name"] for each in seen["combinations"] if each["rate_tuned"] and not each["decay_tuned"]]
    if fixed:
        text += f"The rate is a switch, and so not tuned, in {', '.join(fixed)}. "
    if kept and seen["decays"]:
        text += f"The decay is a switch or fixed, and so not tuned, in {', '.join(kept)}. "
    return text + "All settings of a combination have the same budget for it."


def meaning() -> str:
    """What the interaction is."""
    return (
        "Interaction: both − first − second + neither, of the means. It is named where its whole interval "
        "lies beyond the region that does not matter (the noise between runs, or your margin), and there is "
        "none where its whole interval lies inside."
    )


def to_text(facts: Conflicts, width: int = WIDTH) -> str:
    """The search for conflicts for a terminal."""
    lines = textwrap.wrap(facts.facts["summary"], width)
    lines += textwrap.wrap(f"{many(len(facts.pairs), 'pair')} of strategies: {design(facts)}", width)
    lines += ["", *_table(columns(), [cell for _, cell in cells(facts)])]
    lines += ["", f"Mean {facts.measure} with", *_means(facts)]
    lines += ["", *textwrap.wrap(f"▸ {headline(facts)}", width)]
    lines += textwrap.wrap(lead(facts), width, initial_indent="  ", subsequent_indent="  ")
    lines.append("")
    for row in facts.pairs:
        words = f"{row.name}: {told(row)}."
        lines += textwrap.wrap(words, width, initial_indent="  ", subsequent_indent="    ")
    said = [meaning(), tuning(facts), *designs(facts), *facts.facts["notes"]]
    return "\n".join([*lines, "", *(line for note in said for line in textwrap.wrap(note, width))])


def designs(facts: Conflicts) -> list[str]:
    """Of combinations of more than two, which settings were trained."""
    return [
        f"{each['name']}: {each['design']}; a pair's means are taken over the settings of the others."
        for each in facts.facts["combinations"]
        if len(each["switches"]) > 2
    ]


def _means(facts: Conflicts) -> list[str]:
    return _table(mean_columns(), [cell for _, cell in mean_cells(facts)])


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    every = [head, *body]
    sizes = [max(map(len, column)) for column in zip(*every, strict=True)]
    return [
        "  ".join(f"{word or NONE:<{size}}" for word, size in zip(row, sizes, strict=True)).rstrip()
        for row in every
    ]
