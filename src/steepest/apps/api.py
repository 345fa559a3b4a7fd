"""The Python face: `st.tune`, `st.train` and their results. Here a finished study meets its report."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from steepest.apps.going_on import begin_or_go_on
from steepest.apps.network import Asked, chosen, looked_for, workers_for
from steepest.apps.reporting import with_report
from steepest.apps.result import Result
from steepest.base.budget import Budget
from steepest.base.own import dotted
from steepest.base.progress import Listener, Silent
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import Reading, read
from steepest.experiment import folder as files
from steepest.experiment.costing import Costing, costing
from steepest.experiment.earlier import is_recipe, read_earlier
from steepest.experiment.keeping import read_keep
from steepest.experiment.limits import read_limits
from steepest.experiment.plan import Plan
from steepest.experiment.plan import plan as run_plan
from steepest.experiment.rates import RateRange
from steepest.experiment.rates import rate_range as run_rate_range
from steepest.experiment.resuming import source_of
from steepest.experiment.settings import Settings, check_precision
from steepest.experiment.sizing import Sizing, count_of
from steepest.experiment.sizing import networks_within as run_networks_within
from steepest.experiment.starting import default_recipe, recipe_for
from steepest.experiment.strategies import checked_sampler, checked_strategy
from steepest.experiment.sweep import Swept
from steepest.experiment.sweep import sweep as run_sweep
from steepest.experiment.tradeoffs import read_objectives
from steepest.experiment.train import train as run_train
from steepest.experiment.workers import cores
from steepest.networks.families import families_for
from steepest.training.source import ports_of

HERE = "Trains in this process alone: others cannot import a network of this script or notebook."


def tune(
    data: Any,
    *,
    budget: str | Budget = "60s",
    stop_at: float | None = None,
    objective: str | Sequence[str] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    fix: Mapping[str, Any] | None = None,
    space: Mapping[str, Any] | str | Path | None = None,
    limits: str | Sequence[str] = (),
    network: Asked = None,
    start_from: str | Path | None = None,
    matching: bool = False,
    workers: int | None = None,
    precision: str = "auto",
    strategy: str = "steepest",
    sampler: str | Callable[..., Any] = "",
    storage: str | None = None,
    keep: str | Sequence[str] = "best",
    started: float | None = None,
    listener: Listener | None = None,
    command: str | None = None,
    **how: Unpack[Reading],
) -> Result:
    """Find the training recipe that works on a data set within a budget, and prove it.

    Where the run folder, or the last one under `runs/`, holds this very study unfinished, it goes on there.

    Args:
        data: a built-in name, a path, a DataFrame, a pair (X, y) or a `DataSet`.
        budget: wall time for everything ("60s", "3m", "2h"), members to start ("150trials"), or work, in
            floating-point operations of training ("1e12flops"), which is the same on every machine; of
            "10m,500trials" whichever ends first.
        stop_at: a score that is enough, in the metric's own unit: the search stops once a recipe reaches it
            and its confirmed mean holds it, and goes on where it does not.
        objective: metric to search by; accuracy for classification and R² for regression unless named. After
            it what is kept low: "accuracy,parameters" (or flops, latency); then `.front` holds the recipes
            that none beats in everything.
        seed: fixes everything random.
        out: the run folder; by default one is made under `runs/`.
        fix: knobs to leave alone, with their values.
        space: knobs to search otherwise than declared, or besides: {"lr": "1e-4..1e-1:log",
            "dropout": [0, .1], "mixup": Range(0.1, 1)}; or a file of these (`steepest.search.grammar`).
        limits: what a recipe must not exceed: "parameters<=100k", "latency<=5ms" (of one example, on one
            thread of this machine), "flops<=1e6"; one or several.
        network: the architecture families that compete, one name or several; those that suit the data if not
            given. Or your own network: a function that returns a torch module, or its name, "mymodule:make";
            its keyword arguments become knobs (`steepest.networks.own`).
        start_from: a recipe file (.yaml, .json) or an earlier run's folder: that recipe is trial 0, recipes
            like it are tried more often, and the run's finalists first. Or a file of existing parameters
            (.safetensors, .pt, .pth) that every training starts from.
        matching: take those whose name and shape match, instead of the whole.
        workers: processes to train in; one per core if not given, 0 for none but this one.
        precision: "auto" rounds to bfloat16 where that is measured to be faster and to change little;
            "float32" never does.
        strategy: how it is searched: "steepest", or a rival to measure it against: "random", "top-k",
            "halving", "tpe-hyperband".
        sampler: an Optuna sampler that learns from the results instead of our own model: "tpe", "gp",
            "cmaes", "random", "qmc", "nsgaii", or a sampler class, or a function from a seed to a sampler.
        storage: a database that keeps the study: "postgresql://user@host/database?study=NAME"; the run
            folder's `study.db` if not given.
        keep: "best" for the network that is handed out with its optimizer's state; "finalists" adds a
            checkpoint of every finalist's replicates; "ensemble" the recipe's as one module, `.ensemble`.
        started: the moment of `time.perf_counter` from which a budget of time counts; now if not given.
        listener: hears how it goes.
        command: how the study was asked for, for the record.
        how: how the data is read: `target`, `forecast`, `test`, …; see `steepest.data.read.Reading`.

    Returns:
        The result: `.recipe`, `.verdict`, `.network`, `.predict(X)`, `.summary()`, `.folder`.

    Raises:
        BadInput: an argument or the data cannot be used; the message says what to do.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> result = tune("iris", budget="9trials", fix={"epochs": 3}, workers=0, out=folder)
        >>> result.recipe.epochs
        3
    """
    begun = read_earlier(start_from) if start_from is not None and is_recipe(start_from) else None
    asked = chosen(network, None if begun else start_from, matching)
    wanted, held = looked_for(space, dotted(fix or {}), asked)
    fixed = {**held, **asked.fixed}
    limits = (limits,) if isinstance(limits, str) else tuple(limits)
    read_limits(limits)  # refused before a long file is read
    score, costs = read_objectives(objective)
    limit, name = Budget.parse(budget), _name(data)
    settings = Settings(
        budget=limit,
        seed=seed,
        folder=Path(out) if out is not None else files.free(name),
        objective=score,
        costs=costs,
        fixed=fixed,
        asked=wanted,
        start=(begun.recipe if begun else Recipe()).replace(**fixed),
        earlier=begun,
        limits=limits,
        families=asked.families,
        workers=workers_for(asked, workers, cores()),
        precision=check_precision(precision),
        strategy=checked_strategy(strategy),
        sampler=checked_sampler(sampler),
        storage=str(storage or ""),
        stop_at=stop_at,
        started=started,
        keep=read_keep(keep),
        command=command or f"st.tune({name!r}, budget={limit.text!r}, seed={seed})",
    )
    settings = replace(settings, source=source_of(data, how, settings.folder))
    if asked.here and listener is not None:
        listener.say(HERE)
    reads, places = functools.partial(read, data, **how), [Path(out)] if out else files.newest(name)
    return begin_or_go_on(reads, settings, listener or Silent(), places)


def train(
    data: Any,
    *,
    recipe: Recipe | str | Path | Mapping[str, Any],
    network: Asked = None,
    start_from: str | Path | None = None,
    matching: bool = False,
    objective: str | None = None,
    early_stop: bool = False,
    seed: int = 0,
    out: str | Path | None = None,
    listener: Listener | None = None,
    command: str | None = None,
    **how: Unpack[Reading],
) -> Result:
    """Train one network by a known recipe, and score it on a test set.

    Args:
        recipe: a `Recipe`, the path of a recipe file, or a mapping of knobs.
        early_stop: end once the score on a fifth of the development rows, kept back for this, no longer
            improves beyond its noise, and keep the best epoch's network; the recipe's epochs are the most.
        network, start_from, matching: as for `tune`; they win over the recipe's.
        data, objective, seed, out, listener, command, how: as for `tune`.

    Example:
        >>> import tempfile
        >>> result = train("iris", recipe={"epochs": 30}, out=tempfile.mkdtemp())
        >>> result.test["winner"]["mean"] > 0.8
        True
    """
    if isinstance(recipe, str | Path):
        recipe = Recipe.load(recipe)
    asked = chosen(network, start_from, matching).knobs
    known = recipe.replace(**asked) if isinstance(recipe, Recipe) else Recipe.make(**{**recipe, **asked})
    name = _name(data)
    settings = Settings(
        budget=Budget("1trials", trials=1),
        seed=seed,
        folder=Path(out) if out is not None else files.free(f"{name}-train"),
        objective=objective,
        workers=0,
        start=known,
        command=command or f"st.train({name!r}, seed={seed})",
    )

    def read_data() -> DataSet:
        return read(data, **how)

    return with_report(run_train(read_data, known, settings, listener or Silent(), early_stop))


def sweep(
    data: Any,
    recipes: Sequence[Recipe | Mapping[str, Any]],
    *,
    objective: str | None = None,
    seed: int = 0,
    workers: int | None = None,
    **how: Unpack[Reading],
) -> list[Swept]:
    """Train many recipes side by side on one division of the data; no search, no verdict.

    Args:
        recipes: `Recipe`s or mappings of knobs.
        data, objective, seed, workers, how: as for `tune`.

    Returns:
        One record per recipe, in their order: `.recipe`, `.score`, `.metrics`, `.seconds`.

    Example:
        >>> found = sweep("iris", [{"lr": lr, "epochs": 20} for lr in (1e-4, 1e-2)])
        >>> found[1].score > found[0].score
        True
    """
    table = read(data, **how)
    known = [r if isinstance(r, Recipe) else recipe_for(table, r) for r in recipes]
    return run_sweep(table, known, objective, seed, workers)


def rate_range(
    data: Any,
    recipe: Recipe | Mapping[str, Any] | None = None,
    *,
    low: float = 1e-5,
    high: float = 3.0,
    epochs: int = 4,
    seed: int = 0,
    **how: Unpack[Reading],
) -> RateRange:
    """Find the learning rates that work for a recipe: a range, from a ladder of rates trained side by side.

    Args:
        recipe: everything but the rate; the default recipe if not given.
        low, high: ends of the ladder.
        epochs: length of each run.
        data, seed, how: as for `tune`.

    Example:
        >>> found = rate_range("iris", {"optimizer": "sgd"}, epochs=8)
        >>> found.low < found.best <= found.high
        True
    """
    table = read(data, **how)
    known = recipe if isinstance(recipe, Recipe) else recipe_for(table, recipe or {})
    return run_rate_range(table, known, low=low, high=high, epochs=epochs, seed=seed)


def cost(
    data: Any,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    *,
    fix: Mapping[str, Any] | None = None,
    network: Asked = None,
    seed: int = 0,
    **how: Unpack[Reading],
) -> Costing:
    """What a recipe costs: parameters, operations, bytes, and the measured time of an epoch on this machine.

    Args:
        recipe: a `Recipe`, the path of a recipe file, or a mapping of knobs; the default recipe if not given.
        fix: knobs that win over the recipe's.
        network: a family, or your own network, as for `tune`; it wins over the recipe's.
        data, seed, how: as for `tune`.

    Example:
        >>> found = cost("iris", {"depth": 1, "width": 16})
        >>> found.one.parameters, found.one.flops_forward
        (131, 224)
    """
    table = read(data, **how)
    return costing(table, _recipe(table, recipe, {**(fix or {}), **chosen(network).knobs}), seed)


def networks_within(
    data: Any,
    most: str | int,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    *,
    fix: Mapping[str, Any] | None = None,
    **how: Unpack[Reading],
) -> Sizing:
    """The networks of at most `most` parameters, largest first: the reverse of `cost`.

    Args:
        most: parameters allowed: 100_000, "100k", "2M".
        recipe: its family, taper and norm are kept, its depth and width vary.
        fix: knobs that win over the recipe's; depth and width vary unless they are here.
        data, how: as for `tune`.

    Example:
        >>> found = networks_within("iris", "1k", fix={"depth": 1})
        >>> found.networks[0].layers, found.networks[0].parameters
        ((4, 124, 3), 995)
    """
    count_of(most)  # a bad number is refused before a long file is read
    table = read(data, **how)
    return run_networks_within(table, most, _recipe(table, recipe, fix), fixed=tuple(fix or ()))


def plan(
    data: Any,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    *,
    fix: Mapping[str, Any] | None = None,
    network: Asked = None,
    precision: str = "auto",
    fresh: bool = False,
    seed: int = 0,
    **how: Unpack[Reading],
) -> Plan:
    """How networks would be trained on this data and machine, and what was measured to decide it.

    Args:
        recipe: a `Recipe`, the path of a recipe file, or a mapping of knobs; the default recipe of each
            family if not given.
        fix: knobs that win over the recipe's.
        network: families, or your own network, as for `tune`; those that suit the data if not given.
        precision: "float32" forbids rounding to bfloat16.
        fresh: measure again what is kept from earlier.
        data, seed, how: as for `tune`.

    Example:
        >>> found = plan("iris", fix={"width": 16, "depth": 1})
        >>> [(each.recipe.network, each.choice.way.stacked) for each in found.planned]
        [('mlp', True)]
    """
    known = check_precision(precision)
    asked, fixed = chosen(network), dotted(fix or {})
    table = read(data, **how)
    if recipe is not None:
        recipes = [_recipe(table, recipe, {**fixed, **asked.knobs})]
    else:
        fixed = {**fixed, **asked.fixed}
        named = (fixed["network"],) if "network" in fixed else asked.families
        families = named or families_for(ports_of(table))
        recipes = [default_recipe(table, family, {**fixed, "network": family}) for family in families]
    return run_plan(table, recipes, known, fresh, seed, workers_for(asked, None, cores()))


def _recipe(
    data: DataSet,
    recipe: Recipe | str | Path | Mapping[str, Any] | None,
    fix: Mapping[str, Any] | None = None,
) -> Recipe:
    """A recipe however it is given, with some knobs changed."""
    if isinstance(recipe, str | Path):
        recipe = Recipe.load(recipe)
    if isinstance(recipe, Recipe):
        return recipe.replace(**(fix or {}))
    return recipe_for(data, {**(recipe or {}), **(fix or {})})


def _name(data: Any) -> str:
    if isinstance(data, DataSet):
        return data.name
    return Path(data).stem if isinstance(data, str | Path) else "data"
