"""Optuna's samplers over a space, through ask and tell.

A wave is proposed by a sampler made anew, over a study in memory made anew from what is known of the members
so far. So a proposal is a function of (seed, wave, results) alone, and a study that goes on after it was
killed proposes what it would have proposed. Optuna's SQLite storage takes longer per trial than a member
takes to train, so it is not used here.
"""

import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from steepest.base.errors import BadInput
from steepest.base.knobs import Choice, Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.search.crowding import best_first
from steepest.search.silence import quiet
from steepest.search.space import Space, rounded

Maker = Callable[[int], BaseSampler]
"""A sampler from its seed."""


def tpe(seed: int) -> BaseSampler:
    """Multivariate TPE over every group of knobs that occur together, with a constant liar.

    The liar keeps members that are asked for together apart.
    """
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def _gp(seed: int) -> BaseSampler:
    return optuna.samplers.GPSampler(seed=seed)


def _cmaes(seed: int) -> BaseSampler:
    if importlib.util.find_spec("cmaes") is None:
        raise BadInput("sampler", "must be installed", "cmaes", "pip install cmaes, or choose another.")
    return optuna.samplers.CmaEsSampler(seed=seed)


def warmed(seed: int, known: Sequence[FrozenTrial]) -> optuna.samplers.CmaEsSampler:
    """CMA-ES that starts where the best of what is known lie (WS-CMA-ES: Nomura et al. 2021, AAAI 35(10)).

    It keeps its distribution in notes on trials that an earlier sampler proposed. A fresh one has none and
    would begin every wave in the middle of the space.

    Args:
        seed: of the sampler.
        known: finished trials, the highest value best.
    """
    common = dict(known[0].distributions) if known else {}
    for trial in known:
        common = {name: d for name, d in common.items() if name in trial.distributions}
    numbers: dict[str, BaseDistribution] = {
        n: d for n, d in common.items() if isinstance(d, FloatDistribution) and not d.single()
    }
    if not numbers or len(known) < LEAST_WARM:
        return optuna.samplers.CmaEsSampler(seed=seed)
    source = [
        create_trial(value=t.value, params={n: t.params[n] for n in numbers}, distributions=numbers)
        for t in known
    ]
    return optuna.samplers.CmaEsSampler(seed=seed, source_trials=source)


def _random(seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


def _qmc(seed: int) -> BaseSampler:
    return optuna.samplers.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False)


def _nsgaii(seed: int) -> BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=seed, population_size=POPULATION)


SAMPLERS: Mapping[str, Maker] = {
    "tpe": tpe, "gp": _gp, "cmaes": _cmaes, "random": _random, "qmc": _qmc, "nsgaii": _nsgaii,
}  # fmt: skip
"""Optuna's samplers by name."""

POPULATION = 24
LEAST_WARM = 10
"""Trials from which CMA-ES starts: it takes the best tenth."""
RANKED = (optuna.samplers.GPSampler, optuna.samplers.CmaEsSampler, optuna.samplers.NSGAIISampler)
"""Samplers that overlook pruned trials; they are told every member's rank as if it had finished."""


class Suggester:
    """Proposals of an Optuna sampler, as recipes.

    Args:
        space: what may be proposed.
        seed: of the samplers.
        make: a sampler from its seed.
    """

    def __init__(self, space: Space, seed: int, make: Maker = tpe) -> None:
        self._space, self._seed, self._make = space, seed, make
        self._known: list[FrozenTrial] = []
        self._costs: list[tuple[float, ...]] = []
        self._asked: optuna.Trial | None = None
        self.begin(0)

    def begin(self, wave: int) -> None:
        """Start the proposals of a wave: a new sampler that knows what was told so far."""
        with quiet():
            seed = derive(self._seed, "tpe", wave) % 2**32
            sampler = self._make(seed)
            known = _placed(self._known, self._costs) if any(self._costs) else self._known
            known = _ranked(known, sampler) if isinstance(sampler, RANKED) else known
            if self._make is _cmaes:
                sampler = warmed(seed, known)
            self.study = optuna.create_study(
                direction="maximize", sampler=sampler, pruner=optuna.pruners.NopPruner()
            )
            self.study.add_trials(known)

    def ask(self, like: Recipe | None = None) -> Recipe:
        """A proposal; with the structure of `like`, if given, to share a stack."""
        with quiet():
            if like is not None:
                relevant = dotted(like.relevant())
                self.study.enqueue_trial({n: relevant[n] for n in self._space.structural if n in relevant})
            self._asked = trial = self.study.ask()
            return recipe_of(self._space, trial)

    def give_up(self) -> None:
        """The last proposal is not tried; the sampler need not keep away from it."""
        if self._asked is not None:
            self.study.tell(self._asked, state=TrialState.FAIL)

    def tell(
        self, recipe: Recipe, scores: Mapping[int, float], finished: bool, costs: tuple[float, ...] = ()
    ) -> None:
        """What became of a member; the sampler of the next wave knows it.

        Args:
            recipe: what it was trained with.
            scores: round → score, higher is better; none if it failed. TPE ranks those last.
            finished: it reached the last rung.
            costs: what is to be kept low beside the score; then members are told by their place among fronts.
        """
        self._costs.append(costs)
        params, distributions = _parameters(self._space, recipe)
        done = finished and bool(scores)
        with quiet():
            self._known.append(
                create_trial(
                    state=TrialState.COMPLETE if done else TrialState.PRUNED,
                    value=scores[max(scores)] if done else None,
                    params=params,
                    distributions=distributions,
                    intermediate_values=dict(scores),
                )
            )


