"""Optuna's samplers over a space, through ask and tell.

A wave is proposed by a sampler made anew, over a study in memory made anew from what is known of the members
so far. So a proposal is a function of (seed, wave, results) alone, and a study that goes on after it was
killed proposes what it would have proposed. Optuna's SQLite storage takes longer per trial than a member
takes to train, so it is not used here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from steepest.base.knobs import Choice, Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.search.silence import quiet
from steepest.search.space import Space, rounded

Maker = Callable[[int], BaseSampler]
"""A sampler from its seed."""


def tpe(seed: int) -> BaseSampler:
    """Multivariate TPE over every group of knobs that occur together, with a constant liar.

    The liar keeps members that are asked for together apart.
    """
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


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
        self._asked: optuna.Trial | None = None
        self.begin(0)

    def begin(self, wave: int) -> None:
        """Start the proposals of a wave: a new sampler that knows what was told so far."""
        with quiet():
            sampler = self._make(derive(self._seed, "tpe", wave) % 2**32)
            self.study = optuna.create_study(
                direction="maximize", sampler=sampler, pruner=optuna.pruners.NopPruner()
            )
            self.study.add_trials(self._known)

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

    def tell(self, recipe: Recipe, scores: Mapping[int, float], finished: bool) -> None:
        """What became of a member; the sampler of the next wave knows it.

        Args:
            recipe: what it was trained with.
            scores: round → score, higher is better; none if it failed. TPE ranks those last.
            finished: it reached the last rung.
        """
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
