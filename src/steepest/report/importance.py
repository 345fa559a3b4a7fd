"""Which knobs mattered, which value of each, and how much is left to gain, in words and rows."""

from typing import Any

from steepest.report import wording
from steepest.report.facts import Facts
from steepest.report.figures.importance import KNOWN, SHOWN, shown
from steepest.report.numbers import NONE, decimals_for, many, number
from steepest.report.records import Importance, KnobImportance, KnobShare

__all__ = ["COLUMNS", "KNOWN", "best_value", "chance", "frame_rows", "how", "mattered", "rest", "room"]
__all__ += ["shares", "shown"]


def mattered(facts: Facts) -> str:
    """Which knobs stand out from chance, or that none does, or that too few members were uniform.

    Example:
        >>> from steepest.report.records import Study
        >>> rows = KnobImportance("lr", 0.61, 0.4, 0.8, 0.0005, 0.01), KnobImportance("depth", 0.1, 0, 0.3)
        >>> mattered(Facts(Study(), importance=Importance(80, 30, rows=rows)))
        'lr (61 %, 40 to 80 %); nothing else of 2 knobs stands out from chance among 80 uniform members'
        >>> mattered(Facts(Study(), importance=Importance(12, 30)))
        'not known: 12 members were drawn uniformly, 30 are needed'
    """
    found = facts.importance
    if found is None:
        return ""
    members = f"{many(found.uniform, 'member')} {'was' if found.uniform == 1 else 'were'} drawn uniformly"
    if not found.rows:
        few = found.uniform < found.needed
        return (
            f"not known: {members}, {found.needed} are needed"
            if few
            else f"not known: {members}, and score alike"
        )
    uniform = many(found.uniform, "uniform member")
    among = f"of {many(len(found.rows), 'knob')} stands out from chance among {uniform}"
    known = [row for row in found.rows if row.p_adjusted <= KNOWN]
    if known:
        return f"{', '.join(_with_share(row) for row in known)}; nothing else {among}"
    likeliest = min(found.rows, key=lambda row: row.p_value)
    ends = f"{100 * likeliest.share:.0f} %, {100 * likeliest.low:.0f} to {100 * likeliest.high:.0f} %"
    return f"none {among} (likeliest: {likeliest.knob}, {ends}, p {likeliest.p_value:.2g} before adjustment)"


def room(facts: Facts) -> str:
    """What choosing better among the leaders would add; "" where the play-off was cut short.

    Example:
        >>> from steepest.report.records import Room, Study
        >>> alike = Room(12, 3, 0.005, 0.0, 0.003, 0.0, 0.005, 0.4)
        >>> room(Facts(Study(score_name="accuracy"), importance=Importance(room=alike)))
        'the 12 leaders do not differ beyond chance on 3 fresh seeds: choosing better among them adds 0.0050
        at most, and one score scatters by 0.0050'
    """
    found = facts.importance.room if facts.importance else None
    if found is None or found.gain_high is None:
        return ""
    digits = decimals_for(found.noise, found.gain_high)
    scatter = f"one score scatters by {number(found.noise, digits)}"
    seeds, high = f"{found.rounds} fresh seeds", number(found.gain_high, digits)
    if found.p_value is not None and found.p_value <= KNOWN:
        gain = f"the best of them is worth {number(found.gain, digits)} more than their mean, {high} at most"
        return f"the {found.leaders} leaders differ on {seeds}: {gain}, and {scatter}"
    alike = f"the {found.leaders} leaders do not differ beyond chance on {seeds}"
    return f"{alike}: choosing better among them adds {high} at most, and {scatter}"


def how(facts: Facts) -> str:
    """What the shares are, and of which members."""
    found = facts.importance
    if found is None or not found.rows:
        return ""
    later = ""
    if found.last_epochs is not None:
        later = f" “Later” ranks them by how far they came, up to epoch {found.last_epochs:g}."
    alone = ""
    if found.forest_interactions is not None:
        alone = f", of which {100 * found.forest_interactions:.0f} % belong to no knob alone"
    structures = many(found.structures, "network shape and batch size", "network shapes and batch sizes")
    return (
        f"What sets the best {found.best} of {found.uniform} uniform members apart at epoch "
        f"{found.first_epochs:g}, as shares of all knobs, beyond chance (PED-ANOVA); intervals by bootstrap, "
        f"p adjusted for the number of knobs. They shared {structures}, and knobs of these are judged by as "
        f"many draws.{later} The forest column is a second opinion: shares of the whole variance{alone}."
    )


def shares(row: KnobImportance | KnobShare | None) -> str:
    """A share with its interval."""
    return NONE if row is None else f"{100 * row.share:.0f} % ({100 * row.low:.0f} to {100 * row.high:.0f})"


def chance(row: KnobImportance | KnobShare) -> str:
    """An adjusted chance."""
    return "< 0.001" if row.p_adjusted < 0.001 else f"{row.p_adjusted:.2g}"


def best_value(facts: Facts, row: KnobImportance) -> str:
    """The value that does best where the other knobs suit it, and how sure that is."""
    known = [value for value in row.values if value.at_best is not None]
    if len(known) < 2:
        return NONE
    best = known[0]
    return f"{best.label}: {wording.scored(facts, best.at_best)} at its best, sure to {100 * best.sure:.0f} %"


def rest(facts: Facts) -> str:
    """What is said of the others."""
    more = len(facts.importance.rows) - SHOWN if facts.importance else 0
    return f"{many(more, 'more knob')} with smaller shares: the JSON has them" if more > 0 else ""


def frame_rows(found: Importance | None) -> list[dict[str, Any]]:
    """All rows as plain values, one per knob."""
    return [
        {
            "knob": row.knob,
            "share": row.share,
            "low": row.low,
            "high": row.high,
            "p_value": row.p_value,
            "p_adjusted": row.p_adjusted,
            "later": row.later.share if row.later else None,
            "later_low": row.later.low if row.later else None,
            "later_high": row.later.high if row.later else None,
            "forest": row.forest,
            "forest_low": row.forest_low,
            "forest_high": row.forest_high,
            "best": row.values[0].label if row.values and row.values[0].at_best is not None else None,
            "at_best": row.values[0].at_best if row.values else None,
            "sure": row.values[0].sure if row.values else None,
        }
        for row in (found.rows if found else ())
    ]


COLUMNS = (
    "knob", "share", "low", "high", "p_value", "p_adjusted", "later", "later_low", "later_high", "forest",
    "forest_low", "forest_high", "best", "at_best", "sure",
)  # fmt: skip


def _with_share(row: KnobImportance) -> str:
    return f"{row.knob} ({100 * row.share:.0f} %, {100 * row.low:.0f} to {100 * row.high:.0f} %)"
