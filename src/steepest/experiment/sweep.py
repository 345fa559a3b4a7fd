"""`sweep`: many recipes on one division of the data, trained as stacks; no search, no verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.data.dataset import DataSet
from steepest.data.split import outer_split
from steepest.experiment.processes import can_fork
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers, cores
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.metrics import objective_for, score_of
from steepest.training.planning import chunks
from steepest.training.source import Source

WORTH_WORKERS = 2e12
"""Operations from which worker processes gain more than the seconds they take to start."""

WORTH_FORKS = 5e9
"""The same of processes that can be forked, which takes some hundredths of a second."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One recipe of a sweep.

    Args:
        recipe: what was trained.
        score: the objective on the held-out rows, higher is better; NaN if the loss stopped being a number.
        metrics: every metric by name.
        seconds: its share of the training time.
    """

    recipe: Recipe
    score: float
    metrics: dict[str, float]
    seconds: float


def sweep(
    data: DataSet,
    recipes: Sequence[Recipe],
    objective: str | None = None,
    seed: int = 0,
    workers: int | None = None,
) -> list[Swept]:
    """Train every recipe on the same rows, from the same seed, and score it on the same held-out rows.

    Args:
        data: a fifth of its rows is held out.
        recipes: what to train; those of one network shape share stacks.
        objective: metric of the scores; the task's first unless named.
        seed: decides the division, initial weights and data order, the same for all recipes.
        workers: processes; None takes none for small work, one per core beyond.

    Returns:
        One `Swept` per recipe, in their order.
    """
    return [row[0] for row in sweep_seeds(data, recipes, seed, 1, objective, workers)]


def sweep_seeds(
    data: DataSet,
    recipes: Sequence[Recipe],
    seed: int,
    seeds: int,
    objective: str | None = None,
    workers: int | None = None,
) -> list[list[Swept]]:
    """The same over several seeds: one row per recipe, one record per seed, all on the same division."""
    if not recipes:
        raise BadInput("recipes", "must hold at least one recipe", 0, "Pass a list of recipes.")
    metric = objective_for(data.task, objective)
    source = Source.of(data, [outer_split(data, seed)])
    runs = [(recipe, derive(seed, "sweep", r) if r else seed) for recipe in recipes for r in range(seeds)]
    members = [Member(i, recipe, s) for i, (recipe, s) in enumerate(runs)]
    ends = {m.number: source.total_rounds(m.recipe.epochs) for m in members}
    with Workers(_workers(workers, [m.recipe for m in members], source), "fork") as pool:
        pool.serve(source)
        planner = planner_for(source, pool)
        if pool.count:  # else all is done sooner than it is planned
            planner.learn(recipes)
        jobs = [
            Job(group, until, (until,), keep=False, way=planner.way(group[0].recipe))
            for until in sorted(set(ends.values()))
            for group in chunks(
                [m for m in members if ends[m.number] == until],
                source.ports,
                planner.way,
                planner.step_seconds,
            )
        ]
        found = {n: swept for done in pool.run(jobs) for n, swept in _swept(done, metric)}
    every = [found.get(m.number, Swept(m.recipe, math.nan, {}, 0.0)) for m in members]
    return [every[i : i + seeds] for i in range(0, len(every), seeds)]


def _workers(asked: int | None, recipes: Sequence[Recipe], source: Source) -> int:
    if asked is not None:
        return asked
    rows = len(source.folds[0].train)
    operations = sum(
        r.epochs * rows * cost(spec_of(r, source.ports), r.batch_size, 2).flops_training for r in recipes
    )
    return processes_for(operations)


def processes_for(operations: float) -> int:
    """One process per core, or none where so many operations are done sooner than processes start."""
    return cores() if operations > (WORTH_FORKS if can_fork() else WORTH_WORKERS) else 0


def _swept(done: Done, metric: str) -> list[tuple[int, Swept]]:
    point = done.points[-1] if done.points else None
    if point is None:
        return []
    scores, each = score_of(point.metrics, metric), done.seconds / len(done.members)
    return [
        (
            m.number,
            Swept(m.recipe, float(scores[k]), {n: float(v[k]) for n, v in point.metrics.items()}, each),
        )
        for k, m in enumerate(done.members)
    ]
