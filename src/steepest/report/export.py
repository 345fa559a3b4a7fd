"""The report for a machine: every fact as plain JSON values."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from steepest.report.facts import Facts

FORM = 1  # of the exported object; it grows when a name changes its meaning


def to_dict(facts: Facts) -> dict[str, Any]:
    """Facts as dictionaries and lists. A number that does not exist (NaN, infinity) is None.

    Example:
        >>> from steepest.report.facts import Facts
        >>> from steepest.report.records import Study
        >>> to_dict(Facts(Study(data="digits")))["study"]["data"]
        'digits'
    """
    return {"form": FORM, **_plain(facts)}


def to_json(facts: Facts, indent: int | None = 2) -> str:
    """The same as strict JSON text, which any reader takes."""
    return json.dumps(to_dict(facts), indent=indent, ensure_ascii=False, allow_nan=False)


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
