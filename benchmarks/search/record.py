"""Full learning curves of a few hundred recipes on one data set, to replay searches on.

The pool holds what searches look at: half as our first wave draws it, then two waves that learned, one
by our densities and one by Optuna's TPE, so that neither model is confined to what chance had found. Every
recipe trains to the end once, scored at every round on one of the splits that a search has; and `CONFIRMING`
times more from fresh seeds on fresh training rows, scored at the end on rows that no search has seen: that
mean is its confirmed score. Where a data set is large enough these rows are many times those of a search, so
the confirmed score says more than a search can know. Networks are narrow and trainings short: compared
are searches, and they have to be recorded in minutes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive, generator
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.split import Split, inner_split, outer_split
from steepest.experiment.starting import default_recipe
from steepest.experiment.workers import Workers
from steepest.search.policy import Policy
from steepest.search.space import Space
from steepest.search.suggest import tpe
from steepest.training.job import Job
from steepest.training.member import Member
from steepest.training.metrics import objective_for, score_of
from steepest.training.planning import chunks
from steepest.training.source import Source

FOLDS, CONFIRMING, SEEDS = 5, 3, 8
"""Splits of the search, replicates that confirm, seeds of the default."""

SEARCHED, UNSEEN = 400, 2000
"""Rows of a search at most, and rows that confirm."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Work:
    """A data set and how much of it is recorded."""

    name: str
    source: str
    reading: dict[str, Any]
    pool: int = 160
    epochs: float = 18
    network: str | None = None


@dataclass(frozen=True)
class Records:
    """What was recorded of a data set.

    Args:
        recipes: the pool, N recipes; the default is none of them.
        curves: score by round [N, T], NaN from where a member failed.
        seconds: of one round [N].
        confirmed: mean score at the end on fresh seeds and splits [N], the worst seen where one failed.
        noise: standard deviation of the default's score over seeds and splits.
        default: the default's confirmed score.
    """

    name: str
    task: str
    form: str
    base: Recipe
    recipes: tuple[Recipe, ...]
    curves: Array
    seconds: Array
    confirmed: Array
    noise: float
    default: float


def space_for(task: str, form: str, base: Recipe) -> Space:
    """The space of the pool: that of a study of one family."""
    space = Space.of(base, {}, task, form, (base.network,), ("embedding", "bins", "flip"))
    return replace(space, allowed=lambda r: r.width <= 64 and r.batch_size >= 32 and r.optimizer != "gd")


def divided(data: DataSet, seed: int) -> list[Split]:
    """Splits of a search, then those that confirm: fresh training rows, and rows no search has seen."""
    if data.moments is None:
        rows = generator(seed, "rows").permutation(len(data.x))
        known = min(SEARCHED, int(0.6 * len(rows)))
        searched, unseen = rows[:known], np.sort(rows[known : known + UNSEEN])
    else:
        outer = outer_split(data, seed)
        searched, unseen = outer.train, outer.held_out
    inner = [inner_split(data, searched, seed, i) for i in range(FOLDS + CONFIRMING)]
    return [*inner[:FOLDS], *(Split(split.train, unseen) for split in inner[FOLDS:])]


class _Recorder:
    def __init__(self, data: DataSet, base: Recipe, pool: Workers, source: Source) -> None:
        self.metric, self.pool, self.source = objective_for(data.task, None), pool, source
        self.until = source.total_rounds(base.epochs)

    def train(
        self, members: Sequence[Member], points: tuple[int, ...]
    ) -> dict[int, tuple[list[float], float]]:
        """Number → scores at the points, and seconds of a round."""
        groups = chunks(members, self.source.ports)
        jobs = [Job(group, self.until, points, keep=False) for group in groups]
        found: dict[int, tuple[list[float], float]] = {}
        for done in self.pool.run(jobs):
            scores = [score_of(point.metrics, self.metric) for point in done.points]
            for k, m in enumerate(done.members):
                each = done.seconds / len(done.members) / self.until
                found[m.number] = ([float(s[k]) for s in scores], each)
        return found


