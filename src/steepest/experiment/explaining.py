"""Why the winner won: from the default to it one switch at a time, every step trained anew.

In every step the switch that gains most comes first. Which that is, is decided on replicates of its own; what
each step gains is then measured on others, so that the choice flatters no step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.data.dataset import DataSet
from steepest.data.split import inner_split, outer_split
from steepest.evidence.verdict import Verdict
from steepest.experiment.ablation import Step, grouped, switches
from steepest.experiment.path_runs import PathRuns
from steepest.experiment.path_scope import CHOOSING, MOST_PAIRS
from steepest.experiment.workers import Workers
from steepest.training.source import Source


@dataclass(frozen=True)
class Why:
    """What is explained: a finished study's two ends.

    Args:
        default, winner: recipes.
        objective: the score.
        seed: of the study.
        shares: importance of knobs, where known.
        workers: processes to train in.
        budget: wall time; None for no limit.
    """

    default: Recipe
    winner: Recipe
    objective: str
    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)
    workers: int = 0
    budget: Budget | None = None

    def __post_init__(self) -> None:
        if self.budget is not None and self.budget.seconds is None:
            raise BadBudget("budget", "must be a time", self.budget.text, "Write 60s, 3m or 2h.")


@dataclass(frozen=True)
class Explained:
    """The way, step by step.

    Args:
        start: scores of the default on the replicates.
        steps: in the order in which they gain.
        total: the winner against the default.
        choosing: replicates that decided the order.
        trainings, seconds: what it took.
        notes: decisions that the reader should know of.
    """

    start: tuple[float, ...]
    steps: tuple[Step, ...]
    total: Verdict
    choosing: int
    trainings: int
    seconds: float
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The "explanation" document: plain JSON values."""
        return {
            "key": self.steps[-1].recipe.key(),
            "n": len(self.start),
            "choosing": self.choosing,
            "trainings": self.trainings,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "start": {"scores": list(self.start), **_moments(self.start)},
            "total": self.total.to_dict(),
            "steps": [
                {
                    "switch": step.switch.name,
                    "changes": {name: list(change) for name, change in step.switch.changes.items()},
                    "scores": list(step.scores),
                    **_moments(step.scores),
                    "verdict": step.verdict.to_dict(),
                    "share": step.share,
                    "share_low": step.share_low,
                    "share_high": step.share_high,
                }
                for step in self.steps
            ],
        }


def _moments(scores: Sequence[float]) -> dict[str, Any]:
    known = np.array([s for s in scores if np.isfinite(s)])
    return {
        "mean": float(known.mean()) if known.size else None,
        "sd": float(known.std(ddof=1)) if known.size > 1 else None,
        "diverged": len(scores) - known.size,
    }


def explain(data: DataSet, why: Why, listener: Listener, clock: Clock) -> Explained:
    """Find the way, and train it.

    Args:
        data: the study's; its test rows stay out.
        why: the two ends, and what may be spent.
        listener: hears how it goes.
        clock: started when it was asked for.

    Raises:
        BadInput: if the two ends train identically.
        BadBudget: if the budget does not pay for a verdict.
    """
    found = switches(why.default, why.winner)
    if not found or why.default.key() == why.winner.key():
        remedy = "There is nothing to explain. steepest tune --resume FOLDER --budget 5m searches on."
        raise BadInput("run", "must have found another recipe than the default", "the default", remedy)
    rows = outer_split(data, why.seed).train
    seed = derive(why.seed, "explain")
    source = Source.of(data, [inner_split(data, rows, seed, i) for i in range(CHOOSING + MOST_PAIRS)])
    with Workers(why.workers, "fork") as pool:
        pool.serve(source)
        runs = PathRuns(
            why.default, why.winner, source, pool, listener, clock, why.objective, why.seed, why.budget
        )
        scope = runs.scope(len(found))
        chosen = grouped(found, scope.switches, why.shares)
        runs.say_joined(found, chosen)
        path = runs.ordered(chosen, scope.choosing)
        scores, judged, total = runs.judged(path, why.seed)
    return Explained(
        start=tuple(scores[0]),
        steps=tuple(judged),
        total=total,
        choosing=scope.choosing,
        trainings=runs.trainings,
        seconds=clock.elapsed(),
        notes=tuple(runs.notes),
    )
