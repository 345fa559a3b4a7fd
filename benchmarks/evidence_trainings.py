"""Real trainings for the gates of `evidence.py`: one recipe under two names, on shared splits.

Run i of A and run i of B share the split and nothing else: initial weights and data order are their own,
which is the hardest case. Nothing is simulated but the effect that is injected into A's scores.
"""

import numpy as np

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.data.read import read
from steepest.data.split import fold_split
from steepest.evidence.paired import Floats
from steepest.experiment.starting import default_recipe
from steepest.experiment.ways import planner_for
from steepest.experiment.workers import Workers
from steepest.training.job import Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.planning import chunks
from steepest.training.source import Source

DATA, FOLDS, ROUNDS = "wine", 5, 4
KNOBS = {"width": 16, "depth": 1, "epochs": 10, "batch_size": 16}
BLOCK = 20
"""Comparisons that share their splits; the next block deals the rows anew."""


def same_recipe_twice(comparisons: int, seed: int = 0) -> tuple[Floats, Floats, float]:
    """Scores of A and of B, both [comparisons, FOLDS · ROUNDS], and held-out rows per training row."""
    data = read(DATA)
    recipe = default_recipe(data, None, KNOBS)
    rows, blocks = np.arange(data.rows, dtype=np.int64), -(-comparisons // BLOCK)
    found = []
    for block in range(blocks):
        splits = [
            fold_split(data, rows, derive(seed, "gate", block, r), FOLDS, i)
            for r in range(ROUNDS)
            for i in range(FOLDS)
        ]
        overlap = float(np.mean([len(s.held_out) / len(s.train) for s in splits]))
        found.append(_block(Source.of(data, splits), recipe, derive(seed, "members", block)))
    scores = np.concatenate(found)[:comparisons]
    return scores[:, 0], scores[:, 1], overlap


def _block(source: Source, recipe: Recipe, seed: int) -> Floats:
    """Scores of one block, [BLOCK, 2, FOLDS · ROUNDS]."""
    shape = (BLOCK, 2, FOLDS * ROUNDS)
    members = [
        Member(number, recipe, derive(seed, number) % 2**31, number % shape[2])
        for number in range(int(np.prod(shape)))
    ]
    scores = np.full(len(members), np.nan)
    with Workers(0) as pool:
        pool.serve(source)
        planner, until = planner_for(source, pool), source.total_rounds(recipe.epochs)
        planner.learn([recipe])
        jobs = [
            Job(group, until, (until,), keep=False, way=planner.way(recipe))
            for group in chunks(members, source.ports, planner.way)
        ]
        for done in pool.run(jobs):
            for member, score in zip(
                done.members, score_of(done.points[-1].metrics, "accuracy"), strict=True
            ):
                scores[member.number] = score
    return scores.reshape(shape)
