"""What a comparison found: for each value its scores, rates and time, and verdicts over the same folds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.recipe import Recipe
from steepest.evidence import family
from steepest.evidence.looks import LATE
from steepest.evidence.ranks import Ranking, ranking
from steepest.evidence.resampled import resampled_t
from steepest.evidence.rope import region, seed_noise
from steepest.evidence.verdict import FEWEST
from steepest.experiment.breadth import Breadth, breadth
from steepest.experiment.candidates import Candidate, named
from steepest.experiment.ladder import Ladder
from steepest.training.metrics import is_lower_better

FORM = 2  # of the exported object; it grows when a name changes its meaning


@dataclass(frozen=True, slots=True)
class Trained:
    """The trainings of one value: one per seed and fold, in the same order for all values.

    Args:
        candidate: the value and its recipe.
        rates: the learning rate of each training.
        epochs: at which the curves were taken, [T].
        curves: scores on the held-out rows, [runs, T]; NaN from where a run diverged.
        seconds_per_epoch: a training's measured share of its stack, scoring included.
        decays: the weight decay of each training; () where all have the recipe's.
        ladders: of the rate, one per training; () where rates were not tuned.
        tuning_seconds: what all its ladders took, a measured share of their stacks.
        parameters: of its network.
        operations: floating-point operations of one training.
    """

    candidate: Candidate
    rates: tuple[float, ...]
    epochs: tuple[float, ...]
    curves: NDArray[np.float64]
    seconds_per_epoch: float
    decays: tuple[float, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    tuning_seconds: float = 0.0
    parameters: int = 0
    operations: float = 0.0

    def joined(self, more: "Trained") -> "Trained":
        """With further trainings of the same contender behind its own."""
        count, other = len(self.rates), len(more.rates)
        seconds = (count * self.seconds_per_epoch + other * more.seconds_per_epoch) / (count + other)
        return replace(
            self,
            rates=self.rates + more.rates,
            curves=np.concatenate([self.curves, more.curves]),
            seconds_per_epoch=seconds,
            decays=self.decays + more.decays,
            ladders=self.ladders + more.ladders,
            tuning_seconds=self.tuning_seconds + more.tuning_seconds,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a comparison.

    Args:
        value, label: the value, and its name.
        recipe: the recipe, with the middle one of its rates.
        rates: the rate of each training.
        scores: on the held-out rows at the end of each training, higher is better; NaN where it diverged.
        mean, low, high: of the scores, with the 95 % interval of the mean; NaN where there is none.
        diverged: trainings whose loss stopped being a number; they are left out of the mean.
        seconds_per_epoch: a training's measured share of its stack, scoring included.
        epochs_to_target, seconds_to_target: when the mean curve first reaches the target; None if never.
        curve: (epoch, mean score) pairs.
        band: (epoch, low, high) of the 95 % interval of that mean.
        decays: the weight decay of each training.
        parameters, operations: of the network, and of one training.
        seconds, tuning_seconds: of one training, and of all that its tuning took.
        good_rates: how wide the range of good rates is; None where rates were not tuned.
    """

    value: Any
    label: str
    recipe: Recipe
    rates: tuple[float, ...]
    scores: tuple[float, ...]
    mean: float
    low: float
    high: float
    diverged: int
    seconds_per_epoch: float
    epochs_to_target: float | None
    seconds_to_target: float | None
    curve: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float, float], ...]
    decays: tuple[float, ...]
    parameters: int
    operations: float
    seconds: float
    tuning_seconds: float
    good_rates: Breadth | None

    @property
    def rate(self) -> float:
        """The middle one of its rates."""
        return statistics.median_low(self.rates)

    @property
    def decay(self) -> float:
        """The middle one of its weight decays."""
        return statistics.median_low(self.decays)


