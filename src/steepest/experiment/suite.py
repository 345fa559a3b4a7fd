"""One comparison on several data sets, and what holds across them.

A claim about methods needs many data sets: more seeds on one say nothing about the next. So the tests here
take data sets as their units, and scores are first brought to one scale that does not depend on who else took
part: 0 is a network that has learnt nothing, 1 is perfect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steepest.base.errors import BadInput, closest
from steepest.data.dataset import DataSet
from steepest.evidence.aggregate import (
    Estimate,
    Pair,
    Profile,
    iqm_interval,
    pairwise_over_tasks,
    performance_profile,
)
from steepest.evidence.paired import Floats
from steepest.evidence.power import fewest_replicates
from steepest.evidence.ranks import Ranking, ranking
from steepest.experiment.compared import Compared

SUITES: Mapping[str, tuple[str, ...]] = {
    "small": (
        "digits", "wine", "breast_cancer", "iris", "diabetes", "moons", "circles", "spirals", "friedman",
    ),
}  # fmt: skip
"""Data sets that need no file, by the name of their suite."""

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))
"""Where performance profiles are read, on the common scale."""


@dataclass(frozen=True)
class Standing:
    """One contender across data sets.

    Args:
        label: its name.
        mean: its interquartile mean over all runs of all data sets, on the common scale, with its interval.
        profile: share of runs above each threshold.
        scores: mean on each data set, in the measure of that one; NaN where every run diverged.
        diverged: runs that did, over all data sets.
        seconds: of training that counted, and of tuning, over all data sets.
    """

    label: str
    mean: Estimate
    profile: Profile
    scores: tuple[float, ...]
    diverged: int
    seconds: float


@dataclass(frozen=True)
class Suite:
    """A comparison across data sets.

    Args:
        name: of the suite.
        tasks: its data sets.
        objectives: the measure of each; higher is better.
        compared: what was found on each.
        standings: one per contender, in their order.
        pairs: every two over data sets: Wilcoxon's test, adjusted by Holm.
        ranking: mean ranks over data sets, and who is not told apart.
    """

    name: str
    tasks: tuple[str, ...]
    objectives: tuple[str, ...]
    compared: tuple[Compared, ...]
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    ranking: Ranking

    def to_dict(self) -> dict[str, Any]:
        """Plain values, less the curves of single data sets; verdicts are those beyond their rows."""
        rows = []
        for each in self.standings:
            profile = {name: getattr(each.profile, name).tolist() for name in Profile._fields}
            rows.append(
                {"label": each.label, "mean": each.mean.value, "low": each.mean.interval.low,
                 "high": each.mean.interval.high, "profile": profile, "diverged": each.diverged,
                 "scores": [None if s != s else s for s in each.scores], "seconds": each.seconds}
            )  # fmt: skip
        return {
            "suite": self.name, "tasks": list(self.tasks), "objectives": list(self.objectives),
            "knob": self.compared[0].knob, "rows": rows, "pairs": [asdict(pair) for pair in self.pairs],
            "ranking": self.ranking.to_dict(),
            "verdicts": [
                [{"contender": r.contender, "reference": r.reference, "kind": r.verdict.kind,
                  "sentence": r.verdict.sentence} for r in found.beyond]
                for found in self.compared
            ],
        }  # fmt: skip


def suite_of(name: str) -> tuple[str, ...]:
    """The data sets of a suite.

    Raises:
        BadInput: for another name.

    Example:
        >>> len(suite_of("small"))
        9
    """
    if name not in SUITES:
        raise BadInput("suite", "must be known", name, closest(name, SUITES))
    return SUITES[name]


def fewest_tasks(contenders: int) -> int:
    """Data sets below which no two of so many contenders can be told apart, whatever they score.

    Example:
        >>> fewest_tasks(2), fewest_tasks(5)
        (6, 9)
    """
    return fewest_replicates(family=contenders * (contenders - 1) // 2)


def useless(data: DataSet, objective: str) -> float:
    """What a network scores that has learnt nothing: the share of the largest class, or 0 for R².

    Raises:
        BadInput: for a measure without such a value.
    """
    if objective == "accuracy":
        counts = np.bincount(data.y, minlength=len(data.classes))
        return float(counts.max() / counts.sum())
    if objective == "r2":
        return 0.0
    raise BadInput("objective", "must be accuracy or r2 across data sets", objective, "Leave it out.")


def across(name: str, compared: Sequence[Compared], floors: Sequence[float]) -> Suite:
    """Put comparisons of the same contenders on several data sets together.

    A run's score s becomes (s − f)/(1 − f) with the data set's floor f; a diverged one counts as 0.

    Args:
        name: of the suite.
        compared: one per data set, with as many runs each.
        floors: what a useless network scores on each.
    """
    labels = [row.label for row in compared[0].rows]
    standings, means = [], {}
    for place, label in enumerate(labels):
        rows = [found.rows[place] for found in compared]
        matrix = np.array([_scaled(r.scores, f) for r, f in zip(rows, floors, strict=True)]).T
        means[label] = matrix.mean(axis=0)
        standings.append(
            Standing(
                label,
                iqm_interval(matrix),
                performance_profile(matrix, THRESHOLDS),
                tuple(row.mean for row in rows),
                sum(row.diverged for row in rows),
                sum(row.seconds * len(row.scores) + row.tuning_seconds for row in rows),
            )
        )
    tasks = tuple(str(found.facts["data"]) for found in compared)
    objectives = tuple(found.objective for found in compared)
    pairs = tuple(pairwise_over_tasks(means))
    return Suite(name, tasks, objectives, tuple(compared), tuple(standings), pairs, ranking(means))


def _scaled(scores: Sequence[float], floor: float) -> Floats:
    known = (np.asarray(scores, dtype=np.float64) - floor) / (1.0 - floor)
    return np.where(np.isfinite(known), known, 0.0)
