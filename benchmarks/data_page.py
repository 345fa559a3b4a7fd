"""results/data.md: how figures are worded, and how new ones take the place of old ones there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

READING = "Reading"
"""How the paragraph on reading and augmentation begins."""
MEASURED = "Targets"
"""How the paragraph on targets begins."""
NAMES = {"mae": "MAE", "r2": "R²"}
HANDED_OUT = "too few pairs to decide; the default is handed out"


@dataclass(frozen=True)
class Figure:
    """Something measured several times, in seconds or %, and what its median must not exceed."""

    what: str
    values: tuple[float, ...]
    most: float
    unit: str

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        return self.middle <= self.most

    @property
    def words(self) -> str:
        """Without the bound."""
        return f"{self.what} {self.middle:.2g} {self.unit}"

    @property
    def line(self) -> str:
        """With range and bound."""
        span = f"{min(self.values):.2g} to {max(self.values):.2g}"
        kept = "yes" if self.met else "NO"
        return f"{self.what}: {self.middle:.2g} {self.unit} ({span}), at most {self.most:g}: {kept}"


@dataclass(frozen=True)
class Study:
    """A run of `steepest tune`: the command, its facts as --json prints them, seconds, and its target."""

    command: str
    facts: Mapping[str, Any]
    wall: float
    target: str
    met: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        test, unit = self.facts["test"], self.facts["study"]
        winner = test["winner"]
        sd = "" if winner["sd"] is None else f" ± {_number(winner['sd'])}"
        score = f"{_name(unit)}{_number(winner['score'])}{sd}{_unit(unit)}, n = {winner['n']}"
        bars = ", ".join(f"{each['name']} {_number(each['score'])}" for each in test["baselines"])
        minutes, seconds = divmod(round(self.wall), 60)
        wall = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        return f"`{self.command}`", score, bars, _verdict(self.facts.get("verdict")), wall

    @property
    def line(self) -> str:
        """For the terminal."""
        return f"{' · '.join(self.cells)} · {self.target}: {'yes' if self.met else 'NO'}"


def with_studies(text: str, done: Sequence[Study], heading: Sequence[str]) -> str:
    """The page with the rows of new studies; rows of commands that were not run stay as they are."""
    lines = text.rstrip("\n").split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    last = max(i for i, line in enumerate(lines) if line.startswith("|"))
    new = {study.cells[0]: f"| {' | '.join(study.cells)} |" for study in done}
    kept = [new.pop(_command(line), line) for line in lines[first + 2 : last + 1]]
    older = sum(line in lines for line in kept)
    top = [lines[0], "", *(f"{line}  " for line in heading[:-1]), heading[-1]]
    if older:
        top[-1] += "  "
        top.append(f"Not measured again, from an earlier day: {older} of {len(kept) + len(new)} rows.")
    table = [*lines[first : first + 2], *kept, *new.values()]
    targets = "; ".join(f"`{study.command}` {study.target}: {'yes' if study.met else 'no'}" for study in done)
    rest = _without(lines[last + 1 :], MEASURED)
    return "\n".join([*top, "", *table, *rest, "", f"{MEASURED}: {targets}."]) + "\n"


def with_readings(text: str, figures: Sequence[Figure], when: str) -> str:
    """The page with the new paragraph on reading and augmentation, at the end."""
    words = "; ".join(figure.words for figure in figures)
    lines = _without(text.rstrip("\n").split("\n"), READING)
    return "\n".join([*lines, "", f"{READING} and augmentation ({when}): {words}."]) + "\n"


def _without(lines: Sequence[str], beginning: str) -> list[str]:
    """Lines without the paragraph that begins so, and without empty lines at the end."""
    kept, inside = [], False
    for line in lines:
        inside = line.startswith(beginning) or (inside and line != "")
        if not inside:
            kept.append(line)
    while kept and kept[-1] == "":
        kept.pop()
    return kept


def _command(line: str) -> str:
    return line.split("|")[1].strip()


def _verdict(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None or verdict.get("effect") is None:
        return HANDED_OUT
    ends = f"[{verdict['low']:+.3g}, {verdict['high']:+.3g}]"
    return f"{verdict['kind']}, {verdict['effect']:+.3g} {ends}, {verdict['n']} pairs"


def _number(score: float) -> str:
    """A score as users know it: scores that should be low are held as negatives."""
    return f"{abs(score):.4f}" if abs(score) < 1 else f"{abs(score):.3f}"


def _name(study: Mapping[str, Any]) -> str:
    name = study["score_name"]
    return "" if study["task"] == "next-token" else f"{NAMES.get(name, name)} "


def _unit(study: Mapping[str, Any]) -> str:
    return " nats a character" if study["task"] == "next-token" else f" {study['score_unit']}".rstrip()