@dataclass(frozen=True)
class Compared:
    """A finished comparison.

    Args:
        knob: what was compared. objective: the score; higher is better, so a metric that should be low is
        negated. reference: label of the value that the others are held against. best: label of the value with
        the highest mean. rows: one per value, in their order. verdicts: every other value against the
        reference on these rows: what fresh folds and seeds would give.
            Allowed to err once in twenty tables.
        beyond: the same for new rows of the kind, with the intervals that overlapping folds ask for.
        rope: differences up to this count as none: the spread between runs of one recipe, or more if the user
            says so.
        noise: the spread between runs of one recipe.
        target: the best mean less `noise`.
        overlap: held-out rows per training row.
        ranking: mean ranks over the replicates, and who is not told apart.
        facts: what was asked, of which data, and how it was done; plain values.
    """

    knob: str
    objective: str
    reference: str
    best: str
    rows: tuple[Row, ...]
    verdicts: tuple[family.Row, ...]
    beyond: tuple[family.Row, ...]
    rope: float
    noise: float
    target: float
    overlap: float
    ranking: Ranking
    facts: Mapping[str, Any]

    @property
    def settled(self) -> bool:
        """Whether further replicates would change little: every verdict is known, or out of reach."""
        verdicts = [row.verdict for row in (*self.verdicts, *self.beyond)]
        return all(v.kind != "unresolved" or (v.n >= FEWEST and v.n_needed is None) for v in verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values; NaN becomes None."""
        rows = []
        for row in self.rows:
            plain = asdict(row)
            rows.append(
                {**plain, "value": _value(row.value), "rate": row.rate, "decay": row.decay,
                 "recipe": row.recipe.model_dump()}
            )  # fmt: skip
        found = {
            "form": FORM, "knob": self.knob, "objective": self.objective, "reference": self.reference,
            "best": self.best, "rope": self.rope, "noise": self.noise, "target": self.target,
            "overlap": self.overlap,
            "ranking": self.ranking.to_dict(), **self.facts, "rows": rows,
            "verdicts": [each.to_dict() for each in self.verdicts],
            "beyond": [each.to_dict() for each in self.beyond],
        }  # fmt: skip
        plain_found: dict[str, Any] = _plain(found)
        return plain_found


def judged(
    knob: str,
    objective: str,
    trained: Sequence[Trained],
    reference: str,
    overlap: float,
    seed: int,
    facts: Mapping[str, Any],
    shared: int = 1,
    looks: Sequence[int] | None = None,
    margin: float | None = None,
) -> Compared:
    """Turn trainings into rows and verdicts.

    Every contender is judged twice. On these rows, deals and starts are what varies, and each run is a
    replicate of its own: the exact test and intervals of `evidence.verdict`. Beyond them the rows vary too,
    of which all folds hold the same: Nadeau and Bengio's intervals. Holm adjusts either table. The target is
    the best mean less the spread between runs of one recipe: a value that is there does as well as the best,
    as far as one run could tell.

    Args:
        knob, objective, reference, overlap, facts: as in `Compared`.
        trained: one per value.
        seed: of the tests.
        shared: so many seeds used the very same folds; beyond these rows each fold then counts once, with
            its mean score.
        looks: replicates at each planned look; None for one, at the end.
        margin: the smallest difference that matters to the user, where it is more than the spread.
    """
    ends = {each.candidate.label: each.curves[:, -1] for each in trained}
    folds = {label: scores.reshape(shared, -1).mean(0) for label, scores in ends.items()}
    noise = seed_noise(*(each.curves[:, -1] for each in trained))
    rope = region(margin, noise)
    best = max(trained, key=lambda each: _standing(each.curves[:, -1]))
    target = _mean(best.curves[:, -1]) - noise
    rows = tuple(_row(each, target, overlap, shared, rope) for each in trained)
    against = partial(
        family.against_reference, reference=reference, rope=rope, seed=seed, metric=objective,
        lower=is_lower_better(objective), looks=looks, shape=LATE,
    )  # fmt: skip
    return Compared(
        knob,
        objective,
        reference,
        best.candidate.label,
        rows,
        tuple(against(ends)),
        tuple(against(folds, overlap=overlap)),
        rope,
        noise,
        target,
        overlap,
        ranking(ends),
        dict(facts),
    )


def _row(trained: Trained, target: float, overlap: float, shared: int, rope: float) -> Row:
    scores, candidate = trained.curves[:, -1], trained.candidate
    low, high = _interval(trained.curves[:, -1], overlap, shared)
    decays = trained.decays or (candidate.recipe.weight_decay,) * len(trained.rates)
    changed = {"lr": statistics.median_low(trained.rates), "weight_decay": statistics.median_low(decays)}
    means = trained.curves.mean(0)
    reached = next((e for e, m in zip(trained.epochs, means, strict=True) if m >= target), None)
    return Row(
        value=candidate.value,
        label=candidate.label,
        recipe=candidate.recipe.replace(**changed),
        rates=trained.rates,
        scores=tuple(map(float, scores)),
        mean=_mean(scores),
        low=low,
        high=high,
        diverged=int(np.sum(~np.isfinite(scores))),
        seconds_per_epoch=trained.seconds_per_epoch,
        epochs_to_target=reached,
        seconds_to_target=None if reached is None else reached * trained.seconds_per_epoch,
        curve=tuple((e, float(m)) for e, m in zip(trained.epochs, means, strict=True)),
        band=tuple(
            (e, *_interval(column, overlap, shared))
            for e, column in zip(trained.epochs, trained.curves.T, strict=True)
        ),
        decays=decays,
        parameters=trained.parameters,
        operations=trained.operations,
        seconds=trained.seconds_per_epoch * trained.epochs[-1],
        tuning_seconds=trained.tuning_seconds,
        good_rates=breadth(trained.ladders, rope),
    )


def _interval(scores: NDArray[np.float64], overlap: float, shared: int) -> tuple[float, float]:
    """95 % of the mean of the runs that did not diverge; NaN at both ends where there is none."""
    replicates = scores.reshape(shared, -1).mean(0)
    known = replicates[np.isfinite(replicates)]
    if len(known) < 2:
        return math.nan, math.nan
    low, high = resampled_t(known, overlap).interval
    return float(low), float(high)


def _value(value: Any) -> Any:
    """A contender's value as plain data."""
    return value if isinstance(value, str | bool | int | float | None) else named(value)


def _mean(scores: NDArray[np.float64]) -> float:
    known = scores[np.isfinite(scores)]
    return float(known.mean()) if len(known) else math.nan


def _standing(scores: NDArray[np.float64]) -> tuple[int, float]:
    """Fewer diverged runs first, then the higher mean."""
    mean = _mean(scores)
    return -int(np.sum(~np.isfinite(scores))), -math.inf if math.isnan(mean) else mean


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
