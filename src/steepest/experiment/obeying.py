"""The recipe that is handed out obeys the limits, also where trial 0 does not."""

from collections.abc import Sequence

from steepest.base.recipe import Recipe
from steepest.experiment.confirmation import Confirmed
from steepest.experiment.gauging import shown
from steepest.experiment.limits import excess, smallest
from steepest.experiment.starting import space_of
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained


def obeying(study: Study, confirmed: Confirmed, ranked: Sequence[Trained], default: Recipe) -> Confirmed:
    """What confirmation found, with a recipe that obeys.

    Where it found the default, and that exceeds a limit, the search's first is handed out: the best there is,
    though it is not shown to be better than the default. The verdict stays what it is.

    Args:
        study, confirmed: as ever.
        ranked: the search's members, best first.
        default: trial 0's recipe.
    """
    limits, gauge = study.limits, study.gauge
    if not limits:
        return confirmed
    winner, sentence = confirmed.winner, ""
    if excess(winner, limits, gauge) > 1:
        name, most = study.settings.reference, " and ".join(limit.words for limit in limits)
        obey = (t.member.recipe for t in ranked if excess(t.member.recipe, limits, gauge) <= 1)
        winner = next(obey, None) or smallest(space_of(study.settings, study.data, default), limits, gauge)[0]
        sentence = (
            f"{name} exceeds what is allowed ({most}) and was trained for comparison alone; "
            "the search's first recipe that obeys is handed out"
        )
        study.listener.say(sentence)
    rows = [
        {"quantity": x.quantity, "most": x.most, "winner": gauge(x.quantity, winner),
         "default": gauge(x.quantity, default)}
        for x in limits
    ]  # fmt: skip
    study.note("limits", {"rows": rows, "sentence": sentence})
    return confirmed if winner is confirmed.winner else Confirmed(winner, confirmed.verdict)


def exceeding(study: Study) -> tuple[str, ...]:
    """What a study says of its limits as it begins: whether trial 0 exceeds them, and by how much."""
    found = [(limit, study.gauge(limit.quantity, study.settings.start)) for limit in study.limits]
    return tuple(
        f"trial 0 has {shown(limit.quantity, value)}, and {limit.words} is allowed: it is trained for "
        "comparison alone"
        for limit, value in found
        if value > limit.most
    )
