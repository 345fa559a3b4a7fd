"""The report for a machine: every fact as plain JSON values."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from steepest.report.facts import Facts
from steepest.report.records import Examples

FORM = 1  # of the exported object; it grows when a name changes its meaning


def to_dict(facts: Facts) -> dict[str, Any]:
    """Facts as dictionaries and lists. A number that does not exist (NaN, infinity) is None.

    Example:
        >>> from steepest.report.facts import Facts
        >>> from steepest.report.records import Study
        >>> to_dict(Facts(Study(data="digits")))["study"]["data"]
        'digits'
    """
    return {"form": FORM, **_plain(replace(facts, examples=_without_pictures(facts.examples)))}


def to_json(facts: Facts, indent: int | None = 2) -> str:
    """The same as strict JSON text, which any reader takes."""
    return json.dumps(to_dict(facts), indent=indent, ensure_ascii=False, allow_nan=False)


def _without_pictures(examples: Examples | None) -> Examples | None:
    """Pictures are for the page; they would be most of the object."""
    if examples is None or examples.form != "image":
        return examples
    wrong = tuple(replace(each, example=None) for each in examples.wrong)
    return replace(examples, changed=(), shown=(), wrong=wrong)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
