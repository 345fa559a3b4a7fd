"""Early stopping of `train`: a fifth of the development rows says when, and which epoch's network is kept.

Recipes that `tune` compares do without. Their learning rates come down towards the horizon, and it is there
that much of the score is gained: a curve that looks flat half way says little, and rungs compare members at
the same round of the same horizon, which members that end where they like would upset.
"""

import math
from dataclasses import dataclass

from steepest.data.split import Split
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.training.job import Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.state import StackState
from steepest.training.stopping import Check, Plateau, Stop, Stopping, Vigil

MOST_CHECKS = 100
"""Of a whole training: checks are as many rounds apart as that takes."""

SHARES = ("accuracy",)
"""Metrics that are the share of rows that are right."""

TEST, CHECKS = 0, 1
"""Places of the folds: the same training rows, scored on the test rows or on those that say when to stop."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How an early-stopped training went.

    Args:
        stop: rounds trained, the reason, and the round that is kept.
        sentence: the same for the user.
        epochs: that are kept, 0 if they are all.
    """

    stop: Stop
    sentence: str
    epochs: float


def train_watched(study: Study, trained: Trained, checks: Split) -> Stopped | None:
    """Train until it no longer pays, then go back to the best check and score it on the test rows.

    Args:
        study: with the folds `TEST` and `CHECKS`.
        trained: the member to train, in the fold `CHECKS`.
        checks: the rows it is checked on.

    Returns:
        None where it diverged or was interrupted.
    """
    total = study.until(trained.member.recipe)
    rows = len(checks.held_out) if study.objective in SHARES else 0
    vigil = Vigil(Stopping((Plateau(rows=rows),), study.objective, restore=True))
    apart = math.ceil(total / MOST_CHECKS)
    best: tuple[StackState, int] | None = None
    for until in [*range(apart, total, apart), total]:
        study.train([trained], until, [until], math.inf, probed=[trained])
        if study.interrupted or trained.fate != "training":
            return None
        reason = vigil.take(Check(until, trained.score, trained.seconds))
        if vigil.improved:
            best = trained.state
        if reason:
            break
    assert best is not None
    trained.state = best
    _score(study, trained, vigil.stop().kept)
    return _told(study, vigil.stop(), total, len(checks.held_out))


def _score(study: Study, trained: Trained, round_: int) -> None:
    """Score the kept state on the test rows."""
    assert trained.state is not None
    state, row = trained.state
    member = trained.member
    tested = Member(member.number, member.recipe, member.seed, TEST)
    (done,) = study.workers.run([Job((tested,), round_, (round_,), state=state.take([row]), keep=False)])
    (point,) = done.points
    trained.metrics = {name: float(values[0]) for name, values in point.metrics.items()}
    trained.scores = {round_: float(score_of(point.metrics, study.objective)[0])}


def _told(study: Study, stop: Stop, total: int, rows: int) -> Stopped:
    end, kept, planned = (study.epochs(r) for r in (stop.round, stop.kept, total))
    by = f"the best by {study.objective} on {rows:,} rows held out for this"
    ran = (
        f"stopped at epoch {end:g} of {planned:g}: {stop.reason}"
        if stop.reason
        else f"ran all {planned:g} epochs"
    )
    return Stopped(
        stop, f"training {ran}; the network is that of epoch {kept:g}, {by}", kept if stop.kept < total else 0
    )
