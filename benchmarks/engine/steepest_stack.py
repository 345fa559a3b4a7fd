"""steepest's own programs on any work: members, jobs, workers.

--recipes rates       AdamW at many learning rates, as the loops train it
--recipes mixed       8 optimizers × 4 activations × dropout 0 and 0.2 × 4 batch sizes
"""

import itertools
import math
from collections.abc import Sequence

from turn import Trained, answer, parser
from works import WORKS, Work

from steepest.base.knobs import Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers, cores
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.planning import chunks
from steepest.training.source import Source
from work import rates

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadamw")
ACTIVATIONS = ("relu", "tanh", "gelu", "silu")
DROPOUTS = (0.0, 0.2)
BATCHES = (16, 32, 64, 128)
STRIDE = 37  # without a factor in common with their number: the first few are mixed too
MIXED = len(OPTIMIZERS) * len(ACTIVATIONS) * len(DROPOUTS) * len(BATCHES)


def trained(members: Sequence[Member], source: Source, workers: int) -> list[Done]:
    """Train members of one number of epochs to their end and score them there.

    How they are trained, stacked or one by one, is the planner's choice; what it measured is kept, so that
    the first turn pays for it.
    """
    until = source.total_rounds(members[0].recipe.epochs)
    with Workers(workers, "fork") as pool:
        pool.serve(source)
        planner = planner_for(source, pool)
        planner.learn(member.recipe for member in members)
        groups = chunks(members, source.ports, planner.way)
        return pool.run(
            [Job(each, until, (until,), keep=False, way=planner.way(each[0].recipe)) for each in groups]
        )


def recipes(work: Work, kind: str, members: int, epochs: int) -> list[Recipe]:
    """One recipe a member; fewer members than a mixed stack has are spread over it."""
    if kind == "rates":
        return [work.recipe(lr=rate, epochs=epochs) for rate in rates(members)]
    every = [
        work.recipe(
            optimizer=optimizer, activation=activation, dropout=dropout, batch_size=batch, epochs=epochs,
            lr=usual_rate(optimizer),
        )
        for optimizer, activation, dropout, batch in itertools.product(
            OPTIMIZERS, ACTIVATIONS, DROPOUTS, BATCHES
        )
    ]  # fmt: skip
    return [every[i * STRIDE % MIXED] for i in range(members)]


def usual_rate(optimizer: str) -> float:
    """The middle of where a search looks for an optimizer's learning rate."""
    where = KNOBS["lr"].search_by["optimizer", optimizer]
    assert isinstance(where, Range)
    assert where.center is not None
    return where.center


def train(source: Source, asked: Sequence[Recipe], workers: int) -> Trained:
    """All members; scores stand in their order."""
    found = trained([Member(i, recipe, seed=0) for i, recipe in enumerate(asked)], source, workers)
    scores, steps = [math.nan] * len(asked), 0
    for done in found:
        point = done.points[-1]
        steps += int(point.steps.sum())
        for k, member in enumerate(done.members):
            scores[member.number] = float(point.metrics["accuracy"][k])
    return Trained(scores, steps)


def main() -> None:
    """One turn."""
    asked_for = parser(__doc__ or "")
    asked_for.add_argument("--recipes", choices=("rates", "mixed"), default="rates")
    asked_for.add_argument("--workers", type=int, default=cores())
    asked = asked_for.parse_args()
    work = WORKS[asked.work]
    source = work.source()
    chosen = recipes(work, asked.recipes, asked.members, asked.epochs)
    answer(lambda: train(source, chosen, asked.workers))


if __name__ == "__main__":
    main()
