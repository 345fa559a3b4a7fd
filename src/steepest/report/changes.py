"""Which knobs of a recipe count, and which were changed."""

from collections.abc import Mapping
from typing import Any

from steepest.base.recipe import KNOBS
from steepest.report.facts import Facts
from steepest.report.numbers import knob


def counts(name: str, values: Mapping[str, Any], form: str = "", task: str = "") -> bool:
    """Whether a knob has an effect beside the others of its recipe, on data of a form and task.

    Args:
        name: of the knob; own.width belongs to the network of the user's own.
        values: the whole recipe.
        form, task: of the data; "" leaves either open.

    Example:
        >>> counts("beta2", {"optimizer": "sgd"}), counts("lr", {"optimizer": "sgd"})
        (False, True)
    """
    known = KNOBS.get(name.partition(".")[0])
    if known is None:  # of another version
        return True
    suits = all(values.get(other) in options for other, options in known.when.items())
    return suits and known.matters(form, task)


def default_recipe(facts: Facts) -> Mapping[str, Any]:
    """The recipe that trial 0 stands for; empty where nothing was trained yet."""
    if facts.recipe is not None and facts.recipe.default:
        return facts.recipe.default
    return next((m.recipe for m in facts.members if m.label == "default"), {})


def changed(facts: Facts, values: Mapping[str, Any], base: Mapping[str, Any]) -> tuple[str, ...]:
    """The knobs that count in a recipe and differ from another's.

    Example:
        >>> from steepest.report.records import Study
        >>> changed(Facts(Study()), {"optimizer": "sgd", "lr": 0.1, "beta2": 0.9}, {"lr": 0.001})
        ('optimizer', 'lr')
    """
    form, task = facts.study.form, facts.study.task
    return tuple(
        n for n, v in values.items() if n != "epochs" and v != base.get(n) and counts(n, values, form, task)
    )


def in_words(facts: Facts, values: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """The changed knobs in a line: the optimizer and its rate first.

    Example:
        >>> from steepest.report.records import Study
        >>> in_words(Facts(Study()), {"lr": 0.0123456}, {"lr": 0.001}), in_words(Facts(Study()), {}, {})
        ('lr=0.0123', 'the default')
    """
    names = sorted(changed(facts, values, base), key=lambda name: name not in ("optimizer", "lr"))
    return " ".join(f"{name}={knob(values[name])}" for name in names) or "the default"
