"""A search for conflicts: strategies with and without each other, all settings on the same folds.

Every seed deals the rows into folds anew (repeated cross-validation). Settings that several combinations
share train once. What the budget pays for is settled, and said, before anything counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.evidence.factorial import FEWEST, detectable
from steepest.experiment.conflict_runs import Runs
from steepest.experiment.conflict_scope import Extent, Work, affordable, full
from steepest.experiment.conflicted import Conflicted, conflicted, setting
from steepest.experiment.corners import Corner, Crossed, based, crossed
from steepest.experiment.dealing import check_batch, dealt, facts, inner, overlap_of
from steepest.experiment.ladder import DECADES
from steepest.experiment.own import trusted
from steepest.experiment.pairs import Combination
from steepest.experiment.sweep import processes_for
from steepest.experiment.workers import Workers
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.metrics import objective_for
from steepest.training.source import Source

ALPHA = 0.05


@dataclass(frozen=True)
class Asked:
    """What is asked of a search for conflicts, checked as far as that needs no data.

    Args:
        combinations: what to try.
        named: whether the user named them; else those that do not suit the data are left out.
        folds: parts the rows are dealt into; each is held out once.
        seeds: rounds of that, each with folds and starts of its own.
        seed: fixes everything random.
        epochs: of every training; the recipe's own if None.
        tuned: whether every setting tunes its rate and decay.
        margin: an interaction up to this does not matter, in the metric's unit; None takes the noise.
        objective: the score; the task's first one if None.
        fixed: other knobs, with their values.
        budget: wall time of everything, None for no limit.
        workers: processes; None takes none for small work, one per core beyond.
        start: the recipe that switches are turned in; None for the default of the data.

    Raises:
        BadInput: for fewer than two folds or one seed, a margin of nothing, a limit that is no time.
    """

    combinations: tuple[Combination, ...]
    named: bool = True
    folds: int = 10
    seeds: int = 2
    seed: int = 0
    epochs: float | None = None
    tuned: bool = True
    margin: float | None = None
    objective: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget | None = None
    workers: int | None = None
    start: Recipe | None = None

    def __post_init__(self) -> None:
        for name, value, least in (
            ("folds", self.folds, 2),
            ("seeds", self.seeds, 1),
            ("seed", self.seed, 0),
            ("workers", self.workers or 0, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                remedy = f"Leave it out for {getattr(Asked, name)}."
                raise BadInput(name, f"must be a whole number, {least} or more", value, remedy)
        if self.margin is not None and not (np.isfinite(self.margin) and self.margin > 0):
            remedy = "For example 0.01; or leave it out, and the noise between runs counts."
            raise BadInput("margin", "must be a positive number in the metric's unit", self.margin, remedy)
        if self.budget is not None and self.budget.seconds is None:
            raise BadBudget("budget", "must be a time", self.budget.text, "Write 60s, 3m or 2h.")


def conflicts(
    data: DataSet,
    asked: Asked,
    listener: Listener,
    clock: Clock,
    ready: Callable[[], None] = lambda: None,
) -> Conflicted:
    """Train every setting on every fold, and name every pair.

    Args:
        data: rows that its source sets aside for a test stay out.
        asked: what to try, and how.
        listener: hears how it goes.
        clock: started when it was asked for.
        ready: called once all that was asked is known to make sense, before anything is trained.

    Raises:
        BadInput: for what does not suit the data.
    """
    fixed = {**asked.fixed, **({} if asked.epochs is None else {"epochs": asked.epochs})}
    objective = objective_for(data.task, asked.objective)
    splits = dealt(data, asked.folds, asked.seeds, asked.seed)
    source = Source.of(data, [*splits, *inner(data, splits, asked.seed)])
    tried, left_out = _tried(data, asked, fixed, source)
    corners, places, brought = _each_once(tried)
    said = dict.fromkeys(s for c in corners for s in trusted(c.recipe, data, splits[0].train))
    ordered = data.moments is not None
    overlap = overlap_of(splits)
    ready()
    with Workers(_workers(asked, corners, source), "fork") as pool:
        pool.serve(source)
        runs = Runs(
            corners, asked.folds, asked.seeds, source, pool, listener, clock, objective, asked.seed,
            asked.budget,
        )  # fmt: skip
        for sentence in (*said, *left_out):
            runs.say(sentence)
        extent = _extent(runs, asked, [each.combination.name for each in tried], brought)
        tried, places = tried[: extent.combinations], places[: extent.combinations]
        runs.corners = corners[: sum(map(len, brought[: extent.combinations]))]
        _say_power(runs, tried, extent, asked, overlap, ordered)
        chosen = runs.tuned(extent)
        scores = runs.scores("folds", chosen, range(len(chosen[0])))
    base = based(data, fixed, asked.start)
    name = "the found recipe" if asked.start else "the default recipe"
    settings = [
        setting(recipes, row, base, corner.recipe, name, rate=corner.rate or not extent.rungs)
        for recipes, row, corner in zip(chosen, scores, runs.corners, strict=True)
    ]
    return conflicted(
        objective, tried, places, settings, _facts(data, asked, runs, extent, tried, splits), overlap=overlap,
        margin=asked.margin, shared=extent.seeds if ordered else 1, seed=asked.seed,
    )  # fmt: skip


def _tried(
    data: DataSet, asked: Asked, fixed: Mapping[str, Any], source: Source
) -> tuple[list[Crossed], list[str]]:
    """The combinations with their recipes; of those that nobody named, the ones that suit, and why not."""
    found, left_out = [], []
    for each in asked.combinations:
        try:
            candidate = crossed(each, data, fixed, asked.tuned, asked.start)
            _check_batches(candidate, source)
            found.append(candidate)
        except BadInput as error:
            if asked.named:
                raise
            left_out.append(f"{each.name} is left out: {error.argument} {error.constraint}.")
    if not found:
        remedy = "Name switches of your own: knob=value knob=value."
        raise BadInput("conflicts", f"must suit {data.name}", "none of the known pairs does", remedy)
    return found, left_out


def _each_once(tried: Sequence[Crossed]) -> tuple[list[Corner], list[list[int]], list[list[int]]]:
    """All settings, each once; where those of each combination are; and which ones it brings first."""
    corners: list[Corner] = []
    known: dict[tuple[str, bool, bool], int] = {}
    places, brought = [], []
    for each in tried:
        before = len(corners)
        row = []
        for corner in each.corners:
            if corner.key not in known:
                known[corner.key] = len(corners)
                corners.append(corner)
            row.append(known[corner.key])
        places.append(row)
        brought.append(list(range(before, len(corners))))
    return corners, places, brought


def _check_batches(each: Crossed, source: Source) -> None:
    """A larger batch than there are rows is all rows, so that the switch would do less than it says."""
    if not any("batch_size" in switch.knobs for switch in each.combination.switches):
        return
    most = max(corner.recipe.batch_size for corner in each.corners)
    check_batch(most, source, "Name smaller ones: batch_size=16,64.")


def _workers(asked: Asked, corners: Sequence[Corner], source: Source) -> int:
    if asked.workers is not None:
        return asked.workers
    rows, extent = len(source.folds[0].train), full(1, asked.seeds, asked.tuned)
    operations = sum(
        c.recipe.epochs
        * rows
        * cost(spec_of(c.recipe, source.ports), c.recipe.batch_size, 2).flops_training
        * extent.trainings(Work(0.0, c.rate, c.decay))
        for c in corners
    )
    return processes_for(operations * asked.folds * asked.seeds)


def _extent(runs: Runs, asked: Asked, names: Sequence[str], brought: Sequence[Sequence[int]]) -> Extent:
    """All that was asked for, or what the budget pays for."""
    wanted = full(len(brought), asked.seeds, asked.tuned)
    if asked.budget is None or asked.budget.seconds is None:
        return wanted
    pace = runs.pace(asked.budget, brought)
    timed = [row for row in brought if all(v < len(pace) for v in row)]
    work = [[Work(pace[v], runs.corners[v].rate, runs.corners[v].decay) for v in row] for row in timed]
    left = asked.budget.seconds - runs.clock.elapsed()
    able = replace(wanted, combinations=len(timed))
    epochs = max(corner.recipe.epochs for corner in runs.corners[: len(pace)])
    chosen = affordable(able, work, asked.folds, runs.pool.count, left, asked.budget, epochs)
    if chosen != wanted:
        needed = able.seconds(work, asked.folds, runs.pool.count)
        some = (
            "" if able == wanted else f" The first {able.combinations} of {wanted.combinations} were timed."
        )
        runs.say(
            f"The budget of {asked.budget.text} pays for {chosen.words}; "
            f"{able.words} would take about {needed:.0f} s.{some}"
        )
    left_out = names[chosen.combinations :]
    if left_out:
        runs.say(f"Left out for want of time: {', '.join(left_out)}.")
    return chosen


def _say_power(
    runs: Runs, tried: Sequence[Crossed], extent: Extent, asked: Asked, overlap: float, ordered: bool
) -> None:
    """What so many runs can tell, before they are spent."""
    n = asked.folds * (1 if ordered else extent.seeds)
    if ordered:
        runs.say("The rows follow in time, so that all seeds have the same folds, and a fold counts once.")
    if n < FEWEST:
        runs.say(f"{n} runs of each setting can never decide: {FEWEST} are needed. All stays unresolved.")
        return
    pairs = sum(len(each.names) * (len(each.names) - 1) // 2 for each in tried)
    least = detectable(n, rope=1.0, sd=2.0, alpha=ALPHA / pairs, overlap=overlap)
    runs.say(
        f"{n} runs of each setting, {pairs} pair{'s' if pairs > 1 else ''}: an interaction of about "
        f"{least:.1f} times the noise between runs would be named with chance 0.8, a smaller one if "
        "runs pair well."
    )


def _facts(
    data: DataSet,
    asked: Asked,
    runs: Runs,
    extent: Extent,
    tried: Sequence[Crossed],
    splits: Sequence[Split],
) -> dict[str, Any]:
    """What was asked, of which data, how it was done, and what it took."""
    return {
        **facts(data, splits, runs.pool, runs.clock, runs.trainings, runs.notes),
        "folds": asked.folds,
        "seeds": extent.seeds,
        "seed": asked.seed,
        "runs": asked.folds * extent.seeds,
        "rungs": extent.rungs,
        "decays": extent.decays,
        "decades": DECADES if extent.rungs else None,
        "margin": asked.margin,
        "fixed": dict(asked.fixed),
        "combinations": [
            {
                "name": each.combination.name,
                "switches": [{"name": s.name, "words": s.words} for s in each.combination.switches],
                "settings": dict(each.combination.settings),
                "design": each.design.words,
                "rate_tuned": each.corners[0].rate and extent.rungs > 0,
                "decay_tuned": each.corners[0].decay and extent.decays > 0,
                "expected": each.combination.expected,
                "source": each.combination.source,
            }
            for each in tried
        ],
    }
