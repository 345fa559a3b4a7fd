"""Confirmation: finalists and the default retrained from scratch on fresh seeds and splits, in pairs.

The search's first is declared before anything is seen; its comparison with the default is what counts.
Further finalists are shown with verdicts that are adjusted for their number.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.recipe import Recipe
from steepest.evidence.curse import shrinkage
from steepest.evidence.family import Row, against_reference
from steepest.evidence.paired import t_interval
from steepest.evidence.rope import region
from steepest.evidence.verdict import Verdict, judge
from steepest.experiment.calibration import member_seed
from steepest.experiment.keeping import keep_replicates
from steepest.experiment.pace import Pace
from steepest.experiment.part import Part
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.training.metrics import is_lower_better

OVERLAP = 0.25
"""Held-out rows per training row: fresh splits share rows; Nadeau and Bengio's variance accounts for it."""


@dataclass(frozen=True)
class Confirmed:
    """What confirmation found.

    Args:
        winner: the recipe to use.
        verdict: the search's first against the default; None where there was nothing to compare.
        mean: of the confirmed scores of that recipe, higher is better; None where there are none.
        low, high: interval of that mean at 95 %, NaN with one score.
        means: mean of the confirmed scores of every contender by its recipe's key, -inf where one failed.
        documents: what was noted of it, kind and body.
    """

    winner: Recipe
    verdict: Verdict | None
    mean: float | None = None
    low: float = math.nan
    high: float = math.nan
    means: Mapping[str, float] = field(default_factory=dict)
    documents: Sequence[tuple[str, Mapping[str, Any]]] = ()


def distinct(ranked: Sequence[Trained], most: int) -> list[Trained]:
    """The first members of different recipes, `most` at most."""
    chosen: dict[str, Trained] = {}
    for t in ranked:
        if len(chosen) < most:
            chosen.setdefault(t.member.recipe.key(), t)
    return list(chosen.values())


def confirm(
    study: Study,
    pace: Pace,
    ranked: Sequence[Trained],
    default: Recipe,
    noise: float,
    part: Part,
) -> Confirmed:
    """Retrain, judge, note.

    Args:
        study, pace: as ever.
        ranked: the search's members, best first.
        default: trial 0's recipe.
        noise: standard deviation of the default's score over seeds and splits.
        part: of the study; looks that would not leave time for the rest of it are left out.
    """
    study.enter("confirm")
    looks = pace.extent.looks
    chosen = _affordable(study, pace, distinct(ranked, pace.extent.contenders - 1), default)
    if not chosen:
        return Confirmed(default, None)
    recipes = [*(t.member.recipe for t in chosen), default]
    labels = [f"finalist {i + 1}" for i in range(len(chosen))] + ["default"]
    scores: list[list[float]] = [[] for _ in recipes]
    rope, verdict = region(None, noise), None
    more = functools.partial(_gather, study, pace, recipes, labels, scores, part)
    for look in looks if _reach(looks[0], study, pace, recipes, scores, more) else ():
        if look > looks[0]:
            new = range(len(scores[0]), look)
            taking = _taking_part(study, pace, recipes, len(new))
            if not taking or not more(taking, new):
                break
        verdict = _judge(scores[0], scores[-1], study, rope, looks)
        if verdict.kind != "unresolved":
            break
    if verdict is not None:  # a look that was cut short was not planned: its runs may not be judged
        scores = [column[: verdict.n] for column in scores]
    elif scores[0]:
        verdict = _judge(scores[0], scores[-1], study, rope, None)
    if len(scores[0]) < looks[-1] and (verdict is None or verdict.kind == "unresolved"):
        study.missed.append(f"{looks[-1] - len(scores[0])} of the {looks[-1]} pairs of the confirmation")
    documents = _documents(study, chosen, labels, scores, verdict, rope, part)
    for kind, body in documents:
        study.note(kind, body)
    place = len(recipes) - 1 if _falls_short(scores, verdict) else 0
    means = {
        recipe.key(): -math.inf if (mean := _mean(column)[0]) is None else mean
        for recipe, column in zip(recipes, scores, strict=True)
        if column
    }
    return Confirmed(recipes[place], verdict, *_mean(scores[place]), means, documents)


