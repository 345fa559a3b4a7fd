"""A study's members as Optuna's trials: parameters, scores at rungs, states.

What the search tried is one study. Members that were trained again (calibration, play-off, confirmation, the
final training) repeat recipes on other seeds and splits, so they are a study of their own: between the trials
of a search they would count as so many results of one recipe.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args, get_origin

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from steepest.base.knobs import Choice, Knob, Range
from steepest.base.recipe import KNOBS, Recipe
from steepest.search.silence import quiet
from steepest.store import CurvePoint, Document, Journal, MemberPlan, Outcome

AGAIN = "again"
"""What the name of the study of members that were trained again ends in."""

WIDE = 8.0
"""Numbers to choose from that span this factor lie on a logarithmic axis."""

Values = Mapping[str, Any]


class Knobs:
    """How the knobs of a study are told to Optuna.

    A number has a range, as declared and widened by what was tried; a name has the names that are valid. A
    knob that can be off has a switch beside it, "use NAME", as in `Suggester`. Names stay the same set for
    the whole study, as Optuna wants it, so what is not among them is left to the trial's user attributes.

    Only knobs that differ between members are told, and only where they have an effect.

    Args:
        recipes: of all members so far.
        form, task: of the data.

    Example:
        >>> recipes = [{"optimizer": "sgd", "lr": lr, "weight_decay": 0.0, "depth": 2} for lr in (0.1, 0.2)]
        >>> recipes[1]["weight_decay"] = 0.01
        >>> Knobs(recipes).told(recipes[0])[0]
        {'lr': 0.1, 'use weight_decay': False}
    """

    def __init__(self, recipes: Sequence[Values], form: str = "", task: str = "") -> None:
        names = dict.fromkeys(name for recipe in recipes for name in recipe)
        tried = {name: [recipe[name] for recipe in recipes if name in recipe] for name in names}
        varied = {name: values for name, values in tried.items() if any(v != values[0] for v in values)}
        known = {name: KNOBS.get(name.partition(".")[0], Knob("")) for name in varied}
        self._knobs = {name: knob for name, knob in known.items() if knob.matters(form, task)}
        self._where = {name: _where(name, varied[name]) for name in self._knobs}

    def told(self, recipe: Values) -> tuple[dict[str, Any], dict[str, BaseDistribution], dict[str, Any]]:
        """Parameters of a recipe, their distributions, and what cannot be a parameter."""
        params: dict[str, Any] = {}
        where: dict[str, BaseDistribution] = {}
        rest: dict[str, Any] = {}
        for name, knob in self._knobs.items():
            if name not in recipe or any(recipe.get(other) not in ok for other, ok in knob.when.items()):
                continue
            value, (found, off) = recipe[name], self._where[name]
            if off is not None:
                params[f"use {name}"], where[f"use {name}"] = value != off, SWITCH
                if value == off:
                    continue
            if found is not None and _holds(found, value):
                params[name], where[name] = value, found
            else:
                rest[name] = value
        return params, where, rest


SWITCH = CategoricalDistribution((False, True))


def _where(name: str, tried: Sequence[Any]) -> tuple[BaseDistribution | None, float | None]:
    """A knob's distribution, None where it has none, and the value that means "off", if any."""
    knob = KNOBS.get(name)
    options = _options(name) if knob is not None else ()
    if options:
        return CategoricalDistribution(options), None
    declared = [] if knob is None else [w for w in (knob.search, *knob.search_by.values()) if w is not None]
    ranges = [where for where in declared if isinstance(where, Range)]
    off = next((where.off for where in ranges if where.off is not None), None)
    plain = [*tried, *(option for where in declared if isinstance(where, Choice) for option in where.options)]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in plain):
        whole = knob is not None and (
            Recipe.model_fields[name].annotation is int or (bool(ranges) and all(r.whole for r in ranges))
        )
        return _range([value for value in plain if value != off], ranges, whole), off
    simple = dict.fromkeys(value for value in tried if isinstance(value, str | bool | int | float))
    return (CategoricalDistribution(tuple(simple)) if simple else None), None


def _options(name: str) -> tuple[Any, ...]:
    """The names that are valid for a knob; () where it is a number or the user's own."""
    kind: Any = Recipe.model_fields[name].annotation
    return (False, True) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()


