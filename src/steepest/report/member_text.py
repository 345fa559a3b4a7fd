"""One member of a run in words: where it came from, its curve, its end, its recipe."""

import math
import textwrap
from collections.abc import Iterator

from steepest.base.recipe import KNOBS
from steepest.report import wording
from steepest.report.changes import changed, counts, default_recipe
from steepest.report.facts import Facts
from steepest.report.numbers import count, duration, knob, many, measure, number
from steepest.report.records import Member
from steepest.report.run_text import table
from steepest.report.text import WIDTH

POINTS = 30
"""Lines of a curve at most; of a longer one every so manyth point is shown, and always the last."""

_ORIGINS = {
    "default": "the default recipe",
    "user": "the recipe that the user gave",
    "portfolio": "from the portfolio of recipes that are known to work elsewhere",
    "prior": "drawn from the prior of good recipes",
    "uniform": "drawn evenly from the whole space",
    "tpe": "proposed by the sampler, which learns from earlier members",
    "mutation": "a leader's recipe with a change",
    "confirm": "trained again from scratch",
    "final": "trained again from scratch",
    "play-off": "a leader, trained again on fresh seeds to rank the leaders",
}
_STAGES = {
    "calibrate": "calibration",
    "search": "the search",
    "confirm": "confirmation, on a seed and a split that the search never saw",
    "final": "the final training, on all development rows",
}


def show_member(facts: Facts, member: Member, width: int = WIDTH) -> str:
    """A member from its origin to its end.

    Args:
        facts: of its run.
        member: one of them.
        width: of the terminal.

    Example:
        >>> from steepest.report.records import Study
        >>> member = Member(7, "search", "", "prior", 0, {"lr": 0.01}, 120, "dropped", "too slow", 0.8, 3.0)
        >>> print(show_member(Facts(Study(data="iris", score_name="accuracy"), (member,)), member))
        Member 7 of iris, in the search
          drawn from the prior of good recipes
          120 parameters, seed 0, split 0
          It left after 3 epochs with accuracy 0.8000: too slow.
        <BLANKLINE>
        Recipe
          knob  value
          lr    0.01   learning rate at the schedule's peak
    """
    label = f" ({member.label})" if member.label else ""
    where = f"in {_STAGES.get(member.stage, member.stage)}"
    lines = textwrap.wrap(f"Member {member.number} of {facts.study.data}{label}, {where}", width)
    spent = [duration(member.seconds)] if member.seconds is not None else []
    about = [many(member.parameters, "parameter"), f"seed {member.seed}", f"split {member.split}", *spent]
    for text in (_ORIGINS.get(member.origin, member.origin), ", ".join(about), outcome(facts, member)):
        lines += textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
    for heading, part in (("Curve", _curve(facts, member)), ("Recipe", _recipe(facts, member, width))):
        found = list(part)
        lines += ["", heading, *found] if found else []
    return "\n".join(lines)


def outcome(facts: Facts, member: Member) -> str:
    """How a member ended, as a sentence.

    Example:
        >>> from steepest.report.records import Study
        >>> lost = Member(7, "search", "", "prior", 0, {}, 120, "diverged", "loss was NaN", None, 2.0)
        >>> outcome(Facts(Study()), lost)
        'It diverged after 2 epochs: loss was NaN.'
    """
    verbs = {
        "finished": "It was trained to its end",
        "dropped": "It left",
        "diverged": "It diverged",
        "interrupted": "It was cut short",
        "out of memory": "It ran out of memory",
        "lost": "Its worker process was lost",
        "unfinished": "It has not ended",
    }
    epochs = f"{member.epochs:g} epoch{'s' if member.epochs != 1 else ''}"
    text = f"{verbs.get(member.status, member.status)} after {epochs}"
    if member.score is not None and math.isfinite(member.score):
        text += f" with {facts.study.measure} {wording.scored(facts, member.score)}"
    return f"{text}: {member.cause}." if member.cause else f"{text}."


def _curve(facts: Facts, member: Member) -> Iterator[str]:
    every = math.ceil(len(member.curve) / POINTS) or 1
    shown = member.curve[::-1][::every][::-1]
    digits = wording.decimals(facts)
    rows = [
        [
            f"{p.epoch:g}",
            count(p.step),
            _loss(p.train_loss),
            _loss(p.held_out_loss),
            number(facts.study.shown(p.score), digits),
        ]
        for p in shown
    ]
    return table(["epoch", "step", "training loss", "held-out loss", facts.study.measure], rows, "rrrrr")


def _loss(value: float) -> str:
    return number(None) if math.isnan(value) else measure(value)


def _recipe(facts: Facts, member: Member, width: int) -> Iterator[str]:
    """Knobs that count, those that differ from the default first."""
    base, values = default_recipe(facts), member.recipe
    different = set(changed(facts, values, base)) if base else set()
    form, task = facts.study.form, facts.study.task
    names = sorted((n for n in values if counts(n, values, form, task)), key=lambda n: n not in different)
    rows = []
    for name in names:
        was = [f"default {knob(base.get(name))}" if name in different else ""] if different else []
        known = KNOBS.get(name)
        rows.append([name, knob(values[name]), *was, known.meaning if known else ""])
    heads = ["knob", "value", *([""] if different else []), ""]
    return table(heads, rows, "l" * len(heads), width)