def _mean(scores: Sequence[float]) -> tuple[float | None, float, float]:
    """The mean of confirmed scores and its interval; None where a training failed."""
    known = np.asarray(scores, dtype=float)
    if not known.size or not np.isfinite(known).all():
        return None, math.nan, math.nan
    interval = t_interval(known, 0.05)
    return float(known.mean()), interval.low, interval.high


def _falls_short(scores: Sequence[Sequence[float]], verdict: Verdict | None) -> bool:
    """Whether to hand out the default: the search's first is unconfirmed, worse, or undecided and lower."""
    if verdict is None or verdict.kind == "worse":
        return True
    if verdict.kind != "unresolved":
        return False
    first, default = np.nan_to_num(scores[0], nan=-np.inf), np.nan_to_num(scores[-1], nan=-np.inf)
    return float(np.mean(first)) < float(np.mean(default))


def _gather(
    study: Study,
    pace: Pace,
    recipes: Sequence[Recipe],
    labels: Sequence[str],
    scores: Sequence[list[float]],
    part: Part,
    taking: Sequence[int],
    new: range,
) -> bool:
    """Add the scores of new replicates; False where a second Ctrl-C or the budget ended them early."""
    some, names = [recipes[i] for i in taking], [labels[i] for i in taking]
    alarm = pace.purse.alarm(pace.purse.limit - pace.closing(recipes, 0))
    found = _replicates(study, some, names, new, part, alarm)
    for i, more in zip(taking, found, strict=True):
        scores[i] += more
    pace.measure()
    return len(scores[0]) == new.stop


def _reach(
    look: int,
    study: Study,
    pace: Pace,
    recipes: Sequence[Recipe],
    scores: Sequence[list[float]],
    more: Callable[[Sequence[int], range], bool],
) -> bool:
    """Whether the first look is reached: at once, or by as many replicates at a time as the budget allows.

    How many there are is decided by prices alone, never by their scores; at least one is always begun.
    """
    while (done := len(scores[0])) < look:
        fitting = study.decide("pairs", lambda: pace.pairs(recipes, pace.left))
        fitting = max(fitting, 0 if done else 1)
        if not fitting or not more(range(len(recipes)), range(done, min(look, done + fitting))):
            return False
    return True


def _taking_part(study: Study, pace: Pace, recipes: Sequence[Recipe], replicates: int) -> Sequence[int]:
    """Who takes part in a further look: everybody, or the pair that counts, or nobody for want of budget."""

    def fitting() -> list[int]:
        left = pace.left
        for taking in (range(len(recipes)), (0, len(recipes) - 1)):
            if 1.1 * pace.closing([recipes[i] for i in taking], replicates) <= left:
                return list(taking)
        return []

    return study.decide("taking part", fitting)


def _affordable(study: Study, pace: Pace, chosen: list[Trained], default: Recipe) -> list[Trained]:
    """As many finalists as the budget allows; the first is always confirmed.

    Others take part where the pair that counts can still reach its second look: that verdict comes first.
    """
    looks = pace.extent.looks

    def fitting() -> int:
        left = pace.left
        for most in range(len(chosen), 1, -1):
            recipes = [*(t.member.recipe for t in chosen[:most]), default]
            further = pace.purse.price(
                [recipes[0], default], study.until(default) * (looks[:2][-1] - looks[0])
            )
            if pace.closing(recipes, looks[0]) + further <= left:
                return most
        return min(len(chosen), 1)

    count = study.decide("finalists", fitting)
    if count < len(chosen):
        study.missed.append(f"the confirmation of {len(chosen) - count} of {len(chosen)} finalists")
    return chosen[:count]