def recipe_of(space: Space, trial: optuna.Trial) -> Recipe:
    """The recipe that a trial suggests."""

    def dependent(name: str) -> tuple[bool, bool]:  # knobs that others depend on first, the rate last
        return name != "network" and bool(space.knob(name).when), name == "lr"

    values = space.base.dotted()
    for name in sorted(space.names, key=dependent):
        if all(values[other] in ok for other, ok in space.knob(name).when.items()):
            values[name] = _suggested(space, trial, name, values)
    return space.tidy(values)


def _suggested(space: Space, trial: optuna.Trial, name: str, values: Mapping[str, Any]) -> Any:
    whole = space.everywhere(name)
    distributions = _distributions(name, whole)
    if f"use {name}" in distributions and not trial._suggest(f"use {name}", distributions[f"use {name}"]):
        return whole.off if isinstance(whole, Range) else None
    value = trial._suggest(name, distributions[name])
    where = space.where(name, values)
    if isinstance(where, Choice) and value not in where.options:  # another family's
        return where.options[0]
    if isinstance(where, Range):  # keep to the range this optimizer works in
        value = rounded(where, value)
    return value


def _placed(trials: Sequence[FrozenTrial], costs: Sequence[tuple[float, ...]]) -> list[FrozenTrial]:
    """Trials whose values are their places by fronts, the best highest."""
    reached = [max(trial.intermediate_values, default=0) for trial in trials]
    scores = [trial.intermediate_values.get(r, math.nan) for r, trial in zip(reached, trials, strict=True)]
    found = list(trials)
    for place, k in enumerate(best_first(reached, scores, costs)):
        if reached[k]:
            found[k] = create_trial(
                state=trials[k].state,
                value=-place if trials[k].state is TrialState.COMPLETE else None,
                params=trials[k].params,
                distributions=trials[k].distributions,
                intermediate_values={reached[k]: -float(place)},
            )
    return found


def _ranked(trials: Sequence[FrozenTrial], sampler: BaseSampler) -> list[FrozenTrial]:
    """Trials as finished ones, ranks from 0 to 1 for values; the best are a genetic sampler's parents."""

    def merit(trial: FrozenTrial) -> tuple[float, float]:
        reached = max(trial.intermediate_values, default=-1)
        return reached, trial.intermediate_values.get(reached, -math.inf)

    order = sorted(trials, key=merit)
    parents = len(order) - POPULATION if isinstance(sampler, optuna.samplers.NSGAIISampler) else len(order)
    return [
        create_trial(
            value=rank / max(len(order) - 1, 1),
            params=trial.params,
            distributions=trial.distributions,
            system_attrs={sampler._get_generation_key(): 0} if rank >= parents else {},  # type: ignore[attr-defined]
        )
        for rank, trial in enumerate(order)
    ]


def _distributions(name: str, where: Range | Choice) -> dict[str, BaseDistribution]:
    """Optuna's distribution of a knob; a range with an "off" gets a switch beside it."""
    if isinstance(where, Choice):
        return {name: CategoricalDistribution(where.options)}
    found: dict[str, BaseDistribution] = {
        name: FloatDistribution(where.low, where.high, log=where.scale == "log")
    }
    if where.off is not None:
        found[f"use {name}"] = CategoricalDistribution((False, True))
    return found


def _parameters(space: Space, recipe: Recipe) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """A recipe as Optuna's parameters: only knobs that matter, and only values inside their distribution."""
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}
    relevant = dotted(recipe.relevant())
    for name in space.names:
        if name not in relevant:
            continue
        where, value = space.everywhere(name), relevant[name]
        known = _distributions(name, where)
        if isinstance(where, Choice) and value not in where.options:
            continue  # the base recipe may hold what the search would not try
        if isinstance(where, Range) and where.off is not None:
            params[f"use {name}"], distributions[f"use {name}"] = value != where.off, known[f"use {name}"]
            if value == where.off:
                continue
        if known[name]._contains(known[name].to_internal_repr(value)):
            params[name], distributions[name] = value, known[name]
    return params, distributions