def record(work: Work, seed: int = 0, workers: int = 2) -> Records:
    """Train the pool of a data set."""
    data = read(work.source, **work.reading)
    base = default_recipe(data, work.network, {}).replace(epochs=work.epochs, width=32)
    space = space_for(data.task, data.form, base)
    source = Source.of(data, divided(data, seed))
    with Workers(workers, "fork") as pool:
        pool.serve(source)
        recorder = _Recorder(data, base, pool, source)
        recipes, found = _pool(recorder, space, work.pool, seed)
        again = [
            Member(i * CONFIRMING + r, recipe, derive(seed, "confirm", r), FOLDS + r)
            for i, recipe in enumerate([*recipes, base])
            for r in range(CONFIRMING)
        ]
        ends = recorder.train(again, (recorder.until,))
        eight = [Member(k, base, derive(seed, "default", k), k % FOLDS) for k in range(SEEDS)]
        defaults = recorder.train(eight, (recorder.until,))
    last = np.array([(ends[m.number][0] or [np.nan])[-1] for m in again]).reshape(-1, CONFIRMING)
    last = np.where(np.isnan(last), np.nanmin(last), last).mean(axis=1)
    curves = np.full((len(recipes), recorder.until), np.nan)
    for i, (scores, _) in found.items():
        curves[i, : len(scores)] = scores
    return Records(
        work.name, data.task, data.form, base, tuple(recipes), curves,
        np.array([found[i][1] for i in range(len(recipes))]), last[:-1],
        float(np.std([s[-1] for s, _ in defaults.values()], ddof=1)), float(last[-1]),
    )  # fmt: skip


def _pool(
    recorder: _Recorder, space: Space, count: int, seed: int
) -> tuple[list[Recipe], dict[int, tuple[list[float], float]]]:
    ours, optunas = Policy(space, seed), Policy(space, derive(seed, "other"), sampler=tpe)
    found: dict[int, tuple[list[float], float]] = {}
    recipes: list[Recipe] = []
    points = tuple(range(1, recorder.until + 1))
    for wave, policy in enumerate([ours, ours, optunas]):
        best = sorted(found, key=lambda i: np.nan_to_num(found[i][0][-1], nan=-np.inf), reverse=True)
        size = count - len(recipes) if wave == 2 else count // 2 if wave == 0 else count // 4
        proposals = (
            policy.model_wave(size, [recipes[i] for i in best[:5]], wave) if wave else policy.first_wave(size)
        )
        members = [
            Member(len(recipes) + i, p.recipe, derive(seed, "search", len(recipes) + i), i % FOLDS)
            for i, p in enumerate(proposals)
        ]
        known = recorder.train(members, points)
        found |= known
        recipes += [p.recipe for p in proposals]
        for other in (ours, optunas):
            other.remember(proposals)
            for m in members:
                scores = dict(zip(points, known[m.number][0], strict=False))
                failed = any(np.isnan(list(scores.values())))
                other.suggester.tell(m.recipe, {} if failed else scores, finished=not failed)
    return recipes, found


def save(records: Records, path: Path) -> None:
    """Write records as a compressed .npz; recipes as JSON inside it."""
    np.savez_compressed(
        path,
        about=np.array([records.name, records.task, records.form, records.base.model_dump_json()]),
        recipes=np.array([recipe.model_dump_json() for recipe in records.recipes]),
        curves=np.clip(records.curves, -1e9, 1e9).astype(np.float32),
        seconds=records.seconds.astype(np.float32),
        confirmed=records.confirmed,
        noise=np.array([records.noise, records.default]),
    )


def load(path: Path) -> Records:
    """Read what `save` wrote."""
    with np.load(path) as kept:
        name, task, form, base = (str(text) for text in kept["about"])
        recipes = tuple(Recipe.model_validate_json(str(text)) for text in kept["recipes"])
        noise, default = (float(x) for x in kept["noise"])
        return Records(
            name, task, form, Recipe.model_validate_json(base), recipes,
            kept["curves"].astype(float), kept["seconds"].astype(float), kept["confirmed"], noise, default,
        )  # fmt: skip


def timed(work: Work, folder: Path) -> str:
    """Record a data set into a folder; returns a line about it."""
    start = time.perf_counter()
    records = record(work)
    path = folder / f"{work.name}.npz"
    save(records, path)
    seconds, best = time.perf_counter() - start, records.confirmed.max()
    size = path.stat().st_size / 1e3
    return (
        f"{work.name}: {len(records.recipes)} recipes in {seconds:.0f} s, {size:.0f} kB; "
        f"default {records.default:.4f} (noise {records.noise:.4f}), best confirmed {best:.4f}"
    )