def _replicates(
    study: Study,
    recipes: Sequence[Recipe],
    labels: Sequence[str],
    replicates: range,
    part: Part,
    deadline: float,
) -> list[list[float]]:
    """Scores of each recipe on the given replicates; those of an interrupted replicate are left out."""
    first = part.first_replicate
    plans = [
        (recipe, "confirm", member_seed(study, "confirm", first + r), part.first_fold + r, first + r)
        for recipe in recipes
        for r in replicates
    ]
    named = [label for label in labels for _ in replicates]
    members = study.plan(plans, "confirm", named)
    until = study.until(recipes[0])
    points = (  # curves are for cheap networks: scoring takes its share of a long round
        sorted({max(1, math.ceil(until * i / 12)) for i in range(1, 13)}) if study.rounds == 1 else [until]
    )
    pair = [t for t in members if t.plan.label in (labels[0], labels[-1])]
    study.train(members, until, points, deadline, keep=bool(study.settings.keep), probed=pair)
    keep_replicates(study, part, members, replicates.start)
    study.settle(members, "finished")
    n = len(replicates)
    rows = [members[i * n : (i + 1) * n] for i in range(len(recipes))]
    whole = [r for r in range(n) if all(row[r].fate in ("finished", "diverged") for row in rows)]
    return [[row[r].score for r in whole] for row in rows]


def _judge(
    a: Sequence[float], b: Sequence[float], study: Study, rope: float, looks: Sequence[int] | None
) -> Verdict:
    return judge(
        a, b, rope=rope, overlap=OVERLAP, looks=looks, metric=study.objective, seed=study.settings.seed,
        against=study.settings.reference, lower=is_lower_better(study.objective),
    )  # fmt: skip


def _documents(
    study: Study,
    chosen: Sequence[Trained],
    labels: Sequence[str],
    scores: Sequence[Sequence[float]],
    verdict: Verdict | None,
    rope: float,
    part: Part,
) -> list[tuple[str, Mapping[str, Any]]]:
    """What is noted of a confirmation: the verdict, the finalists, and how far the search had flattered."""
    if verdict is None:
        return []
    judged = {**verdict.to_dict(), "winner_scores": scores[0], "default_scores": scores[-1]}
    reference = study.settings.reference
    others = {**dict(zip(labels[1:-1], scores[1:-1], strict=True)), reference: scores[-1]}
    shared = min(map(len, others.values()))  # the pair that counts may have been given more replicates
    others = {label: column[:shared] for label, column in others.items()}
    family: list[Row] = []
    if len(others) > 1:
        family = against_reference(
            others,
            reference,
            rope=rope,  # the verdict's own is NaN where every run diverged
            overlap=OVERLAP,
            metric=study.objective,
            seed=study.settings.seed,
            lower=is_lower_better(study.objective),
        )
    sentences = {row.contender: row.verdict.sentence for row in family} | {labels[0]: verdict.sentence}
    rows: list[dict[str, Any]] = []
    for i, label in enumerate(labels):
        known = np.array([s for s in scores[i] if np.isfinite(s)])
        rows.append(
            {
                "label": label,
                "member_recipe_key": chosen[i].member.recipe.key() if i < len(chosen) else None,
                "search_score": chosen[i].score if i < len(chosen) else None,
                "confirmed_mean": float(known.mean()) if len(known) else None,
                "confirmed_sd": float(known.std(ddof=1)) if len(known) > 1 else None,
                "n": len(known),
                "verdict_sentence": sentences.get(label, ""),
            }
        )
    finalists = {"rows": rows, "first_replicate": part.first_replicate}
    flattery = [("curse", _curse(study, chosen[0], scores[0]))] if any(np.isfinite(scores[0])) else []
    return [("verdict", judged), ("finalists", finalists), *flattery]


def _curse(study: Study, first: Trained, scores: Sequence[float]) -> dict[str, Any]:
    """How far the search had flattered its first."""
    candidates = sum(m.plan.stage == "search" and not m.plan.label for m in study.members)
    curse = shrinkage(
        first.score, scores, candidates=max(candidates, 1), metric=study.objective,
        lower=is_lower_better(study.objective),
    )  # fmt: skip
    return {
        "search_score": curse.search,
        "confirmed_mean": curse.confirmed,
        "confirmed_low": curse.low,
        "confirmed_high": curse.high,
        "candidates": curse.candidates,
        "expected_flattery": curse.expected_sd,
        "sentence": curse.sentence,
    }
