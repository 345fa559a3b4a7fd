"""Trial 0: the default recipe over several seeds and splits. It tells the noise and the cost of a step."""

import math
from collections.abc import Callable

import numpy as np

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.experiment.least import too_small
from steepest.experiment.pace import FINAL, Pace, horizon
from steepest.experiment.study import Study
from steepest.search.rungs import rung_rounds
from steepest.training.job import Job
from steepest.training.member import Member
from steepest.training.planning import stacks

REPLICATES = 8
"""Runs of the default, and folds that the search may use."""


def member_seed(study: Study, *path: int | str) -> int:
    """A member's seed under the study's, short enough to read."""
    return derive(study.settings.seed, *path) % 2**31


def calibrate(
    study: Study, pace: Pace, rounds: int, meanwhile: Callable[[], object] = lambda: None
) -> tuple[Recipe, float]:
    """Train the default for so many rounds; note its noise. `meanwhile` is called while it trains.

    Returns:
        The default recipe with this study's horizon, and the standard deviation of its score.
    """
    default = study.settings.start.replace(epochs=study.epochs(rounds))
    count = pace.extent.replicates
    plans = [(default, "default", member_seed(study, "calibrate", r), r, r) for r in range(count)]
    members = study.plan(plans, "calibrate", ["default"] * count)
    network = pace.purse.alone([default], FINAL * rounds)  # one is handed out, whatever comes
    deadline = pace.purse.alarm(pace.purse.limit - pace.purse.writing - network)
    study.train(members, rounds, rung_rounds(rounds), deadline, keep=False, meanwhile=meanwhile)
    study.settle(members, "finished")
    pace.measure()
    scores = np.array([m.score for m in members])
    known = scores[np.isfinite(scores)]
    noise = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    study.note(
        "calibration",
        {
            "n": len(known),
            "mean": float(known.mean()) if len(known) else None,
            "sd": noise,
            "seconds_per_member": float(np.mean([m.seconds for m in members])),
            "steps_per_second": sum(m.steps for m in members) / max(sum(m.seconds for m in members), 1e-9),
            "horizon_epochs": default.epochs,
        },
    )
    if len(known):
        study.best = float(known.mean())
    return default, noise


def probe(study: Study, pace: Pace) -> int:
    """Time two rounds of the default where time counts, choose the extent of the study, and the horizon.

    Returns:
        Rounds of a full training.

    Raises:
        BadBudget: if the budget does not even allow these.
    """
    if pace.purse is not pace.time:
        return horizon(study, pace)
    deadline = pace.purse.limit - pace.purse.writing
    stacked = stacks(study.settings.start, study.ports)
    members = tuple(Member(-1 - r, study.settings.start, r, r) for r in range(REPLICATES if stacked else 1))
    study.learn([study.settings.start])
    before = study.clock.elapsed()
    way = study.planner.way(study.settings.start)
    moment, stop = study.moment(deadline), study.workers.stop_file
    done = study.workers.run([Job(members, 2, (), deadline=moment, stop=stop, keep=False, way=way)])[0]
    if study.interrupted:
        raise KeyboardInterrupt  # nothing has been trained that could be confirmed
    if done.interrupted:
        passes = f"two passes over {len(study.outer.train) // study.rounds:,} rows"
        raise too_small(
            study.settings.budget,
            f"{before:.1f}s to begin and more than {max(deadline - before, 0.0):.1f}s for {passes}",
            f"{math.ceil(3 * study.clock.elapsed())}s",
        )
    pace.time.per_unit = done.seconds / (2 * sum(study.work(m.recipe) for m in members))
    return horizon(study, pace)
