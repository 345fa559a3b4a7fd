"""A score that is enough: the search stops there, and goes on where confirmation does not hold it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from steepest.experiment.confirmation import Confirmed
from steepest.experiment.pace import LOOKS
from steepest.experiment.part import Part
from steepest.experiment.settings import Settings
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.training.metrics import is_lower_better

TRIES = 3
"""Confirmations of a part with an aim, each on folds of its own; the last search goes on to its end."""


def tries(settings: Settings) -> int:
    """How often a part of a study may confirm."""
    return 1 if settings.stop_at is None else TRIES


def confirmations(part: Part, settings: Settings) -> Iterator[tuple[Part, bool]]:
    """The confirmations of a part, each with whether the search before it stops at the aim.

    Example:
        >>> from pathlib import Path
        >>> from steepest.base.budget import Budget
        >>> asked = Settings(Budget.parse("60s"), 0, Path("runs/x"), stop_at=0.98)
        >>> [(each.first_fold, aims) for each, aims in confirmations(Part(0, 9, 0), asked)]
        [(9, True), (29, True), (49, False)]
    """
    count = tries(settings)
    for i in range(count):
        further = i * LOOKS[-1]
        fresh = replace(
            part, first_fold=part.first_fold + further, first_replicate=part.first_replicate + further
        )
        yield fresh, settings.stop_at is not None and i < count - 1


def aim(study: Study) -> float | None:
    """The score that is enough, higher being better; None for none."""
    enough = study.settings.stop_at
    if enough is None:
        return None
    return -enough if is_lower_better(study.objective) else enough


def holds(study: Study, confirmed: Confirmed) -> bool:
    """Whether the mean of the confirmed scores reaches it."""
    enough = aim(study)
    return enough is not None and confirmed.mean is not None and confirmed.mean >= enough


def not_fallen_short(
    study: Study, ranked: Sequence[Trained], attempts: Sequence[tuple[Confirmed, Part]]
) -> list[Trained]:
    """The members of a ranking but those whose recipe was confirmed below the aim: once is enough."""
    enough = aim(study)
    if enough is None:
        return list(ranked)
    known = {key: mean for confirmed, _ in attempts for key, mean in confirmed.means.items()}
    return [t for t in ranked if known.get(t.member.recipe.key(), math.inf) >= enough]


def best_of(study: Study, attempts: Sequence[tuple[Confirmed, Part]]) -> tuple[Confirmed, Part]:
    """The confirmation with the highest mean, the later of equals; it becomes the study's last word again."""
    best = max(reversed(attempts), key=lambda attempt: _merit(attempt[0]))
    if best is not attempts[-1]:
        for kind, body in best[0].documents:
            study.note(kind, body)
    return best


def _merit(confirmed: Confirmed) -> float:
    return -math.inf if confirmed.mean is None else confirmed.mean


def aim_words(study: Study, confirmed: Confirmed) -> str:
    """What became of it, in words; "" without an aim."""
    if study.settings.stop_at is None:
        return ""
    sign = -1 if is_lower_better(study.objective) else 1
    asked = f"{study.objective} {study.settings.stop_at:g}"
    if not holds(study, confirmed):
        return f"{asked} was not reached in confirmation"
    low, high = sorted((sign * confirmed.low, sign * confirmed.high))
    mean = sign * (confirmed.mean or 0.0)
    return f"{asked} was reached: {mean:.4g} in confirmation, {low:.4g} to {high:.4g} with 95 % confidence"
