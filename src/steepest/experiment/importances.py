"""Which knobs mattered in a study, which values, and how much is left to gain: from its scores alone.

Only members drawn uniformly from the space count. What a model proposed crowds where the model believed, and
would show that belief as importance.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from steepest.base.own import dotted
from steepest.base.recipe import KNOBS
from steepest.evidence.forest import fanova
from steepest.evidence.importance import FEWEST_TOP, Importance, importances
from steepest.evidence.room import room
from steepest.evidence.values import values
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained

FEWEST, TOP = 30, 0.1
"""Uniform members below which nothing is said; share of them that are called best."""


def note_importances(study: Study, members: Sequence[Trained]) -> None:
    """Write the "importance" document.

    Args:
        study: at its end.
        members: of its search, the play-off's apart.
    """
    play_off = [t for t in study.members if t.plan.label == "play-off"]
    study.note("importance", found(study, members, play_off))


def found(study: Study, members: Sequence[Trained], play_off: Sequence[Trained]) -> dict[str, Any]:
    """What the members' scores say of the knobs.

    Args:
        study: whose data and seed count.
        members: of the search.
        play_off: its leaders, scored again.
    """
    scored = [t for t in members if t.plan.origin == "uniform" and t.scores]
    first = min((min(t.scores) for t in scored), default=0)
    drawn = [t for t in scored if first in t.scores]
    body: dict[str, Any] = {
        "uniform": len(drawn),
        "needed": FEWEST,
        "first_epochs": study.epochs(first),
        "room": _room(play_off),
    }
    score = np.array([t.scores[first] for t in drawn])
    varied = _varied(study, drawn)
    finite = score[np.isfinite(score)]
    if len(drawn) < FEWEST or len(finite) < FEWEST or not np.ptp(finite) or not varied:
        return body
    return {**body, **_of_knobs(study, drawn, score, varied, first)}


def _of_knobs(
    study: Study, drawn: Sequence[Trained], score: Any, varied: dict[str, list[Any]], first: int
) -> dict[str, Any]:
    seed, n = study.settings.seed, len(drawn)
    shared = {name for name in varied if name not in KNOBS or KNOBS[name].splits_stack}
    kinds = [tuple(str(varied[name][i]) for name in sorted(shared)) if shared else (i,) for i in range(n)]
    places = {kind: place for place, kind in enumerate(dict.fromkeys(kinds))}
    groups = np.array([places[kind] for kind in kinds])
    top = max(TOP, FEWEST_TOP / n)
    judged = functools.partial(importances, varied, top=top, seed=seed, groups=groups, shared=shared)
    rows = judged(score)
    later = _later(drawn, first, math.ceil(top * n - 1e-9))
    further = {} if later is None else {r.knob: r for r in judged(later)}
    forest = fanova(varied, score, seed=seed)
    effects = {effect.knob: effect for effect in forest.effects}
    best = math.ceil(top * n - 1e-9)
    return {
        "best": best,
        "structures": int(groups.max()) + 1,
        "last_epochs": study.epochs(max(max(t.scores) for t in drawn)) if further else None,
        "forest_interactions": forest.interactions,
        "rows": [
            {
                **_importance(row),
                "shared": row.knob in shared,
                "later": _importance(further[row.knob]) if further else None,
                "forest": effects[row.knob].share,
                "forest_low": effects[row.knob].low,
                "forest_high": effects[row.knob].high,
                "values": [
                    asdict(v)
                    for v in values(row.knob, varied[row.knob], score, top=best, groups=groups, seed=seed)
                ],
            }
            for row in rows
        ],
    }


def _importance(row: Importance) -> dict[str, Any]:
    return {
        "knob": row.knob,
        "share": row.share,
        "low": row.low,
        "high": row.high,
        "p_value": row.p_value,
        "p_adjusted": row.p_adjusted,
    }


def _varied(study: Study, drawn: Sequence[Trained]) -> dict[str, list[Any]]:
    """Each knob that differs between these members, with its values; None where it does not matter."""
    relevant = [dotted(t.member.recipe.relevant(study.data.form, study.data.task)) for t in drawn]
    names = [name for name in dict.fromkeys(itertools.chain.from_iterable(relevant)) if name != "epochs"]
    columns = {name: [_one(recipe.get(name)) for recipe in relevant] for name in names}
    return {name: column for name, column in columns.items() if len({v for v in column if v is not None}) > 1}


def _one(value: Any) -> Any:
    """A list, such as layer sizes, is one value."""
    return str(value) if isinstance(value, list | tuple | dict) else value


def _later(drawn: Sequence[Trained], first: int, best: int) -> Any:
    """Places by how far members came, then by score; None where fewer than the best came any further."""
    known = [i for i, t in enumerate(drawn) if not math.isnan(t.score)]
    if sum(max(drawn[i].scores) > first for i in known) < best:
        return None
    order = sorted(known, key=lambda i: (-max(drawn[i].scores), -drawn[i].score, i))
    places = np.full(len(drawn), np.nan)
    places[order] = -np.arange(len(order), dtype=float)
    return places


def _room(play_off: Sequence[Trained]) -> dict[str, Any] | None:
    """What the play-off says of how much its leaders differ; None where it was cut short."""
    by_recipe: dict[str, dict[int, float]] = {}
    for t in _latest(play_off):
        if t.fate == "finished" and not math.isnan(t.score):
            by_recipe.setdefault(t.member.recipe.key(), {})[t.plan.replicate] = t.score
    rounds = max((len(row) for row in by_recipe.values()), default=0)
    whole = [[row[r] for r in sorted(row)] for row in by_recipe.values() if len(row) == rounds]
    return asdict(room(whole)) if rounds > 1 and len(whole) > 2 else None


def _latest(play_off: Sequence[Trained]) -> Sequence[Trained]:
    """The last play-off of several, each of which was planned without a gap."""
    start = 0
    for i, (before, after) in enumerate(itertools.pairwise(play_off), start=1):
        if after.plan.member != before.plan.member + 1:
            start = i
    return play_off[start:]
