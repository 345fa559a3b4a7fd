"""What a comparison found: for each value its scores, rates and time, and verdicts over the same folds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.recipe import Recipe
from steepest.evidence import family
from steepest.evidence.resampled import resampled_t
from steepest.evidence.rope import seed_noise
from steepest.experiment.candidates import Candidate
from steepest.training.metrics import is_lower_better

FORM = 1  # of the exported object; it grows when a name changes its meaning


@dataclass(frozen=True, slots=True)
class Trained:
    """The trainings of one value: one per seed and fold, in the same order for all values.

    Args:
        candidate: the value and its recipe.
        rates: the learning rate of each training.
        epochs: at which the curves were taken, [T].
        curves: scores on the held-out rows, [runs, T]; NaN from where a run diverged.
        seconds_per_epoch: a training's measured share of its stack, scoring included.
    """

    candidate: Candidate
    rates: tuple[float, ...]
    epochs: tuple[float, ...]
    curves: NDArray[np.float64]
    seconds_per_epoch: float


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

    @property
    def rate(self) -> float:
        """The middle one of its rates."""
        return statistics.median_low(self.rates)


@dataclass(frozen=True)
class Compared:
    """A finished comparison.

    Args:
        knob: what was compared.
        objective: the score; higher is better, so a metric that should be low is negated.
        reference: label of the value that the others are held against.
        best: label of the value with the highest mean.
        rows: one per value, in their order.
        verdicts: every other value against the reference, allowed to err once in twenty tables.
        rope: differences up to this count as none: the spread between runs of one recipe.
        target: the best mean less `rope`.
        overlap: held-out rows per training row.
        facts: what was asked, of which data, and how it was done; plain values.
    """

    knob: str
    objective: str
    reference: str
    best: str
    rows: tuple[Row, ...]
    verdicts: tuple[family.Row, ...]
    rope: float
    target: float
    overlap: float
    facts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values; NaN becomes None."""
        rows = []
        for row in self.rows:
            plain = asdict(row)
            rows.append({**plain, "rate": row.rate, "recipe": row.recipe.model_dump()})
        found = {
            "form": FORM, "knob": self.knob, "objective": self.objective, "reference": self.reference,
            "best": self.best, "rope": self.rope, "target": self.target, "overlap": self.overlap,
            **self.facts, "rows": rows, "verdicts": [each.to_dict() for each in self.verdicts],
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
) -> Compared:
    """Turn trainings into rows and verdicts.

    The intervals and tests are Nadeau and Bengio's, which allow for folds sharing training rows; the table of
    verdicts is adjusted by Holm. The target is the best mean less the spread between runs of one recipe: a
    value that is there does as well as the best, as far as one run could tell.

    Args:
        knob, objective, reference, overlap, facts: as in `Compared`.
        trained: one per value.
        seed: of the tests.
        shared: so many seeds used the very same folds; each fold then counts once, with its mean score.
    """
    ends = {each.candidate.label: _replicates(each, shared) for each in trained}
    rope = seed_noise(*(each.curves[:, -1] for each in trained))
    best = max(trained, key=lambda each: _standing(each.curves[:, -1]))
    target = _mean(best.curves[:, -1]) - rope
    rows = tuple(_row(each, target, overlap, shared) for each in trained)
    verdicts = family.against_reference(
        ends,
        reference,
        rope=rope,
        overlap=overlap,
        seed=seed,
        metric=objective,
        lower=is_lower_better(objective),
    )
    return Compared(
        knob,
        objective,
        reference,
        best.candidate.label,
        rows,
        tuple(verdicts),
        rope,
        target,
        overlap,
        dict(facts),
    )


def _replicates(trained: Trained, shared: int) -> NDArray[np.float64]:
    """The scores that count as replicates of their own."""
    means: NDArray[np.float64] = trained.curves[:, -1].reshape(shared, -1).mean(0)
    return means


def _row(trained: Trained, target: float, overlap: float, shared: int) -> Row:
    scores, candidate = trained.curves[:, -1], trained.candidate
    replicates = _replicates(trained, shared)
    known = replicates[np.isfinite(replicates)]
    low, high = resampled_t(known, overlap).interval if len(known) > 1 else (math.nan, math.nan)
    means = trained.curves.mean(0)
    reached = next((e for e, m in zip(trained.epochs, means, strict=True) if m >= target), None)
    return Row(
        value=candidate.value,
        label=candidate.label,
        recipe=candidate.recipe.replace(lr=statistics.median_low(trained.rates)),
        rates=trained.rates,
        scores=tuple(map(float, scores)),
        mean=_mean(scores),
        low=float(low),
        high=float(high),
        diverged=int(np.sum(~np.isfinite(scores))),
        seconds_per_epoch=trained.seconds_per_epoch,
        epochs_to_target=reached,
        seconds_to_target=None if reached is None else reached * trained.seconds_per_epoch,
        curve=tuple((e, float(m)) for e, m in zip(trained.epochs, means, strict=True)),
    )


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
