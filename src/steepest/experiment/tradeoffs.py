"""More than one objective: the score first, then what is to be kept low; and the front that a study found."""

from collections.abc import Mapping, Sequence
from typing import Any

from steepest.base.errors import BadInput, closest
from steepest.base.recipe import Recipe
from steepest.experiment.gauging import QUANTITIES
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.search.front import fronts


def read_objectives(text: str | Sequence[str] | None) -> tuple[str | None, tuple[str, ...]]:
    """The score, None for the task's own, and the quantities to be kept low.

    Raises:
        BadInput: for an unknown quantity, one that is named twice, and none but quantities.

    Example:
        >>> read_objectives("accuracy,parameters"), read_objectives(None)
        (('accuracy', ('parameters',)), (None, ()))
    """
    if text is None:
        return None, ()
    first, *others = (part.strip() for part in (text.split(",") if isinstance(text, str) else text))
    if first in QUANTITIES:
        remedy = f"Write accuracy,{first}; or give --limit for a bound."
        raise BadInput("objective", "must begin with a score", first, remedy)
    for i, name in enumerate(others):
        if name not in QUANTITIES:
            constraint = "must name what is kept low after the score"
            raise BadInput("objective", constraint, name, closest(name, QUANTITIES))
        if name in others[:i]:
            raise BadInput("objective", f"must name {name} once", text, "Leave one out.")
    return first, tuple(others)


def costs_of(study: Study, recipe: Recipe) -> tuple[float, ...]:
    """What is kept low of a recipe, in the order it was asked for; () where the score alone counts."""
    return tuple(study.gauge(name, recipe) for name in study.settings.costs)


def front_of(study: Study, ranked: Sequence[Trained]) -> list[Trained]:
    """Members trained to the end that none beats in everything, best score first."""
    full = max((max(t.scores, default=0) for t in ranked), default=0)
    of_recipe: dict[str, Trained] = {}
    for t in ranked:
        if max(t.scores, default=0) == full:
            of_recipe.setdefault(t.member.recipe.key(), t)
    known = list(of_recipe.values())
    if not known:
        return []
    costs = [costs_of(study, t.member.recipe) for t in known]
    return [known[i] for i in fronts([t.score for t in known], costs)[0]]


def front_first(study: Study, ranked: Sequence[Trained]) -> list[Trained]:
    """The search's first, then the front's others, then the rest: the order in which they are confirmed."""
    if not study.settings.costs or not ranked:
        return list(ranked)
    chosen = [ranked[0], *(t for t in front_of(study, ranked) if t is not ranked[0])]
    return [*chosen, *(t for t in ranked if not any(t is c for c in chosen))]


def note_front(study: Study, ranked: Sequence[Trained]) -> None:
    """Write down the front, and which of it was confirmed."""
    if not study.settings.costs:
        return
    document = study.journal.document("finalists")
    finalists: list[Mapping[str, Any]] = list(document.body["rows"]) if document else []
    confirmed = {row["member_recipe_key"]: row for row in finalists}
    rows = []
    for t in front_of(study, ranked):
        recipe = t.member.recipe
        known = confirmed.get(recipe.key(), {})
        rows.append(
            {
                "member": t.member.number,
                "recipe": recipe.dotted(),
                "score": t.score,
                "costs": list(costs_of(study, recipe)),
                "label": known.get("label", ""),
                "confirmed_mean": known.get("confirmed_mean"),
                "confirmed_sd": known.get("confirmed_sd"),
                "n": known.get("n"),
            }
        )
    study.note("front", {"costs": list(study.settings.costs), "rows": rows})
