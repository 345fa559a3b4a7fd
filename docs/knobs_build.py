"""Writes the page of every knob from the knobs' declarations: `python docs/knobs_build.py`.

The page is committed; `tests/docs/test_knobs.py` fails where it is not what this writes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from steepest.base.architecture import ArchitectureKnobs
from steepest.base.augmentation import AugmentationKnobs
from steepest.base.knobs import Choice, Knob, Range
from steepest.base.optimization import OptimizationKnobs
from steepest.base.own import OwnKnobs
from steepest.base.recipe import KNOBS, Recipe
from steepest.base.regularisation import RegularisationKnobs
from steepest.networks.families import FAMILY_DEFAULTS, LARGE

PAGE = Path(__file__).parent / "knobs.md"

GROUPS = {
    ArchitectureKnobs: ("The network", "[Networks](networks.md) says more of them."),
    RegularisationKnobs: (
        "Regularisation and loss",
        "What keeps a network from learning noise, and what its errors cost.",
    ),
    AugmentationKnobs: (
        "Augmentation",
        "0 turns each kind off. [Augmentation](augmentation.md) says what they do and what they take.",
    ),
    OptimizationKnobs: (
        "The update",
        "[Update rules](rules/README.md) has the equations. `epochs` is not searched: networks that train in "
        "stacks keep its value; others train for as many as the budget affords, unless you fix it.",
    ),
    OwnKnobs: (
        "Your own network, and existing parameters",
        "[Your own network](own_network.md) shows them at work.",
    ),
}

TEXT = """# Knobs

Everything a recipe can choose, written by `docs/knobs_build.py` from the declarations in `steepest.base`.
`--fix NAME=VALUE` (in Python `fix={{"NAME": value}}`) leaves a knob alone; `recipe.yaml` holds a value for
each.

*Searched over* says where `steepest tune` looks, with shares where values are not equally likely. Of a
number, "around" names the middle of a normal distribution whose deviation is a quarter of the range (of its
logarithm, where it says logarithmic); numbers without it are drawn evenly. So three in five of the first
candidates are drawn; the others with equal shares, and evenly over the range. "-" means that a knob keeps its
default unless you fix it. Where other ranges hold for a family, an optimizer or a task, they follow.

*Splits stacks* says that members with two values of a knob cannot train as one tensor program, since they
differ in shape or in the size of a batch. All other knobs may differ between the members of one stack. (Only
linear networks and plain mlps train in stacks; other networks train one after the other.)
{groups}
## Where a family starts

The defaults above are those of the declarations. Trial 0 of a family, where the search starts and what the
verdict compares with, changes these:

| family | starts with |
|---|---|
{families}

A cnn on images of at least {large} pixels a side also starts with `stem=half` and `convolutions=1`, on texts
with one stage, and never with more stages than the sides can be halved. A recurrent network that predicts
every position of a text starts with `width=128`. On labelled texts, recurrent networks and transformers start
with `readout=mean`. With `--fix optimizer=...` the rate starts at the middle of that optimizer's range.
"""

GROUP = """
## {title}

{words}

| knob | what it is | default | searched over |
|---|---|---|---|
{rows}
"""


def page() -> str:
    """The whole page."""
    groups = "".join(_group(fields, *heading) for fields, heading in GROUPS.items())
    families = "\n".join(f"| {name} | {_settings(values)} |" for name, values in FAMILY_DEFAULTS.items())
    return TEXT.format(groups=groups, families=families, large=LARGE)


def _group(fields: Any, title: str, words: str) -> str:
    rows = "\n".join(_row(name, KNOBS[name]) for name in fields.model_fields)
    return GROUP.format(title=title, words=words, rows=rows)


def _row(name: str, knob: Knob) -> str:
    default = getattr(Recipe(), name)
    cells = (f"`{name}`", _what(name, knob), _value(default), searched(name, knob))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _what(name: str, knob: Knob) -> str:
    first, unit = (
        knob.meaning[0],
        f" ({knob.unit})" if knob.unit and knob.unit not in knob.meaning.lower() else "",
    )
    meaning = (first.upper() if first.isascii() else first) + knob.meaning[1:]
    parts = [f"{meaning}{unit}.", _values(name, knob), _matters(knob)]
    if knob.splits_stack:
        parts.append("*Splits stacks.*")
    if knob.source:
        parts.append(f"[{knob.source}]")
    return " ".join(part for part in parts if part)


def _values(name: str, knob: Knob) -> str:
    """What it may be: names, or limits."""
    if knob.valid is not None:
        return f"From {_number(knob.valid[0])} to {_number(knob.valid[1])}."
    kind: Any = Recipe.model_fields[name].annotation
    return f"One of {', '.join(map(_value, get_args(kind)))}." if get_origin(kind) is Literal else ""


def _matters(knob: Knob) -> str:
    """Under which other choices, and on which data, it has an effect."""
    conditions = [_condition(other, values) for other, values in knob.when.items()]
    conditions += [f"{_or(knob.forms)} data"] if knob.forms else []
    conditions += [_or(knob.tasks)] if knob.tasks else []
    return f"For {'; '.join(conditions)}." if conditions else ""


def searched(name: str, knob: Knob) -> str:
    """Where a knob is searched, in words; "-" if it is not."""
    same: dict[str, list[tuple[str, str]]] = {}
    for condition, where in knob.search_by.items():
        same.setdefault(_where(where), []).append(condition)
    if name == "network":
        return "[those that suit the data](networks.md)"
    parts = [_where(knob.search)] if knob.search else []
    parts += [f"{_condition(who[0][0], [value for _, value in who])}: {where}" for where, who in same.items()]
    return "<br>".join(parts) or "-"


def _condition(other: str, values: Sequence[Any]) -> str:
    """Families, optimizers and tasks are known by name; other knobs are named with their values."""
    return _or(values) if other in ("network", "optimizer", "task") else f"{other}={_or(values)}"


def _where(where: Range | Choice) -> str:
    if isinstance(where, Choice):
        if where.weights is None or len(set(where.weights)) == 1:
            return ", ".join(map(_value, where.options))
        shares = zip(where.options, where.weights, strict=True)
        return ", ".join(f"{_value(option)} {weight:.0%}" for option, weight in shares)
    span = f"{_number(where.low)} to {_number(where.high)}"
    span += ", logarithmic" if where.scale == "log" else ""
    span += f", around {_number(where.center)}" if where.center is not None else ""
    return span if where.off is None else f"{span}; {_number(where.off)} half of the time"


def _settings(values: Mapping[str, Any]) -> str:
    return " ".join(f"`{name}={_value(value)}`" for name, value in values.items())


def _or(values: Sequence[Any]) -> str:
    *first, last = map(_value, values)
    return f"{', '.join(first)} or {last}" if first else last


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value)
    return str(value) if value else "-"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and value >= 1000 else f"{value:g}".replace("e-0", "e-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