def _range(tried: Sequence[float], ranges: Sequence[Range], whole: bool) -> BaseDistribution | None:
    """A range that holds what was declared and what was tried."""
    finite = [value for value in tried if math.isfinite(value)]
    low = min([*finite, *(r.low for r in ranges)], default=None)
    high = max([*finite, *(r.high for r in ranges)], default=None)
    if low is None or high is None:
        return None
    log = low > 0 and (any(r.scale == "log" for r in ranges) if ranges else high / low >= WIDE)
    if whole and low == int(low) and high == int(high):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _holds(where: BaseDistribution, value: Any) -> bool:
    if isinstance(where, CategoricalDistribution):
        return any(value == each and type(value) is type(each) for each in where.choices)
    assert isinstance(where, IntDistribution | FloatDistribution)
    return bool(where.low <= value <= where.high)


def trials_of(journal: Journal, lower: bool) -> dict[str, dict[int, FrozenTrial]]:
    """Trials by member: those of the search under "", those that were trained again under `AGAIN`.

    Args:
        journal: of the study.
        lower: whether the study's measure should be low: scores are higher-is-better, values the measure.
    """
    plans = journal.members()
    ends = {end.member: end for end in journal.outcomes()}
    curves: dict[int, list[CurvePoint]] = {}
    for point in journal.curves():
        curves.setdefault(point.member, []).append(point)
    asked = journal.document("study") or Document("study", {})
    about = asked.body
    knobs = Knobs([plan.recipe for plan in plans], about.get("form", ""), about.get("task", ""))
    began = _began(asked)
    found: dict[str, dict[int, FrozenTrial]] = {"": {}, AGAIN: {}}
    with quiet():
        for plan in plans:
            again = AGAIN if plan.stage != "search" or plan.label else ""
            points = _by_round(curves.get(plan.member, []), about.get("rounds_per_epoch") or 1)
            end = ends.get(plan.member)
            found[again][plan.member] = _trial(plan, points, end, knobs, began, -1 if lower else 1)
    return found


def _trial(
    plan: MemberPlan,
    points: Mapping[int, float],
    end: Outcome | None,
    knobs: Knobs,
    began: datetime,
    sign: int,
) -> FrozenTrial:
    params, where, rest = knobs.told(plan.recipe)
    last = points[max(points)] if points else math.nan
    state = _state(end, last)
    done = state.is_finished()
    trial = create_trial(
        state=state,
        value=sign * last if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params=params,
        distributions=where,
        intermediate_values={step: sign * value for step, value in points.items()},
        user_attrs=_attributes(plan, end) | {f"knob {name}": value for name, value in rest.items()},
    )
    trial.datetime_start = began
    trial.datetime_complete = began + timedelta(seconds=end.seconds if end else 0.0) if done else None
    return trial


def _state(end: Outcome | None, last: float) -> TrialState:
    """A member's fate; one that was cut short counts as pruned where it had a score."""
    if end is None:
        return TrialState.RUNNING
    if math.isnan(last) or end.status in ("diverged", "out of memory", "lost"):
        return TrialState.FAIL
    return TrialState.COMPLETE if end.status == "finished" else TrialState.PRUNED


def _attributes(plan: MemberPlan, end: Outcome | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "member": plan.member,
        "stage": plan.stage,
        "label": plan.label,
        "origin": plan.origin,
        "seed": plan.seed,
        "split": plan.split,
        "replicate": plan.replicate,
        "parameters": plan.parameters,
    }
    if end is not None:
        found |= {"status": end.status, "cause": end.cause, "epochs": end.epochs, "seconds": end.seconds}
    return {name: value for name, value in found.items() if value != ""}


def _by_round(points: Sequence[CurvePoint], rounds: int) -> dict[int, float]:
    """Scores by the number of the round, which is the same for members that are compared."""
    return {round(point.epoch * rounds): point.score for point in points}


def _began(asked: Document) -> datetime:
    """When the study began, in local time without a zone, as Optuna has it."""
    try:
        moment = datetime.fromisoformat(str(asked.body.get("started")))
    except ValueError:
        moment = datetime.fromtimestamp(asked.time, tz=UTC)
    return moment.astimezone().replace(tzinfo=None)
