"""Optuna's samplers over a space, through ask and tell.

The Optuna study lives in memory: its SQLite storage takes longer per trial than a member takes to train.
Members proposed elsewhere are told afterwards, with every rung they reached, so the sampler learns from all.
"""

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from steepest.base.knobs import Choice, Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.search.space import Space, rounded


class Suggester:
    """Proposals of an Optuna sampler, as recipes.

    Args:
        space: what may be proposed.
        seed: of the sampler.
        sampler: any Optuna sampler; the default is multivariate TPE with a constant liar, so that members
            asked for together differ.
    """

    def __init__(self, space: Space, seed: int, sampler: optuna.samplers.BaseSampler | None = None) -> None:
        self._space = space
        with _quiet():
            chosen = sampler or optuna.samplers.TPESampler(
                seed=derive(seed, "tpe") % 2**32, multivariate=True, group=True, constant_liar=True
            )
            self.study = optuna.create_study(
                direction="maximize", sampler=chosen, pruner=optuna.pruners.NopPruner()
            )
        self._trials: dict[int, optuna.Trial] = {}

    def ask(self, member: int, like: Recipe | None = None) -> Recipe:
        """A proposal for that member; with the structure of `like`, if given, to share a stack."""
        with _quiet():
            if like is not None:
                relevant = dotted(like.relevant())
                self.study.enqueue_trial({n: relevant[n] for n in self._space.structural if n in relevant})
            trial = self.study.ask()
            values = self._space.base.dotted()
            for name in sorted(self._space.names, key=self._dependent):
                if all(values[other] in ok for other, ok in self._space.knob(name).when.items()):
                    values[name] = self._suggest(trial, name, values)
        self._trials[member] = trial
        return self._space.tidy(values)

    def _suggest(self, trial: optuna.Trial, name: str, values: Mapping[str, Any]) -> Any:
        whole = self._space.everywhere(name)
        distributions = _distributions(name, whole)
        if f"use {name}" in distributions and not trial._suggest(f"use {name}", distributions[f"use {name}"]):
            return whole.off if isinstance(whole, Range) else None
        value = trial._suggest(name, distributions[name])
        where = self._space.where(name, values)
        if isinstance(where, Choice) and value not in where.options:  # another family's
            return where.options[0]
        if isinstance(where, Range):  # keep to the range this optimizer works in
            value = rounded(where, value)
        return value

    def _dependent(self, name: str) -> tuple[bool, bool]:
        """Sort key: knobs that others depend on first, the rate last."""
        return name != "network" and bool(self._space.knob(name).when), name == "lr"

    def tell(
        self, member: int, recipe: Recipe, rungs: Mapping[int, float], finished: bool, failed: bool
    ) -> None:
        """What became of a member.

        Args:
            member: its number.
            recipe: what it was trained with.
            rungs: round → score, higher is better.
            finished: it reached the last rung.
            failed: it diverged.
        """
        state = (
            TrialState.FAIL if failed or not rungs else TrialState.COMPLETE if finished else TrialState.PRUNED
        )
        trial = self._trials.pop(member, None)
        with _quiet():
            if trial is not None:
                for rung, score in rungs.items():
                    trial.report(score, rung)
                value = rungs[max(rungs)] if state == TrialState.COMPLETE else None
                self.study.tell(trial, value, state=state)
                return
            params, distributions = _parameters(self._space, recipe)
            self.study.add_trial(
                create_trial(
                    state=state,
                    value=None if state == TrialState.FAIL else rungs[max(rungs)],
                    params=params,
                    distributions=distributions,
                    intermediate_values=dict(rungs),
                )
            )


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


class _quiet:
    """Silence Optuna's log lines and experimental warnings inside this block."""

    def __enter__(self) -> None:
        self._level = logging.getLogger("optuna").level
        logging.getLogger("optuna").setLevel(logging.ERROR)
        self._caught = warnings.catch_warnings()
        self._caught.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        self._caught.__exit__(None, None, None)
        logging.getLogger("optuna").setLevel(self._level)
